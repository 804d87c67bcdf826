"""The verbs on a different project: nothing of app/ leaks into the machinery."""

import json

import httpx2

from tests.support import PATIENT, Checkout, processes_of


def test_another_project_runs_on_the_same_machinery(little: Checkout) -> None:
    first = little.up()
    assert httpx2.get(little.url, timeout=PATIENT).json() == "Hello world"
    assert "migrate" not in first.stderr
    assert "database" not in first.stderr
    assert "already up" in little.up().stderr
    state = json.loads(little.inv("status", "--json").stdout)
    assert (state["name"], state["service"]["state"], state["database"]["state"]) == ("little-hello", "ready", "none")
    assert "GET /up" in little.inv("logs").stdout
    for verb in (("migrate",), ("revision", "--message", "x")):
        done = little.inv(*verb)
        assert "Traceback" not in done.stderr
        assert done.returncode == (0 if verb == ("migrate",) else 1)
    little.edit(".env", "WHOM=world", "WHOM='it costs $5'")
    little.up()
    assert httpx2.get(little.url, timeout=PATIENT).json() == "Hello it costs $5"
    assert little.inv("down").returncode == 0
    assert processes_of(little.root) == []


def test_a_proxy_of_the_shell_is_not_asked_for_what_is_on_this_machine(little: Checkout) -> None:
    nobody = "http://127.0.0.1:9"
    little.up(HTTP_PROXY=nobody, http_proxy=nobody, ALL_PROXY=nobody, all_proxy=nobody, NO_PROXY="", no_proxy="")
    assert "already up" in little.up(HTTP_PROXY=nobody, http_proxy=nobody).stderr


def test_who_was_ready_once_is_not_asked_again(little: Checkout) -> None:
    little.edit("hello/web.py", "import os\n", "import itertools\nimport os\n")
    little.edit("hello/web.py", "import FastAPI\n", "import FastAPI, HTTPException\n\nasked = itertools.count()\n")
    little.edit(
        "hello/web.py", '    return "up"', '    if next(asked):\n        raise HTTPException(503)\n    return "up"'
    )
    little.up()
