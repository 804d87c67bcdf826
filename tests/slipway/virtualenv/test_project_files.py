"""Packages of .venv that are files of the project: another one of the same version is another package."""

from pathlib import Path

import pytest

from slipway.virtualenv import packages
from slipway.virtualenv.mark import Mark
from slipway.virtualenv.venv import service
from tests.slipway.virtualenv.support import Project, locked, wheel


@pytest.mark.parametrize(
    ("asked", "noted", "found", "stale"),
    [
        ("sha256:a", "", "sha256:a", False),
        ("sha256:a", "sha256:a", "", False),  # as uv leaves it
        ("sha256:a", "sha256:b", "sha256:a", False),  # somebody else has installed it since
        ("sha256:a", "sha256:a", "sha256:b", True),
        ("sha256:a", "sha256:b", "", True),
        ("sha256:a", "", "", True),  # it was an index's
        ("", "sha256:a", "", True),  # it is an index's by now
        ("", "", "sha256:a", False),  # by hand
        ("", "", "", False),
    ],
)
def test_another_file_is_told_by_its_hash(asked: str, noted: str, found: str, stale: bool) -> None:
    given = ({"x": digest} if digest else {} for digest in (noted, found))
    assert packages.replaced({"x": asked}, *given) == ({"x"} if stale else set())


@pytest.mark.parametrize(
    ("note", "digest"),
    [
        ('{"archive_info": {"hashes": {"sha256": "ab"}, "hash": "sha256=ab"}}', "sha256:ab"),
        ('{"archive_info": {}}', None),
        ('{"dir_info": {"editable": true}}', None),
        ("", None),
    ],
    ids=["pip", "uv", "folder", "empty"],
)
def test_the_hash_is_read_as_installers_note_it(tmp_path: Path, note: str, digest: str | None) -> None:
    (tmp_path / "our_own-1.0.dist-info").mkdir()
    (tmp_path / "our_own-1.0.dist-info/direct_url.json").write_text(note)
    assert packages.unpacked([tmp_path]).get("our-own") == digest


def test_a_wheel_of_the_project_is_installed_and_replaced_under_the_same_version(project: Project) -> None:
    def lock(module: str) -> str:
        made = wheel(project.root / "ven dor", "ours", module=module)
        text = locked(made, f'[package.source]\ntype = "file"\nurl = "ven dor/{made.name}"\n')
        project.lock("other", extra=text)
        return text.partition("hash = ")[2].partition('"')[2].partition('"')[0]

    digest = lock("print(1)")
    first = project.make()
    assert first.returncode == 0, first.stderr
    assert (project.site() / "ours/__main__.py").read_text() == "print(1)"
    assert Mark.read(service(project.root, "poetry.lock")).files == {"ours": digest}
    assert packages.unpacked([project.site()]).get("ours", digest) == digest
    assert project.make().stderr == ""

    digest = lock("print(2)")
    second = project.make()
    assert "installing ours\n" in second.stderr
    assert (project.site() / "ours/__main__.py").read_text() == "print(2)"
    assert Mark.read(service(project.root, "poetry.lock")).files == {"ours": digest}

    project.lock("other", "ours")  # by now from an index, in the same version
    third = project.make()
    assert "installing ours\n" in third.stderr
    assert (project.site() / "ours/__main__.py").read_text() == ""
    assert project.has() == {"invoke", "other", "ours"}


def test_a_file_that_is_not_the_locked_one_is_told_in_a_sentence(project: Project) -> None:
    made = wheel(project.root / "vendor", "ours")
    project.lock(extra=locked(made, f'[package.source]\ntype = "file"\nurl = "vendor/{made.name}"\n'))
    wheel(project.root / "vendor", "ours", module="another")
    assert project.make().stderr == (
        f"inv: vendor/{made.name} is not the file that was locked: put that back, or poetry update ours --lock\n"
    )
    made.unlink()
    assert project.make().stderr == (
        f"inv: ours comes from vendor/{made.name}, which is not there: put it back, or name another one in "
        "pyproject.toml, then: poetry lock\n"
    )
