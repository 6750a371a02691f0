"""What points buy: the catalogue, orders from redemption to their end, links, and the settlement with providers.

Used noun by noun: `benefits.serving.book(…)`. What needs the web framework is imported when it is first asked for, so
that commands start without it.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.benefits import bus as bus
    from opsdesk.benefits import catalogue as catalogue
    from opsdesk.benefits import customers as customers
    from opsdesk.benefits import disputes as disputes
    from opsdesk.benefits import ending as ending
    from opsdesk.benefits import errors as errors
    from opsdesk.benefits import expiring as expiring
    from opsdesk.benefits import history as history
    from opsdesk.benefits import invariants as invariants
    from opsdesk.benefits import job_runs as job_runs
    from opsdesk.benefits import lists as lists
    from opsdesk.benefits import model as model
    from opsdesk.benefits import open_platform as open_platform
    from opsdesk.benefits import orders as orders
    from opsdesk.benefits import partners as partners
    from opsdesk.benefits import plantuml as plantuml
    from opsdesk.benefits import providing as providing
    from opsdesk.benefits import quotes as quotes
    from opsdesk.benefits import redeeming as redeeming
    from opsdesk.benefits import relay as relay
    from opsdesk.benefits import routes_bus as routes_bus
    from opsdesk.benefits import routes_catalogue as routes_catalogue
    from opsdesk.benefits import routes_desk as routes_desk
    from opsdesk.benefits import routes_jobs as routes_jobs
    from opsdesk.benefits import routes_orders as routes_orders
    from opsdesk.benefits import rules as rules
    from opsdesk.benefits import sequence as sequence
    from opsdesk.benefits import sequence_svg as sequence_svg
    from opsdesk.benefits import serving as serving
    from opsdesk.benefits import settlement as settlement
    from opsdesk.benefits import views as views
    from opsdesk.benefits import views_catalogue as views_catalogue
    from opsdesk.benefits import views_desk as views_desk


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    here = Path(__file__).parent
    if (here / f"{name}.py").is_file() or (here / name / "__init__.py").is_file():
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
