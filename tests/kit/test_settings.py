"""Settings: what looks like one and is none is told, with the one that was meant."""

from opsdesk.kit.settings import strange_settings


def test_a_misspelt_setting_is_told_with_the_one_that_was_meant() -> None:
    strange = strange_settings(["OPSDESK_DATABSE_URL", "OPSDESK_FOO", "HOME"])
    assert strange == [
        "OPSDESK_DATABSE_URL: there is no such setting; did you mean OPSDESK_DATABASE_URL?",
        "OPSDESK_FOO: there is no such setting",
    ]


def test_settings_secrets_and_what_tests_ask_for_are_not_strange() -> None:
    assert strange_settings(["OPSDESK_PORT", "OPSDESK_SECRET_KYC_TOKEN", "OPSDESK_TEST_DATABASE_URL"]) == []
