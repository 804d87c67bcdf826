"""Releases as an engine has them: containers with labels, volumes, a proxy."""

import base64
import json
import re
import struct
from dataclasses import replace

from slipway.core.shell import Ran
from slipway.deploy.compose import labels
from slipway.deploy.compose.answers import decoded, of_proxy
from slipway.deploy.compose.edge import Edge
from slipway.deploy.compose.files import Files, secrets_command
from slipway.deploy.compose.groups import environments, grouped, made_of, state, unknown, unlabelled
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.deploy.compose.proxy import (
    CaddyProxy,
    ask_command,
    connections_command,
    look_command,
    reload_command,
    validate_command,
)
from slipway.deploy.compose.releases import EngineReleases
from slipway.engine.containers import CONFIG_HASH, ONE_OFF, PROJECT, SERVICE, Container
from slipway.engine.stack import Stack
from slipway.project.config import load
from slipway.project.settings import Settings
from slipway.runtime import State
from slipway.runtime.release import Answers, Release
from tests.slipway.deploy.support import web
from tests.slipway.engine import support as engine
from tests.support import ROOT

METRICS = """
caddy_http_request_duration_seconds_count{code="200",handler="headers",method="GET",server="srv1"} 70
caddy_http_request_duration_seconds_count{code="200",handler="subroute",method="GET",server="srv1"} 60
caddy_http_request_duration_seconds_count{code="201",handler="subroute",method="POST",server="srv0"} 1.5e+01
caddy_http_request_duration_seconds_count{code="404",handler="subroute",method="GET",server="srv1"} 4
caddy_http_request_duration_seconds_count{code="499",handler="subroute",method="POST",server="srv1"} 4
caddy_http_request_duration_seconds_count{code="500",handler="subroute",method="POST",server="srv1"} 2
caddy_http_request_duration_seconds_count{code="502",handler="subroute",method="POST",server="srv1"} 17
caddy_http_request_duration_seconds_count{code="503",handler="subroute",method="GET",server="srv1"} 1
caddy_http_request_duration_seconds_count{code="503",handler="subroute",method="GET",server="internal"} 9
caddy_http_request_duration_seconds_sum{code="500",handler="subroute",method="POST",server="srv1"} 2
"""


def test_answers_are_those_that_clients_got_from_the_service_and_broke_themselves_in_no_way() -> None:
    assert of_proxy(METRICS) == Answers(60 + 15 + 4 + 4 + 2 + 17 + 1, 2, 1)
    assert of_proxy("") == Answers()


def test_what_a_release_counts_is_the_sum_of_its_processes() -> None:
    counts = [0, 2, 0, 100, 1, 0, 50, 0, 3, 0, 0, 0]  # two workers died; two that run; a place that nobody has
    assert decoded(base64.b64encode(struct.pack("=12Q", *counts)).decode()) == Answers(150, 3, 3)


def test_connections_are_those_to_the_release_s_own_addresses() -> None:
    command = connections_command("proxy", ["172.20.0.4", "10.0.1.2"])
    assert command[:5] == ["docker", "exec", "proxy", "sh", "-c"]
    found = re.search(r"grep -cE '(.*)' /proc/net/tcp", command[5])
    assert found
    lines = [
        "   3: 030014AC:D4B4 040014AC:1F40 01 00000000:00000000 00:00000000 00000000     0        0 1",  # a request
        "   4: 030014AC:D4B6 0201000A:1F40 02 00000000:00000000 00:00000000 00000000     0        0 1",  # on its way
        "   5: 030014AC:D4B8 040014AC:1F40 06 00000000:00000000 00:00000000 00000000     0        0 1",  # ended
        "   6: 030014AC:D4BA 050014AC:1F40 01 00000000:00000000 00:00000000 00000000     0        0 1",  # to another
        "   7: 040014AC:1F40 030014AC:D4B4 01 00000000:00000000 00:00000000 00000000     0        0 1",  # from it
    ]
    assert [bool(re.search(found[1], line)) for line in lines] == [True, True, False, False, False]


def test_releases_are_grouped_the_oldest_first() -> None:
    database = Container("db", labels={SERVICE: "db"})
    found = grouped([web("b"), web("a"), database, web("b", running=False)])
    assert [(one.id, one.scale, one.running, one.ready) for one in found.values()] == [
        ("a", 1, True, True), ("b", 2, True, False),
    ]  # fmt: skip
    assert (found["a"].host, found["a"].schema) == ("web-a", "0002")


def test_another_service_of_a_release_is_no_replica_of_web() -> None:
    worker = replace(web("a", ""), name="shop-a-worker-1", labels={labels.RELEASE: "a", SERVICE: "worker"})
    one_off = replace(web("a", running=False), labels={**web("a").labels, ONE_OFF: "True"})
    release = grouped([web("a"), worker, one_off])["a"]

    assert list(release.services) == ["web", "worker"]
    assert release.scale == 1
    assert release.names == ["shop-a-web-1", "shop-a-worker-1"]
    assert release.ready  # the worker has no health check, and runs
    dead = replace(worker, running=False)
    assert grouped([web("a"), dead])["a"].verdict().wrong == "has a worker that ended with status 3"
    assert grouped([web("a"), dead])["a"].running  # clients can be led to it
    left = grouped([worker])["a"]  # nobody could, and it is there to be removed
    assert (left.running, left.scale, left.image, left.names) == (False, 0, "shop:a", ["shop-a-worker-1"])


def test_without_web_a_release_runs_while_any_of_it_does() -> None:
    bots = [replace(web("a", "", number > 0), labels={labels.RELEASE: "a", SERVICE: "bot"}) for number in range(2)]
    release = grouped(bots, has_web=False)["a"]

    assert (release.running, release.scale, release.title, release.replicas) == (True, 0, "a", {"bot": 2})
    assert state(release) == State("stopped", {"id": "a", "image": "shop:a"})  # as the worst of them
    assert state(None) == State("stopped")


def test_one_that_is_watched_is_looked_at_by_one_command() -> None:
    def inspected(health: str, *services: str) -> str:
        state = {"Running": True, "Health": {"Status": health}}
        names = {f"shop-a-{one}-1": {labels.RELEASE: "a", SERVICE: one} for one in services}
        return json.dumps([
            {"Id": name, "Name": f"/{name}", "State": state, "Config": {"Labels": of}} for name, of in names.items()
        ])  # fmt: skip

    shell = engine.Answers()
    project = load(ROOT)
    stack = Stack(shell, project, "prod", dict)
    files = Files(stack, str)
    proxy = CaddyProxy(stack, files, Edge(stack))
    network = DatabaseNetwork(stack, lambda job: Ran(0))
    releases = EngineReleases(stack, Settings(project, shell.steps, lambda: True), files, proxy, network)

    def looked(*answers: str) -> tuple[str, list[str]]:
        shell.answers, shell.asked = list(answers), []
        found = releases.again("a")
        return found.verdict().wrong or str(found.ready) if found else "", [argv[1] for argv in shell.asked]

    assert looked("a b", inspected("starting", "web", "worker")) == ("False", ["ps", "inspect"])
    assert looked(inspected("healthy", "web", "worker")) == ("True", ["inspect"])
    # One that is gone, or was made anew under another name: all are listed.
    one_less = inspected("healthy", "web")
    assert looked(one_less, "a", one_less) == ("True", ["inspect", "ps", "inspect"])
    assert looked("", one_less) == ("True", ["inspect"] * 2)  # and when an answer was lost
    assert looked("", "", "a", one_less) == ("True", ["inspect", "inspect", "ps", "inspect"])


def test_a_release_is_as_it_is_defined_when_each_of_its_services_is() -> None:
    def of(*services: str) -> Release:
        made = [
            replace(web("a"), labels={labels.RELEASE: "a", SERVICE: one, CONFIG_HASH: f"{one}-1"}) for one in services
        ]
        return grouped(made)["a"]

    assert made_of(of("web", "web", "worker")) == {("web", "web-1"), ("worker", "worker-1")}
    assert made_of(of("web")) != {("web", "web-1"), ("worker", "worker-1")}  # it was added
    assert made_of(of("web")) != {("web", "web-2")}


def test_settings_are_those_of_all_services() -> None:
    worker = {"environment": {"QUEUE": "fast", "PORT": "1"}}
    services = {"web": {"environment": {"PORT": "8000"}}, "worker": worker, "idle": {}}
    assert environments(services) == {"QUEUE": "fast", "PORT": "8000"}


def test_the_commands() -> None:
    assert ask_command("shop-proxy-1", "http://web-a:8000/up") == [
        "docker", "exec", "shop-proxy-1", "wget", "-q", "-S", "-T", "5", "-t", "1", "-O", "/dev/null", "http://web-a:8000/up",
    ]  # fmt: skip
    assert reload_command("p", "/deployment/Caddyfile.next") == [
        "docker", "exec", "p", "caddy", "reload", "--config", "/deployment/Caddyfile.next", "--adapter", "caddyfile",
        "--address", "unix//tmp/caddy.sock",
    ]  # fmt: skip
    assert look_command("p")[:5] == ["docker", "exec", "p", "sh", "-c"]
    validate = validate_command("caddy:2", "shop-prod", ["SITE", "ACME_CA_ROOT"])
    assert validate[:5] == ["docker", "run", "--rm", "--network", "none"]
    assert "com.docker.compose.project=shop-prod" in validate
    assert validate[validate.index("--interactive") + 1 : -2] == [
        "--env",
        "SITE",
        "--env",
        "ACME_CA_ROOT",
        "--entrypoint",
        "sh",
        "caddy:2",
    ]
    fill = secrets_command("shop:1", "shop-prod", {"shop-a-secrets": "/secrets"}, "fill", "65532")
    assert "--user 0:0 --cap-drop ALL" in " ".join(fill)
    assert fill[-4:] == [fill[-4], "sh", "fill", "65532"]
    assert fill[fill.index("--volume") + 1] == "shop-a-secrets:/secrets"


def test_names_and_labels_are_those_that_deployments_have_on_engines_already() -> None:
    assert labels.lock_name("shop-prod") == "shop-prod-lock"
    assert labels.files_volume("shop-prod") == "shop-prod_deployment"
    assert labels.database_secrets("shop-prod") == "shop-prod_secrets"
    assert labels.release_secrets("shop-prod", "20261124t120000") == "shop-prod-20261124t120000-secrets"
    assert labels.of_release("shop-prod", "a") == ("dev.slipway.deployment=shop-prod", "dev.slipway.release=a")
    assert labels.of_stack("shop-prod", "secrets") == (
        "com.docker.compose.project=shop-prod", "com.docker.compose.volume=secrets",
    )  # fmt: skip


def test_what_was_started_without_inv_is_told_from_what_is_nobodys() -> None:
    def one(service: str, deployment: str, project: str = "shop-prod", **more: str) -> Container:
        of = {PROJECT: project, SERVICE: service, labels.DEPLOYMENT: deployment, **more}
        return Container(service, f"{project}-{service}-1", labels=of)

    found = [
        one("db", "slipway-prod"), one("proxy", "shop-prod"), one("web", ""), one("web", "shop-prod", "shop-prod-a"),
        one("trial", "", **{ONE_OFF: "True"}),
    ]  # fmt: skip
    assert unlabelled(found, "shop-prod") == ["db", "web"]
    assert unlabelled([replace(one, running=False) for one in found], "shop-prod") == []
    assert unknown(found, "shop-prod", {"db", "proxy", "migrate"}) == ["shop-prod-web-1"]
    assert unknown(found, "shop-prod", {"db", "proxy", "web"}) == []
