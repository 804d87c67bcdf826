"""What the real package answers, and that it needs nothing else of Slipway."""

import json
import shutil
import subprocess
import sys

import pytest

from slipway.schema import protocol
from slipway.schema.answers import Checked, Downgraded, Drift, Known, Plan, State, Undo, Upgraded
from tests.slipway.schema.support import Service
from tests.support import ROOT

COMMANDS = [
    (State, ["state"]),
    (Plan, ["plan"]),
    (Known, ["known", "--live", "app=0001"]),
    (Checked, ["check"]),
    (Drift, ["drift"]),
    (Undo, ["undo", "--to", "base"]),
    (Upgraded, ["upgrade"]),
    (Downgraded, ["downgrade", "--to", "0001"]),
]


@pytest.mark.parametrize(("kind", "args"), COMMANDS, ids=[args[0] for _, args in COMMANDS])
def test_every_answer_is_one_of_the_protocol(service: Service, kind: type[object], args: list[str]) -> None:
    service.begin()
    service.revision("0002", 'op.execute("CREATE TABLE u (a int)")', down='op.drop_table("u")')
    if kind in (Undo, Downgraded):
        service.run("upgrade")

    done = service.run(*args, "--json")

    assert done.returncode == 0, done.stderr
    answer = protocol.read(kind, done.stdout)
    assert json.loads(done.stdout) == {"version": protocol.VERSION, **protocol.as_json(answer)}


def test_the_package_needs_nothing_else_of_slipway(service: Service) -> None:
    package = service.root / "slipway"
    package.mkdir()
    shutil.copy(ROOT / "slipway/__init__.py", package)
    shutil.copy(ROOT / "slipway/entrypoint.py", package)
    shutil.copytree(ROOT / "slipway/schema", package / "schema")
    look = "import sys; sys.path.insert(0, ''); import slipway; print(slipway.__path__[0])"

    def python(*args: str) -> str:
        command = [sys.executable, *args]
        return subprocess.check_output(command, cwd=service.root, env=service.environ(), text=True)

    assert python("-c", look).strip() == str(package)
    assert protocol.read(Upgraded, python("-m", "slipway.schema", "upgrade", "--json")).to == ("0001",)
