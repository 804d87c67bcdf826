"""Which linters a project has, and how it calls them: what a release waits for."""

import re

from slipway.adopt.asgi import Application
from slipway.adopt.files import Files
from slipway.adopt.versions import Packages

CALL = re.compile(
    r"^(?:uv run |poetry run |pdm run )?((ruff check|ruff format|mypy|ty check|pyright|flake8|black|isort)\b.*)"
)
TYPES = ("mypy", "ty", "pyright")


def gates(files: Files, locked: Packages, application: Application | None) -> tuple[list[str], list[str]]:
    """Return the commands that check style, and those that check types: as a script of the project, or a usual one."""
    called: list[str] = []
    for name in files.called("*lint*.sh", "*check*.sh"):
        called += [match[1].strip() for line in files.text(name).split("\n") if (match := CALL.match(line.strip()))]
    called = [one for one in dict.fromkeys(called) if not re.search(r"--fix|[$|&;]", one)]
    if called:
        return [one for one in called if not one.startswith(TYPES)], [one for one in called if one.startswith(TYPES)]
    lint = ["ruff check ."] if locked.has("ruff") else []
    named = " ".join(
        files.text(name) for name in files.called(".pre-commit-config.yaml", "justfile", "Makefile", "*.sh")
    )
    if lint and re.search(r"ruff[- ]format", named):
        lint.append("ruff format --check .")
    settled = files.pyproject("tool", "mypy")
    if not locked.has("mypy") or not (settled or files.has("mypy.ini")):
        return lint, []
    package = application.target.partition(":")[0].partition(".")[0] if application else "."
    package = f"{application.root}/{package}" if application and application.root else package
    return lint, ["mypy" if {"files", "packages", "modules"} & settled.keys() else f"mypy {package}"]
