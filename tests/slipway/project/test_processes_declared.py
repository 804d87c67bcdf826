"""[tool.slipway.processes]: what a release has beside web."""

import re
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load
from slipway.project.processes import Process, leading, package

MINIMAL = '[project]\nname = "thing"\nversion = "1.0.0"\n[tool.slipway.processes]\n'


def processes(root: Path, text: str) -> dict[str, Process]:
    """Return the processes of a project."""
    (root / "pyproject.toml").write_text(MINIMAL + text)
    return load(root).processes


def test_a_process_is_a_command_or_a_table(tmp_path: Path) -> None:
    found = processes(
        tmp_path,
        "worker = \"python -m app.worker 'a b'\"\n"
        'beat = { command = "beat", single = true, memory = "128m", stop-timeout = 90, health = "true" }\n',
    )
    assert found["worker"].argv == ["python", "-m", "app.worker", "a b"]
    assert found["beat"] == Process("beat", 0, True, "128m", 90, "true")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('web = "x"', "web cannot be called so: .*; web, db, migrate, proxy, service, database are taken"),
        ('Worker = "x"', "Worker cannot be called so"),
        ("worker = 3", "worker = 3 should be a command, or a table with one"),
        ('worker = ""', "worker, which is no command"),
        ('worker = "a && b"', "runs without a shell"),
        ('worker = "a \'b"', "no closing quotation"),
        ('worker = { comand = "x" }', "no key 'comand': did you mean 'command'?"),
        ('worker = { command = "x", replicas = 0 }', "a whole number from 1"),
        ('beat = { command = "x", single = true, replicas = 2 }', "of a single one, there are no 2 replicas"),
        ('worker = { command = "x", memory = "much" }', "is no size, like 512m or 2g"),
        ('worker = { command = "x", health = "a | b" }', "worker.health, and it runs without a shell"),
    ],
)
def test_what_can_be_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=said.replace("?", re.escape("?"))):
        processes(tmp_path, f"{text}\n")


def test_they_are_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "thing"\nversion = "1.0.0"\n[tool.slipway]\nprocesses = 3\n'
    )
    with pytest.raises(Problem, match="processes = 3 should be a table"):
        load(tmp_path)


def of(root: Path, text: str) -> Project:
    """Return a project by its table."""
    (root / "pyproject.toml").write_text('[project]\nname = "thing"\nversion = "1"\n[tool.slipway]\n' + text)
    return load(root)


def test_a_project_without_web_has_a_process(tmp_path: Path) -> None:
    assert of(tmp_path, "").has_web
    assert not of(tmp_path, 'asgi = ""\nprocesses.bot = "python -m app.bot"').has_web
    with pytest.raises(Problem, match=r"no process is named that would run instead: \[tool.slipway.processes\]"):
        of(tmp_path, 'asgi = ""')


def test_what_is_meant_where_none_is_named_is_web_or_the_only_one() -> None:
    assert leading(True, ["worker"]) == "web"
    assert leading(False, ["bot"]) == "bot"
    with pytest.raises(Problem, match="there are bot, ticker: --process bot, say"):
        leading(False, ["bot", "ticker"])


def test_the_package_of_a_service_is_that_of_its_app_or_of_a_process() -> None:
    bots = {"cat": Process("cat x"), "bot": Process("python -u -m shop.bot run")}
    assert [package("app.main:app", bots), package("", bots), package("", {"cat": bots["cat"]})] == ["app", "shop", ""]
