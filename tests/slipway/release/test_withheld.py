"""What gates must not find: which variables these are, and that /proc has none of them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.release import withheld
from tests.support import ROOT

# Starts itself anew, and lets a child look at what its ancestors were started with, up to the test.
PROGRAM = """
import json, os, subprocess, sys
from slipway.release import withheld
if "--directly" not in sys.argv:
    withheld.start_anew([sys.executable, *sys.argv], ["id=index,env=INDEX_TOKEN"])
look = '''
import os, sys
from pathlib import Path
pid, found = os.getpid(), []
while pid != int(sys.argv[1]):
    found.append(Path(f"/proc/{pid}/environ").read_bytes().decode())
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
print(len(found), "\\\\n".join(found), *(os.readlink(one) for one in Path(f"/proc/{os.getppid()}/fd").iterdir()))
'''
without = {name: value for name, value in os.environ.items() if name not in withheld.names(os.environ)}
looked = subprocess.run([sys.executable, "-c", look, sys.argv[1]], env=without, capture_output=True, text=True)
print(json.dumps({"looked": looked.stdout, "said": looked.stderr, "mine": dict(os.environ), "argv": sys.argv[1:]}))
"""
SECRETS = {"COSIGN_KEY": "env://MINE", "COSIGN_PASSWORD": "p@ss of the key", "MINE": "-----BEGIN\nof the key-----",
           "GITHUB_TOKEN": "ghs_of-github", "REGISTRY_PASSWORD": "of-the-registry"}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What the child has found and said as errors; the program's own variables, and what it was called with."""

    looked: str
    said: str
    mine: dict[str, str]
    argv: list[str]


def looked(tmp_path: Path, *options: str, **env: str) -> Said:
    """Run the program; return what its child has found, and what it has itself."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    known = {name: value for name, value in os.environ.items() if name not in withheld.names(os.environ)}
    ran = subprocess.run(
        [sys.executable, str(file), str(os.getpid()), *options], env={**known, "PYTHONPATH": str(ROOT), **env},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = Said(**json.loads(ran.stdout))
    assert said.looked.partition(" ")[0] == "2", said.said  # the child, and its parent
    return said


def test_a_child_finds_nothing_in_what_its_ancestors_were_started_with(tmp_path: Path) -> None:
    said = looked(tmp_path, "an option", INDEX_TOKEN="of the index", PLAIN="plain", **SECRETS)
    for name, value in SECRETS.items():
        assert value not in said.looked, name
        assert f"{name}=" not in said.looked
    assert said.looked.count("PLAIN=plain") == 2
    assert "INDEX_TOKEN=of the index" in said.looked  # builds read it
    assert SECRETS.items() <= said.mine.items()  # to sign with
    assert withheld.PIPE not in said.mine
    assert said.argv[1:] == ["an option"]


def test_removing_a_variable_would_not_be_enough(tmp_path: Path) -> None:
    said = looked(tmp_path, "--directly", **SECRETS)
    assert all(f"{name}={value}" in said.looked for name, value in SECRETS.items())


def test_without_a_secret_nothing_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in withheld.names(os.environ):
        monkeypatch.delenv(name)
    withheld.start_anew(["/nowhere"])


def test_what_no_pipe_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "x" * withheld.LIMIT)
    with pytest.raises(Problem, match=r"A_TOKEN.* hold more than 60000 bytes"):
        withheld.start_anew(["/nowhere"])


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("COSIGN_PASSWORD", True), ("COSIGN_PRIVATE_KEY", True), ("COSIGN_KEY", True), ("MINE", True),
        ("GITHUB_TOKEN", True), ("GH_TOKEN", True), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", True), ("VAULT_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True), ("REGISTRY_PASSWORD", True), ("DATABASE_PASSWORD", True), ("OTHER", False),
        ("PATH", False), ("HOME", False), ("DOCKER_CONFIG", False), ("PIP_INDEX_URL", False), ("INDEX_TOKEN", False),
        ("OTHER_TOKEN", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_one_unless_builds_need_it(name: str, is_one: bool) -> None:
    builds = ["id=a,env=INDEX_TOKEN", "id=b,src=file", '"id=c","env=OTHER_TOKEN"']
    environment = {"COSIGN_KEY": "env://MINE", "MINE": "x", "OTHER": "x"} | {
        name: "x" if name != "COSIGN_KEY" else "env://MINE"
    }
    assert (name in withheld.names(environment, builds)) is is_one


def test_a_key_in_a_file_is_no_variable() -> None:
    assert withheld.names({"COSIGN_KEY": "HOME", "HOME": "/root"}) == {"COSIGN_KEY"}
