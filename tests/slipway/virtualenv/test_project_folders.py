"""Packages of .venv that are folders: they are imported as they lie there."""

from pathlib import Path

from slipway.virtualenv import packages
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.venv import service
from tests.slipway.virtualenv.support import Project, locked, wheel

# A build backend, as small as one can be: https://peps.python.org/pep-0660/
BACKEND = """
import os, pathlib, zipfile

def build_editable(directory, settings=None, metadata=None):
    about = "ours-1.0.dist-info"
    files = {
        "ours.pth": os.getcwd(),
        f"{about}/METADATA": "Metadata-Version: 2.1\\nName: ours\\nVersion: 1.0\\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\\n" for name in files)
    with zipfile.ZipFile(pathlib.Path(directory, "ours-1.0-py3-none-any.whl"), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return "ours-1.0-py3-none-any.whl"
"""


def folder(project: Project, path: str, *, built: bool = True) -> str:
    """Make a package of a folder; return its lines of the lock file, and those of what builds it."""
    (project.root / path).mkdir(parents=True)
    (project.root / path / "ours_module.py").write_text("")
    about = '[build-system]\nrequires = ["backend"]\nbuild-backend = "backend.__main__"\n'
    (project.root / path / "pyproject.toml").write_text(about)
    lines = '[[package]]\nname = "ours"\nversion = "1.0"\ngroups = ["main"]\nfiles = []\n'
    lines += f'[package.source]\ntype = "directory"\nurl = "{path}"\n'
    backend = locked(wheel(project.index, "backend", module=BACKEND)).replace('"main"', '"build"')
    return lines + (backend if built else "")


def place(project: Project) -> Path:
    """Return where a package is imported from."""
    return Path((project.site() / "ours.pth").read_text())


def test_a_folder_is_imported_as_it_lies_there_until_another_one_is_named(project: Project) -> None:
    project.lock("other", extra=folder(project, "li bs/ours"))
    first = project.make()
    assert first.returncode == 0, first.stderr
    there = project.root / "li bs/ours"
    assert place(project) == there
    assert project.has() == {"invoke", "other", "ours"}, "what builds it is not kept"
    assert Mark.read(service(project.root, "poetry.lock")).files == {"ours": there.as_uri()}
    assert packages.unpacked([project.site()])["ours"] == there.as_uri()
    assert project.make().stderr == ""

    project.lock("other", extra=folder(project, "elsewhere"))
    moved = project.make()
    assert "inv: bringing .venv in line with poetry.lock: installing ours\n" in moved.stderr
    assert place(project) == project.root / "elsewhere"

    project.lock("other", "ours")  # by now from an index, in the same version
    assert "installing ours\n" in project.make().stderr
    assert not (project.site() / "ours.pth").exists()
    project.lock("other")
    assert "removing ours\n" in project.make().stderr
    assert project.has() == {"invoke", "other"}


def test_what_nothing_locked_builds_is_told_before_anything_is_made(project: Project) -> None:
    project.lock(extra=folder(project, "libs/ours", built=False))
    refused = project.make()
    assert refused.returncode == 1
    assert refused.stderr == (
        "inv: ours comes from the folder libs/ours, which is built with backend, and the group build of the lock file "
        "has no such package: poetry add --group build 'backend'\n"
    )
    assert not (project.root / ".venv").exists()


def test_a_folder_that_cannot_be_built_is_told_in_a_sentence(project: Project) -> None:
    project.lock(extra=folder(project, "libs/ours"))
    (project.root / "libs/ours/pyproject.toml").write_text('[build-system]\nrequires = ["backend>=2"]\n')
    refused = project.make()
    assert refused.returncode == 1
    assert "backend>=2" in refused.stderr
    assert refused.stderr.endswith("the lock file: poetry add --group build NAME; then run ./inv again\n")
