"""The settlement with those who render services: months are closed, and each provider gets a file of its own."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.benefits.settlement import downloads as downloads
    from opsdesk.benefits.settlement import errors as errors
    from opsdesk.benefits.settlement import files as files
    from opsdesk.benefits.settlement import issuing as issuing
    from opsdesk.benefits.settlement import keys as keys
    from opsdesk.benefits.settlement import manifest as manifest
    from opsdesk.benefits.settlement import months as months
    from opsdesk.benefits.settlement import notices as notices
    from opsdesk.benefits.settlement import periods as periods
    from opsdesk.benefits.settlement import routes as routes
    from opsdesk.benefits.settlement import routes_partner as routes_partner
    from opsdesk.benefits.settlement import stores as stores
    from opsdesk.benefits.settlement import verifying as verifying
    from opsdesk.benefits.settlement import views as views


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if Path(__file__).with_name(f"{name}.py").is_file():
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
