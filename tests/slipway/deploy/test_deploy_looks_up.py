"""Deployments of a service whose secrets are taken from elsewhere: looked up to deploy, and never for a plan."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core import sources
from slipway.core.errors import Problem
from slipway.deploy import hooks, ledger, settings
from slipway.deploy.facts import Options
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.project import elsewhere, rotation
from slipway.project.checkout import Checkout
from slipway.project.database import NAMES, PASSWORD
from slipway.project.settings import Settings
from slipway.project.tables import Hooks
from slipway.runtime.environment import Environment
from slipway.verbs import deploy
from slipway.verbs.rotate import check, next_step
from tests.slipway.deploy.in_memory import MemoryDeployment, OneDatabase
from tests.slipway.deploy.support import MemoryReleases, entry

B = Options(tag="shop:b", bake=0)
NEW = "new-and-long-enough"
COMMANDS: dict[str, tuple[str, ...]] = dict.fromkeys((PASSWORD, "KEY"), ("sh", "-c", f"echo run >>runs; echo {NEW}"))
ENV = f"DATABASE_HOSTNAME=db\nDATABASE_PORT=5432\nDATABASE_NAME=shop\nDATABASE_USERNAME=shop\n{PASSWORD}=\nKEY=\n"
SAID = f"{PASSWORD} and KEY from sh: not looked up for a plan, so taken as unchanged"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have none of the variables set here, and messages that say where they come from."""
    for name in (*NAMES, "KEY"):
        monkeypatch.delenv(name, raising=False)
    sources.outside(elsewhere.sources(COMMANDS))
    yield
    sources.outside({})


@pytest.fixture
def releases() -> MemoryReleases:
    """Give a deployment's releases: a is gone, b is live, and there is an image b; a release would have no secret."""
    known = {"LOG_FORMAT": settings.hashed("salt", "LOG_FORMAT", "json"), PASSWORD: "1", "KEY": "2"}
    there = MemoryReleases(salted="salt").has(entry("a", settings=known), entry("b", settings=known))
    there.images.add("shop:c")
    return there


@pytest.fixture
def begun(production: tuple[Checkout, Environment], releases: MemoryReleases) -> Any:
    """Give a session of production."""
    checkout, environment = production
    (checkout.root / ".env.example").write_text(ENV)
    secrets = {PASSWORD: 12, "KEY": 12}
    project = replace(checkout.project, secrets=secrets, secrets_from={"prod": COMMANDS}).within("prod")
    checkout = replace(checkout, project=project)
    environment = replace(environment, settings=Settings(project, checkout.steps, lambda: True, checkout.shell))
    deployment = OneDatabase(releases)
    return SimpleNamespace(
        checkout=checkout, project=project, environment=environment, settings=environment.settings,
        steps=checkout.steps, deployment=deployment, runtime=deployment, check_secrets=lambda: None,
        port_in_use=lambda: 8000, remember=lambda: None,
    )  # fmt: skip


def runs(begun: Any) -> int:
    """Return how often a program was run."""
    file = begun.checkout.root / "runs"
    return len(file.read_text().split()) if file.exists() else 0


def test_a_plan_says_what_it_did_not_look_up(begun: Any) -> None:
    (begun.checkout.root / ".env.prod").write_text(ENV)
    for options, word in ((B, "nothing"), (replace(B, tag="shop:c"), "settings")):
        rows = dict(deploy.planned(begun, options))
        assert (rows["secrets"], word in rows) == (SAID, True)
    assert rows["settings"] == "the release's are the same"
    assert runs(begun) == 0


def test_a_plan_names_one_that_the_live_release_has_not(begun: Any, releases: MemoryReleases) -> None:
    (begun.checkout.root / ".env.prod").write_text(ENV)
    found = ledger.parse(releases.lines)[-1].settings
    assert settings.assumed({}, entry("b", settings={PASSWORD: "1"}), COMMANDS) == {
        PASSWORD: "1",
        "KEY": settings.UNSOUGHT,
    }
    assert settings.difference({PASSWORD: "1"}, settings.assumed({}, None, ["KEY"])) == f"new KEY; gone {PASSWORD}"
    assert settings.assumed({"LOG_FORMAT": found["LOG_FORMAT"]}, entry("b", settings=found), COMMANDS) == found


def test_what_is_pending_is_not_told_without_them(begun: Any) -> None:
    project = replace(begun.project, migrations="alembic")
    begun.checkout = replace(begun.checkout, project=project)
    (begun.checkout.root / ".env.prod").write_text(ENV)
    rows = dict(deploy.planned(begun, replace(B, tag="shop:c")))
    assert rows["schema"] == "what is pending cannot be told before the secrets are looked up, which a plan doesn't do"


def test_a_deployment_looks_each_up_once_before_anything(begun: Any, releases: MemoryReleases) -> None:
    releases.given = {"LOG_FORMAT": "json", PASSWORD: NEW, "KEY": NEW}
    deploy.carry_out(begun, replace(B, tag="shop:c"), yes=True, as_json=True)
    assert runs(begun) == len(COMMANDS)
    assert begun.settings.secrets == dict.fromkeys(COMMANDS, NEW)
    assert begun.checkout.shell.private == dict.fromkeys(COMMANDS, NEW)
    assert NEW not in (begun.checkout.root / ".env.prod").read_text()


def test_nothing_is_done_where_one_fails(begun: Any, releases: MemoryReleases) -> None:
    begun.project.secrets_from["prod"] = COMMANDS | {"KEY": ("false",)}
    with pytest.raises(Problem, match=r"KEY is taken from false, .* ended with status 1"):
        deploy.carry_out(begun, B, yes=True, as_json=True)
    assert releases.done == []


def test_going_back_looks_up_what_a_new_release_needs(begun: Any, releases: MemoryReleases) -> None:
    (begun.checkout.root / ".env.prod").write_text(ENV)
    back = Rollback(begun.checkout, begun.environment, MemoryDeployment(releases), lambda: 8000)
    assert "secrets" not in dict(back.plan())  # the containers are there, with their own
    del releases.there["a"]
    back.to = "a"
    assert dict(back.plan())["secrets"] == SAID
    assert runs(begun) == 0
    begun.settings.looks_up = True
    back.run(wait=False)
    assert runs(begun) == len(COMMANDS)


def test_the_database_gets_the_password_that_is_there_by_now(begun: Any, releases: MemoryReleases) -> None:
    (begun.checkout.root / ".env.prod").write_text(ENV)
    releases.given = {"LOG_FORMAT": "json", PASSWORD: NEW, "KEY": NEW}
    releases.lines = "".join(
        replace(one, settings=one.settings | {"KEY": settings.hashed("salt", "KEY", NEW)}).line()
        for one in ledger.parse(releases.lines)
    )
    asked = Options(bake=0, rotation=next_step(begun, PASSWORD, given=True, at_once=False))
    deploys = Deployer(begun.checkout, begun.environment, begun.deployment, 8000)
    deploys.deploy(deploys.gather(asked), asked)
    assert "change" in releases.done
    assert (begun.checkout.root / ".env.prod").read_text() == ENV


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        (PASSWORD, False, "then: ./inv rotate DATABASE_PASSWORD --given, which gives it to the database as well"),
        ("KEY", False, "Slipway writes nothing there. Change it there, then: ./inv deploy"),
        ("KEY", True, "Slipway writes nothing there"),
    ],
    ids=["password", "key", "given"],
)  # fmt: skip
def test_one_that_would_be_made_is_refused(begun: Any, name: str, given: bool, said: str) -> None:
    with pytest.raises(Problem, match=said):
        check(begun, name, given=given, at_once=False)


def test_a_password_of_a_database_elsewhere_is_a_second_users(begun: Any) -> None:
    of = begun.project
    with pytest.raises(
        Problem, match=r"put its password where DATABASE_PASSWORD is taken from, \./inv deploy, and remove"
    ):
        elsewhere.refuse_rotation([PASSWORD], of.elsewhere, of.environment, given=True, own=False)
    elsewhere.refuse_rotation([PASSWORD], of.elsewhere, of.environment, given=True, own=True)


def test_another_secret_that_was_changed_there_comes_live_first(begun: Any) -> None:
    step = rotation.step(PASSWORD, {}, lambda: NEW)
    live = entry("b", settings={"KEY": "1"})
    with pytest.raises(
        Problem, match=r"^KEY of secrets-from \(sh\): another value than the live release has\. Bring it"
    ):
        settings.check_step(step, begun.project.secrets, live, {"KEY": "2"})


def test_a_hook_that_one_is_named_for_gets_it(begun: Any) -> None:
    project = replace(begun.project, hooks=Hooks(before_deploy=("true",), secrets=("KEY",)))
    given = hooks.environ(project, {"KEY": "x", "HOME": "/"}, dict.fromkeys(COMMANDS, NEW))
    assert given == {"HOME": "/", "KEY": NEW}
    assert hooks.rows(project, hooks.OF_DEPLOY, wanted=True) == [("hooks", "before-deploy: true")]
