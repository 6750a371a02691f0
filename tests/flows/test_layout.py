"""The layout: nothing lies on anything else, whatever the graph."""

from collections.abc import Iterable
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.layout import Box, Layout, Link, Place, Point, layout

TOUCH_PX = 0.5


def overlap(one: Place, other: Place) -> bool:
    return (
        one.x < other.x + other.width - TOUCH_PX
        and other.x < one.x + one.width - TOUCH_PX
        and one.y < other.y + other.height - TOUCH_PX
        and other.y < one.y + one.height - TOUCH_PX
    )


def runs_through(start: Point, end: Point, place: Place) -> bool:
    left, right = sorted((start.x, end.x))
    top, bottom = sorted((start.y, end.y))
    return overlap(Place(left - TOUCH_PX, top - TOUCH_PX, right - left + 2, bottom - top + 2), place) and (
        left < place.x + place.width - TOUCH_PX
        and right > place.x + TOUCH_PX
        and top < place.y + place.height - TOUCH_PX
        and bottom > place.y + TOUCH_PX
    )


def boxes(*keys: str) -> list[Box]:
    return [Box(key, 200, 80) for key in keys]


def links(*ends: str, label: float = 0) -> list[Link]:
    """Each link is two letters: where it begins and where it ends."""
    return [Link(number, pair[0], pair[1], label, label / 4) for number, pair in enumerate(ends)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    count = draw(st.integers(1, 12))
    sizes = st.tuples(st.sampled_from([90.0, 200.0, 260.0]), st.sampled_from([26.0, 80.0, 140.0]), st.booleans())
    made = [Box(str(number), *draw(sizes)) for number in range(count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.sampled_from([0.0, 120.0]))
    found = draw(st.lists(ends, max_size=2 * count))
    return made, [Link(key, str(one), str(other), room, room / 3) for key, (one, other, room) in enumerate(found)]


def labels(plan: Layout) -> dict[int, Place]:
    return {key: route.label for key, route in plan.routes.items() if route.label is not None}


def pieces(plan: Layout, key: int) -> Iterable[tuple[Point, Point]]:
    return pairwise(plan.routes[key].points)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_no_box_or_label_lies_on_another(graph: tuple[list[Box], list[Link]]) -> None:
    plan = layout(*graph)
    rectangles = [*plan.places.values(), *labels(plan).values()]
    assert not [pair for pair in combinations(rectangles, 2) if overlap(*pair)]


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_no_line_runs_through_a_box_or_through_the_label_of_another(graph: tuple[list[Box], list[Link]]) -> None:
    plan = layout(*graph)
    for link in graph[1]:
        in_the_way = [*plan.places.values(), *(place for key, place in labels(plan).items() if key != link.key)]
        for start, end in pieces(plan, link.key):
            assert not [place for place in in_the_way if runs_through(start, end, place)]


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_line_leaves_at_the_bottom_and_ends_at_the_top_at_right_angles(
    graph: tuple[list[Box], list[Link]],
) -> None:
    plan = layout(*graph)
    for link in graph[1]:
        source, target, points = plan.places[link.source], plan.places[link.target], plan.routes[link.key].points
        assert points[0].y == pytest.approx(source.y + source.height)
        assert points[-1].y == pytest.approx(target.y)
        assert source.x <= points[0].x <= source.x + source.width
        assert target.x <= points[-1].x <= target.x + target.width
        assert all(start.x == end.x or start.y == end.y for start, end in pieces(plan, link.key))


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_everything_lies_within_the_size_of_the_layout(graph: tuple[list[Box], list[Link]]) -> None:
    plan = layout(*graph)
    corners = [point for route in plan.routes.values() for point in route.points]
    for place in [*plan.places.values(), *labels(plan).values()]:
        corners += [Point(place.x, place.y), Point(place.x + place.width, place.y + place.height)]
    assert all(-0.01 <= x <= plan.width + 0.01 and -0.01 <= y <= plan.height + 0.01 for x, y in corners)


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_the_same_graph_always_gives_the_same_layout(graph: tuple[list[Box], list[Link]]) -> None:
    assert layout(*graph) == layout(*graph)


def test_a_chain_stands_in_one_straight_column() -> None:
    plan = layout(boxes(*"abcd"), links("ab", "bc", "cd", label=120))
    assert len({place.x for place in plan.places.values()}) == 1
    assert all(len(route.points) == 2 for route in plan.routes.values())


def test_a_long_line_stays_straight_beside_the_boxes_that_it_passes() -> None:
    plan = layout(boxes(*"abcde"), links("ab", "bc", "cd", "de", "ae"))
    longest = max(abs(start.y - end.y) for start, end in pieces(plan, 4))
    assert longest > plan.places["d"].y - plan.places["b"].y


def test_a_long_line_gives_way_to_no_short_line_that_crosses_it() -> None:
    plan = layout(boxes(*"abcdef"), links("df", "cd", "ab", "ce", "af", "bd"))
    assert len(plan.routes[4].points) == 6


def crossings(plan: Layout) -> int:
    """How often a horizontal piece of one line crosses a vertical piece of another."""
    flat = [(key, *piece) for key in plan.routes for piece in pieces(plan, key) if piece[0].y == piece[1].y]
    steep = [(key, *piece) for key in plan.routes for piece in pieces(plan, key) if piece[0].x == piece[1].x]
    return sum(
        key != other
        and min(left.x, right.x) < top.x < max(left.x, right.x)
        and min(top.y, bottom.y) < left.y < max(top.y, bottom.y)
        for key, left, right in flat
        for other, top, bottom in steep
    )


@pytest.mark.parametrize("ends", [("ad", "bc", "ac"), ("bd", "de", "be", "cd"), ("ac", "ad", "be", "bf", "cg", "fg")])
def test_crossings_that_can_be_avoided_are_avoided(ends: tuple[str, ...]) -> None:
    assert crossings(layout(boxes(*"abcdefg"), links(*ends))) == 0


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_lines_that_turn_between_the_same_layers_do_not_turn_on_top_of_each_other(
    graph: tuple[list[Box], list[Link]],
) -> None:
    plan = layout(*graph)
    flat = [(key, *piece) for key in plan.routes for piece in pieces(plan, key) if piece[0].y == piece[1].y]
    for (key, *one), (other, *two) in combinations(flat, 2):
        near = key != other and abs(one[0].y - two[0].y) < TOUCH_PX
        assert not near or not runs_over(sorted(point.x for point in one), sorted(point.x for point in two))


def runs_over(one: list[float], other: list[float]) -> bool:
    return one[0] < other[1] - TOUCH_PX and other[0] < one[1] - TOUCH_PX


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_every_label_has_the_room_that_it_asked_for(graph: tuple[list[Box], list[Link]]) -> None:
    plan = layout(*graph)
    asked = {link.key: (link.label_width, link.label_height) for link in graph[1] if link.label_width}
    assert {key: (place.width, place.height) for key, place in labels(plan).items()} == asked


def test_labels_beside_each_other_keep_apart_when_their_lines_are_straightened() -> None:
    wide = [Link(0, "a", "b", 120, 40), Link(1, "b", "c", 200, 40), Link(2, "a", "b", 200, 40)]
    plan = layout([Box("a", 200, 80), Box("b", 260, 80), Box("c", 260, 80)], wide)
    assert not overlap(plan.routes[0].label or Place(0, 0, 0, 0), plan.routes[2].label or Place(0, 0, 0, 0))


def test_a_link_that_leads_back_runs_beside_the_boxes_between() -> None:
    plan = layout(boxes(*"abc"), links("ab", "bc", "ca"))
    assert [key for key, route in plan.routes.items() if route.back] == [2]
    rightmost = max(place.x + place.width for place in plan.places.values())
    assert max(point.x for point in plan.routes[2].points) > rightmost


def test_a_link_from_a_box_to_itself_goes_around_it() -> None:
    plan = layout(boxes("a"), links("aa", label=60))
    xs = [point.x for point in plan.routes[0].points]
    assert max(xs) > plan.places["a"].x + plan.places["a"].width


def test_parts_that_no_line_joins_stand_in_rows_and_not_in_one_endless_line() -> None:
    plan = layout([Box(str(number), 200, 80) for number in range(30)], [])
    assert plan.width < 1500
    assert len({place.y for place in plan.places.values()}) == 6


def test_a_graph_without_boxes_has_no_size() -> None:
    assert layout([], []) == Layout(0, 0, {}, {})


@pytest.mark.req("FLO-402")
@pytest.mark.parametrize("back", [("ca", "ca"), ("ba", "ca"), ("ca", "ba"), ("da", "db")])
def test_two_lines_that_lead_back_lie_inside_of_each_other(back: tuple[str, str]) -> None:
    assert crossings(layout(boxes(*"abcd"), links("ab", "bc", "cd", *back, label=80))) == 0
