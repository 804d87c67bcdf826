"""Variables that are written into the Compose files, or not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.engine.variables import Reader
from slipway.verbs import env
from tests.slipway.runtime.support import project

SHARED = "x-settings: &settings\n  DATABASE_NAME:\n"
RELEASE = "services:\n  web:\n    environment:\n      DATABASE_PASSWORD: !reset null\n"


def session(root: Path) -> Any:
    """Make a session of a project with Compose files, whose .env has two variables more."""
    checkout, _, _ = project(root)
    (root / "compose.yaml").write_text(SHARED)
    (root / "compose.release.yaml").write_text(RELEASE)
    with (root / ".env").open("a") as file:
        file.write("FLAVOUR=sweet\n")
    return SimpleNamespace(project=checkout.project, checkout=checkout, steps=Steps())


def test_what_is_written_is_told_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(env, "read_by", lambda _: {"FLAVOUR": Reader.SERVICE})
    env.write(session(tmp_path), ["FLAVOUR"])
    assert (tmp_path / "compose.yaml").read_text() == f"{SHARED}  FLAVOUR:\n"
    assert (tmp_path / "compose.release.yaml").read_text() == RELEASE
    assert capsys.readouterr().err == "  written    compose.yaml: FLAVOUR\n"


@pytest.mark.parametrize("broken", [True, False], ids=["unreadable", "another place"])
def test_files_in_which_it_did_not_arrive_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    def read_by(_: object) -> dict[str, Reader]:
        if broken:
            raise Problem("Compose cannot read its files (see above).")
        return {"FLAVOUR": Reader.NOBODY}

    monkeypatch.setattr(env, "read_by", read_by)
    with pytest.raises(
        Problem, match=r"are as they were\. Write them by hand, where compose\.yaml has .+\n +FLAVOUR:$"
    ):
        env.write(session(tmp_path), ["FLAVOUR"])
    assert (tmp_path / "compose.yaml").read_text() == SHARED


def test_without_a_place_nothing_is_written(tmp_path: Path) -> None:
    of = session(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    with pytest.raises(Problem, match=r"compose\.yaml has no variables beside which these could stand"):
        env.write(of, ["FLAVOUR"])


def test_settings_are_shown_beside_those_of_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of = session(tmp_path)
    of.loaded, of.environment = of.project, SimpleNamespace(name="dev")
    monkeypatch.setattr(env, "read_by", lambda _: {"FLAVOUR": Reader.SERVICE})
    env.show(of, "", as_json=False)
    assert capsys.readouterr().out == "NAME     SET IN  READ BY\nFLAVOUR  .env    the service\n"
    with pytest.raises(Problem, match=r"There is no \.env\.prod here"):
        env.show(of, "prod", as_json=False)
    (tmp_path / ".env.prod").write_text("FLAVOUR=sour\n")
    env.show(of, "prod", as_json=True)
    said = capsys.readouterr().out
    assert '"against": "other"' in said
    assert "sour" not in said
