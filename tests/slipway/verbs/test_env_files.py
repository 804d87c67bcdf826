"""`inv env` writes settings files: one value, and one of its own for production."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.secrecy import Secrets
from slipway.core.steps import Steps
from slipway.project import dotenv
from slipway.project.config import Project
from slipway.project.settings import Settings
from slipway.verbs import env_files

EXAMPLE = "DATABASE_HOSTNAME=db\nDATABASE_PASSWORD=\nKEY=\nLEVEL=info\n"
SECRETS = {"DATABASE_PASSWORD": 12, "KEY": 32}
SHARED = EXAMPLE.replace("PASSWORD=", "PASSWORD=of-production-and-dev").replace("KEY=", f"KEY={'key-of-all' * 4}")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none of the variables set here."""
    for name in ("DATABASE_HOSTNAME", "DATABASE_PASSWORD", "KEY", "LEVEL"):
        monkeypatch.delenv(name, raising=False)


def session(root: Path, name: str, file: str = "") -> Any:
    """Make a session of an environment, with this file of settings unless with its own."""
    (root / ".env.example").write_text(EXAMPLE)
    loaded = Project(root=root, name="shop", version="1", secrets=SECRETS)
    seen, steps = loaded.within(name, file), Steps(secrets=Secrets())
    steps.file = seen.env_file
    environment = SimpleNamespace(is_dev=name == "dev", name=name)
    settings = Settings(seen, steps, lambda: True)
    return SimpleNamespace(
        loaded=loaded, project=seen, environment=environment, steps=steps, settings=settings, is_told=False,
        check_secrets=lambda: None,
    )  # fmt: skip


def given(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe a text into the verb."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_value_is_read_from_a_pipe_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env.staging").write_text(SHARED)
    new = "a-new-key-of-more-than-32-characters"
    given(monkeypatch, f"{new}\n")
    env_files.put(session(tmp_path, "staging"), "KEY")
    assert (tmp_path / ".env.staging").read_text() == SHARED.replace("key-of-all" * 4, new)
    said = capsys.readouterr()
    assert said.err == "  written    KEY in .env.staging\n  next       ./inv deploy --env staging brings it live\n"
    assert new not in said.out


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KEY", "short", "Nothing was written: KEY is too short: 5 bytes of at least 32"),
        ("KEY", "", "no value of KEY was given"),
        ("KEY", " a-key-that-begins-with-white-space-x", "begins or ends with white space"),
        ("LEVEL", "$a\\\\b", "no spelling of this value is read alike"),
        ("LEVELS", "high", "LEVELS is unknown"),
    ],
    ids=["short", "empty", "white space", "spelling", "unknown"],
)
def test_a_value_that_cannot_be_used_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    (tmp_path / ".env").write_text(SHARED)
    given(monkeypatch, value)
    with pytest.raises(Problem, match=said):
        env_files.put(session(tmp_path, "dev"), name)
    assert (tmp_path / ".env").read_text() == SHARED


def test_nothing_is_written_into_a_file_of_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(SHARED)
    given(monkeypatch, "debug")
    with pytest.raises(Problem, match="prod has development's"):
        env_files.put(session(tmp_path, "prod", ".env"), "LEVEL")
    with pytest.raises(Problem, match=r"There is no \.env yet"):
        env_files.put(session(tmp_path, "staging"), "LEVEL")


@pytest.fixture
def splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project whose production was deployed with .env."""

    @contextlib.contextmanager
    def begin(_: str, env: str, **__: object) -> Iterator[Any]:
        own = (tmp_path / f".env.{env}").exists() or env == "dev"
        yield session(tmp_path, env, "" if own else ".env")

    def in_place(of: Any, step: Any, yes: bool) -> None:
        assert yes
        of.settings.change(step.values)

    (tmp_path / ".env").write_text(SHARED)
    (tmp_path / ".env").chmod(0o644)
    monkeypatch.setattr(env_files, "begin", begin)
    monkeypatch.setattr("slipway.verbs.rotate.in_place", in_place)
    return tmp_path


def values(root: Path, file: str) -> dict[str, str]:
    """Return what a settings file has."""
    return dotenv.parse((root / file).read_text())[0]


def test_production_gets_a_file_of_its_own_and_development_other_secrets(
    splits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = values(splits, ".env")
    env_files.split(yes=True)
    assert values(splits, ".env.prod") == before
    assert (splits / ".env.prod").stat().st_mode & 0o777 == 0o600
    after = values(splits, ".env")
    assert {name for name in before if before[name] != after[name]} == {"KEY", "DATABASE_PASSWORD"}
    said = capsys.readouterr().err
    assert "gets .env.prod, a copy of .env" in said
    assert not [one for one in (*before.values(), *after.values()) if len(one) > 8 and one in said]
    env_files.split(yes=True)
    assert "production has .env.prod, and development other secrets" in capsys.readouterr().err
    assert (values(splits, ".env.prod"), values(splits, ".env")) == (before, after)


def test_nothing_changes_without_a_yes(splits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "")
    with pytest.raises(Problem, match="There is no terminal to ask on"):
        env_files.split(yes=False)
    assert not (splits / ".env.prod").exists()
    assert (splits / ".env").read_text() == SHARED


@pytest.mark.parametrize("killed", ["change", "in_place"])
def test_one_that_was_killed_is_gone_on_with(splits: Path, monkeypatch: pytest.MonkeyPatch, killed: str) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = values(splits, ".env")
    with monkeypatch.context() as patched:
        patched.setattr(*((Settings, "change", die) if killed == "change" else (env_files, "_offer", die)))
        with pytest.raises(KeyboardInterrupt):
            env_files.split(yes=True)
    assert values(splits, ".env.prod") == before  # whatever happens, production's secrets are in it
    assert (values(splits, ".env") == before) is (killed == "change")
    env_files.split(yes=True)
    after = values(splits, ".env")
    assert not [name for name in SECRETS if before[name] == after[name]]
    assert values(splits, ".env.prod") == before


def test_a_production_that_is_not_there_has_nothing_to_be_split(splits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def begin(_: str, env: str, **__: object) -> Iterator[Any]:
        yield session(splits, env)

    monkeypatch.setattr(env_files, "begin", begin)
    with pytest.raises(Problem, match="There is no production that was deployed with"):
        env_files.split(yes=True)
    assert sorted(one.name for one in splits.glob(".env*")) == [".env", ".env.example"]
