"""Which Python runs the service's code."""

import sys
from pathlib import Path

import pytest

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.virtualenv import install, installed
from tests.slipway.virtualenv import support


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> support.Project:
    """Give a project with an index of its own, of which nothing is installed yet."""
    for name in (interpreter.GIVEN, interpreter.ACTIVE, "PYTHON", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()
    project = support.Project(tmp_path / "project")
    for name, value in support.index_of(project).items():
        monkeypatch.setenv(name, value)
    return project


def checkout(root: Path) -> Checkout:
    """Return a checkout of a folder."""
    return Checkout(Project(root, "shop", "1.0"), Shell(root, Steps()))


def test_its_environment_is_made_when_it_is_needed(made: support.Project, capfd: pytest.CaptureFixture[str]) -> None:
    made.lock("one")
    home = checkout(made.root)
    python = made.root / ".venv/bin/python"
    assert not python.exists()
    assert interpreter.service(home) == str(python)
    assert made.has() == {"invoke", "one"}
    assert "inv: making .venv from poetry.lock, 3 packages\n" in capfd.readouterr().err
    assert interpreter.program(home, "python") == str(python)
    assert interpreter.program(home, "nothing") == ""
    called = (made.root / ".venv/bin/inv").read_text()
    assert called.endswith('/../../inv" "$@"\n'), "`inv` is on PATH where .venv is active"


def test_one_that_is_named_is_used_as_it_is(made: support.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(interpreter.GIVEN, sys.prefix)
    assert interpreter.service(checkout(made.root)) == sys.executable
    assert interpreter.folder(made.root) == Path(sys.prefix)
    monkeypatch.setenv(interpreter.GIVEN, "/nowhere")
    with pytest.raises(Problem, match="SLIPWAY_SERVICE_VENV=/nowhere has no bin/python: name another one"):
        interpreter.service(checkout(made.root))
    assert not (made.root / ".venv").exists()


def test_an_active_one_serves_if_it_has_what_is_locked(
    made: support.Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (made.venv(pip=True)).rename(made.root / "poetrys")
    monkeypatch.setenv(interpreter.ACTIVE, str(made.root / "poetrys"))
    site = next((made.root / "poetrys").glob("lib/python*/site-packages"))
    made.unpack("invoke", into=site)
    assert interpreter.service(checkout(made.root)) == str(made.root / "poetrys/bin/python")
    assert capfd.readouterr().err == ""
    interpreter._service.cache_clear()
    made.lock("one")
    assert interpreter.service(checkout(made.root)) == str(made.root / ".venv/bin/python")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("/nowhere/python", "PYTHON cannot be used: /nowhere/python does not start; name another one, or none"),
        (sys.executable, rf'PYTHON cannot be used: {sys.executable} is Python 3\..*requires-python = "<3.10"'),
        ("", r'no Python was found that the project takes \(.* is Python 3\..*"<3.10"\); install one, or name it'),
    ],
    ids=["none", "unfit", "not-named"],
)
def test_a_python_that_the_project_does_not_take_makes_nothing(
    made: support.Project, monkeypatch: pytest.MonkeyPatch, asked: str, said: str
) -> None:
    made.requires("<3.10")
    monkeypatch.setenv("PYTHON", asked)
    with pytest.raises(Problem, match=said):
        interpreter.service(checkout(made.root))
    assert not (made.root / ".venv").exists()


def test_the_version_that_the_project_names_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python3", "python3.12", "python3.13"):
        (folder / name).touch(mode=0o755)
    (tmp_path / ".python-version").write_text("3.12.4\n")
    environ = {"PATH": str(folder)}
    found = list(interpreter.candidates(tmp_path, environ))
    assert found[0] == folder / "python3.12"
    (tmp_path / ".python-version").write_text("pypy3\n")
    assert next(interpreter.candidates(tmp_path, environ)) == Path(getattr(sys, "_base_executable", sys.executable))


def test_what_pyenv_and_uv_have_is_found_off_path(tmp_path: Path) -> None:
    pyenv = ["3.12.1", "3.12.10", "3.10.13", "3.13.0t", "3.14-dev", "pypy3.10-7.3.12", "shop"]
    uv = [
        "cpython-3.12.4-linux-x86_64-gnu",
        "cpython-3.13.1+freethreaded-linux-x86_64-gnu",
        "cpython-3.12-linux-x86_64-gnu",
    ]
    folders = [*(f".pyenv/versions/{name}" for name in pyenv), *(f".local/share/uv/python/{name}" for name in uv)]
    for folder in folders:
        (tmp_path / folder / "bin").mkdir(parents=True)
        (tmp_path / folder / "bin/python3").touch(mode=0o755)
    (tmp_path / ".pyenv/versions/3.11.2").mkdir()  # which was not built to the end
    base, environ = Path(install.base()), {"PATH": "", "HOME": str(tmp_path)}

    def found(wanted: str) -> list[str]:
        (tmp_path / ".python-version").write_text(wanted)
        names = [
            str(one.relative_to(tmp_path)) if one != base else "-" for one in interpreter.candidates(tmp_path, environ)
        ]
        return [name.removesuffix("/bin/python3").rpartition("/")[2] for name in dict.fromkeys(names)]

    assert found("pypy3") == ["-", "3.12.10", "cpython-3.12.4-linux-x86_64-gnu", "3.12.1", "3.10.13"]
    assert found("3.12.1") == ["3.12.1", "3.12.10", "cpython-3.12.4-linux-x86_64-gnu", "-", "3.10.13"]
    assert found("3.10") == ["3.10.13", "-", "3.12.10", "cpython-3.12.4-linux-x86_64-gnu", "3.12.1"]
    moved = {"PATH": "", "PYENV_ROOT": str(tmp_path / ".pyenv"), "UV_PYTHON_INSTALL_DIR": "/nowhere"}
    assert list(installed.pythons(moved)) == [(3, 12, 10), (3, 12, 1), (3, 10, 13)]
