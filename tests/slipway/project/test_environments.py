"""Which environments a project has, what is otherwise in them, and which one a verb is about."""

import re
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.project.config import load
from slipway.project.environments import APART, Asked, chosen, names
from slipway.project.settings import Settings

STAGING = """
[tool.slipway.environments.staging]
context = "server"
domain = "staging.example.com"
port = 9000
memory = "512m"
scale = 2
bake = 5
keep = 1

[tool.slipway.environments.prod]
domain = "example.com"
"""
KNOWN = ["dev", "prod", "staging"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of a project that has three environments."""
    return written(tmp_path, STAGING)


def written(root: Path, more: str, top: str = "") -> Path:
    """Return a folder with a pyproject.toml that has more to say."""
    text = f'[project]\nname = "shop"\nversion = "1.0.0"\n[tool.slipway]\nport = 8123\n{top}\n{more}'
    (root / "pyproject.toml").write_text(text)
    return root


@pytest.mark.parametrize(
    ("asked", "variable", "name"),
    [
        (Asked(), "", "dev"), (Asked(prod=True), "", "prod"), (Asked(), "staging", "staging"),
        (Asked(prod=True), "dev", "prod"), (Asked(env="staging"), "prod", "staging"), (Asked(env="dev"), "prod", "dev"),
        (Asked(prod=True, env="prod"), "", "prod"), (Asked(default="prod"), "", "prod"),
        (Asked(default="prod"), "staging", "staging"), (Asked(default="prod"), "dev", "prod"),
        (Asked(env="staging", default="prod"), "", "staging"),
    ],
    ids=[
        "nothing", "prod", "variable", "prod before the variable", "env before the variable", "dev", "both", "deploys",
        "deploys by the variable", "deploys not to dev", "deploys there",
    ],
)  # fmt: skip
def test_one_switch_chooses_the_environment(asked: Asked, variable: str, name: str) -> None:
    assert asked.choose(KNOWN, variable) == name


@pytest.mark.parametrize(
    ("asked", "variable", "said"),
    [
        (Asked(prod=True, env="staging"), "", "--prod is --env prod, and --env staging is another one"),
        (Asked(env="stagin"), "", "There is no environment 'stagin', which --env names: there is dev, prod, staging. "
         "Did you mean staging?"),
        (Asked(), "qa", "which SLIPWAY_ENV names: there is dev, prod, staging. Another one is a table of "
         "pyproject.toml: [tool.slipway.environments.qa]"),
        (Asked(env="dev", default="prod"), "", "--env dev: nothing is deployed in dev. There is prod, staging."),
    ],
    ids=["both", "mistyped", "unknown", "deploys to dev"],
)  # fmt: skip
def test_an_environment_that_cannot_be_meant_is_refused(asked: Asked, variable: str, said: str) -> None:
    with pytest.raises(Problem, match=re.escape(said)):
        asked.choose(KNOWN, variable)


def test_a_project_may_want_it_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_ENV", raising=False)
    written(root, STAGING, "require-environment = true")
    with pytest.raises(Problem, match=r"wants it named: --env dev, --env prod, --env staging \(or SLIPWAY_ENV\)\."):
        chosen(root, Asked())
    with pytest.raises(Problem, match=r"wants it named: --env prod, --env staging\.$"):
        chosen(root, Asked(default="prod"))
    assert chosen(root, Asked(env="dev")) == chosen(root, Asked(), optional=True) == "dev"
    monkeypatch.setenv("SLIPWAY_ENV", "staging")
    assert chosen(root, Asked()) == "staging"
    monkeypatch.setenv("SLIPWAY_ENV", "dev")
    monkeypatch.setenv(APART, "1")
    assert chosen(root, Asked(default="prod")) == "prod"


def test_names_are_told_of_what_cannot_be_read_as_well(root: Path) -> None:
    assert sorted(names(root)) == KNOWN
    (root / "pyproject.toml").write_text("[tool")
    assert names(root) == names(root / "nowhere") == ["dev", "prod"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("test", r"environments.test\] cannot be the name of an environment"),
        ("rehearsal", "which Slipway has itself"),
        ('"two-words"', "cannot be the name"),
        ("Staging", "cannot be the name"),
        ("dev]\nscale = 2\n[x", r"environments.dev\] has scale: nothing is deployed in dev\."),
        ("qa]\nmemory = 'little'\n[x", "memory = 'little' is not a size"),
        ("qa]\nbakes = 5\n[x", r"\[tool.slipway.environments.qa\] has no key 'bakes': did you mean 'bake'\?"),
        ("qa]\nport = 0\n[x", r"port = 0 should be a whole number"),
    ],
    ids=["test", "rehearsal", "two words", "a capital", "dev", "memory", "key", "port"],
)
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        load(written(tmp_path, f"[tool.slipway.environments.{table}]\n"))


def test_each_environment_has_its_own_file_and_ways(root: Path) -> None:
    project = load(root)
    staging, dev = project.within("staging"), project.within("dev")
    assert [one.env_file for one in (dev, staging, project.within("prod"))] == [".env", ".env.staging", ".env.prod"]
    assert (staging.deploy.bake, staging.deploy.keep, staging.deploy.drain) == (5, 1, 30)
    assert (dev.deploy.bake, staging.place.scale, staging.place.context) == (30, 2, "server")
    assert project.within("prod", ".env").settings_file == root / ".env"


def test_what_the_table_says_is_a_default(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".env.example").write_text("ANYTHING=\n# PORT=8000\n")
    (root / ".env").write_text("ANYTHING=1\nPORT=1111\nCOMPOSE_PROJECT_NAME=mine\n")
    (root / ".env.staging").write_text("ANYTHING=1\nWEB_MEMORY=1g\n")
    for name in ("PORT", "DOMAIN", "WEB_MEMORY", "COMPOSE_PROJECT_NAME"):
        monkeypatch.delenv(name, raising=False)
    project = load(root)
    of = Settings(project.within("staging"), Steps(), lambda: True)
    assert (of.domain, of.port_of("staging"), of.values["WEB_MEMORY"]) == ("staging.example.com", 9000, "1g")
    mine = {"COMPOSE_PROJECT_NAME": "mine"}  # of the folder, whichever file says it
    assert of.beyond(project) == {"DOMAIN": "staging.example.com", "PORT": "9000"} | mine
    assert Settings(project.within("dev"), Steps(), lambda: True).beyond(project) == mine
    monkeypatch.setenv("PORT", "7000")
    assert (of.beyond(project), Settings(of.project, Steps(), bool).port_of("staging")) == (
        {"DOMAIN": "staging.example.com"} | mine,
        7000,
    )
    monkeypatch.setenv(APART, "1")  # what tries a release is here, by itself
    assert of.beyond(project) == mine
