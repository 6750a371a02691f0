"""Boolean functions of decisions, as ordered binary decision diagrams: equal functions are the same object.

A decision is which way a run went somewhere, as a number; the order of the numbers is the order of the diagram.
"""

from dataclasses import dataclass, field

DECISIONS_MAX = 300
DIAGRAM_NODES_MAX = 50_000


@dataclass(eq=False)
class TooComplex(Exception):
    """The diagrams outgrew their limit."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """`high` where the decision was taken, `low` where it was not. The constants have no decision."""

    decision: int
    high: "Diagram | None" = None
    low: "Diagram | None" = None


_LAST = 1 << 60
FALSE = Diagram(_LAST)
TRUE = Diagram(_LAST + 1)


@dataclass(slots=True)
class Diagrams:
    """Makes diagrams, and makes equal ones the same."""

    _unique: dict[tuple[int, int, int], Diagram] = field(default_factory=dict)
    _results: dict[tuple[int, int, int], Diagram] = field(default_factory=dict)

    def decision(self, number: int) -> Diagram:
        if number >= DECISIONS_MAX:
            raise TooComplex
        return self._node(number, TRUE, FALSE)

    def both(self, one: Diagram, other: Diagram) -> Diagram:
        return self._choose(one, other, FALSE)

    def either(self, one: Diagram, other: Diagram) -> Diagram:
        return self._choose(one, TRUE, other)

    def without(self, one: Diagram, other: Diagram) -> Diagram:
        """`one` and not `other`."""
        return self._choose(other, FALSE, one)

    def _node(self, decision: int, high: Diagram, low: Diagram) -> Diagram:
        if high is low:
            return high
        key = (decision, id(high), id(low))
        found = self._unique.get(key)
        if found is None:
            if len(self._unique) >= DIAGRAM_NODES_MAX:
                raise TooComplex
            found = self._unique[key] = Diagram(decision, high, low)
        return found

    def _choose(self, test: Diagram, then: Diagram, otherwise: Diagram) -> Diagram:
        """`then` where `test` holds, else `otherwise`."""
        if test is TRUE or then is otherwise:
            return then
        if test is FALSE:
            return otherwise
        if then is TRUE and otherwise is FALSE:
            return test
        key = (id(test), id(then), id(otherwise))
        found = self._results.get(key)
        if found is None:
            if len(self._results) >= DIAGRAM_NODES_MAX:
                raise TooComplex
            top = min(test.decision, then.decision, otherwise.decision)
            high = self._choose(*(_side(part, top, high=True) for part in (test, then, otherwise)))
            low = self._choose(*(_side(part, top, high=False) for part in (test, then, otherwise)))
            found = self._results[key] = self._node(top, high, low)
        return found


def _side(diagram: Diagram, decision: int, *, high: bool) -> Diagram:
    if diagram.decision != decision:
        return diagram
    side = diagram.high if high else diagram.low
    assert side is not None
    return side
