"""Secrets from elsewhere: looked up when one is needed, once, and never shown or written."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.secrecy import Secrets
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.project import lookup
from slipway.project.config import Project, load
from slipway.project.settings import Settings

NAMES = ("DATABASE_HOSTNAME", "DATABASE_NAME", "DATABASE_USERNAME", "DATABASE_PASSWORD", "KEY", "LEVEL")
EXAMPLE = (
    "DATABASE_HOSTNAME=db\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\nDATABASE_PASSWORD=\n# Signs.\nKEY=\nLEVEL=info\n"
)
GOOD = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"
PRINTS = ("sh", "-c", f"echo run >>runs; printf '%s\\n' {GOOD}")
TOML = '[project]\nname = "shop"\nversion = "1"\n[tool.slipway.secrets]\nKEY = 32\nDATABASE_PASSWORD = 12\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project whose production takes KEY from a program; the environment sets nothing."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env.example").write_text(EXAMPLE)
    secrets = {"KEY": 32, "DATABASE_PASSWORD": 12}
    made = Project(root=tmp_path, name="shop", version="1", secrets=secrets, secrets_from={"prod": {"KEY": PRINTS}})
    return made.within("prod")


def settings(project: Project, **commands: tuple[str, ...]) -> Settings:
    """Give its settings, with these commands in production."""
    project = replace(project, secrets_from={"prod": commands}) if commands else project
    return Settings(project, Steps(secrets=Secrets(), file=project.env_file), lambda: True)


def runs(project: Project) -> int:
    """Return how often the program was run."""
    file = project.root / "runs"
    return len(file.read_text().split()) if file.exists() else 0


def test_a_file_is_made_without_them_and_each_is_looked_up_once(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made = settings(project)
    made.prepare()
    text = (project.root / ".env.prod").read_text()
    assert "# Signs.\n# KEY is taken from elsewhere: [tool.slipway.secrets-from.prod] of pyproject.toml\nLEVEL" in text
    assert GOOD not in text
    assert len(made.values["DATABASE_PASSWORD"]) > 30

    made.check()
    assert made.secrets == {"KEY": GOOD, "DATABASE_PASSWORD": made.values["DATABASE_PASSWORD"]}
    assert made.shell.private == {"KEY": GOOD}
    assert runs(project) == 1
    said = capsys.readouterr()
    assert "secrets    KEY from sh" in said.err
    assert GOOD not in said.out + said.err
    assert made.steps.redact(f"it is {GOOD}.") == "it is [secret]."
    there = [path for path in project.root.rglob("*") if path.is_file() and GOOD in path.read_text()]
    assert there == []


def test_what_needs_none_runs_nothing(project: Project) -> None:
    made = settings(project, KEY=PRINTS, DATABASE_PASSWORD=PRINTS)
    (project.root / ".env.prod").write_text(EXAMPLE)
    made.hide()
    assert made.values["KEY"] == ""
    assert (made.own_database, made.port_of("prod"), made.is_missing) == (True, 8000, False)

    made.looks_up = False
    made.check()
    assert (made.secrets, made.database.password, made.unsought) == ({}, "", ("KEY", "DATABASE_PASSWORD"))
    assert runs(project) == 0


def test_the_environment_counts_before(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "m" + GOOD)
    made = settings(project)
    made.prepare()
    assert (made.secrets["KEY"], made.unsought, runs(project)) == ("m" + GOOD, (), 0)


def test_what_tries_a_release_looks_up_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_APART", "1")
    made = settings(project)
    made.prepare()
    assert (len(made.secrets["KEY"]) > 30, runs(project)) == (True, 0)


def test_development_has_its_own(project: Project) -> None:
    assert project.within("dev").sought == {}
    of_dev = replace(project, secrets_from={"dev": {"KEY": PRINTS}})
    assert (of_dev.sought, of_dev.within("dev").sought) == ({}, {"KEY": PRINTS})


@pytest.mark.parametrize("file", [".env.prod", ".env"], ids=["own", "shared"])
def test_a_file_that_sets_one_as_well_is_told_which_line_goes(project: Project, file: str) -> None:
    text = EXAMPLE.replace("PASSWORD=", f"PASSWORD={GOOD}").replace("KEY=", f"KEY={GOOD}")
    (project.root / file).write_text(text)
    made = settings(project.within("prod", file))
    with pytest.raises(Problem) as refused:
        made.prepare()
    message = made.steps.shown(str(refused.value.message))
    assert message.startswith(
        f"{file} cannot be used:\n  - KEY is set in '{file}', and [tool.slipway.secrets-from.prod]"
    )
    assert "takes it from sh: delete its line in .env.prod" in message
    assert ("(first: cp -p .env .env.prod," in message) is (file == ".env")
    assert (GOOD in message, runs(project)) == (False, 0)


def test_a_line_of_a_file_is_never_a_command(project: Project) -> None:
    text = EXAMPLE.replace("PASSWORD=", "PASSWORD='!touch made $(touch made)'").replace("info", "!touch-made")
    (project.root / ".env.prod").write_text(text)
    made = settings(project)
    made.check()
    assert (made.values["LEVEL"], made.database.password) == ("!touch-made", "!touch made $(touch made)")
    assert not (project.root / "made").exists()


OF = r"^KEY is taken from {}, as \[tool\.slipway\.secrets-from\.prod\] says, and "


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("no-such-vault", "read"), r"and no-such-vault is not installed\. Install it, or set KEY in"),
        (("/tmp",), OF.format("tmp") + "/tmp cannot be started: "),
        (("sh", "-c", "sleep 60"), OF.format("sh") + r"that did not end in 0\.5 s, and was ended\. Have it work"),
        (("sh", "-c", "exit 6"), OF.format("sh") + "that ended with status 6. Have it work"),
        (("sh", "-c", f"echo {GOOD}; echo locked >&2; exit 1"), "status 1; what it said stands above. Have it work"),
        (("true",), OF.format("true") + "that printed nothing. Have it work"),
        (("echo",), "that printed nothing. Have it work"),
        (("echo", "short"), "cannot be used: KEY is too short: 5 bytes of at least 32. Change it there"),
        (("echo", "a" * 40), "KEY is too easy to guess"),
        (("echo", f" {GOOD}"), "KEY begins or ends with white space"),
        (("printf", rf"{GOOD}\377"), "KEY is not UTF-8 text"),
        (("printf", rf"{GOOD}\0"), "KEY has a byte that is 0"),
        (("head", "-c", "70000", "/dev/zero"), "that printed more than 65536 bytes"),
    ],
    ids=[
        "missing", "folder", "hangs", "status", "says", "nothing", "newline", "short", "easy", "space", "bytes", "zero",
        "much",
    ],
)  # fmt: skip
def test_one_that_cannot_be_had_is_one_problem(
    project: Project, argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of = replace(project, secrets_from={"prod": {"KEY": argv}})
    with pytest.raises(Problem, match=said) as refused:
        lookup.look_up(of, Shell(project.root, Steps(secrets=Secrets())), seconds=0.5 if "sleep 60" in argv else 20)
    shown = str(refused.value.message) + "".join(capsys.readouterr())
    assert GOOD not in shown
    assert "this again." in shown


def test_nothing_is_made_where_one_cannot_be_had(project: Project) -> None:
    with pytest.raises(Problem, match="that ended with status 1"):
        settings(project, KEY=("false",)).prepare()
    assert not (project.root / ".env.prod").exists()


def test_what_a_program_says_beside_is_shown_without_the_value(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    script = f"import os, sys\nprint('{GOOD}')\nprint('the key', '{GOOD}', 'of', os.getcwd(), file=sys.stderr)"
    of = replace(project, secrets_from={"prod": {"KEY": (sys.executable, "-c", script)}})
    found = lookup.look_up(of, Shell(project.root, Steps(secrets=Secrets())))
    assert found == {"KEY": GOOD}
    assert f"the key [secret] of {project.root}\n" in capsys.readouterr().err


def test_a_password_that_postgresql_cannot_take_is_refused(project: Project) -> None:
    (project.root / ".env.prod").write_text(EXAMPLE)
    of = replace(project, secrets_from={"prod": {"DATABASE_PASSWORD": ("printf", rf"{GOOD}\n{GOOD}")}})
    with pytest.raises(Problem, match="DATABASE_PASSWORD has more than one line, which initdb cannot take"):
        lookup.look_up(of, Shell(project.root, Steps(secrets=Secrets())))


def declared(root: Path, lines: str) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return what a pyproject.toml with these lines takes from elsewhere; raises Problem."""
    (root / "pyproject.toml").write_text(f"{TOML}{lines}\n")
    return load(root).secrets_from


def test_commands_are_lists_of_words_by_environment(tmp_path: Path) -> None:
    line = '[tool.slipway.secrets-from.prod]\nKEY = ["op", "read", "op://shop/key"]'
    assert declared(tmp_path, line) == {"prod": {"KEY": ("op", "read", "op://shop/key")}}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[tool.slipway.secrets-from.prod]\nKEY = "op read x"', r"KEY = '\.\.\.' should be a list of strings"),
        ('[tool.slipway.secrets-from.prod]\nKEY = []', r'KEY is no command: write its words, like \["op"'),
        ('[tool.slipway.secrets-from.prod]\nKEY = [""]', "KEY is no command"),
        ('[tool.slipway.secrets-from.prod]\nLEVEL = ["op"]', r"LEVEL, which is not in \[tool\.slipway\.secrets\]"),
        ('[tool.slipway.secrets-from.prood]\nKEY = ["op"]', "there is no environment 'prood', only dev, prod"),
        ('[tool.slipway.secrets-from]\nKEY = ["op"]', r"secrets-from\.KEY = .* should be a table"),
    ],
    ids=["text", "empty", "no word", "no secret", "no environment", "no table"],
)  # fmt: skip
def test_what_is_no_command_of_a_secret_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        declared(tmp_path, lines)
