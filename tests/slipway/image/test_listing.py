"""Poetry's lists of packages beside another reading of the lock file.

`locks` has lock files that Poetry 2.5 has made, each with the lists that it has exported.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.image import listing
from slipway.project.config import load
from slipway.project.lockfile import Lockfile, Package
from tests.support import ROOT

LOCKS = Path(__file__).parent / "locks"
READABLE = ["extras", "file", "folder", "groups", "index", "markers"]
REFUSED = {
    "git": "comes from file://None/srv/lib",
    "path": "'-e file:///srv/path/lib ; .*' is no package with its version and hashes",  # no wheel was built of it
    "url": "comes from https://files.",
}


def check(root: Path, **lists: str) -> str:
    """Compare lists, Poetry's own unless given, with the lock file in a folder."""
    exported = {name: (root / name).read_text() for name in listing.LISTS}
    python = re.findall(r'(?m)^requires-python = "(.*)"', (root / "pyproject.toml").read_text())[0]
    return listing.check(root, python, exported | {f"{name}.txt": text for name, text in lists.items()})


def said(root: Path, **lists: str) -> str:
    """Return what is told of lists that differ."""
    with pytest.raises(Problem) as told:
        check(root, **lists)
    return str(told.value.message)


def test_every_kind_is_there() -> None:
    assert {path.name for path in LOCKS.iterdir()} == {*READABLE, *REFUSED}


@pytest.mark.parametrize("name", READABLE)
def test_both_readings_are_one_list(name: str) -> None:
    assert re.fullmatch(r"\d+ packages, read twice", check(LOCKS / name))


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_hash_checks_is_refused(name: str) -> None:
    assert re.search(REFUSED[name], said(LOCKS / name))
    assert "cannot be compared" in said(LOCKS / name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: re.sub(r" \\\n    --hash=sha256:\S+", "", text, count=1), "other hashes"),
        (lambda text: text.replace("sha256:", "sha256:00", 1), "other hashes"),
        (lambda text: text.replace("pytest==9.2.0", "pytest==9.1.0"), r"pytest 9\.1\.0: only in Poetry's list"),
        (lambda text: text.replace("pytest==9.2.0", "pytest==9.1.0"), r"pytest 9\.2\.0: only in poetry\.lock"),
        (lambda text: text.replace("pytest==", "pytezt=="), r"pytezt 9\.2\.0: only in Poetry's list"),
        (
            lambda text: text.replace('python_version == "3.11"', 'python_version >= "3.11"'),
            "tomli .*: not the same for",
        ),
        (
            lambda text: text.replace('sys_platform == "win32"', 'sys_platform == "linux"'),
            "colorama 0.4.6: .*, and here",
        ),
        (lambda text: f"--extra-index-url https://elsewhere/simple\n{text}", "https://elsewhere/simple: an index"),
        (lambda text: f"{text}evil==1.0 --hash=sha256:00\n", r"evil 1\.0: only in Poetry's list"),
        (lambda text: f"{text}evil==1.0\n", "'evil==1.0' is no package with its version and hashes"),
        (
            lambda text: f"{text}evil @ https://x/evil.whl --hash=sha256:00\n",
            "'evil @ https://x/evil.whl' is no package",
        ),
        (lambda text: f"{text}-r /etc/passwd\n", "'-r /etc/passwd' is no package"),
        (lambda text: f"{text}{text}", "is listed twice"),
    ],
)
def test_what_poetry_says_otherwise_is_told(change: Callable[[str], str], told: str) -> None:
    text = (LOCKS / "groups" / "dev.txt").read_text()
    assert change(text) != text
    assert re.search(told, said(LOCKS / "groups", dev=change(text)))


def test_another_file_of_the_project_is_told() -> None:
    text = (LOCKS / "file" / "dev.txt").read_text()
    assert "lib /project/vendor/lib-1.0-py3-none-any.whl: other hashes" in said(
        LOCKS / "file", dev=text.replace("sha256:85", "sha256:00")
    )
    elsewhere = text.replace("file:///project/vendor/", "file:///tmp/")
    assert "lib /tmp/lib-1.0-py3-none-any.whl: only in Poetry's list" in said(LOCKS / "file", dev=elsewhere)
    with_host = text.replace("file:///project", "file://host/project")
    assert "is no package with its version and hashes" in said(LOCKS / "file", dev=with_host)


def test_another_folder_or_version_than_the_locked_one_is_told() -> None:
    text = (LOCKS / "folder" / "main.txt").read_text()
    assert "packages, read twice" in check(LOCKS / "folder", main=text.replace("hash=sha256:c5", "hash=sha256:00"))
    newer = said(LOCKS / "folder", main=text.replace("our_own-1.0.0b1-", "our_own-1.1-"))
    assert "our-own 1.1 of libs/ours: only in Poetry's list" in newer
    assert "our-own 1.0.0b1 of libs/ours: only in poetry.lock" in newer
    for change in (("built/libs/ours", "built/ours"), ("/project/built", "/tmp"), ("our_own @", "other @")):
        assert "only in Poetry's list" in said(LOCKS / "folder", main=text.replace(*change))
    assert "not the same for" in said(LOCKS / "folder", main=text.replace('== "linux"', '!= "linux"'))


def test_what_no_environment_installs_need_not_be_listed() -> None:
    text = (LOCKS / "groups" / "main.txt").read_text()
    never = 'tomli==1.0 ; python_version < "3.9" --hash=sha256:00\n'
    assert check(LOCKS / "groups", main=text + never) == check(LOCKS / "groups")


def folders_of(lock: Lockfile, groups: Sequence[str]) -> list[Package]:
    """Return the packages of some groups that are folders, in a project that has made this one its own."""
    return [one for one in lock.of(*groups) if one.folder]


def built(package: Package) -> str:
    """Return the line that a build makes of a folder."""
    wheel = f"{package.name.replace('-', '_')}-{package.version}-py3-none-any.whl"
    marker = f" ; {package.marker(['main', 'dev'])}" if package.marker(["main", "dev"]) else ""
    return f"{package.name} @ file:///project/built/{package.folder}/{wheel}{marker} --hash=sha256:00"


def test_this_projects_own_list_is_read(tmp_path: Path) -> None:
    # As Poetry would export it: every marker within the Pythons that the project takes, a hash a line.
    lists = {}
    for name, groups in listing.LISTS.items():
        lock = Lockfile.read(ROOT)
        lines = [*lock.requirements(*groups, root=listing.PROJECT), *map(built, folders_of(lock, groups))]
        within = [
            re.sub(r" ; (.+?) --hash", r' ; (\1) and python_version < "4" --hash', line, count=1) for line in lines
        ]
        lists[name] = "\n".join(line.replace(" --hash", " \\\n    --hash") for line in within)
    assert listing.check(ROOT, load(ROOT).requires_python, lists).startswith("1")
    lists["main.txt"] = lists["main.txt"].replace("fastapi==", "fastapy==")
    with pytest.raises(Problem, match=r"fastapy .*only in Poetry's list"):
        listing.check(ROOT, load(ROOT).requires_python, lists)


def test_only_a_dockerfile_that_has_the_stage_makes_lists(tmp_path: Path) -> None:
    assert listing.is_made(ROOT)
    assert not listing.is_made(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM python\n")
    assert not listing.is_made(tmp_path)
