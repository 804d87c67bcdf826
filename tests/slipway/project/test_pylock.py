"""pylock.toml: sources, and groups and extras in its markers."""

from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Unusable

HASHES = f'{{ sha256 = "{"a" * 64}" }}'
HASH = f"sha256:{'a' * 64}"
WHEEL = f'wheels = [{{ url = "https://files.example/one-1.0-py3-none-any.whl", hashes = {HASHES} }}]'


def package(name: str, *lines: str, version: str = "1.0") -> str:
    """Return a package of such a file."""
    return "\n".join(["[[packages]]", f'name = "{name}"', f'version = "{version}"', *(lines or [WHEEL]), ""])


def read(folder: Path, *packages: str, above: str = "", name: str = "pylock.toml") -> Lockfile:
    """Write a lock file, and read it."""
    (folder / name).write_text("\n".join(['lock-version = "1.0"', above, *packages]))
    return Lockfile.at(folder / name)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (WHEEL, "one==1.0"),
        (f'sdist = {{ name = "one-1.0.tar.gz", url = "https://files.example/x", hashes = {HASHES} }}', "one==1.0"),
        (f'archive = {{ url = "https://files.example/one.zip", hashes = {HASHES} }}', "one @ https://files.example/one.zip"),
        (f'archive = {{ path = "vendor/one.zip", hashes = {HASHES} }}', "one @ file:///p/vendor/one.zip"),
        (f'wheels = [{{ path = "vendor/one-1-py3-none-any.whl", hashes = {HASHES} }}]',
         "one @ file:///p/vendor/one-1-py3-none-any.whl"),
    ],
)  # fmt: skip
def test_what_pip_can_check_is_a_requirement(tmp_path: Path, lines: str, said: str) -> None:
    lock = read(tmp_path, package("one", "marker = \"os_name != 'x'\"", lines))

    assert lock.requirements("main", root=Path("/p")) == [f"{said} ; os_name != 'x' --hash={HASH}"]


def test_the_strongest_hash_that_pip_takes_counts(tmp_path: Path) -> None:
    both = (
        f'sdist = {{ url = "https://x/one-1.0.tar.gz", hashes = {{ md5 = "0", sha512 = "1", sha256 = "{"a" * 64}" }} }}'
    )
    weak = 'sdist = { url = "https://x/one-1.0.tar.gz", hashes = { md5 = "0" } }'

    assert read(tmp_path, package("one", both)).requirements("main") == [f"one==1.0 --hash={HASH}"]
    with pytest.raises(Unusable, match="one has files without a hash that pip takes"):
        read(tmp_path, package("one", weak)).requirements("main")


def test_git_is_refused_and_folders_are_seen(tmp_path: Path) -> None:
    git = package("one", 'vcs = { type = "git", url = "https://x/one", commit-id = "abc" }')
    folder = package("ours", 'directory = { path = "libs/ours", editable = true }')
    root = package("shop", 'directory = { path = ".", editable = true }')
    lock = read(tmp_path, git, folder, root)

    assert lock.root_package == tmp_path
    assert [(one.name, one.folder) for one in lock.packages] == [("one", ""), ("ours", "libs/ours")]
    with pytest.raises(Unusable, match="one comes from https://x/one"):
        lock.requirements("main")


def test_groups_and_extras_are_in_its_markers(tmp_path: Path) -> None:
    above = 'extras = ["fast"]\ndependency-groups = ["dev", "docs"]\ndefault-groups = ["default", "dev"]'
    lock = read(
        tmp_path,
        package("one"),
        package("two", "marker = \"'dev' in dependency_groups\"", WHEEL),
        package("three", "marker = \"'fast' in extras and os_name == 'nt'\"", WHEEL),
        package("four", "marker = \"'docs' in dependency_groups or 'fast' in extras or os_name == 'x'\"", WHEEL),
        package("five", "marker = \"'default' in dependency_groups\"", WHEEL),
        above=above,
    )
    assert {one.name: dict(one.markers) for one in lock.packages} == {
        "one": {"main": ""},
        "two": {"dev": ""},
        "three": {"fast": "os_name == 'nt'"},
        "four": {"main": "os_name == 'x'", "docs": "", "fast": ""},
        "five": {"main": ""},
    }
    assert lock.groups == {"main", "dev", "docs", "fast"}


def test_files_beside_are_groups(tmp_path: Path) -> None:
    read(tmp_path, package("two"), name="pylock.dev.toml")
    (tmp_path / "pylock.docs.toml").write_text("no TOML")
    lock = read(tmp_path, package("one"))

    assert [one.name for one in lock.of("main", "dev")] == ["one", "two"]
    with pytest.raises(Unusable, match=r"pylock\.docs\.toml: "):
        lock.of("docs")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lock-version = "2.0"\npackages = []', "its lock-version is 2.0, which Slipway does not know"),
        ('lock-version = "1.0"', "packages"),
        ('lock-version = "1.0"\n[[packages]]\nname = "one"\n[packages.archive]\nurl = "https://x/y"\n', "hashes"),
        ("lock-version = 1.0\npackages = []", "partition"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pylock.toml").write_text(text)
    with pytest.raises(Unusable, match=said):
        Lockfile.at(tmp_path / "pylock.toml")
