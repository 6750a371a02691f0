"""Runs the cases, one after the other, and keeps what came of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opsdesk_partner.certification.cases import CASES, Case, Failed, Stage
from opsdesk_partner.certification.sandbox import NotPrepared
from opsdesk_partner.errors import PartnerError


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    """The sandbox did not do its part: nothing is known of the integration."""


@dataclass(frozen=True, slots=True)
class Verdict:
    case: Case
    result: Result
    reason: str = ""


def certify(stage: Stage, *, cases: Sequence[Case] = CASES) -> Iterator[Verdict]:
    """Each case with what came of it, as soon as it is over. An integration that raises has failed that case."""
    for case in cases:
        try:
            case.run(stage)
        except NotPrepared as error:
            yield Verdict(case, Result.NOT_RUN, str(error))
        except Failed as error:
            yield Verdict(case, Result.FAILED, str(error))
        except PartnerError as error:
            yield Verdict(case, Result.FAILED, f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001  the integration is somebody else's program: whatever it raises, fails it
            yield Verdict(case, Result.FAILED, f"the integration raised {type(error).__name__}: {error}")
        else:
            yield Verdict(case, Result.PASSED)
