"""What is released, whether it can be, and what will be done: on real git, without an engine."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.image.build import Options
from slipway.project import changelog
from slipway.project.config import load
from slipway.release import gates
from slipway.release.attempt import configuration, raise_version
from slipway.release.facts import Facts, Wanted
from slipway.release.run import Plan, lines, wanted
from slipway.verbs.session import Lifecycle
from tests.slipway.project.test_tree import git

PROJECT = """\
[project]
name = "shop"
version = "1.2.3"

[tool.slipway]
registry = "localhost:5000/team"
"""
CHANGELOG = """
[tool.towncrier]
directory = "changelog.d"
filename = "CHANGELOG.md"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository of a project, tagged v1.2.3, with a commit since."""
    root = tmp_path / "a shop"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.com")
    (root / "pyproject.toml").write_text(PROJECT)
    commit(root, "First")
    git(root, "tag", "--annotate", "v1.2.3", "--message", "Release 1.2.3")
    (root / "new.py").touch()
    commit(root, "Since")
    return root


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def facts(root: Path, **asked: Any) -> Facts:
    """Return the facts of a repository."""
    here = SimpleNamespace(project=load(root), shell=Shell(root, Steps()), steps=Steps())
    return Facts(cast(Lifecycle, here), Wanted(**asked))


def test_a_clean_branch_can_be_released(repository: Path) -> None:
    found = facts(repository, part="minor")
    assert found.tree().startswith("clean, at ")
    assert found.upstream() == "main, which has no upstream"
    assert found.number() == "1.3.0, after 1.2.3"
    assert not found.tagged
    assert facts(repository, version="4.0.0").number() == "4.0.0, after 1.2.3"


def test_what_cannot_be_released_is_told(repository: Path) -> None:
    for version, said in (("1.2.3", "exists already"), ("1.2.2", "lower than 1.2.3"), ("0.9.0", "lower than 1.2.3")):
        with pytest.raises(Problem, match=said):
            facts(repository, version=version).number()
    (repository / "pyproject.toml").write_text(PROJECT.replace("1.2.3", "1.1.0"))
    commit(repository, "An older version")
    with pytest.raises(Problem, match=r"lower than 1\.2\.3, the last tag"):
        facts(repository).number()

    (repository / "more.py").touch()
    with pytest.raises(Problem, match="the tree has changes"):
        facts(repository).tree()
    (repository / "more.py").unlink()
    git(repository, "checkout", "--quiet", "--detach")
    with pytest.raises(Problem, match="HEAD is detached"):
        facts(repository).upstream()


def test_nothing_that_others_have_pushed_is_left_out(repository: Path, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(upstream))
    git(repository, "remote", "add", "origin", str(upstream))
    git(repository, "push", "--quiet", "--set-upstream", "origin", "main")
    assert facts(repository).upstream() == "main, level with origin"
    (repository / "mine.py").touch()
    commit(repository, "Mine")
    assert facts(repository).upstream() == "main, ahead of origin"

    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(upstream), str(other))
    git(other, "config", "user.name", "B")
    git(other, "config", "user.email", "b@example.com")
    git(other, "tag", "v1.2.4")
    git(other, "push", "--quiet", "origin", "v1.2.4")
    found = facts(repository)
    found.upstream()
    assert found.known == {"1.2.3", "1.2.4"}
    with pytest.raises(Problem, match=r"v1\.2\.4 exists already"):
        found.number()
    (other / "theirs.py").touch()
    commit(other, "Theirs")
    git(other, "push", "--quiet", "origin", "main")
    with pytest.raises(Problem, match="git pull"):
        facts(repository).upstream()

    git(repository, "remote", "set-url", "origin", str(tmp_path / "gone.git"))
    with pytest.raises(Problem, match="cannot be asked"):
        facts(repository).upstream()


def test_releases_are_made_of_the_named_branch_alone(repository: Path) -> None:
    (repository / "pyproject.toml").write_text(PROJECT + '[tool.slipway.release]\nbranch = "stable"\n')
    with pytest.raises(Problem, match="git switch stable"):
        facts(repository).upstream()
    git(repository, "switch", "--quiet", "--create", "stable")
    assert facts(repository).upstream() == "stable, which has no upstream"


def test_a_tagged_commit_is_published_and_not_raised(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "v1.2.3")
    found = facts(repository)
    assert found.tagged
    assert found.upstream() == "HEAD is v1.2.3"
    assert (found.number(), found.new, found.before) == ("1.2.3, tagged already", "1.2.3", "")
    asked = facts(repository, part="patch")  # on top of it, when that is said
    assert (asked.tagged, asked.number(), asked.before) == (False, "1.2.4, after 1.2.3", "1.2.3")


def test_the_changelog_has_to_say_something(repository: Path) -> None:
    assert "there is none" in facts(repository).changes()
    (repository / "pyproject.toml").write_text(PROJECT + CHANGELOG)
    (repository / "changelog.d").mkdir()
    (repository / "changelog.d" / ".gitignore").write_text("!.gitignore\n")
    commit(repository, "A changelog")
    found = facts(repository)
    found.number()
    with pytest.raises(Problem, match=r"a file of changelog\.d"):
        found.changes()

    (repository / "changelog.d" / "+sale.feature.md").write_text("A sale. No significant changes of prices.\n")
    commit(repository, "A sale")
    found = facts(repository)
    found.number()
    assert found.changes() == "1 entry"
    assert "A sale." in found.notes
    assert changelog.write(load(repository), Shell(repository, Steps()), "1.2.4") == found.notes
    assert "A sale." in (repository / "CHANGELOG.md").read_text()
    staged = subprocess.run(
        ["git", "diff", "--cached", "--name-status"], cwd=repository, capture_output=True, text=True
    )
    assert staged.stdout.split() == ["A", "CHANGELOG.md", "D", "changelog.d/+sale.feature.md"]


def test_options_that_exclude_each_other_are_told() -> None:
    for part, version, said in (
        ("minor", "1.2.3", "exclude"), ("micro", "", "--part is one of"), ("", "1.2", "not X.Y.Z"),
    ):  # fmt: skip
        with pytest.raises(Problem, match=said):
            wanted(part, version, [], [], False)


def a_plan(root: Path, **given: Any) -> Plan:
    """Return a plan for the project in a folder."""
    asked = given.pop("wanted", Wanted())
    chosen = tuple(gates.of(load(root), "1.2.4", "1.2.3", asked.skip, Options()))
    values = {
        "wanted": asked, "head": "0" * 40, "branch": "main", "old": "1.2.3", "new": "1.2.4", "tagged": False,
        "repository": "localhost:5000/team/shop", "moving": ("1.2", "1", "latest"), "notes": "## 1.2.4\n\n- A sale.\n",
        "gates": chosen, "key": None,
    }  # fmt: skip
    return Plan(**values | given)


def test_a_plan_says_all_that_will_be_done_in_order(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    names = [name for name, _ in a_plan(repository).rows()]
    assert names == [
        "commit", "lint", "types", "dockerfile", "tests", "image", "secrets", "advisories", "rebuild", "migrations",
        "rehearsal", "in-image", "deploy", "push", "attach", "attach", "push", "push", "tag", "push", "push", "push",
        "verify",
    ]  # fmt: skip
    rows = dict(a_plan(repository, key=Path("cosign.pub"), moving=()).rows())
    assert rows["sign"] == "the image and its provenance, for cosign.pub"
    assert rows["migrations"] == "left out: there are no migrations"
    assert rows["verify"] == "sha-<commit>, 1.2.4: one image"
    assert "- A sale." in list(lines(a_plan(repository)))


def test_what_a_missing_program_leaves_out_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    rows = [what for name, what in a_plan(repository).rows() if name == "attach"]
    assert rows == ["left out: oras is not installed (https://oras.land)"]

    (repository / "pyproject.toml").write_text(PROJECT + '[tool.slipway.release]\nkey = "cosign.pub"\n')
    with pytest.raises(Problem, match="there is no such file"):
        facts(repository).signature()
    (repository / "cosign.pub").touch()
    with pytest.raises(Problem, match="cosign is not installed"):
        facts(repository).signature()


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "export COSIGN_KEY=FILE"), ("cosign.key", "export COSIGN_PASSWORD"), ("env://KEY", "export COSIGN_PASSWORD")],
)
def test_a_key_that_cannot_be_used_is_told_before_anything_is_done(
    repository: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("COSIGN_KEY", key)
    monkeypatch.delenv("COSIGN_PASSWORD", raising=False)
    (repository / "pyproject.toml").write_text(PROJECT + '[tool.slipway.release]\nkey = "cosign.pub"\n')
    (repository / "cosign.pub").touch()
    with pytest.raises(Problem, match=said):
        facts(repository).signature()


def test_nothing_is_published_that_others_publish(repository: Path) -> None:
    plan = a_plan(repository, wanted=Wanted(part="minor", skip=("deploy",), tag_only=True))
    rows = list(plan.rows())
    assert [name for name, _ in rows][-2:] == ["deploy", "tag"]
    assert ("deploy", "left out: --skip") in rows
    assert plan.again == "./inv release --version 1.2.4 --skip deploy --tag-only"  # whatever part that was


def test_a_released_one_has_nothing_left_to_do(repository: Path) -> None:
    assert [name for name, _ in a_plan(repository, tagged=True, done=True).rows()] == ["nothing"]


@pytest.mark.parametrize("name", ["image", "everything", ""])
def test_only_gates_can_be_skipped(repository: Path, name: str) -> None:
    with pytest.raises(Problem, match="Those that can be: lint, types"):
        gates.of(load(repository), "1.2.4", "", [name], Options())


def test_the_clone_commits_as_the_checkout_would() -> None:
    listed = (
        "global\0user.name\nC\0local\0user.name\nA B\0local\0core.bare\nfalse\0local\0remote.origin.url\nx\0"
        "worktree\0Commit.gpgSign\ntrue\0local\0user.flag\0local\0core.eol\nlf\0"
    )
    assert list(configuration(listed)) == [
        ("user.name", "A B"), ("Commit.gpgSign", "true"), ("user.flag", ""), ("core.eol", "lf"),
    ]  # fmt: skip


def test_the_version_alone_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('# A comment\n[project]\nversion = "1.2.3"  # here\nname = "x"\n\n[tool.x]\nversion = "1.2.3"\n')
    raise_version(file, "2.0.0")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    raise_version(file, "2.0.0")
    assert b"\r\n" in file.read_bytes()
    assert file.read_text() == (
        '# A comment\n[project]\nversion = "2.0.0"  # here\nname = "x"\n\n[tool.x]\nversion = "1.2.3"\n'
    )
