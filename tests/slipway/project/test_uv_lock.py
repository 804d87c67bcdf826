"""uv's lock file: sources, groups, and the ways on which a package is reached."""

import itertools
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Package, Unusable
from slipway.virtualenv import markers

HASH = f"sha256:{'a' * 64}"
REGISTRY = '{ registry = "https://pypi.org/simple" }'


def package(name: str, source: str = REGISTRY, version: str = "1.0", **tables: str) -> str:
    """Return a package as uv locks it; values are TOML."""
    wheel = f'{{ url = "https://files.example/{name}-{version}-py3-none-any.whl", hash = "{HASH}" }}'
    given = {"name": f'"{name}"', "version": f'"{version}"', "source": source, "wheels": f"[{wheel}]"} | tables
    plain = [f"{key} = {value}" for key, value in given.items() if "package_" not in key]
    within = {
        key.removeprefix("package_").replace("_", "-"): value for key, value in tables.items() if "package_" in key
    }
    inner = [f"[package.{key}]\n{value}" for key, value in within.items()]
    return "\n".join(["[[package]]", *plain, *inner, ""])


def root(dependencies: str, source: str = '{ virtual = "." }', **tables: str) -> str:
    """Return the project's own package."""
    return package("shop", source, wheels="[]", dependencies=f"[{dependencies}]", **tables)


def read(folder: Path, *packages: str, above: str = "") -> Lockfile:
    """Write a lock file, and read it."""
    (folder / "uv.lock").write_text("\n".join(["version = 1", "revision = 3", above, *packages]))
    return Lockfile.at(folder / "uv.lock")


def only(folder: Path, source: str, **tables: str) -> Package:
    """Return a package of a source, on which the project depends."""
    (found,) = read(folder, root('{ name = "one" }'), package("one", source, **tables)).packages
    return found


@pytest.mark.parametrize(
    ("source", "tables", "line"),
    [
        (REGISTRY, {}, f"one==1.0 --hash={HASH}"),
        ('{ registry = "https://index.example/simple/" }', {}, f"one==1.0 --hash={HASH}"),
        ('{ path = "vendor/one-1.0.whl" }', {}, f"one @ file:///p/vendor/one-1.0.whl --hash={HASH}"),
        ('{ url = "https://files.example/one.whl" }', {}, f"one @ https://files.example/one.whl --hash={HASH}"),
        ('{ url = "https://files.example/one.tar.gz" }', {"wheels": "[]", "sdist": f'{{ hash = "{HASH}" }}'},
         f"one @ https://files.example/one.tar.gz --hash={HASH}"),
    ],
)  # fmt: skip
def test_what_pip_can_check_is_a_requirement(tmp_path: Path, source: str, tables: dict[str, str], line: str) -> None:
    only(tmp_path, source, **tables)
    assert Lockfile.at(tmp_path / "uv.lock").requirements("main", root=Path("/p")) == [line]


def test_a_package_of_git_is_none(tmp_path: Path) -> None:
    lock = read(tmp_path, root('{ name = "one" }'), package("one", '{ git = "https://x/one?rev=1#abc" }', wheels="[]"))

    with pytest.raises(Unusable, match=r"one comes from https://x/one\?rev=1#abc, not from a package index"):
        lock.requirements("main")


def test_other_indexes_are_options_of_the_list(tmp_path: Path) -> None:
    assert only(tmp_path, '{ registry = "https://index.example/simple" }').index == "https://index.example/simple"
    assert Lockfile.at(tmp_path / "uv.lock").options == ("--extra-index-url https://index.example/simple",)
    only(tmp_path, '{ registry = "wheels" }', wheels=f'[{{ path = "one-1.0-py3-none-any.whl", hash = "{HASH}" }}]')
    assert Lockfile.at(tmp_path / "uv.lock").options == (f"--find-links {tmp_path}/wheels",)


@pytest.mark.parametrize("kind", ["editable", "directory"])
def test_folders_are_seen_and_what_they_need_as_well(tmp_path: Path, kind: str) -> None:
    ours = package("ours", f'{{ {kind} = "libs/ours" }}', wheels="[]", dependencies='[{ name = "one" }]')
    lock = read(tmp_path, root('{ name = "ours" }'), ours, package("one"))

    assert [(one.name, one.folder) for one in lock.of("main")] == [("ours", "libs/ours"), ("one", "")]
    lock = read(tmp_path, root('{ name = "ours" }'), ours.replace(kind, "virtual"), package("one"))
    assert [one.name for one in lock.packages] == ["one"], "uv installs no virtual package"


@pytest.mark.parametrize(("kind", "source"), [("editable", "."), ("virtual", ""), ("directory", "")])
def test_the_project_is_to_be_installed_when_it_is_a_package(tmp_path: Path, kind: str, source: str) -> None:
    assert read(tmp_path, root("", f'{{ {kind} = "." }}')).source == source


def test_markers_are_joined_along_each_way_and_over_ways(tmp_path: Path) -> None:
    lock = read(
        tmp_path,
        root('{ name = "one", marker = "os_name == \'nt\'" }, { name = "two", marker = "sys_platform == \'x\'" }'),
        package("one", dependencies='[{ name = "three", marker = "python_version < \'3.12\'" }, { name = "two" }]'),
        package("two", dependencies="[{ name = \"three\", marker = \"python_version < '3.12' or os_name == 'y'\" }]"),
        package("three", dependencies='[{ name = "one" }]'),  # a circle
    )
    for system, platform, old in itertools.product(("nt", "y", "z"), ("x", "z"), (True, False)):
        where = {"os_name": system, "sys_platform": platform, "python_version": "3.11" if old else "3.13"}
        two = system == "nt" or platform == "x"
        three = (system == "nt" and old) or (two and (old or system == "y"))
        expected = {"one": system == "nt" or three, "two": two, "three": three}
        assert {one.name: markers.holds(one.markers["main"], where) for one in lock.packages} == expected


def test_dev_is_what_uv_installs_unasked_and_the_extra_of_that_name(tmp_path: Path) -> None:
    groups = 'dev = [{ name = "one" }]\ntest = [{ name = "two" }]\ndocs = [{ name = "three" }]'
    extras = 'dev = [{ name = "four" }]\nfast = [{ name = "five" }]'
    parts = [root("", package_dev_dependencies=groups, package_optional_dependencies=extras)]
    parts += [package(name) for name in ("one", "two", "three", "four", "five")]

    def dev(text: str) -> set[str]:
        (tmp_path / "pyproject.toml").write_text(text)
        return {one.name for one in read(tmp_path, *parts).of("dev")}

    assert dev("") == {"one", "four"}
    assert dev('[tool.uv]\ndefault-groups = ["test"]\n') == {"one", "two", "four"}
    assert dev('[tool.uv]\ndefault-groups = "all"\n') == {"one", "two", "three", "four"}
    lock = read(tmp_path, *parts)
    assert lock.groups == {"dev", "test", "docs", "fast"}
    assert [one.name for one in lock.of("main", "fast", "docs")] == ["three", "five"]


def test_an_extra_of_a_package_brings_what_it_needs(tmp_path: Path) -> None:
    extras = 'fast = [{ name = "two", marker = "os_name == \'nt\'" }]\nother = [{ name = "three" }]'
    one = package("one", package_optional_dependencies=extras)
    lock = read(tmp_path, root('{ name = "one", extra = ["fast", "unknown"] }'), one, package("two"), package("three"))

    assert {one.name: one.markers for one in lock.packages} == {"one": {"main": ""}, "two": {"main": "os_name == 'nt'"}}


def test_a_fork_has_more_versions_of_a_package(tmp_path: Path) -> None:
    forks = [
        f'{{ name = "one", version = "{v}", source = {REGISTRY}, marker = "os_name == \'{v}\'" }}' for v in ("1", "2")
    ]
    lock = read(tmp_path, root(", ".join(forks)), package("one", version="1"), package("one", version="2"))

    assert {one.version: one.markers["main"] for one in lock.packages} == {"1": "os_name == '1'", "2": "os_name == '2'"}


def test_what_conflicts_is_told_by_what_is_asked_for(tmp_path: Path) -> None:
    torch = [
        f'{{ name = "one", version = "{version}", source = {REGISTRY}, marker = "extra == \'extra-4-shop-{extra}\'" }}'
        for version, extra in (("1", "cpu"), ("2", "gpu"))
    ]
    extras = 'cpu = [{ name = "two" }]\ngpu = [{ name = "two" }]'
    above = 'conflicts = [[{ package = "shop", extra = "cpu" }, { package = "shop", extra = "gpu" }]]'
    parts = [package("one", version="1"), package("one", version="2"), package("two")]
    lock = read(tmp_path, root(", ".join(torch), package_optional_dependencies=extras), *parts, above=above)

    assert lock.of("main") == []
    assert [(one.name, one.version) for one in lock.of("main", "cpu")] == [("one", "1"), ("two", "1.0")]
    assert [(one.name, one.version) for one in lock.of("main", "gpu")] == [("one", "2"), ("two", "1.0")]


def test_the_folder_of_a_workspace_installs_its_members_and_groups(tmp_path: Path) -> None:
    member = package("shop", '{ editable = "shop" }', wheels="[]", dependencies='[{ name = "one" }]', package_dev_dependencies='dev = [{ name = "two" }]')  # fmt: skip # noqa: E501
    above = (
        '[manifest]\nmembers = ["shop"]\n[manifest.dependency-groups]\ndev = [{ name = "three", specifier = ">=1" }]'
    )
    lock = read(tmp_path, member, package("one"), package("two"), package("three"), above=above)

    assert [one.name for one in lock.of("main")] == ["shop", "one"]
    assert [one.name for one in lock.of("dev")] == ["two", "three"]
    (tmp_path / "shop").mkdir()
    inside = Lockfile.at(tmp_path / "uv.lock", tmp_path / "shop")
    assert [one.name for one in inside.of("main", "dev")] == ["one", "two"]
    assert inside.source == "shop"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = 2\n", "its version is 2, which Slipway does not know"),
        ('version = 1\n[[package]]\nname = "shop"\nsource = { virtual = "." }\ndependencies = [{ name = "one" }]\n',
         "one is needed, and is no package of it: uv lock"),
        ('version = 1\n[[package]]\nname = "x"\nsource = {virtual = "."}\ndependencies = [{name = "x", marker="("}]\n',
         "marker"),
        ("", "version"),
        ("version = ", "Invalid value"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "uv.lock").write_text(text)
    with pytest.raises(Unusable, match=said):
        Lockfile.at(tmp_path / "uv.lock")
