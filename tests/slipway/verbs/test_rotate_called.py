"""`inv rotate` where nothing runs: what is refused, what is written, and what comes next."""

import pytest

from slipway.project import dotenv
from tests.support import Checkout

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
FIRST = "a-key-of-32-bytes-that-is-long-enough"


@pytest.fixture
def keyed(little: Checkout) -> Checkout:
    """Give a service without a database that signs with KEY, and has a secret of somebody else's."""
    secrets = "\n[tool.slipway.secrets]\nKEY = 32\nKEY_NEXT = 32\nKEY_PREVIOUS = 32\nTOKEN = 8\n"
    little.write("pyproject.toml", (little.root / "pyproject.toml").read_text() + secrets)
    little.write(".env.example", "KEY=\n# KEY_NEXT=\n# KEY_PREVIOUS=\n# TOKEN=\n")
    little.write(".env", f"KEY={FIRST}\n")
    return little


def values(checkout: Checkout) -> dict[str, str]:
    """Return what .env has."""
    return dotenv.parse((checkout.root / ".env").read_text())[0]


def test_each_call_is_a_step_and_names_the_next_one(keyed: Checkout) -> None:
    seen = []
    for _ in range(3):
        done = keyed.inv("rotate", "KEY", "--runtime", "host", **NOWHERE)
        assert done.returncode == 0, done.stderr
        assert "nothing runs: ./inv up starts it so" in done.stderr
        now = values(keyed)
        assert not any(value in done.stdout + done.stderr for value in (*now.values(), FIRST))
        seen.append((set(now), now["KEY"] == FIRST, "./inv rotate KEY" in done.stderr))

    assert seen == [
        ({"KEY", "KEY_NEXT"}, True, True),
        ({"KEY", "KEY_PREVIOUS"}, False, True),
        ({"KEY"}, False, False),
    ]


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (("TOKEN",), {}, "TOKEN is not accepted beside another one"),
        (("OTHER",), {}, "OTHER is no secret of this service: KEY can be rotated."),
        (("KEY", "--given"), {}, "--given is for DATABASE_PASSWORD"),
        (("DATABASE_PASSWORD",), {}, "DATABASE_PASSWORD is no secret of this service"),
        (("KEY", "--bake", "x"), {}, "--bake is a whole number"),
        (("KEY",), {"KEY_NEXT": "b-key-of-32-bytes-that-is-long-enough", "KEY": FIRST}, "The environment sets KEY"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    keyed: Checkout, args: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    refused = keyed.inv("rotate", *args, "--runtime", "host", **NOWHERE, **env)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert values(keyed) == {"KEY": FIRST}


def test_a_plan_changes_nothing(keyed: Checkout) -> None:
    done = keyed.inv("rotate", "KEY", "--plan", "--runtime", "host", **NOWHERE)
    assert done.returncode == 0
    assert "KEY_NEXT is made and accepted" in done.stderr
    assert values(keyed) == {"KEY": FIRST}
