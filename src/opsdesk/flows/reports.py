"""What is told of procedures and of the work as a whole, beside single runs."""

from opsdesk.flows import outage_control
from opsdesk.flows.backtests import RUNS_DEFAULT, RUNS_MAX, Backtest, Tried, backtest
from opsdesk.flows.comparison import Change, ChangeKind, Comparison, PartKind, compare
from opsdesk.flows.conformance import Conformance, conformance_of
from opsdesk.flows.draw_difference import svg_against_run, svg_difference
from opsdesk.flows.durations import NodeTimes, ProcedureTimes, Took, durations
from opsdesk.flows.fitting import Misfit
from opsdesk.flows.outages import Outage, TroubledNode, Worker, list_workers, outages
from opsdesk.flows.rehearsal.backtest import Parting, Replayed, replay
from opsdesk.flows.run_report import Report, report_of
from opsdesk.flows.run_report_html import html as html_report
from opsdesk.flows.run_report_text import text as text_report
from opsdesk.flows.views_checks import BacktestView, ReplayedView
from opsdesk.flows.views_migrating import MigrationView

__all__ = [
    "RUNS_DEFAULT",
    "RUNS_MAX",
    "Backtest",
    "BacktestView",
    "Change",
    "ChangeKind",
    "Comparison",
    "Conformance",
    "MigrationView",
    "Misfit",
    "NodeTimes",
    "Outage",
    "PartKind",
    "Parting",
    "ProcedureTimes",
    "Replayed",
    "ReplayedView",
    "Report",
    "Took",
    "Tried",
    "TroubledNode",
    "Worker",
    "backtest",
    "compare",
    "conformance_of",
    "durations",
    "html_report",
    "list_workers",
    "outage_control",
    "outages",
    "replay",
    "report_of",
    "svg_against_run",
    "svg_difference",
    "text_report",
]
