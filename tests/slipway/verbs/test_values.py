"""Values that the Tab key offers: those that the verb would take."""

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import tasks
from slipway.project.semver import PARTS
from slipway.runtime.choose import RUNTIMES
from slipway.verbs import values
from slipway.verbs.line import VALUES


@task
def hello(c: Context, runtime: str = "", n: int = 1) -> None:
    """Be somebody's own."""


VERBS = Collection.from_module(tasks)
VERBS.add_task(hello)  # type: ignore[arg-type]
KNOWN = {str(one.name): one for one in VERBS.to_contexts()}
RUNTIME = list(RUNTIMES)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("up --runtime |", RUNTIME), ("up --runtime d|", RUNTIME), ("up --prod --runtime |", RUNTIME),
        ("up --runtime=|", [f"--runtime={one}" for one in RUNTIMES]), ("up --runtime = |", RUNTIME),
        ("up --runtime = d|", RUNTIME), ("down ps --runtime |", RUNTIME), ("completion |", ["bash", "fish", "zsh"]),
        ("release --part |", list(PARTS)), ("rotate X --runtime |", RUNTIME),
        ("up --port |", []), ("backup --output x|", []), ("hello --runtime |", []), ("hello -n |", []),
        ("up |", None), ("|", None), ("u|", None), ("up --ru|", None), ("up --runtime docker |", None),
        ("up --prod |", None), ("rotate --|", None), ("completion bash |", None), ("up --prod=|", None),
    ],
)  # fmt: skip
def test_what_is_begun_may_become_a_value(line: str, found: list[str] | None) -> None:
    assert values.begun(line.removesuffix("|").split(" "), KNOWN, VERBS) == found


def test_every_choice_is_an_options() -> None:
    assert values.CLOSED.keys() <= VALUES.keys()
    for name in values.CLOSED.keys() - {"context"}:
        assert list(values.CLOSED[name]())


def test_what_cannot_be_told_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert values.begun(["up", "--context", ""], KNOWN, VERBS) == []
