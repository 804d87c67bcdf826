"""The house: arrows run downwards, nothing imports in a circle, rooms stay small, `docker` is spelled in one."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "slipway"

# From the top down: each may import what is below it, and itself. What stands in one line is of one height: they may
# not import each other. `schema` and `entrypoint` go into images and import nothing else of Slipway; anybody may
# import them.
FLOORS = (
    ("__main__",),
    ("command",),
    ("verbs",),
    ("upgrade",),
    ("release", "export"),
    ("deploy",),
    ("testing",),
    ("database",),
    ("runtime",),
    ("image", "trust"),
    ("engine",),
    ("interpreter", "extras"),
    ("bootstrap",),
    ("virtualenv",),
    ("adopt",),
    ("template",),
    ("project",),
    ("core",),
    ("schema",),
    ("entrypoint",),
)
HEIGHT = {room: len(FLOORS) - number for number, floor in enumerate(FLOORS) for room in floor}
# The launcher reads the lock file before anything is installed.
BEFORE_ANYTHING = {
    "slipway.core.caller",
    "slipway.core.disk",
    "slipway.core.given",
    "slipway.core.output",
    "slipway.core.pip",
    "slipway.core.terminal",
    "slipway.core.words",
    "slipway.project.folders",
    "slipway.project.lockfile",
    "slipway.project.locks",
    "slipway.project.metadata",
    "slipway.project.locks.beside",
    "slipway.project.locks.conditions",
    "slipway.project.locks.find",
    "slipway.project.locks.package",
    "slipway.project.locks.pep440",
    "slipway.project.locks.poetry",
    "slipway.project.locks.poetry_before",
    "slipway.project.locks.pylock",
    "slipway.project.locks.requirements",
    "slipway.project.locks.uv",
    "slipway.project.locks.walk",
}

MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES, MOST_OF_A_FUNCTION, MOST_ELSEWHERE = 250, 40, 300


def name(path: Path) -> str:
    """Return a module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name(path) for path in MODULES}


@cache
def tree(path: Path) -> ast.Module:
    """Return a parsed file."""
    return ast.parse(path.read_bytes())


def test_imports_are_absolute_and_by_name() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) and node.level], path
    for path in MODULES:
        for node in ast.walk(tree(path)):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path
            assert not (isinstance(node, ast.Name) and node.id == "__import__"), path
            assert not (isinstance(node, ast.Attribute) and node.attr == "import_module"), path


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of Slipway that one imports, also lazily or for its types alone."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.partition(".")[0] == "slipway")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "slipway":
            for one in node.names:
                inside = f"{node.module}.{one.name}"
                yield inside if inside in NAMES else str(node.module)


def room(module: str) -> str:
    """Return the package, or the module beside them, that a module is in."""
    return module.partition(".")[2].partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_arrows_run_downwards(path: Path) -> None:
    mine = room(name(path))
    for module in imported(path):
        theirs = room(module)
        if not mine or not theirs or mine == theirs:
            assert mine or not theirs, f"slipway/__init__.py imports {module}"
            continue
        assert HEIGHT[theirs] < HEIGHT[mine], f"{name(path)} imports {module}, which is not below it"
    if mine in ("bootstrap", "virtualenv") or name(path) in BEFORE_ANYTHING:
        assert {module for module in imported(path) if room(module) != "virtualenv"} <= BEFORE_ANYTHING
    if mine in ("schema", "entrypoint"):
        assert {room(module) for module in imported(path)} <= {"schema", "entrypoint"}


def test_the_service_and_the_machinery_never_import_each_other() -> None:
    for folder, others in (("app", "slipway"), ("slipway", "app")):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(tree(path)):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not [one for one in names if one.partition(".")[0] == others], path


def test_nothing_imports_in_a_circle() -> None:
    arrows = {name(path): set(imported(path)) - {name(path)} for path in MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module not in done:
            for other in arrows[module]:
                visit(other, (*above, module))
            done.add(module)

    for module in arrows:
        visit(module, ())


def test_only_verbs_import_lazily() -> None:
    # And the command, of which `new` has to work before anything is installed.
    late = {
        name(path)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert {room(module) for module in late} == {"verbs", "command"}


def test_only_verbs_print_and_ask() -> None:
    # They run in images, or before all.
    of_images = ("slipway.image.contents", "slipway.image.fit", "slipway.image.probe")
    elsewhere = ("slipway.schema", *of_images, "slipway.bootstrap", "slipway.virtualenv", "slipway.template.__main__")
    asks = re.compile(
        r"\bsys\.stdout\.(buffer\.)?write|\bprint\(|\binput\(|\bsys\.stdin\.(buffer\.)?read|\bos\.write\("
    )
    for path in MODULES:
        if room(name(path)) not in ("verbs", "command") and not name(path).startswith(elsewhere):
            assert not asks.search(path.read_text()), path


def programs_of(path: Path) -> set[str]:
    """Return what may be the name of a program: the first item of a list or a call, the first word of a split text."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        first: list[ast.expr] = node.elts[:1] if isinstance(node, ast.List) else []
        if isinstance(node, ast.Call):
            first = node.args[:1]
            if isinstance(node.func, ast.Attribute) and node.func.attr == "split":
                first = [node.func.value]
        if first and isinstance(first[0], ast.Constant) and isinstance(first[0].value, str):
            is_split = isinstance(node, ast.Call) and first != node.args[:1]
            found |= {first[0].value.partition(" ")[0] if is_split else first[0].value}
    return found


def test_only_the_engine_spells_docker() -> None:
    for path in MODULES:
        programs = programs_of(path)
        if room(name(path)) != "engine":
            assert not programs & {"docker", "oras"}, path
        if room(name(path)) != "trust":
            assert "cosign" not in programs, path


def test_nothing_is_asked_through_a_proxy_of_the_shell() -> None:
    # http.client reads no HTTP_PROXY; these do, also for what is on this machine.
    readers = {"urllib.request", "httpx", "httpx2", "requests", "aiohttp"}
    for path in [*MODULES, *(ROOT / "bench").rglob("*.py")]:
        for node in ast.walk(tree(path)):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module), *(f"{node.module}.{one.name}" for one in node.names)]
            assert not readers & set(names), path


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_rooms_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_OF_A_FUNCTION, f"{node.name} has {lines} lines"


def test_files_elsewhere_are_small_too() -> None:
    for folder in ("app", "alembic", "bench", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= MOST_ELSEWHERE, path
    assert len((ROOT / "tasks.py").read_text().splitlines()) < 100


def test_tests_mirror_the_packages_and_no_two_have_one_name() -> None:
    files = list((ROOT / "tests").rglob("test_*.py"))
    assert len({path.name for path in files}) == len(files)
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    mirrored = {path.parent.name for path in (ROOT / "tests" / "slipway").rglob("test_*.py")}
    assert packages <= mirrored


def test_no_test_imports_from_another() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(tree(path)):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [str(node.module), *(f"{node.module}.{one.name}" for one in node.names)]
            for module in modules:
                parts = module.split(".")
                assert parts[0] != "tests" or not any(one == "conftest" or one.startswith("test_") for one in parts), (
                    path
                )


def test_tests_say_how_long_an_answer_may_take() -> None:
    methods = ("get", "head", "options", "post", "put", "patch", "delete", "request", "stream", "Client", "AsyncClient")
    asking = {f"httpx2.{method}" for method in methods}
    for path in [*(ROOT / "tests/e2e").rglob("*.py"), *(ROOT / "tests/slipway").rglob("*.py")]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in asking:
                assert "timeout" in {keyword.arg for keyword in node.keywords}, f"{path}:{node.lineno}"
