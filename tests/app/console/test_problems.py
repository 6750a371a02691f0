"""What capabilities find wrong with a field, said to people."""

import pytest

from opsdesk.access.errors import PasswordRefused
from opsdesk.access.passwords import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, check_password
from opsdesk.app.console.languages import translations
from opsdesk.app.console.problems import said


@pytest.mark.parametrize(
    ("problem", "english"),
    [
        ("has fewer than 12 characters", "At least 12 characters are needed."),
        ("has more than 200 characters, or a NUL", "At most 200 characters are possible."),
        ("there is no role 'king'; there are admin, reviewer", "There is no king."),
        ("has to be one of approved, rejected", "This has to be one of: approved, rejected."),
        ("does not fulfil minimum: 0", "This has to be 0 or more."),
        ('does not fulfil pattern: "^a"', 'This does not fulfil the rule pattern: "^a".'),
        ("is something nobody has said before", "is something nobody has said before"),
    ],
)
def test_each_problem_becomes_a_sentence(problem: str, english: str) -> None:
    assert said(problem, lambda text: text) == english


@pytest.mark.parametrize(
    "password", ["a" * (PASSWORD_CHARS_MIN - 1), "ab" * PASSWORD_CHARS_MAX, "a" * PASSWORD_CHARS_MIN]
)
def test_what_is_wrong_with_a_password_is_said_in_chinese(password: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_password(password, email="reviewer@example.com")
    assert not said(refused.value.problem, translations("zh-CN").gettext).isascii()
