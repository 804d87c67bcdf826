"""What is answered by images of other releases, older and newer ones."""

import json
from dataclasses import dataclass

import pytest

from slipway.schema import protocol
from slipway.schema.answers import (
    Change,
    Checked,
    Done,
    Downgraded,
    Drift,
    Known,
    Loss,
    Plan,
    Size,
    State,
    Statement,
    Trial,
    Undo,
    Undone,
    Upgraded,
)
from slipway.schema.phases import Revision
from slipway.schema.protocol import VERSION, NewerVersion

TRIAL = Trial(
    "0002", "expand", "m", {"drops": "why"}, "SELECT 1", "", "", [Statement("SELECT 1", "data", {"t": "ShareLock"})],
    ["t"], [Change("added", "table", "t", fresh=True)], [Change("dropped", "index", "ix")], "no way",
)  # fmt: skip
DONE = Done("0002", "expand", 0.25, 2)
ANSWERS = [
    State(("0001",), ("0002",), (Revision("0002", "m", "expand", {"a": "b"}),), ("0002",), (), "no", {"t": Size(1, 2)}),
    Plan(("0001",), ("0002",), trials=(TRIAL,)),
    Upgraded(("0001",), ("0002",), (DONE,), ("0003",)),
    Downgraded(("0002",), ("0001",), (DONE,)),
    Known(("0001",), True, ("0001",), ("0002",)),
    Checked(("0002",), "models", (TRIAL,)),
    Drift(("0001",), (Change("changed", "column", "t.a", "text", "int"),)),
    Undo(("0002",), (Undone("0002", "m", "expand", {}, "DROP"),), (Loss("table", "t", 3), Loss("column", "t.a"))),
    Undo(("0002",)),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_what_is_written_is_read(answer: object) -> None:
    written = protocol.written(answer)

    assert json.loads(written)["version"] == VERSION
    assert protocol.read(type(answer), written) == answer


def test_answers_have_the_keys_that_they_always_had() -> None:
    def keys(answer: object) -> list[str]:
        return list(protocol.as_json(answer))

    assert keys(ANSWERS[0]) == ["at", "heads", "pending", "apply", "waiting", "refused", "sizes"]
    assert keys(ANSWERS[1]) == [*keys(ANSWERS[0]), "trials"]
    assert keys(ANSWERS[2]) == ["from", "to", "applied", "waiting"]
    assert keys(ANSWERS[3]) == ["from", "to", "taken back"]
    assert keys(ANSWERS[4]) == ["at", "can_tell", "lost", "missing"]
    assert keys(ANSWERS[5]) == ["heads", "models", "trials", "unimported"]
    assert keys(ANSWERS[6]) == ["at", "changes"]
    assert keys(ANSWERS[7]) == ["at", "undone", "lost"]
    assert keys(DONE) == ["revision", "phase", "seconds", "tries"]
    assert keys(Size(1)) == ["bytes", "rows"]
    assert keys(Loss("table", "t")) == ["kind", "name", "rows"]
    assert keys(Undone("0002")) == ["id", "message", "phase", "ignores", "sql"]
    assert keys(Change("added", "table", "t")) == ["what", "kind", "name", "before", "after", "fresh"]
    assert keys(TRIAL) == [
        "revision", "phase", "message", "ignores", "sql", "offline", "error", "statements", "rewrites", "changes",
        "back", "irreversible",
    ]  # fmt: skip


def test_an_answer_from_before_there_were_versions_is_understood() -> None:
    old = """{"from": ["0001"], "to": ["0002"], "applied": [{"revision": "0002", "phase": "expand", "seconds": 0.2,
              "tries": 1}], "waiting": []}"""

    assert protocol.read(Upgraded, old) == Upgraded(("0001",), ("0002",), (Done("0002", "expand", 0.2),))


def test_what_older_images_did_not_say_has_a_default() -> None:
    old = """{"at": ["0001"], "pending": [{"id": "0002"}], "trials": [{"revision": "0002",
              "statements": [{"sql": "SELECT 1", "kind": "data"}],
              "changes": [{"what": "added", "kind": "table", "name": "t"}]}]}"""

    assert protocol.read(Plan, old) == Plan(
        at=("0001",),
        pending=(Revision("0002"),),
        trials=(Trial("0002", statements=[Statement("SELECT 1", "data")], changes=[Change("added", "table", "t")]),),
    )


def test_what_newer_images_say_besides_is_ignored() -> None:
    text = """{"version": 1, "at": ["0001"], "mood": "good", "sizes": {"t": {"bytes": 1, "rows": 2, "pages": 3}}}"""

    assert protocol.read(State, text) == State(("0001",), sizes={"t": Size(1, 2)})


def test_a_newer_version_is_named() -> None:
    with pytest.raises(NewerVersion, match=f"version {VERSION + 1} .* {VERSION} is the newest") as raised:
        protocol.read(State, json.dumps({"version": VERSION + 1, "whatever": True}))

    assert raised.value.version == VERSION + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '"at"',
        "{}",
        '{"at": 1}',
        '{"at": ["0001"], "sizes": []}',
        '{"version": "x", "at": []}',
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        protocol.read(State, text)

    assert not isinstance(raised.value, NewerVersion)


def test_only_what_is_there_is_written() -> None:
    @dataclass(frozen=True)
    class Empty:
        pass

    assert protocol.written(Empty()) == '{"version": 1}'
