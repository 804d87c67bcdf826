"""The keys of access tokens: one signs, and the next and the previous one are accepted as well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.core import security
from app.core.config import KEYS, Settings
from app.core.security import create_access_token, read_access_token

CURRENT, NEXT, PREVIOUS = "SECRET_KEY_FASTAPI_AUTH", "SECRET_KEY_FASTAPI_AUTH_NEXT", "SECRET_KEY_FASTAPI_AUTH_PREVIOUS"
GIVEN = {name: "0123456789abcdef" * 2 + letter for name, letter in ((CURRENT, "A"), (NEXT, "B"), (PREVIOUS, "C"))}
FOREIGN = "fedcba9876543210-of-somebody-else"


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Set the three keys; a test changes one."""
    monkeypatch.chdir(tmp_path)  # away from a .env
    for name, key in GIVEN.items():
        monkeypatch.setenv(name, key)
    return monkeypatch


@pytest.fixture
def settings(values: pytest.MonkeyPatch) -> Settings:
    """Give settings with all three."""
    return Settings.load()


def signed(key: str, user_id: int = 7, minutes: int = 5) -> str:
    now = datetime.now(UTC)
    payload = {"sub": str(user_id), "iat": now, "exp": now + timedelta(minutes=minutes), "jti": "x"}
    return jwt.encode(payload, key, "HS256")


@pytest.mark.parametrize("name", GIVEN)
def test_a_token_of_each_key_is_accepted_and_verified_once(settings: Settings, name: str) -> None:
    token = signed(GIVEN[name])
    security._verify.cache_clear()

    assert [read_access_token(token, settings) for _ in range(3)] == [7, 7, 7]
    assert (security._verify.cache_info().misses, security._verify.cache_info().hits) == (1, 2)


def test_the_first_key_alone_signs(settings: Settings) -> None:
    token = create_access_token(7, settings)

    assert jwt.decode(token, GIVEN[CURRENT], ["HS256"])["sub"] == "7"
    for name in (NEXT, PREVIOUS):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, GIVEN[name], ["HS256"])


def test_a_token_of_no_key_is_refused(settings: Settings) -> None:
    assert read_access_token(signed(FOREIGN), settings) is None


@pytest.mark.parametrize("name", [NEXT, PREVIOUS])
def test_a_key_that_is_not_there_is_not_accepted(values: pytest.MonkeyPatch, name: str) -> None:
    values.setenv(name, "")

    assert read_access_token(signed(GIVEN[name]), Settings.load()) is None


@pytest.mark.parametrize("name", GIVEN)
def test_an_expired_token_of_any_key_is_refused(settings: Settings, name: str) -> None:
    assert read_access_token(signed(GIVEN[name], minutes=-1), settings) is None


@pytest.mark.parametrize(
    ("token", "tried"),
    [
        (signed(GIVEN[CURRENT]), 1),
        (signed(GIVEN[CURRENT], minutes=-1), 1),
        (signed(GIVEN[PREVIOUS], minutes=-1), 3),
        (signed(FOREIGN), 3),
        ("nonsense", 1),
    ],
    ids=["good", "expired", "expired, of the previous key", "foreign", "nonsense"],
)
def test_other_keys_are_tried_for_the_signature_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, token: str, tried: int
) -> None:
    keys, decode = [], jwt.decode

    def noted(token: str, key: str, **options: Any) -> Any:
        keys.append(key)
        return decode(token, key, **options)

    monkeypatch.setattr(jwt, "decode", noted)
    security._verify.cache_clear()
    read_access_token(token, settings)

    assert keys == [GIVEN[name] for name in (CURRENT, NEXT, PREVIOUS)[:tried]]


def test_while_a_key_is_replaced_each_release_accepts_what_those_beside_it_sign(values: pytest.MonkeyPatch) -> None:
    old, new = FOREIGN, GIVEN[CURRENT]
    steps = [(old, "", ""), (old, new, ""), (new, "", old), (new, "", "")]
    releases = []
    for step in steps:
        for name, key in zip((CURRENT, NEXT, PREVIOUS), step, strict=True):
            values.setenv(name, key)
        releases.append(Settings.load())
    tokens = [create_access_token(number, release) for number, release in enumerate(releases, 1)]

    accepted = [[bool(read_access_token(token, release)) for token in tokens] for release in releases]
    assert accepted == [
        [True, True, False, False],
        [True, True, True, True],
        [True, True, True, True],
        [False, False, True, True],
    ]


@pytest.mark.parametrize("name", [NEXT, PREVIOUS])
@pytest.mark.parametrize("weak", ["short", "x" * 64, "changethis-0123456789abcdef-0123456789"])
def test_a_key_that_is_weak_is_refused_by_its_name(values: pytest.MonkeyPatch, name: str, weak: str) -> None:
    values.setenv(name, weak)

    with pytest.raises(SystemExit, match=f"Wrong setting {name}: ") as refused:
        Settings.load()
    assert str(refused.value).count("Wrong setting") == 1
    assert weak == "short" or weak not in str(refused.value)


@pytest.mark.parametrize("name", GIVEN)
def test_a_key_that_is_too_short_for_the_algorithm_is_named(values: pytest.MonkeyPatch, name: str) -> None:
    for each, key in GIVEN.items():
        values.setenv(each, key if each == name else key * 2)
    values.setenv("ALGORITHM", "HS512")

    with pytest.raises(SystemExit, match=f"ALGORITHM: .*needs a {name} of at least 64 bytes"):
        Settings.load()


@pytest.mark.parametrize(("name", "other"), [(NEXT, CURRENT), (PREVIOUS, CURRENT), (PREVIOUS, NEXT)])
def test_two_keys_that_are_one_are_refused(values: pytest.MonkeyPatch, name: str, other: str) -> None:
    values.setenv(name, GIVEN[other])

    with pytest.raises(SystemExit, match=rf"{name}: .*is the same key as {other}\.") as refused:
        Settings.load()
    assert GIVEN[other] not in str(refused.value)


def test_each_key_may_be_a_file_and_none_is_shown(values: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, key in GIVEN.items():
        values.delenv(name)
        (tmp_path / name).write_text(key + "\n")
    settings = Settings(_secrets_dir=tmp_path)

    assert settings.accepted_keys == tuple(GIVEN.values())
    assert tuple(name.lower() for name in GIVEN) == KEYS
    for key in GIVEN.values():
        assert key not in repr(settings) + str(settings.model_dump())
