"""Which language a viewer gets."""

import pytest

from opsdesk.app.console.languages import chosen, translations


@pytest.mark.parametrize(
    ("preferred", "cookie", "accepted", "language"),
    [
        ("en", "zh-CN", "zh", "en"),
        (None, "en", "zh", "en"),
        (None, None, "en-GB,en;q=0.9,zh;q=0.1", "en"),
        (None, None, "fr, zh-Hans-CN;q=0.5, en;q=0.2", "zh-CN"),
        (None, None, "en;q=0, zh;q=0.1", "zh-CN"),
        (None, "tlh", "fr", "zh-CN"),
        ("tlh", None, None, "zh-CN"),
        (None, None, ";;;q=9,,,*;q=1", "zh-CN"),
    ],
)
def test_the_nearest_choice_of_the_viewer_counts(
    preferred: str | None, cookie: str | None, accepted: str | None, language: str
) -> None:
    assert chosen(preferred=preferred, cookie=cookie, accepted=accepted) == language


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_is_counted_is_told_in_the_language_too(count: int) -> None:
    assert translations("zh-CN").ngettext("%(num)d trigger", "%(num)d triggers", count) == "%(num)d 个触发器"


def test_all_catalogues_of_a_language_are_read_as_one() -> None:
    words = translations("zh-CN")
    assert words.gettext("Runs") == "运行"
    assert words.gettext("There is no ticket with this id.") == "没有此编号的工单。"
