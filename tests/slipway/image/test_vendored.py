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


def test_a_lock_file_that_cannot_be_read_is_told(sources: Path) -> None:
    (sources / "poetry.lock").write_text('type = "file"\n')
    assert refused(sources).startswith("poetry.lock cannot be read (")
