"""Names and what they ask for; and that the page about them tells the truth."""

from pathlib import Path

import pytest

from opsdesk.sandbox.behaviours import ALIASES, SCRIPTED_ONLY, Behaviour, behaviour_of
from opsdesk.sandbox.email_service import TEMPLATES

PAGE = (Path(__file__).parents[2] / "docs/reference/sandbox.md").read_text(encoding="utf-8")
BY_NAME = sorted(set(Behaviour) - SCRIPTED_ONLY)


@pytest.mark.parametrize("behaviour", BY_NAME)
def test_each_behaviour_has_a_latin_and_a_chinese_name(behaviour: Behaviour) -> None:
    (alias,) = (alias for alias, meant in ALIASES.items() if meant is behaviour)
    assert behaviour_of(f"Lin {behaviour.value.capitalize()}") is behaviour
    assert behaviour_of(f"林{alias}") is behaviour


@pytest.mark.parametrize("name", ["", " ", "Lin", "Down Lin", "Customer Answer", "Customer Breakdown", "故障林"])
def test_other_names_are_as_usual(name: str) -> None:
    assert behaviour_of(name) is Behaviour.CLEAR


@pytest.mark.parametrize("behaviour", BY_NAME)
def test_each_behaviour_is_in_the_table_of_the_reference(behaviour: Behaviour) -> None:
    (alias,) = (alias for alias, meant in ALIASES.items() if meant is behaviour)
    assert f"| {behaviour.value.capitalize()} | {alias} |" in PAGE


@pytest.mark.parametrize("behaviour", sorted(SCRIPTED_ONLY))
def test_what_only_scripts_ask_for_is_in_the_reference(behaviour: Behaviour) -> None:
    assert f"`{behaviour}`" in PAGE
    assert behaviour_of(f"Lin {behaviour.value.capitalize()}") is Behaviour.CLEAR


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_in_the_reference(template: str) -> None:
    assert f"`{template}`" in PAGE
