"""The tests of a project: where they are, and what they need."""

import configparser
import re
from dataclasses import dataclass, field

from slipway.adopt.commands import words
from slipway.adopt.files import Files, strings, table
from slipway.adopt.findings import Found, Untold, at
from slipway.adopt.texts import of_tests
from slipway.adopt.versions import Packages, packages
from slipway.project.lockfile import canonical
from slipway.project.locks.beside import GROUPS

FOLDERS = ("tests", "test", "app/tests", "src/tests", "src/test")
MAKES_TABLES = re.compile(r"create_all|command\.upgrade|alembic[\"', ]+upgrade|upgrade\(.*head")
# ... or what talks to the service, which does.
NEEDS_TABLES = re.compile(r"engine|Session|sessionmaker|database|connect\(|TestClient|ASGITransport")
NOT = Found(False, "")
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True)
class Suite:
    """Where the tests are, and how they are run; `migrate` says that they expect the tables to be there."""

    folders: tuple[Found[str], ...] = ()
    has_xdist: bool = False
    migrate: Found[bool] = NOT
    extras: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    env_where: str = ""


def suite(files: Files, locked: Packages, has_migrations: bool) -> tuple[Suite, list[Untold]]:
    """Return the tests of a project, with what could not be told."""
    folders = _folders(files)
    beside = _beside(files, locked.file)
    untold = [*_about_pytest(folders[0].value, locked, beside)] if folders and locked.file else []
    env, where = _env(files)
    for name in of_tests(files):
        untold.append(Untold(f"{name} looks like the tests' own settings: if nothing in the tests reads it, write what "
                             "they need.", "env = { NAME = \"value\" }"))  # fmt: skip
    migrate = _migrate(files, has_migrations) if folders else NOT
    extras = *_extras(files), *(group for group in beside if group != "dev")
    has_xdist = any(one.has("pytest-xdist") for one in (locked, *beside.values()))
    return Suite(folders, has_xdist, migrate, extras, env, where), untold


def _beside(files: Files, file: str) -> dict[str, Packages]:
    """Return the groups that have pytest in a file beside the lock file, as requirements-dev.txt."""
    folder, slash, base = file.rpartition("/")
    found = {}
    for name in files.names if base in GROUPS else ():
        match = GROUPS[base].fullmatch(name.removeprefix(folder + slash)) if name != file else None
        listed = packages(files, name) if match else None
        # Its own line, not one of a file that it includes.
        if match and listed and listed.has("pytest") and listed.locked["pytest"].where.partition(":")[0] == name:
            found[canonical(next(filter(None, match.groups())))] = listed
    return found


def _about_pytest(folder: str, locked: Packages, beside: dict[str, Packages]) -> list[Untold]:
    if not beside and not locked.has("pytest"):
        return [Untold(f"There are tests ({folder}), and pytest is not in {locked.file}: `inv test` needs it.")]
    return [
        Untold(f"{one.file} has no hashes: neither `inv test` nor, without Docker, `inv up` can install from it. "
               "Make it with `uv pip compile --generate-hashes` or `pip-compile --generate-hashes`.")
        for one in beside.values() if not one.has_hashes
    ]  # fmt: skip


def _folders(files: Files) -> tuple[Found[str], ...]:
    said = files.pyproject("tool", "pytest", "ini_options")
    listed, where = strings(said.get("testpaths")), "pyproject.toml"
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if not listed and files.has(name):
            parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
            try:
                parser.read_string(files.text(name))
                listed, where = (parser.get(section, "testpaths", fallback="") or "").split(), name
            except (configparser.Error, AttributeError):  # the latter of a line that continues nothing
                continue
    if listed:
        return tuple(Found(one.rstrip("/"), where) for one in listed)
    known = {
        name.rpartition("/")[0] for name in files.inside if re.search(r"/(test_[^/]*|[^/]*_test)\.py$", f"/{name}")
    }
    for folder in FOLDERS:
        if any(f"{one}/".startswith(f"{folder}/") for one in known):
            return (Found(folder, folder),)
    roots = sorted(known, key=lambda one: (one.count("/"), one))
    return (Found(roots[0] or ".", roots[0]),) if roots else ()


def _migrate(files: Files, has_migrations: bool) -> Found[bool]:
    # Tests that make no tables, and talk to a database, expect them to be there.
    named = files.called("conftest.py")
    own = [name for name in named if not name.startswith("..")]
    if not has_migrations or not own:
        return Found(False, "")
    if any(MAKES_TABLES.search(files.text(name)) for name in own):
        return Found(False, own[0])
    return Found(any(NEEDS_TABLES.search(files.text(name)) for name in own), own[0])


def _extras(files: Files) -> tuple[str, ...]:
    document = files.pyproject()
    optional = table(document, "project", "optional-dependencies")
    found = [key for key, listed in optional.items() if _has_pytest(listed)]
    groups = table(document, "dependency-groups")
    found += [key for key, listed in groups.items() if key != "dev" and _has_pytest(listed)]
    for key, group in table(document, "tool", "poetry", "group").items():
        if key != "dev" and "pytest" in table(group, "dependencies"):
            found.append(key)
    return tuple(dict.fromkeys(found))


def _has_pytest(listed: object) -> bool:
    items = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return any(canonical(re.split(r"[^\w.-]", one.strip())[0]) == "pytest" for one in items)


def _env(files: Files) -> tuple[dict[str, str], str]:
    """Return the variables that a script gives to pytest."""
    for name in files.called("*test*.sh", "Makefile", "justfile", "Justfile"):
        for number, line in enumerate(files.text(name).split("\n"), 1):
            if not re.search(r"\bpytest\b", line):
                continue
            found = {}
            for word in words(line):
                key, separator, value = word.partition("=")
                if not separator or not VARIABLE.fullmatch(key) or "$" in value:
                    break
                found[key] = value
            if found and not name.startswith(".."):
                return found, at(name, number)
    return {}, ""
