"""The settings in force: what is wrong with them is said before anything is started, and all at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.project import dotenv
from slipway.project.config import Project, load
from slipway.project.database import other_login, other_name
from slipway.project.settings import Settings
from tests.support import ROOT

SECRETS = {"DATABASE_PASSWORD": 16, "SECRET_KEY_FASTAPI_AUTH": 32}
GOOD = "kX8-qPz_4mW7vR2tLnB5cYdF9sHj3gTa"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project with this one's variables, and no .env; the environment has none of them."""
    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env.example").write_text(example)
    known = dotenv.schema(example)
    for name in known.required.keys() | known.optional:
        monkeypatch.delenv(name, raising=False)
    return Project(root=tmp_path, name="shop", version="1.0.0", secrets=SECRETS)


def settings(project: Project, **values: str) -> Settings:
    """Give settings whose .env has good values, and these instead; an empty one leaves the variable out."""
    lines = []
    for line in (project.root / ".env.example").read_text().splitlines():
        name, is_set, value = line.partition("=")
        if not is_set or name.startswith("#"):
            continue
        value = values.pop(name, value or GOOD)
        lines += [f"{name}={value}"] if value else []
    lines += [f"{name}={value}" for name, value in values.items()]
    (project.root / ".env").write_text("\n".join(lines) + "\n")
    return Settings(project, Steps(), lambda: False)


def test_without_env_there_is_a_next_command(project: Project) -> None:
    with pytest.raises(Problem, match=r"There is no \.env: \./inv up makes one"):
        Settings(project, Steps(), lambda: False).check()


def test_a_link_that_leads_nowhere_is_said_to(project: Project) -> None:
    (project.root / ".env").symlink_to("shared")

    made = Settings(project, Steps(), lambda: False)
    for call in (made.prepare, made.check):
        with pytest.raises(Problem, match=r"^\.env leads to shared, and there is no such file: make it, or remove"):
            call()
    assert not (project.root / "shared").exists()


def test_another_file_may_have_them(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project, steps = replace(project, env_file=".env.slipway"), Steps(file=".env.slipway")
    (project.root / ".env").write_text("NOT=SLIPWAY'S\n")
    made = Settings(project, steps, lambda: False)

    made.prepare()

    assert (project.root / ".env").read_text() == "NOT=SLIPWAY'S\n"
    assert (project.root / ".env.slipway").stat().st_mode & 0o777 == 0o600
    assert "NOT" not in made.values
    assert ".env.slipway made from .env.example" in capsys.readouterr().err


def test_who_has_copied_the_example_is_told_who_makes_its_secrets(project: Project) -> None:
    (project.root / ".env").write_text(project.example)
    with pytest.raises(Problem, match=r"DATABASE_PASSWORD is empty(.|\n)*Without a \.env, \./inv up makes one"):
        Settings(project, Steps(), lambda: False).check()
    with pytest.raises(Problem) as raised:
        settings(project, DATABASE_PASSWORD="").check()
    assert "Without a .env" not in str(raised.value.message)


def test_one_is_made_that_is_good_and_for_its_owner_alone(project: Project) -> None:
    steps = Steps()
    made = Settings(project, steps, lambda: False)
    made.prepare()
    assert (project.root / ".env").stat().st_mode & 0o777 == 0o600
    for name in SECRETS:
        assert len(made.values[name]) >= 32
        assert steps.redact(f"x{made.values[name]}x") == "x[secret]x"


def test_an_optional_secret_is_not_made_and_is_one_once_it_is_set(project: Project) -> None:
    with_more = replace(project, secrets={**SECRETS, "SECRET_KEY_FASTAPI_AUTH_NEXT": 32})
    made = Settings(with_more, Steps(), lambda: False)
    made.prepare()
    assert made.secrets.keys() == SECRETS.keys()

    steps, key = Steps(), f"{GOOD}-next"
    given = Settings(with_more, steps, lambda: False)
    with (project.root / ".env").open("a") as env:
        env.write(f"SECRET_KEY_FASTAPI_AUTH_NEXT={key}\n")
    given.prepare()
    assert given.secrets == made.secrets | {"SECRET_KEY_FASTAPI_AUTH_NEXT": key}
    assert steps.redact(f"x{key}x") == "x[secret]x"


@pytest.mark.parametrize(
    ("value", "said"), [("short", "is too short: 5 bytes of at least 32"), ('""', "is empty: give it a value or leave")]
)
def test_an_optional_secret_is_checked_as_the_others_are(project: Project, value: str, said: str) -> None:
    with_more = replace(project, secrets={**SECRETS, "SECRET_KEY_FASTAPI_AUTH_NEXT": 32})
    with pytest.raises(Problem, match=f"SECRET_KEY_FASTAPI_AUTH_NEXT {said}") as stopped:
        settings(with_more, SECRET_KEY_FASTAPI_AUTH_NEXT=value).check()
    assert str(stopped.value).count("  - ") == 1


def test_each_secret_of_this_project_reaches_the_service_and_is_a_file_in_production() -> None:
    known = dotenv.schema((ROOT / ".env.example").read_text())
    for name in load(ROOT).secrets:
        assert name in known.required.keys() | known.optional
        assert f"\n  {name}:\n" in (ROOT / "compose.yaml").read_text()
        for file in ("compose.release.yaml", "compose.prod.yaml"):
            assert f"\n      {name}: !reset null\n" in (ROOT / file).read_text(), file


def test_a_secret_that_is_made_is_as_long_as_it_has_to_be(project: Project) -> None:
    longer = replace(project, secrets={**SECRETS, "SECRET_KEY_FASTAPI_AUTH": 64})
    made = Settings(longer, Steps(), lambda: False)
    made.prepare()
    assert len(made.values["SECRET_KEY_FASTAPI_AUTH"]) >= 64


def test_all_findings_come_at_once(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    bad = settings(
        project, DATABASE_NAME="", ALGORITHM="", ALGORITMH="HS256", DATABASE_PASSWORD="pa$$word",
        SECRET_KEY_FASTAPI_AUTH="short", DATABASE_PORT="x",
    )  # fmt: skip
    with pytest.raises(Problem) as stopped:
        bad.prepare()
    said = str(stopped.value)
    for finding in (
        "DATABASE_NAME is missing",
        "did you mean ALGORITHM",
        "too short",
        "'...'",
        "DATABASE_PORT is not a whole number",
    ):
        assert finding in said
    assert "pa$$" not in said + capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_PASSWORD", '"two lines of\\ntext, and long"', "DATABASE_PASSWORD has more than one line"),
        ("DATABASE_USERNAME", "'my\"user'", "DATABASE_USERNAME has to be"),
        ("DATABASE_USERNAME", "pg_me", "DATABASE_USERNAME has to be"),
        ("PORT", "65536", "PORT is not a whole number from 1 to 65535"),
        ("PORT", "0", "PORT is not a whole number from 1 to 65535"),
        ("HTTPS_PORT", "70000", "HTTPS_PORT is not a whole number from 1 to 65535"),
        ("METRICS_PORT", "-9090", "METRICS_PORT is not a whole number from 1 to 65535"),
        ("WEB_CONCURRENCY", "many", "WEB_CONCURRENCY is not a whole number from 1 to 1000"),
        ("BODY_IDLE_SECONDS", "-1", "BODY_IDLE_SECONDS is not a whole number from 1 to 86400"),
        ("BODIES_PER_CLIENT", "0", "BODIES_PER_CLIENT is not a whole number from 1 to 65535"),
        ("PROXY_MEMORY", "much", "PROXY_MEMORY is not a size from 6m on, like 512m or 1g"),
        ("WEB_MEMORY", "-1", "WEB_MEMORY is not a size from 6m on, like 512m or 1g"),
        ("WEB_MEMORY", "1000", "WEB_MEMORY is not a size from 6m on"),
        ("DATABASE_MEMORY", "much", "DATABASE_MEMORY is not a size from 6m on"),
        ("BODY_IDLE_SECONDS", "inf", "BODY_IDLE_SECONDS is not a whole number from 1 to 86400"),
    ],
)
def test_what_nothing_can_be_made_with_is_found(project: Project, name: str, value: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as stopped:
        settings(project, **{name: value}).check()
    assert str(stopped.value).count("  - ") == 1


def test_memory_is_a_size_or_has_no_limit(project: Project) -> None:
    settings(project, WEB_MEMORY="512m", DATABASE_MEMORY="1.5GB").check()
    settings(project, WEB_MEMORY="0").check()


def test_what_looks_works_with_an_env_that_is_not_in_order(project: Project) -> None:
    for port, seen in (("8443", 8443), ("x", 443), ("", 443)):
        bad = settings(project, DATABASE_NAME="", DOMAIN="example.com", HTTPS_PORT=port)
        assert (bad.https_port, bad.domain, bad.hostname) == (seen, "example.com", "db")


def test_a_database_elsewhere_may_have_any_name(project: Project) -> None:
    settings(project, DATABASE_HOSTNAME="db.example.com", DATABASE_USERNAME="pg_me").check()


def test_in_a_container_this_machine_is_not_localhost(project: Project) -> None:
    here = settings(project, DATABASE_HOSTNAME="localhost")
    here.check()
    with pytest.raises(Problem, match="names this machine, which in a container is the container itself"):
        Settings(project, Steps(), lambda: True).check()


def test_the_environment_goes_before_the_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_NAME", "theirs")
    monkeypatch.setenv("NOT_OF_THE_SERVICE", "x")
    values = settings(project).values
    assert values["DATABASE_NAME"] == "theirs"
    assert "NOT_OF_THE_SERVICE" not in values


def test_a_finding_names_the_environment_where_that_sets_the_value(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "short")
    bad = settings(project, PATH="x", DATABASE_PORT="x")
    monkeypatch.delenv("DATABASE_PORT", raising=False)
    with pytest.raises(Problem) as stopped:
        bad.check()
    said = str(stopped.value).splitlines()
    assert said[0] == ".env and the environment cannot be used:"
    assert "  - DATABASE_PASSWORD, which the environment sets, is too short: 5 bytes of at least 16" in said
    assert "  - DATABASE_PORT is not a whole number from 1 to 65535" in said
    assert any(line.startswith("  - PATH is unknown") for line in said)  # it is .env that has it
    good = settings(project)
    with pytest.raises(Problem, match=r"^The environment cannot be used:"):
        good.check()


def test_what_the_database_has_otherwise_is_told_with_its_source_and_never_costs_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_USERNAME", "DATABASE_PASSWORD", "DATABASE_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert "than DATABASE_USERNAME and DATABASE_PASSWORD in .env." in other_login()
    assert ": DATABASE_NAME in .env was another one" in other_name("b", ["a"])
    monkeypatch.setenv("DATABASE_PASSWORD", "x")
    assert "than DATABASE_USERNAME in .env and DATABASE_PASSWORD in the environment." in other_login()
    monkeypatch.setenv("DATABASE_NAME", "b")
    assert ": DATABASE_NAME in the environment was another one" in other_name("b", ["a"])
    assert "--volumes" not in other_login() + other_name("b", ["a"])
