"""The master secret of link keys is made once, and kept from others."""

from pathlib import Path

import pytest

from opsdesk.app.link_master import (
    CHARACTERS_MIN,
    LINK_MASTER_KEY,
    LinkMasterReadable,
    LinkMasterTooShort,
    link_master,
)
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings


def settings_in(folder: Path) -> Settings:
    return Settings.model_validate({"data_dir": folder})


def test_the_master_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = link_master(settings, Secrets(settings))
    assert link_master(settings, Secrets(settings)) == first
    assert (tmp_path / "keys" / LINK_MASTER_KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_master_that_others_can_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    settings = settings_in(tmp_path)
    link_master(settings, Secrets(settings))
    (tmp_path / "keys" / LINK_MASTER_KEY).chmod(mode)
    with pytest.raises(LinkMasterReadable):
        link_master(settings, Secrets(settings))


def test_a_master_that_is_set_is_long_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    monkeypatch.setenv(f"OPSDESK_SECRET_{LINK_MASTER_KEY}", "m" * CHARACTERS_MIN)
    assert link_master(settings, Secrets(settings)) == b"m" * CHARACTERS_MIN
    monkeypatch.setenv(f"OPSDESK_SECRET_{LINK_MASTER_KEY}", "m" * (CHARACTERS_MIN - 1))
    with pytest.raises(LinkMasterTooShort):
        link_master(settings, Secrets(settings))
