"""What git is asked of a branch and its remote, and what is made of it."""

from functools import partial
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import branch, clone
from tests.slipway.project.support import git as run_git


def test_git_is_asked_without_anybody_being_asked() -> None:
    assert branch.ask_command("origin", "refs/heads/main") == [
        "git", "ls-remote", "origin", "refs/heads/main", "refs/tags/v*",
    ]  # fmt: skip
    assert branch.ask_command("origin", "") == ["git", "ls-remote", "origin", "refs/tags/v*"]
    assert branch.setting_command("main", "merge") == ["git", "config", "branch.main.merge"]
    assert branch.contains_command("c") == ["git", "merge-base", "--is-ancestor", "c", "HEAD"]
    assert branch.QUIETLY == {"GIT_TERMINAL_PROMPT": "0"}


def test_a_clone_is_asked_for_without_its_files_and_at_a_commit() -> None:
    assert clone.clone_command("/a shop", Path("/b")) == ["git", "clone", "--quiet", "--no-checkout", "/a shop", "/b"]
    assert clone.switch_command("c") == ["git", "checkout", "--quiet", "--detach", "c"]
    assert clone.tagged_command("1.2.3")[-1] == "refs/tags/v1.2.3^{commit}"  # whatever kind of tag it is
    assert clone.has_command("c") == ["git", "cat-file", "-e", "c^{commit}"]


def test_a_remote_says_where_a_branch_is_and_which_versions_it_has(tmp_path: Path) -> None:
    git = partial(run_git, tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    git(*who, "commit", "--quiet", "--allow-empty", "--message", "First")
    for tag in ("v1.2.3", "v1.3", "vnext", "1.0.0"):
        git("tag", tag)
    git(*who, "tag", "--annotate", "v2.0.0", "--message", "2.0.0")
    shell = Shell(tmp_path, Steps())
    assert branch.versions(shell) == {"1.2.3", "2.0.0"}
    found = branch.ask(shell, str(tmp_path), "refs/heads/main")
    assert found == branch.Remote(git("rev-parse", "main"), frozenset({"1.2.3", "2.0.0"}))
    assert branch.ask(shell, str(tmp_path), "refs/heads/other").tip == ""
    assert (branch.current(shell), branch.followed(shell, "main"), branch.first_remote(shell)) == ("main", ("", ""), "")
    git("remote", "add", "origin", "/nowhere")
    assert branch.first_remote(shell) == "origin"
    with pytest.raises(Problem, match="the upstream origin cannot be asked"):
        branch.ask(shell, "origin", "")
    git("checkout", "--quiet", "--detach")
    assert branch.current(shell) == ""
