"""What a release will do: its rows, its lines, how one goes on with it."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.tree import Tree
from slipway.release import wanted
from slipway.release.checks import Head
from slipway.release.facts import Facts
from slipway.release.passed import PASSED, Passed
from slipway.release.plan import Plan, decide
from slipway.release.wanted import Wanted
from tests.slipway.release.support import REPOSITORY, real

COMMIT = "0" * 40
HEAD = Head(Tree(COMMIT, "", (), 1, "", "1.2.3", last="1.2.3"), "main", "1.2.3", released=False)
RELEASED = Head(Tree(COMMIT, "", ("v1.2.4",), 0, "", "1.2.3", last="1.2.3"), "", "1.2.4", released=True)
FACTS = Facts(HEAD, "1.2.4", "## 1.2.4\n\n- A sale.\n", ("1.2", "1", "latest"))
KEPT = Passed(COMMIT, "1" * 40, "sha256:i", "sha256:t", "sha256:b", {"lint": PASSED}, "began", "ended")


def a_plan(root: Path, facts: Facts = FACTS, asked: Wanted | None = None) -> Plan:
    """Return a plan for the project in a folder."""
    return decide(real(root).project, asked or Wanted(), facts)


def test_a_plan_says_all_that_will_be_done_in_order(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    names = [name for name, _ in a_plan(repository).rows()]
    assert names == [
        "commit", "lint", "types", "dockerfile", "tests", "image", "packages", "secrets", "advisories", "rebuild",
        "migrations", "rehearsal", "in-image", "deploy", "push", "attach", "attach", "push", "push", "tag", "push",
        "push", "push", "verify",
    ]  # fmt: skip
    signed = a_plan(repository, Facts(HEAD, "1.2.4", "## 1.2.4\n\n- A sale.\n", key=Path("cosign.pub")))
    rows = dict(signed.rows())
    assert rows["commit"] == "Release 1.2.4, 1.2.3 before, with its changelog"
    assert rows["sign"] == "the image and its provenance, for cosign.pub"
    assert rows["migrations"] == "left out: there are no migrations"
    assert rows["deploy"] == "left out: there is no compose.prod.yaml"
    assert rows["tag"] == "v1.2.4, and main follows"
    assert rows["verify"] == "sha-<commit>, 1.2.4: one image"
    assert list(signed.lines())[-3:] == ["## 1.2.4", "", "- A sale."]
    assert signed.question == f"Release 1.2.4 to {REPOSITORY}?"
    assert signed.then == ["git push --follow-tags", "./inv deploy --tag 1.2.4"]


def test_what_was_tagged_before_slipway_counts_as_a_version_and_not_as_a_release() -> None:
    adopted = Head(Tree(COMMIT, "", (), 1, "", "", last="1.2.3"), "main", "1.2.3", released=False)
    assert (adopted.before, adopted.previous) == ("1.2.3", "")
    here = Head(Tree(COMMIT, "", ("v1.2.4", "v1.10.0"), 0, "", "", last="1.2.3"), "main", "1.10.0", released=False)
    assert (here.before, here.previous) == ("1.10.0", "1.10.0")


def test_programs_read_the_same_plan(repository: Path) -> None:
    plan = a_plan(repository)
    shown = plan.as_json()
    assert (shown["version"], shown["commit"], shown["notes"]) == ("1.2.4", COMMIT, "## 1.2.4\n\n- A sale.\n")
    assert shown["steps"] == [{"name": name, "what": what} for name, what in plan.rows()]
    state = plan.state(f"{REPOSITORY}@sha256:d", "1" * 40)
    assert list(state) == ["version", "commit", "image", "tag"]
    assert state["tag"] == f"{REPOSITORY}:1.2.4"


def test_what_a_missing_program_leaves_out_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    rows = [what for name, what in a_plan(repository).rows() if name == "attach"]
    assert rows == ["left out: oras is not installed (https://oras.land)"]


def test_nothing_is_published_that_others_publish(repository: Path) -> None:
    plan = a_plan(repository, asked=Wanted(part="minor", skip=("deploy",), tag_only=True))
    rows = list(plan.rows())
    assert [name for name, _ in rows][-2:] == ["deploy", "tag"]
    assert ("deploy", "left out: --skip") in rows
    assert plan.again == "./inv release --version 1.2.4 --skip deploy --tag-only"  # whatever part that was
    assert (plan.released, plan.question) == ("v1.2.4", "Release 1.2.4?")
    assert plan.then == ["git push --follow-tags"]


def test_what_is_saved_is_published_by_what_loads_it(repository: Path) -> None:
    plan = a_plan(repository, Facts(RELEASED, "1.2.4"), Wanted(skip=("lint",), save=Path("/a folder")))
    rows = list(plan.rows())
    assert rows[-2][0] == "deploy"
    assert rows[-1] == ("save", "the image, the one that tests it, and how the gates ended: /a folder")
    assert plan.again == "./inv release --save '/a folder' --skip lint"
    assert plan.then == ["./inv release --load '/a folder'"]
    assert plan.released == "1.2.4, in /a folder: not published"


def test_a_tagged_commit_is_neither_committed_nor_tagged(repository: Path) -> None:
    plan = a_plan(repository, Facts(RELEASED, "1.2.4"))
    names = [name for name, _ in plan.rows()]
    assert "commit" not in names
    assert "tag" not in names
    assert plan.then == ["./inv deploy --tag 1.2.4"]
    assert dict(plan.rows())["image"] == "shop:1.2.4 and shop:1.2.4-test, of exactly that commit"


def test_what_has_passed_its_gates_is_only_published(repository: Path) -> None:
    rows = list(a_plan(repository, Facts(HEAD, "1.2.4", passed=KEPT)).rows())
    assert rows[0] == ("gates", "passed already, by ended")
    assert rows[1] == ("push", f"{REPOSITORY}:sha-<commit>")
    assert "tag" in dict(rows)


def test_a_released_one_has_nothing_left_to_do(repository: Path) -> None:
    rows = list(a_plan(repository, Facts(RELEASED, "1.2.4", done=True)).rows())
    assert rows == [("nothing", f"{REPOSITORY}:1.2.4 is released. The next one: ./inv release --part patch")]


def test_options_that_exclude_each_other_are_told() -> None:
    for part, version, said in (
        ("minor", "1.2.3", "exclude"), ("micro", "", "--part is one of"), ("", "1.2", "not X.Y.Z"),
    ):  # fmt: skip
        with pytest.raises(Problem, match=said):
            wanted.read(part, version, [], [], False)
    for tag_only, save, load in ((False, "a", "b"), (True, "", "b"), (True, "a", "")):
        with pytest.raises(Problem, match="--tag-only, --save and --load exclude each other"):
            wanted.read("", "", [], [], tag_only, save, load)
    with pytest.raises(Problem, match="without --part and --version"):
        wanted.read("minor", "", [], [], False, "a")
    assert wanted.read("", "", [], [], False, "", "/a/b").load == Path("/a/b")
    with pytest.raises(Problem, match="--secret takes id=NAME"):
        wanted.read("", "", [], ["pip.conf"], False)
    assert wanted.read("minor", "", ["lint"], [], True) == Wanted("minor", skip=("lint",), tag_only=True)
