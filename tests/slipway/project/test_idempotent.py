"""[tool.slipway] idempotent: what may stand in it, and what the proxy makes of it."""

import re
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project import idempotent
from slipway.project.config import load
from tests.support import ROOT

NAMED = ("POST /posts", "PUT /v1.0/items/{item_id}", "PATCH /", "POST /~me/{a}/{b}/")


@pytest.mark.parametrize(
    ("request_line", "is_named"),
    [
        ("POST /posts", True),
        ("PUT /v1.0/items/a%2Cb", True),
        ("PATCH /", True),
        ("POST /~me/1/2/", True),
        ("GET /posts", False),
        ("XPOST /posts", False),
        ("POST /posts/", False),
        ("POST /posts/1", False),
        ("POST /a/posts", False),
        ("POST /Posts", False),
        ("PUT /v1x0/items/1", False),
        ("PUT /v1.0/items/", False),
        ("PUT /v1.0/items/1/2", False),
        ("PUT /PUT /v1.0/items/1", False),
        ("none", False),
        (" ", False),
    ],
)
def test_a_request_is_named_by_its_whole_method_and_path(request_line: str, is_named: bool) -> None:
    assert bool(re.search(f"^({idempotent.expression(NAMED)})$", request_line)) == is_named


def test_what_is_named_needs_no_escape_in_the_caddyfile() -> None:
    assert not re.findall(r"""[^A-Za-z0-9 /|._~\[\]^+-]""", idempotent.expression(NAMED))
    assert idempotent.expression(()) == ""


def test_the_caddyfile_is_told_what_is_named() -> None:
    text = (ROOT / "Caddyfile").read_text()
    assert idempotent.told(text, (), 30) == text
    told = idempotent.told(text, ("POST /posts", "GET /posts", "PATCH /", "HEAD /{a}"), 30)
    assert '.matches("^(POST /posts|PATCH /)$")`' in told
    assert '.matches("^(GET /posts|HEAD /[^/]+)$")`' in told
    assert told.count("response_header_timeout 30s") == 2
    assert told.count("lb_try_duration 35s") == 1
    assert idempotent.SAFE_PLACE in idempotent.told(text, ("POST /posts",), 30)
    assert idempotent.KEYED_PLACE in idempotent.told(text, ("GET /posts",), 30)


def test_the_caddyfile_by_itself_waits_as_long_as_a_project_that_says_nothing() -> None:
    text = (ROOT / "Caddyfile").read_text()
    told = idempotent.told(text, ("POST /posts",), load(ROOT).repeat_after)
    assert told == text.replace(idempotent.KEYED_PLACE, "POST /posts").replace(idempotent.AFTER_PLACE, "15s").replace(
        idempotent.UNTIL_PLACE, "20s"
    )
    assert text.count("{$REPEAT_") == told.count("15s") + told.count("20s") == 3


@pytest.mark.parametrize(
    "entry",
    [
        *("", "/posts", "POST", "POST posts", "GETS /posts", "DELETE /posts/{id}", "post /posts", "POST  /posts"),
        *("POST /posts ", "POST /posts\n", "POST /a//b", "POST /posts?a=b", "POST /{}", "POST /a{b}", "POST /{a:path}"),
        *("POST /posts/*", 'POST /"', "POST /`", "POST /a|b", "POST /{$HOME}", "POST /é", "POST /%41"),
    ],
)
def test_what_is_no_method_and_path_is_refused(tmp_path: Path, entry: str) -> None:
    spelled = entry.replace('"', '\\"').replace("\n", "\\n")
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "1"\n[tool.slipway]\nidempotent = ["POST /a", "{spelled}"]\n'
    )
    with pytest.raises(Problem, match=r"idempotent has .*Write GET, HEAD, POST, PUT or PATCH and a path") as refused:
        load(tmp_path)
    assert repr(entry) in str(refused.value)


def test_the_service_names_its_own() -> None:
    assert load(ROOT).idempotent == ("POST /posts", "GET /posts", "GET /posts/{post_id}")
