"""Packages that are files of the project: which a build takes, and what it is refused for."""

import hashlib
from pathlib import Path, PurePosixPath

import pytest

from slipway.core.errors import Problem
from slipway.image import plan, vendored
from slipway.image.context import context
from slipway.project.config import load

PACKAGE = """\
[[package]]
name = "ours"
version = "1.0"
groups = ["{group}"]
files = [{{file = "{name}", hash = "sha256:{digest}"}}]

[package.source]
type = "file"
url = "{path}"

"""
WHEEL = "ours-1.0-py3-none-any.whl"


def lock(root: Path, path: str, content: bytes = b"wheel", group: str = "main") -> None:
    """Lock a file of the project, and put it there."""
    digest = hashlib.sha256(content).hexdigest()
    package = PACKAGE.format(group=group, name=Path(path).name, digest=digest, path=path)
    (root / "poetry.lock").write_text(f'{package}[metadata]\nlock-version = "2.1"\n')
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(content)


def refused(root: Path, *groups: str) -> str:
    """Return why no image is made, "" when one would be."""
    try:
        vendored.check(root, groups or ("main",), set(map(PurePosixPath, context(root))))
    except Problem as problem:
        return str(problem.message)
    return ""


@pytest.mark.parametrize("name", [WHEEL, "ours-1.0.tar.gz"])
def test_a_build_takes_wheels_and_archives_of_the_vendor_folder(sources: Path, name: str) -> None:
    before = plan.inputs(load(sources))
    lock(sources, f"vendor/{name}")
    one = plan.inputs(load(sources))
    assert refused(sources) == ""
    (sources / "vendor" / name).write_bytes(b"another")
    assert len({before, one, plan.inputs(load(sources))}) == 3, "another file is another image"
    assert refused(sources).startswith(f"No image can be made: vendor/{name} is not the file that was locked: put")


def test_what_a_build_does_not_see_is_told(sources: Path) -> None:
    lock(sources, f"libs/{WHEEL}", group="dev")
    assert refused(sources) == ""
    assert f"ours comes from libs/{WHEEL}, and a build takes wheels from vendor/ alone" in refused(sources, "dev")
    lock(sources, "vendor/ours-1.0.zip")
    assert refused(sources).endswith("it needs the line !vendor/ours-1.0.zip")
    lock(sources, f"vendor/{WHEEL}")
    dockerfile = sources / "Dockerfile"
    dockerfile.write_text("FROM python\n")
    assert refused(sources) == "The Dockerfile copies no vendor/, from which ours comes: take Slipway's"
    (sources / "vendor" / WHEEL).unlink()
    assert "which is not there: put it back" in refused(sources)


def lock_folder(root: Path, path: str = "libs/ours", version: str = "1.0", group: str = "main") -> None:
    """Lock a folder as a package, which is another project of the same lock file."""
    folder = f'[[package]]\nname = "ours"\nversion = "1.0"\ngroups = ["{group}"]\nfiles = []\n'
    folder += f'[package.source]\ntype = "directory"\nurl = "{path}"\n'
    builder = '[[package]]\nname = "flit-core"\nversion = "4"\ngroups = ["build"]\n'
    builder += 'files = [{file = "f.whl", hash = "sha256:1"}]\n'
    (root / "poetry.lock").write_text(f'{folder}{builder}[metadata]\nlock-version = "2.1"\n')
    (root / path).mkdir(parents=True, exist_ok=True)
    requires = '[build-system]\nrequires = ["flit-core"]\n'
    (root / path / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n{requires}')


def add_line(file: Path, above: str, line: str) -> None:
    """Add a line to a file."""
    file.write_text(file.read_text().replace(above, f"{line}\n{above}", 1))


def test_a_build_takes_folders_that_it_is_told_of(sources: Path) -> None:
    lock_folder(sources)
    assert refused(sources) == (
        ".dockerignore does not let libs/ours into the build: above **/.env* it needs the line !libs/ours"
    )
    add_line(sources / ".dockerignore", "**/.env*", "!libs/ours")
    assert refused(sources) == (
        "The Dockerfile's stage wheels copies no libs/ours: it needs the line COPY libs/ours libs/ours"
    )
    add_line(sources / "Dockerfile", "COPY --from=vendor /project/vendor vendor", "COPY libs/ours libs/ours")
    assert refused(sources) == ""
    before = plan.inputs(load(sources))
    (sources / "libs/ours/ours.py").write_text("")
    assert plan.inputs(load(sources)) != before, "another folder is another image"

    lock_folder(sources, path="li bs/ours")
    add_line(sources / ".dockerignore", "**/.env*", "!li bs")
    line = refused(sources).partition("it needs the line ")[2]
    assert line == 'COPY ["li bs/ours", "li bs/ours"]'
    add_line(sources / "Dockerfile", "COPY --from=vendor /project/vendor vendor", line)
    assert refused(sources) == ""

    lock_folder(sources, version="1.1")
    assert refused(sources) == "libs/ours is ours 1.1, and poetry.lock has 1.0: poetry lock"
    lock_folder(sources, version="1.0.0")
    assert refused(sources) == ""
    lock_folder(sources, path="libs/other", group="dev")  # each build lists them
    assert refused(sources).startswith(".dockerignore does not let libs/other into the build")


def test_a_parent_that_is_copied_will_do(sources: Path) -> None:
    lock_folder(sources)
    add_line(sources / ".dockerignore", "**/.env*", "!libs")
    add_line(sources / "Dockerfile", "COPY --from=vendor /project/vendor vendor", "COPY libs libs")
    assert refused(sources) == ""
    with pytest.raises(Problem, match=r"^An image of a single stage has no packages of folders \(libs/ours\)"):
        vendored.check_single(sources)


def test_folders_that_no_build_sees_or_nothing_builds_are_refused(sources: Path) -> None:
    lock_folder(sources, path="../ours")
    assert refused(sources).startswith("No image can be made: ours comes from ../ours, outside the project, which no ")
    (sources / "linked").symlink_to(sources.parent / "ours")
    lock_folder(sources, path="linked")
    assert "ours comes from linked, outside the project" in refused(sources)
    lock_folder(sources)
    (sources / "libs/ours/pyproject.toml").write_text('[build-system]\nrequires = ["hatchling"]\n')
    assert refused(sources).endswith("has no such package: poetry add --group build 'hatchling'")
    (sources / "libs/ours/pyproject.toml").write_text('[build-system]\nrequires = ["flit_core>=5"]\n')
    assert "libs/ours is built with flit_core>=5, and poetry.lock has 4: change it there" in refused(sources)


def test_a_lock_file_that_cannot_be_read_is_told(sources: Path) -> None:
    (sources / "poetry.lock").write_text('type = "file"\n')
    assert refused(sources).startswith("poetry.lock cannot be read (")
