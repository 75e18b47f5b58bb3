"""Keys and keyslots: every way in opens, nothing else does, and damage is never mistaken for a wrong passphrase."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from companion.memory import keys, keyslots, system_keyring
from companion.memory.errors import (
    BadKey,
    DamagedHeader,
    KeyringUnavailable,
    NewerSchema,
    NoStore,
    StoreError,
    WrongPassphrase,
)
from companion.memory.keyslots import Secret
from tests.memory_tools import CHEAP, passphrase

RECOVERY = keys.new_recovery_key()


@pytest.fixture
def header_file(tmp_path: Path) -> Path:
    """A header with a passphrase and a recovery key, sealing the key 0x07 × 32."""
    header = keyslots.new_header().adding(keyslots.new_slot(passphrase(), CHEAP))
    header = header.adding(keyslots.new_slot(Secret("recovery", keys.recovery_bytes(RECOVERY))))
    path = tmp_path / "keyslots"
    keyslots.write(path, header, bytearray(b"\x07" * 32))
    return path


def test_every_slot_opens_the_same_data_key(header_file: Path) -> None:
    for secret in (passphrase(), Secret("recovery", keys.recovery_bytes(RECOVERY))):
        _, data_key = keyslots.unlock(header_file, secret)
        assert data_key == b"\x07" * 32


def test_a_wrong_passphrase_is_told_from_damage(header_file: Path) -> None:
    with pytest.raises(WrongPassphrase):
        keyslots.unlock(header_file, passphrase("wrong"))
    with pytest.raises(NoStore):
        keyslots.read(header_file.with_name("nothing"))


def test_a_flip_in_any_byte_of_the_header_is_seen_as_damage(header_file: Path) -> None:
    good = header_file.read_bytes()
    for position in range(len(good)):
        for bit in (0x01, 0x20):  # 0x20 turns hex digits into their capitals: the same number to a careless reader
            bad = bytearray(good)
            bad[position] ^= bit
            header_file.write_bytes(bad)
            with pytest.raises(DamagedHeader):
                keyslots.read(header_file)


def test_a_header_cut_short_anywhere_is_seen_as_damage(header_file: Path) -> None:
    good = header_file.read_bytes()
    for length in range(len(good)):
        header_file.write_bytes(good[:length])
        with pytest.raises(DamagedHeader):
            keyslots.read(header_file)


def forge(path: Path, change) -> None:
    """Change the JSON and make the checksum right again, as somebody without the data key could."""
    title, text, mac, _ = path.read_bytes().split(b"\n")[:4]
    fields = json.loads(text)
    change(fields)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    signed = b"\n".join([title, text, mac]) + b"\n"
    path.write_bytes(signed + hashlib.sha256(signed).hexdigest().encode() + b"\n")


def test_a_slot_added_or_taken_away_without_the_data_key_is_noticed(header_file: Path) -> None:
    forge(header_file, lambda fields: fields["slots"].pop(1))
    with pytest.raises(DamagedHeader):
        keyslots.unlock(header_file, passphrase())


def test_a_slot_whose_parameters_were_changed_does_not_open(header_file: Path) -> None:
    forge(header_file, lambda fields: fields["slots"][1].update(kind="key-file"))
    with pytest.raises(WrongPassphrase):
        keyslots.unlock(header_file, Secret("key-file", keys.recovery_bytes(RECOVERY)))


@pytest.mark.parametrize(
    "cost", [(65, 4, 65536), (3, 17, 65536), (3, 4, 1024 * 1024 + 1), (0, 4, 65536), (3, 4, 16), (3, -1, 65536)]
)
def test_an_absurd_cost_in_the_header_is_refused_before_it_is_paid(header_file: Path, cost: tuple[int, ...]) -> None:
    wanted = dict(zip(("iterations", "lanes", "memory_kib"), cost, strict=True))
    forge(header_file, lambda fields: fields["slots"][0].update(cost=wanted))
    with pytest.raises(DamagedHeader):
        keyslots.read(header_file)


def test_a_header_of_a_newer_version_is_refused_as_newer(header_file: Path) -> None:
    lines = header_file.read_bytes().split(b"\n")
    signed = b"\n".join([b"companion keyslots 2", *lines[1:3]]) + b"\n"
    header_file.write_bytes(signed + hashlib.sha256(signed).hexdigest().encode() + b"\n")
    with pytest.raises(NewerSchema):
        keyslots.read(header_file)


def test_the_header_holds_no_secret_and_is_private(header_file: Path) -> None:
    data = header_file.read_bytes()
    for secret in (b"correct horse", keys.recovery_bytes(RECOVERY), (b"\x07" * 32).hex().encode()):
        assert secret not in data
    assert header_file.stat().st_mode & 0o777 == 0o600


def test_the_keyring_is_never_the_only_way_in() -> None:
    secret = Secret("keyring", keys.new_data_key())
    header = keyslots.new_header().adding(keyslots.new_slot(secret))
    header = header.adding(keyslots.new_slot(passphrase(), CHEAP))
    with pytest.raises(StoreError, match="last sure way"):
        header.without(header.of_kind("passphrase")[0].id)


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(StoreError, match="empty"):
        keyslots.new_slot(passphrase(""), CHEAP)


def test_a_korean_passphrase_opens_however_the_keyboard_composes_it() -> None:
    assert keys.passphrase_bytes("한글 암호") == keys.passphrase_bytes("한글 암호")


def test_a_secret_does_not_show_itself() -> None:
    assert "correct" not in repr(passphrase())


def test_wiping_overwrites_in_place() -> None:
    secret = passphrase()
    value = secret.value
    secret.wipe()
    assert value == bytes(len(value)) != b""


# --- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "iterations"), [(0.3, 10), (1.0, 3), (9.0, 3), (0.15, 20), (0.0, 64)])
def test_calibration_spends_a_second_and_never_less_than_the_floor(seconds: float, iterations: int) -> None:
    assert keys.iterations_for(seconds) == iterations


# --- recovery keys and key files -------------------------------------------------------------------------------------


def test_a_recovery_key_survives_careless_typing() -> None:
    key = keys.new_recovery_key()
    careless = key.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert keys.recovery_bytes(careless) == keys.recovery_bytes(key)
    assert not set("ILOU") & set(key)


def test_a_typing_error_in_a_recovery_key_is_named_as_one() -> None:
    key = keys.new_recovery_key().replace("-", "")
    for position in range(len(key)):
        wrong = key[:position] + ("7" if key[position] != "7" else "8") + key[position + 1 :]
        with pytest.raises(BadKey, match="typing error"):
            keys.recovery_bytes(wrong)
    for wrong in ("", key[:-1], key + "0", "U" * 32):
        with pytest.raises(BadKey, match="eight groups"):
            keys.recovery_bytes(wrong)


def test_a_key_file_is_private_never_overwritten_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    keys.write_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(keys.read_key_file(path)) == 32
    with pytest.raises(StoreError):
        keys.write_key_file(path)


def test_a_file_that_is_no_key_file_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for content in (b"", b"companion key file 1\nabcd\n", b"hello\n" + b"0" * 64 + b"\n", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(BadKey):
            keys.read_key_file(path)


# --- the system's keyring --------------------------------------------------------------------------------------------


class FakeKeyring:
    """A keyring in memory with `keyring`'s own interface."""

    def __init__(self, priority: float) -> None:
        self.priority = priority
        self.entries: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, name: str, value: str) -> None:
        self.entries[service, name] = value

    def get_password(self, service: str, name: str) -> str | None:
        return self.entries.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        del self.entries[service, name]


def test_a_keyring_secret_is_found_again_and_destroyed(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = FakeKeyring(priority=5)
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)
    created = system_keyring.create("home")
    assert system_keyring.load("home").value == created.value
    assert system_keyring.destroy("home")
    assert backend.entries == {}
    assert not system_keyring.destroy("home")
    with pytest.raises(KeyringUnavailable):
        system_keyring.load("home")


def test_a_keyring_that_keeps_plain_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = FakeKeyring(priority=0.5)
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)
    with pytest.raises(KeyringUnavailable):
        system_keyring.create("home")
    assert backend.entries == {}
