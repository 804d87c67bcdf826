"""What verbs print when something fails: the secrets are not in it, and nothing acts on a terminal."""

import pytest

from tests.support import Checkout

TOKEN = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
LIKELY = "a-broker's-p@ssword"
SPLIT = """
import base64
import sys
import time

from pydantic import BaseModel

token = os.environ["SERVICE_TOKEN"]


class Wanted(BaseModel):
    number: int
    other: int


told = [repr(token), str(token.encode()), str(base64.b64encode(b"user:" + token.encode())), os.environ["BROKER_URL"]]
told.append("\\x1b]0;a title\\a\\x1b[31mred\\x1b[0m \\u202e")
sys.stderr.write(token[:9])
sys.stderr.flush()
time.sleep(0.3)
sys.stderr.write(token[9:] + "\\n")
try:
    Wanted(number=token * 2)
except ValueError as error:
    raise SystemExit("\\n".join([str(error), *told])) from None
"""


@pytest.fixture
def telling(little: Checkout) -> Checkout:
    """Give a service that says all it knows when it starts, and fails."""
    little.write(".env.example", "WHOM=world\nSERVICE_TOKEN=\n# PORT=9321\n# BROKER_URL=\n")
    little.write(".env", f'WHOM=world\nSERVICE_TOKEN={TOKEN}\nBROKER_URL="redis://me:{LIKELY}@host"\n')
    little.edit(
        "pyproject.toml", "[tool.slipway]", "[tool.slipway.secrets]\nSERVICE_TOKEN = 16\n\n[tool.slipway]\nwait = 5"
    )
    little.edit("hello/web.py", "service = FastAPI()", f"{SPLIT}\nservice = FastAPI()")
    return little


def test_a_service_that_tells_its_secrets_fails_without_them(telling: Checkout) -> None:
    failed = telling.inv("up", "--runtime", "host")
    assert failed.returncode == 1
    said = failed.stdout + failed.stderr
    assert "input_value=" in said  # its log is shown
    assert "red \\u202e" in said
    assert "\\x1b]0;a title\\x07" in said
    assert "\x1b" not in said
    for part in (TOKEN, TOKEN[:8], TOKEN[-8:], LIKELY):
        assert part not in said
    assert said.count("[secret]") >= 6


def test_tests_that_print_a_secret_show_none(telling: Checkout) -> None:
    telling.write(
        "tests/test_it.py",
        f'def test_it():\n    print("{TOKEN}")\n    assert "{TOKEN}" == "{TOKEN[::-1]}"\n',
    )
    failed = telling.inv("test")
    said = failed.stdout + failed.stderr
    assert failed.returncode == 1
    assert "1 failed" in said
    assert TOKEN not in said
    assert "[secret]" in said


def test_a_mistake_of_slipways_own_shows_no_secret(telling: Checkout) -> None:
    telling.edit(
        "slipway/verbs/run.py",
        "session.settings.prepare()",
        "session.settings.prepare(); raise ValueError(session.settings.values)",
    )
    failed = telling.inv("up", "--runtime", "host")
    assert failed.returncode == 1
    assert "Traceback" in failed.stderr
    assert "ValueError: {'WHOM': 'world', 'SERVICE_TOKEN': '[secret]'" in failed.stderr
    assert TOKEN not in failed.stdout + failed.stderr


@pytest.mark.parametrize("verb", ["status", "ps", "up", "down"])
def test_an_env_that_cannot_be_read_is_not_shown(telling: Checkout, verb: str) -> None:
    telling.write(".env", f"WHOM=world\nSERVICE_TOKEN=\n{TOKEN}\nPORT={TOKEN}\nBROKER_URL=redis://me:{LIKELY}$$@host\n")
    done = telling.inv(verb, "--runtime", "host")
    assert done.returncode == (verb == "up")
    assert TOKEN not in done.stdout + done.stderr
    assert LIKELY not in done.stdout + done.stderr
