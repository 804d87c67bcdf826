"""`inv maintenance` on releases in memory: what clients get, who is let in, and a proxy that doesn't know it yet."""

import html
import json

import pytest

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy import maintenance, plan
from slipway.deploy.facts import Options
from slipway.deploy.maintenance import IMPORT, Maintenance, addresses, lacking, parse, send_away, snippet
from slipway.deploy.run import Deployer
from slipway.project.checkout import Checkout
from slipway.runtime.environment import Environment
from tests.slipway.deploy.in_memory import MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases, entry

OURS = resources.template("Caddyfile")
HARMFUL = '</p><script>alert("1")</script> {env.HOME} `respond` \\ "\n{$SITE} \x1b[31m \udcff'
WANTED = Maintenance("2026-11-27T22:00:00+00:00", "ann@desk", "Back soon", 120, ("192.0.2.7",))


def test_no_message_gets_out_of_its_place() -> None:
    files = Maintenance(message=HARMFUL).files()
    page = files[maintenance.PAGE]
    assert "<script>" not in page
    assert html.escape("{env.HOME} `respond` \\ ") in page
    problem = json.loads(files[maintenance.PROBLEM])
    assert (problem["status"], problem["title"]) == (503, "Service Unavailable")
    assert problem["detail"].startswith('</p><script>alert("1")</script> {env.HOME} `respond` \\ "\n{$SITE} ')
    assert all(text.encode() for text in files.values())  # also what is no text of any language
    assert list(files)[-1] == maintenance.ON


def test_what_is_noted_is_read_again_and_what_cannot_be_read_is_not_taken_for_none() -> None:
    assert parse(WANTED.files()[maintenance.ON]) == WANTED
    assert parse("") is None
    for text in ("{", "[]", "1", '{"allow": 1}', "\n"):
        assert parse(text) == Maintenance()
    assert parse('{"since": "then", "of a later version": 1}') == Maintenance("then")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ()),
        ("192.0.2.7", ("192.0.2.7",)),
        (" 192.0.2.7, 2001:DB8:0:0::7,192.0.2.7 ", ("192.0.2.7", "2001:db8::7")),
        ("::ffff:192.0.2.7", ("192.0.2.7",)),
    ],
)
def test_addresses_are_spelled_as_the_proxy_does(given: str, found: tuple[str, ...]) -> None:
    assert addresses(given) == found


@pytest.mark.parametrize("given", ["192.0.2.0/24", "me.example.com", "192.0.2.7 192.0.2.8", "fe80::1%eth0", "../live"])
def test_what_is_no_address_is_not_let_in(given: str) -> None:
    with pytest.raises(Problem, match="--allow"):
        addresses(given)


def test_which_lines_a_caddyfile_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lacking(OURS) == []
    assert lacking("") == [*snippet(), IMPORT]
    assert lacking(OURS.replace(f"\t{IMPORT}\n", "\n")) == [IMPORT]
    assert lacking(OURS.replace("try_files /maintenance/on", "# try_files /maintenance/on")) == snippet()
    monkeypatch.setattr(resources, "template", lambda _: "of my own")
    assert lacking("") == [maintenance.KNOWN, IMPORT]  # what Slipway has is changed as well
    inlined = OURS.replace(f"{maintenance.SNIPPET}\n", "").replace(IMPORT, "")
    assert lacking(inlined) == []


@pytest.fixture
def releases() -> MemoryReleases:
    """Give the releases of a deployment whose proxy knows it."""
    there = MemoryReleases(configuration=OURS).has(entry("a"))
    there.proxy.text = OURS
    return there


def begun(releases: MemoryReleases, wanted: Maintenance = WANTED) -> Maintenance:
    """Send clients away."""
    return send_away(Steps(), releases, lambda: 80, wanted)


def test_no_lock_is_taken_and_who_began_stays_noted(releases: MemoryReleases) -> None:
    assert begun(releases) == WANTED
    again = begun(releases, Maintenance("later", "bob@desk", "Still away"))
    assert (again.since, again.by, again.message, again.allow) == (WANTED.since, WANTED.by, "Still away", ())
    assert parse(releases.maintenance()[0]) == again
    assert releases.done == ["sent away but ('192.0.2.7',)", "sent away"]


def test_a_proxy_of_before_gets_the_caddyfile_first(releases: MemoryReleases) -> None:
    releases.configuration = "of before"
    begun(releases, Maintenance())
    assert releases.done == ["locked", "proxy loaded", "unlocked", "sent away"]
    assert releases.configuration == OURS


def test_a_proxy_that_is_to_be_made_anew_is_a_deployments(releases: MemoryReleases) -> None:
    releases.configuration, releases.proxy.defined = "of before", "recreate"
    with pytest.raises(Problem, match=r"\./inv deploy brings both\. Nothing was changed\."):
        begun(releases)
    assert (releases.configuration, releases.away) == ("of before", {})


def test_a_caddyfile_of_ones_own_is_told_which_lines_it_lacks(releases: MemoryReleases) -> None:
    releases.configuration = releases.proxy.text = "of my own"
    with pytest.raises(Problem) as refused:
        begun(releases)
    assert all(line in str(refused.value.message) for line in (*snippet(), IMPORT))
    assert "it lacks the lines above" in str(refused.value.message)
    assert (releases.done, releases.away) == ([], {})


def test_a_deployment_goes_on_behind_it_and_says_so(
    production: tuple[Checkout, Environment], releases: MemoryReleases
) -> None:
    begun(releases)
    releases.images.add("shop:b")
    deploys, asked = Deployer(*production, MemoryDeployment(releases), 8000), Options(tag="shop:b")
    said = dict(plan.rows(deploys.look(asked), asked))["clients"]
    assert said == (
        "are sent away (on since 2026-11-27T22:00:00+00:00, by ann@desk), and still are then: ./inv maintenance --off "
        "lets them in"
    )
    assert deploys.deploy(deploys.gather(asked), asked).image == "shop:b"
    assert "clients" in dict(plan.rows(deploys.look(asked), asked))  # when there is nothing to do as well
    assert releases.away

    releases.proxy.text = "of my own"
    with pytest.raises(Problem, match=r"with this Caddyfile none would be: it lacks the lines above"):
        deploys.look(asked)
    releases.let_in()
    assert "clients" not in dict(plan.rows(deploys.look(asked), asked))
