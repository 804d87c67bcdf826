"""slipway.lock: Slipway itself, and all that it needs, as poetry.lock has it."""

import tomllib
from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement

from slipway.template import own
from tests.support import ROOT

LOCK = (ROOT / "poetry.lock").read_text()
HASH = "sha256:" + "0" * 64


def locked(groups: str, markers: str = "", files: str = f'[{{file = "a.whl", hash = "{HASH}"}}]') -> str:
    """Return a poetry.lock with one package."""
    return f'[[package]]\nname = "a"\nversion = "1"\ngroups = {groups}\nfiles = {files}\n{markers}\n'


def test_the_file_is_what_poetry_has_locked() -> None:
    line, packages = own.read((ROOT / own.NAME).read_text())

    assert line == own.SOURCE
    assert packages == own.body(LOCK), "run .ci/lock"


def test_each_package_of_slipways_groups_is_there_with_all_its_hashes() -> None:
    lines = {line.split("==")[0]: line for line in own.shipped().splitlines()}
    ours = [
        one for one in tomllib.loads(LOCK)["package"] if any(own.extra(group) is not None for group in one["groups"])
    ]

    assert lines.keys() == {one["name"] for one in ours}
    for one in ours:
        requirement, *hashes = lines[one["name"]].split(" --hash=")
        assert set(hashes) == {file["hash"] for file in one["files"]}
        assert str(Requirement(requirement).specifier) == f"=={one['version']}"


def test_what_is_needed_always_has_no_extra_and_the_rest_has_one() -> None:
    lines = [Requirement(line.split(" --hash=")[0]) for line in own.shipped().splitlines()]
    always = {one.name for one in lines if not one.marker or one.marker.evaluate({"extra": ""})}
    needed = own.needs((ROOT / "pyproject.toml").read_text())

    assert always == {Requirement(one).name for one in needed[""]}
    for extra, wanted in needed.items():
        chosen = {one.name for one in lines if not one.marker or one.marker.evaluate({"extra": extra})}
        assert chosen >= {Requirement(one).name for one in wanted}
    assert set(needed) == {"", "sbom", "audit", "release", "lint", "postgres", "installer"}


@pytest.mark.parametrize(
    ("groups", "markers", "line"),
    [
        ('["slipway"]', "", "a==1"),
        ('["dev", "slipway", "slipway-sbom"]', "", "a==1"),
        ('["slipway-sbom"]', "", 'a==1 ; extra == "sbom"'),
        ('["installer"]', "", 'a==1 ; extra == "installer"'),
        ('["slipway"]', "markers = 'os_name == \"nt\"'", 'a==1 ; os_name == "nt"'),
        ('["slipway-sbom"]', "markers = 'os_name == \"nt\"'", 'a==1 ; (os_name == "nt") and extra == "sbom"'),
        (
            '["slipway", "slipway-sbom"]', "markers = {slipway = 'os_name == \"nt\"'}",
            'a==1 ; os_name == "nt" or extra == "sbom"',
        ),
    ],
)  # fmt: skip
def test_a_groups_condition_and_extra_are_the_marker(groups: str, markers: str, line: str) -> None:
    assert own.body(locked(groups, markers)) == f"{line} --hash={HASH}\n"


def test_what_is_not_slipways_is_not_there() -> None:
    assert own.body(locked('["main", "dev", "service"]')) == ""


def test_what_no_hash_checks_is_refused() -> None:
    with pytest.raises(ValueError, match="a has no hashes"):
        own.body(locked('["slipway"]', files="[]"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "invoke==3.0.3 --hash=sha256:0\n"])
def test_a_file_that_does_not_begin_with_slipway_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not begin with Slipway"):
        own.read(text)


def test_no_host_of_an_index_is_written() -> None:
    for name in (own.NAME, "poetry.lock"):
        text = (ROOT / name).read_text()
        assert not {"extra-index-url", "[package.source]", "index-url"} & set(text.split()), name


def test_a_distribution_needs_what_the_groups_say() -> None:
    groups: Mapping[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert own.needs((ROOT / "pyproject.toml").read_text())["release"] == groups["slipway-release"]
