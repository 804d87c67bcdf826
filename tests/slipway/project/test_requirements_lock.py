"""A requirements file with hashes as a lock file: what pip reads in it, and what is refused."""

import hashlib
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Package, Unusable

ONE, TWO = ("sha256:" + letter * 64 for letter in "ab")


def at(root: Path, *lines: str, name: str = "slipway.lock") -> Lockfile:
    """Write a lock file, and read it."""
    (root / name).write_text("\n".join([*lines, ""]))
    return Lockfile.at(root / name)


def only(root: Path, *lines: str) -> Package:
    """Return the one package of a file of these lines."""
    (found,) = at(root, *lines).packages
    return found


def test_a_package_has_its_marker_and_hashes_over_more_lines(tmp_path: Path) -> None:
    lines = [
        "# by a program",
        "one==1.0.post1 ; python_version < '3.12' and sys_platform == 'linux' \\",
        f"    --hash={ONE} \\",
        f"    --hash={TWO}",
        "    # via two",
        f"Two[fast,big]==2!1.0+cpu --hash={ONE}  # via -r requirements.in",
    ]
    lock = at(tmp_path, *lines)

    assert lock.requirements("main") == [
        f"one==1.0.post1 ; python_version < '3.12' and sys_platform == 'linux' --hash={ONE} --hash={TWO}",
        f"Two==2!1.0+cpu --hash={ONE}",
    ]
    assert lock.groups == {"main"}
    assert not lock.packages[0].names_files
    assert lock.source == ""


@pytest.mark.parametrize(
    ("marker", "markers"),
    [
        ("extra == 'sbom'", {"sbom": ""}),
        ("os_name == 'posix' and extra == 'sbom'", {"sbom": "os_name == 'posix'"}),
        ("'sbom' == extra and (os_name == 'nt' or os_name == 'x')", {"sbom": "os_name == 'nt' or os_name == 'x'"}),
        ("extra == 'a' or extra == 'b'", {"a": "", "b": ""}),
        ("extra == 'a' or os_name == 'nt'", {"main": "os_name == 'nt'", "a": ""}),
        ("(extra == 'a' or os_name == 'nt') and os_name != 'x'",
         {"main": "os_name == 'nt' and os_name != 'x'", "a": "os_name != 'x'"}),
        ("extra != 'a'", {"main": ""}),
        ("os_name not in 'nt posix' and python_version ~= '3.11'",
         {"main": "os_name not in 'nt posix' and python_version ~= '3.11'"}),
    ],
)  # fmt: skip
def test_an_extra_in_a_marker_is_a_group(tmp_path: Path, marker: str, markers: dict[str, str]) -> None:
    assert only(tmp_path, f"one==1 ; {marker} --hash={ONE}").markers == markers


def test_what_is_listed_twice_is_installed_under_either_condition(tmp_path: Path) -> None:
    lines = [f"one==1 ; {marker} --hash={ONE}" for marker in ("os_name == 'nt'", "os_name == 'posix'", "extra == 'x'")]

    assert only(tmp_path, *lines).markers == {"main": "(os_name == 'nt') or (os_name == 'posix')", "x": ""}


@pytest.mark.parametrize("line", ["-e .", "--editable .", "-e ./", "--editable=."])
def test_the_project_itself_is_the_source(tmp_path: Path, line: str) -> None:
    lock = at(tmp_path, line, f"one==1 --hash={ONE}")

    assert lock.source == "."
    assert [one.name for one in lock.packages] == ["one"]


@pytest.mark.parametrize(
    "line",
    [
        "./vendor/slipway_tasks-1.2-py3-none-any.whl",
        "vendor/slipway_tasks-1.2-py3-none-any.whl",
        "slipway-tasks @ file:vendor/slipway_tasks-1.2-py3-none-any.whl",
        "slipway-tasks @ ./vendor/slipway_tasks-1.2-py3-none-any.whl ; os_name != ''",
    ],
)
def test_a_wheel_of_the_project_is_checked_by_its_hash(tmp_path: Path, line: str) -> None:
    digest = "sha256:" + hashlib.sha256(b"wheel").hexdigest()
    lock = at(tmp_path, f"{line} --hash={digest}")
    file = "vendor/slipway_tasks-1.2-py3-none-any.whl"

    assert (lock.packages[0].name, lock.packages[0].version) == ("slipway-tasks", "1.2")
    assert lock.packages[0].file == file
    assert lock.requirements("main")[0].startswith(f"slipway-tasks @ {(tmp_path / file).as_uri()} ")
    assert "which is not there" in lock.altered("main")
    (tmp_path / "vendor").mkdir()
    (tmp_path / file).write_bytes(b"wheel")
    assert lock.altered("main") == ""
    (tmp_path / file).write_bytes(b"another")
    assert "is not the file that was locked: put that back, or slipway upgrade" in lock.altered("main")


@pytest.mark.parametrize("given", [f" --hash={ONE}", f"#{ONE.replace(':', '=')}"])
def test_an_archive_at_an_address_is_checked_by_its_hash(tmp_path: Path, given: str) -> None:
    lock = at(tmp_path, f"one @ https://files.example/one-1.0.tar.gz{given}")

    assert lock.requirements("main") == [f"one @ https://files.example/one-1.0.tar.gz --hash={ONE}"]
    assert lock.packages[0].version == "1.0"


@pytest.mark.parametrize("url", ["git+https://files.example/one@abc", "https://files.example/one-1.0.tar.gz"])
def test_what_no_hash_checks_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Unusable, match=r"one comes from .*files\.example/one"):
        at(tmp_path, f"one @ {url}").requirements("main")


def test_a_folder_has_the_name_that_it_says(tmp_path: Path) -> None:
    (tmp_path / "libs/ours").mkdir(parents=True)
    (tmp_path / "libs/ours/pyproject.toml").write_text('[project]\nname = "ours"\nversion = "1.1"\n')
    one, other = at(tmp_path, "-e ./libs/ours", "theirs @ file:libs/ours").packages

    assert (one.name, one.version, one.folder) == ("ours", "1.1", "libs/ours")
    assert other.name == "theirs"


def test_other_files_are_included_and_beside_are_groups(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/base.txt").write_text(f"one==1 --hash={ONE}\n./x/two-2-py3-none-any.whl --hash={ONE}\n")
    (tmp_path / "requirements-dev.txt").write_text(f"-r requirements.txt\nthree==3 --hash={ONE}\n")
    (tmp_path / "requirements-docs.txt").write_text("four\n")
    lock = at(tmp_path, "-r lists/base.txt", "-c limits.txt", "--extra-index-url https://x", name="requirements.txt")

    assert [one.name for one in lock.of("main")] == ["one", "two"]
    assert lock.packages[1].file == "lists/x/two-2-py3-none-any.whl"
    assert [one.name for one in lock.of("dev")] == ["one", "two", "three"]
    assert lock.options == ("--extra-index-url https://x",)
    assert lock.groups == {"main", "dev", "docs"}
    with pytest.raises(Unusable, match=r"requirements-docs.txt has no hash for four"):
        lock.of("main", "docs")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("one", "uv pip compile --generate-hashes"),
        ("one==1", "pip-compile --generate-hashes"),
        ("./one-1-py3-none-any.whl", "has no hash for ./one-1"),
        (f"one>=1 --hash={ONE}", "does not say which version of one"),
        (f"one==1.* --hash={ONE}", "does not say which version of one"),
        (f"one==1 ; colour= --hash={ONE}", "marker"),
        (f"one==1 ; extra in 'a b' --hash={ONE}", "marker"),
        ("-r nowhere.txt", "includes nowhere.txt, which cannot be read"),
        ("-r slipway.lock", "includes itself"),
        ("-e ./nowhere", "is no folder of a package"),
        ("--process-dependency-links", "is no package with its version and hashes"),
        ("<html>", "is no package with its version and hashes"),
    ],
)
def test_what_cannot_be_installed_as_it_is_locked_is_said(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(Unusable, match=r"^[^\n]*" + said.replace(".", r"\.")):
        at(tmp_path, line)


def test_a_hash_that_pip_does_not_take_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="one has files without a hash that pip takes"):
        at(tmp_path, "one==1 --hash=md5:aaaa").requirements("main")
