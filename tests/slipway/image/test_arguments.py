"""Which build arguments are taken, and which would give a secret away."""

import pytest

from slipway.core.errors import Problem
from slipway.image import arguments as buildargs

DOCKERFILE = "FROM x\nARG FEATURE\n  ARG DEFAULT=1 OTHER\narg lower\nARG MONKEY\nARG PUBLIC_KEY\nARG COMPASS\n"
PRIVATE = {
    "DATABASE_PASSWORD": "hunter", "SMTP_PASS": "winter", "PUBLIC_HOST": "www.example.com", "SHORT": "on",
    "APP_ENV": "production",
}  # fmt: skip


def refused(**args: str) -> str:
    """Return what is said of arguments, "" when they are taken."""
    try:
        buildargs.check(args, DOCKERFILE, PRIVATE, ["DATABASE_PASSWORD"])
    except Problem as problem:
        return str(problem.message)
    return ""


@pytest.mark.parametrize(
    "args",
    [
        {"FEATURE": "on"}, {"DEFAULT": "2"}, {"MONKEY": "no key"}, {"PUBLIC_KEY": "ssh-ed25519 AAAA"},
        {"HTTP_PROXY": "http://proxy:3128"}, {"https_proxy": "x"}, {"BUILDKIT_INLINE_CACHE": "1"}, {"FEATURE": ""},
        {"FEATURE": "https://example.com/a:b@c"}, {"FEATURE": "https://example.com:80/@c"}, {"OTHER": "1"},
        {"FEATURE": "ssh://git@example.com/x"}, {"FEATURE": "production"}, {"COMPASS": "1"}, {"lower": "1"},
    ],
)  # fmt: skip
def test_what_is_no_secret_is_taken(args: dict[str, str]) -> None:
    assert refused(**args) == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API_TOKEN", "x", "a secret by its name"),
        ("SIGNING_KEY", "x", "a secret by its name"),
        ("db_password", "x", "a secret by its name"),
        ("DATABASE_PASSWORD", "x", "a secret by its name"),
        *(
            (name, "x", "a secret by its name")
            for name in (
                "PGPASSWORD",
                "DB_PASS",
                "SECRETS",
                "CREDS",
                "apiToken",
                "GH_PAT",
                "ACCESSKEY",
                "PRIVATEKEY",
                "apikey",
            )
        ),
        ("FEATURE", "winter", "the value of SMTP_PASS in .env"),
        ("FEATURE", "https://ghp_0123@github.com/x", "an address with a login in it"),
        ("FEATURE", "postgres://me:pa/ss@db/x", "an address with a login in it"),
        ("FEATURE", "-----BEGIN PRIVATE KEY-----\nabc", "a private key"),
        ("FEATURE", "hunter", "the value of DATABASE_PASSWORD in .env"),
        ("FEATURE", "https://www.example.com/x", "the value of PUBLIC_HOST in .env"),
        ("FEATURE", "postgres://me:pass@db/x", "an address with a login in it"),
        ("HTTPS_PROXY", "http://me:pass@proxy:3128", "an address with a login in it"),
        ("FEATURES", "on", "not known to the Dockerfile: add ARG FEATURES"),
        ("VERSION", "2", "injected by inv build itself"),
    ],
)
def test_what_looks_like_a_secret_is_refused_and_not_shown(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_PASSWORD", raising=False)
    message = refused(**{name: value})

    assert said in message
    assert value not in message or len(value) < 3


def test_all_findings_are_told_at_once() -> None:
    assert refused(API_TOKEN="x", VERSION="2", FEATURES="on").count("\n  - ") == 3


@pytest.mark.parametrize("text", ["FEATURE", "=on", "A B=1", "1A=1"])
def test_what_is_no_argument_is_told(text: str) -> None:
    with pytest.raises(Problem, match="NAME=VALUE"):
        buildargs.parse([text])


def test_a_value_may_hold_anything() -> None:
    assert buildargs.parse(["A=b=c d", "B="]) == {"A": "b=c d", "B": ""}
