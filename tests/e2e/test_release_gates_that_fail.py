"""Each gate made to fail: it stops the release, and everything is as it was."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.e2e import changes
from tests.e2e.registries import Registry
from tests.e2e.releases import GATES, PACKAGES, only, release, state, without
from tests.e2e.support import NAME, commit, run
from tests.e2e.talk import done
from tests.support import Checkout

pytestmark = pytest.mark.minutes(1)
# What is built of one tree is built once: a release's files bear the time of its commit.
SAME_TIME = {"GIT_AUTHOR_DATE": "2026-11-25T00:00:00Z", "GIT_COMMITTER_DATE": "2026-11-25T00:00:00Z"}
TOKEN = "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyzAB"[:36]
BROKEN = "tests/app/test_broken.py"
SAID = {
    "lint": "F401",
    "types": "Incompatible types",
    "dockerfile": "DL3004",
    "tests": "test_that_fails",
    "secrets": "/srv/app/token.py:1",
    "advisories": "GHSA-test, mended in 999",
    "migrations": "found in the migrations",
    "in-image": "test_that_fails",
    "deploy": "ValueError: no",
}
REHEARSAL = "rehearsal"
COPIED, SOURCE = "COPY . srv\n", "FROM base AS source\n"
LISTS = "FROM scratch AS requirements\nCOPY pyproject.toml /main.txt\nCOPY pyproject.toml /dev.txt\n"
OF_THE_IMAGE = {
    "rebuild": (COPIED, f"{COPIED}RUN date +%N > srv/app/when.txt\n", "  - /srv/app/when.txt: content"),
    "image": (COPIED, f"{COPIED}RUN false\n", "could not be built"),
    "packages": (SOURCE, f"{LISTS}{SOURCE}", "'[project]' is no package with its version and hashes"),
}


@contextlib.contextmanager
def database_of_advisories() -> Iterator[str]:
    """Run a database that knows of one package."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = {"id": "GHSA-test", "summary": "A hole.", "aliases": [], "affected": [
                {"package": {"name": "fastapi", "ecosystem": "PyPI"}, "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]}]}  # fmt: skip
            body = json.dumps({"vulns": [known]} if asked["package"]["name"] == "fastapi" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        finally:
            server.shutdown()
            thread.join()


# What each gate says in the end, and that it stops the release, is tested without an engine. Here one of each kind is
# made to fail: a verb in the clone, what looks into the image or at what it is built of, what asks somebody else. (A
# program in the clone is one in the full run.)
KINDS = ["migrations", "secrets", "advisories"]


@pytest.mark.parametrize("gates", [KINDS, pytest.param(GATES, marks=pytest.mark.full)], ids=["kinds", "all"])
def test_each_gate_stops_the_release(docker: Checkout, plain: Registry, gates: list[str]) -> None:
    assert sorted([*SAID, *OF_THE_IMAGE, REHEARSAL]) == sorted(GATES)
    start = run("git", "rev-parse", "HEAD", cwd=docker.root)
    break_all_gates(docker)
    with database_of_advisories() as url:
        for gate in (one for one in SAID if one in gates):
            is_stopped(docker, plain, gate, SAID[gate], url)
    for gate, (old, new, said) in OF_THE_IMAGE.items():
        if gate not in gates:
            continue
        run("git", "reset", "--quiet", "--hard", start, cwd=docker.root)
        without(docker, PACKAGES)
        docker.edit("Dockerfile", old, new)
        commit(docker, f"Break {gate}")
        is_stopped(docker, plain, gate, said, url)
    assert plain.tags() == {}


@pytest.mark.full  # it takes a minute, and one that passes is in the other run
def test_a_rehearsal_stops_the_release(docker: Checkout, plain: Registry) -> None:
    run("git", "tag", "--annotate", "v0.1.0", "--message", "0.1.0", cwd=docker.root)
    done(docker, "build")
    run("docker", "build", "--quiet", "--target", "test", "--tag", f"{NAME}:0.1.0-test", ".", cwd=docker.root)
    changes.rename_at_once(docker)
    commit(docker, "Break what runs")
    is_stopped(docker, plain, REHEARSAL, "0.1.0 breaks on 0003", "")


def is_stopped(docker: Checkout, plain: Registry, gate: str, said: str, url: str) -> None:
    """Release through one gate, and check that it stops at it, and that everything is as it was."""
    before = state(docker, plain)
    stopped = release(docker, *only(gate), OSV_URL=url, **SAME_TIME)
    assert stopped.returncode != 0, (gate, stopped.stderr)
    assert said in stopped.stderr, (gate, stopped.stderr)
    assert re.search(rf"(?m)^  {gate} +failed", stopped.stderr), (gate, stopped.stderr)
    assert "Nothing was released, and everything is as it was." in stopped.stderr
    assert TOKEN not in stopped.stderr
    assert state(docker, plain) == before, gate


def break_all_gates(docker: Checkout) -> None:
    """Commit what every gate has something against, though the image can be built."""
    docker.write("app/unused.py", "import os\n")
    docker.write("app/wrong.py", 'x: int = "a"\n')
    docker.write("app/token.py", f'TOKEN = "{TOKEN}"  # noqa: S105\n')  # the linter would show it
    docker.write(BROKEN, "def test_that_fails() -> None:\n    assert False\n")
    text = (docker.root / "pyproject.toml").read_text()
    docker.write("pyproject.toml", re.sub(r"(?m)^(host|image) = .*$", rf'\1 = ["{BROKEN}"]', text))
    append(docker, "Dockerfile", "RUN true || sudo true\n")
    unless_stopped = "    restart: unless-stopped\n"
    fails = "    command: [python, -c, \"raise ValueError('no')\"]\n"
    docker.edit("compose.release.yaml", unless_stopped, unless_stopped + fails)
    changes.rename_at_once(docker)
    commit(docker, "Break all gates")


def append(docker: Checkout, name: str, text: str) -> None:
    """Add something to a file of the project."""
    docker.write(name, (docker.root / name).read_text() + text)
