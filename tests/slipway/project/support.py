"""Git repositories to ask."""

import subprocess
from pathlib import Path

import pytest


def git(root: Path, *args: str) -> str:
    """Run git, which has to succeed; return its output. A test that needs it is skipped where there is none."""
    try:
        return subprocess.run(["git", *args], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        pytest.skip("git is not installed")


def make_repository(root: Path) -> Path:
    """Make a git repository without a commit, of a project that has a version."""
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.com")
    (root / ".gitignore").write_text("*.log\n")
    (root / ".dockerignore").write_text("*\n!app\n!pyproject.toml\n")
    (root / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    return root
