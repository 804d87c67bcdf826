"""An environment without a settings file of its own: no verb makes new secrets beside data that is there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.settings import hashes
from slipway.project.config import Project
from slipway.runtime.release import Pointer, Remembered
from slipway.verbs import own_file

DATABASE = "the volume shop-prod_database"
SALT, LIVE = "salt", {"KEY": "of-production", "DATABASE_PASSWORD": "of-production-too"}


class Session:
    """A session of an environment, where such volumes are; `secrets` are what its settings have."""

    def __init__(
        self, root: Path, name: str = "prod", volumes: tuple[str, ...] = (), secrets: dict[str, str] | None = None
    ) -> None:
        self.loaded = Project(root=root, name="shop", version="1", secrets=dict.fromkeys(LIVE, 1))
        self.steps, self.is_told, self.is_deployed, self.choice = Steps(), False, name != "dev", ("docker", "")
        self.shell, self.memory = SimpleNamespace(beneath={}), SimpleNamespace(file="", read=str)
        self.secrets = secrets or {}
        self.ledger = entry(hashes(LIVE, SALT)).line()
        self.deployment: Any = SimpleNamespace(
            traces=lambda: list(volumes), releases=SimpleNamespace(remembered=self.remembered)
        )
        self.runtime: Any = SimpleNamespace(volumes=lambda: ["the volume shop-prod_ledger", *volumes])
        self.see(self.loaded.within(name))

    def remembered(self) -> Remembered:
        """Return what its deployment remembers."""
        return Remembered(Pointer("one"), self.ledger, SALT)

    def see(self, project: Project) -> None:
        """Have the project as it is in an environment."""
        self.project = project
        self.environment: Any = SimpleNamespace(is_dev=project.environment == "dev", name=project.environment)
        self.settings: Any = SimpleNamespace(is_missing=not project.settings_file.exists(), values=self.secrets)

    @property
    def seen(self) -> Any:
        """Itself, as what it is like."""
        return self


def entry(settings: dict[str, str]) -> Entry:
    """Return what the ledger says of a live release that has these settings."""
    return Entry(
        event="1", what="deploy", release="one", image="shop:1", image_id="sha256:1", by="me", began="",
        outcome=Outcome.LIVE, settings=settings,
    )  # fmt: skip


def test_no_secrets_are_made_beside_a_production_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(Problem) as raised:
        own_file.check(Session(tmp_path, volumes=(DATABASE,)).seen)
    assert raised.value.message == (
        "There is no .env, and shop is in production already: the volume shop-prod_database. A new one would have "
        "other secrets. Nothing was changed. Take them from it: ./inv env --pull. Or copy the .env of who deploys it "
        "into this folder, then run this again."
    )


def test_a_new_deployment_gets_its_own_and_so_does_development(tmp_path: Path) -> None:
    own_file.check(Session(tmp_path).seen)
    own_file.check(Session(tmp_path, "dev", (DATABASE,)).seen)
    (tmp_path / ".env.staging").touch()
    own_file.check(Session(tmp_path, "staging", (DATABASE,)).seen)
    (tmp_path / ".env").touch()
    (tmp_path / ".env.staging").unlink()
    of = Session(tmp_path, "staging", (DATABASE,))
    own_file.settle(of.seen, "deploy")
    with pytest.raises(Problem, match=r"There is no \.env, and shop has staging already"):
        own_file.check(of.seen)


@pytest.mark.parametrize(
    ("own", "volumes", "file"),
    [(True, (DATABASE,), ".env.prod"), (False, (), ".env.prod"), (False, (DATABASE,), ".env")],
    ids=["its own", "nothing is there", "deployed before"],
)
def test_a_production_of_before_goes_on_with_the_file_of_development(
    tmp_path: Path, own: bool, volumes: tuple[str, ...], file: str
) -> None:
    (tmp_path / ".env").touch()
    if own:
        (tmp_path / ".env.prod").touch()
    of = Session(tmp_path, volumes=volumes, secrets=LIVE)
    own_file.settle(of.seen, "deploy")
    assert of.project.env_file == file


def test_it_goes_on_with_the_secrets_that_are_live_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").touch()
    of = Session(tmp_path, volumes=(DATABASE,), secrets=LIVE)
    own_file.settle(of.seen, "deploy")
    own_file.check(of.seen)
    own_file.check(of.seen)
    assert capsys.readouterr().err == (
        "  settings   .env, with which it was deployed; for a file of its own, .env.prod: ./inv env --split\n"
    )
    other = Session(tmp_path, volumes=(DATABASE,), secrets=LIVE | {"KEY": "of-development"})
    own_file.settle(other.seen, "deploy")
    with pytest.raises(Problem) as raised:
        own_file.check(other.seen)
    assert raised.value.message == (
        "There is no .env.prod, and shop is in production already, with other secrets than .env has: KEY. .env is "
        "development's. Nothing was changed. Take them from it: ./inv env --pull. Or copy the .env.prod of who deploys "
        "it into this folder, then run this again. If .env is production's, changed on purpose: cp -p .env .env.prod"
    )


@pytest.mark.parametrize("ledger", ["", entry({}).line()], ids=["nothing live", "settings not noted"])
def test_what_is_not_noted_is_no_other_secret(tmp_path: Path, ledger: str) -> None:
    (tmp_path / ".env").touch()
    of = Session(tmp_path, volumes=(DATABASE,), secrets={"KEY": "of-somebody"})
    of.ledger = ledger
    own_file.settle(of.seen, "deploy")
    own_file.check(of.seen)


def test_without_an_engine_the_folder_tells_whether_it_was_deployed(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    for remembered, file in (("host", ".env"), ("docker", ".env.prod")):
        of = Session(tmp_path)
        of.choice, of.is_deployed, of.runtime = ("host", ""), False, SimpleNamespace(volumes=list)
        of.memory = SimpleNamespace(file=".slipway/prod/runtime", read=lambda remembered=remembered: remembered)
        own_file.settle(of.seen, "deploy")
        assert of.project.env_file == file
