"""The settings file: what is chosen is kept, and a mistake in it is said, not ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion import settings
from companion.settings import Settings, SettingsError, SoundSettings


def test_what_was_chosen_comes_back(tmp_path: Path) -> None:
    chosen = Settings(language="ko", profile="tiny", owner_name="민아", sound=SoundSettings(microphone="USB"))
    settings.save(tmp_path, chosen)
    assert settings.load(tmp_path) == chosen


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "nowhere") == Settings()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("language = 'xx'", "language"),
        ("langage = 'en'", "langage"),
        ("language =", "settings.toml"),
        ("\x00", "settings.toml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    settings.settings_file(tmp_path).write_text(text)
    with pytest.raises(SettingsError, match=named) as raised:
        settings.load(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_failed_save_leaves_the_old_settings_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.save(tmp_path, Settings(owner_name="Mina"))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SettingsError, match="No space left"):
        settings.save(tmp_path, Settings(owner_name="Other"))
    assert settings.load(tmp_path).owner_name == "Mina"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]
