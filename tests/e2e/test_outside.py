"""What clients can do from outside: to each other, and to whoever deploys."""

import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e import attacks, outside, repeated
from tests.e2e.attacks import Attack, Target, attack, streams
from tests.e2e.load import under_load
from tests.e2e.outside import ATTACKS, GATEWAYS, OVER_HTTP2, RATE, figures
from tests.e2e.production import PROD, after, all_is_stored, change, deployed, errors, live, webs
from tests.e2e.sent_away import caddyfile_of_before, clients_are_sent_away
from tests.e2e.support import commit, run
from tests.e2e.talk import credentials, done, token
from tests.support import PATIENT, Checkout, free_port, wait_for

pytestmark = pytest.mark.minutes(4)


@pytest.fixture
def open_to_all(docker: Checkout) -> Checkout:
    """Give a production that has the endpoints of the tests as well."""
    return outside.open_to_all(docker)


def production(docker: Checkout, scheme: str) -> tuple[Target, dict[str, str]]:
    """Return where a production with HTTP is reached, or one with HTTPS as well; and the variables to deploy it."""
    env = {"WEB_CONCURRENCY": "2", "TRUSTED_PROXIES": GATEWAYS}  # attacks may name another client
    if scheme == "http":
        return Target(docker.url), env
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # the certificate is of Caddy's own
    port = str(free_port())
    return Target(f"https://localhost:{port}", trust), env | {"DOMAIN": "localhost", "HTTPS_PORT": port}


@pytest.mark.parametrize(
    ("scheme", "long"),
    [
        ("http", False),
        pytest.param("http", True, marks=[pytest.mark.full, pytest.mark.alone]),
        pytest.param("https", True, marks=[pytest.mark.full, pytest.mark.alone]),
    ],
)
def test_nobody_is_harmed_by_what_others_send(open_to_all: Checkout, scheme: str, long: bool) -> None:
    docker = open_to_all
    at, env = production(docker, scheme)
    done(docker, "deploy", "--yes", "--bake", "0", **env)
    verify = at.trust or True
    kinds = [*ATTACKS, *OVER_HTTP2] if at.trust else ATTACKS
    headers = token(at.origin, verify)
    with (
        under_load(at.origin, headers, RATE, verify) as load,
        streams(at, 30 if long else 5) as open_,
    ):
        after(load, RATE)
        outside.they_are_harmless(at, load, kinds, long, errors)
        change(docker, "under attack")
        before = len(load.latencies)
        with docker.start("deploy", "--yes", "--bake", "20" if long else "5", **env) as process:
            last = outside.attacked_until_it_ends(process, at)
        figures("a deployment", load, before, "live")
    all_is_stored(docker, load)
    assert live() == re.findall(r"(?m)^  live +(\S+),", last)[0]
    assert open_.broken == []
    assert set(open_.done) == {"WebSocket", "events", "upload"}


@pytest.mark.parametrize(
    ("kind", "count", "logged"),
    [
        (attacks.exits, 5, "exited with code 1"),
        pytest.param(attacks.blocks, 2, "WORKER TIMEOUT", marks=pytest.mark.full),
    ],
)
def test_a_request_that_ends_its_worker_ends_one(open_to_all: Checkout, kind: Attack, count: int, logged: str) -> None:
    docker = open_to_all
    done(docker, "deploy", "--yes", "--bake", "0", "--scale", "2", WEB_CONCURRENCY="2")
    containers = webs()

    def died() -> int:
        return sum(run("docker", "logs", container).count(logged) for container in containers)

    outside.each_ends_one_worker(docker.url, token(docker.url), kind, count, died)
    if kind is attacks.exits:
        outside.one_with_a_key_ends_two(docker.url, died)
        repeated.another_container_answers(docker.url, containers)
        assert died() == count + 2


@pytest.mark.full  # the limits are tested with the service; this shows that they hold
def test_logins_go_on_while_others_register(open_to_all: Checkout) -> None:
    docker = open_to_all
    done(docker, "deploy", "--yes", "--bake", "0", TRUSTED_PROXIES=GATEWAYS)
    at, new = Target(docker.url), credentials()
    form = {"username": new["email"], "password": new["password"]}
    assert httpx2.post(f"{docker.url}/users", json=new, timeout=PATIENT).status_code == 201
    with ThreadPoolExecutor(1) as pool, under_load(docker.url, token(docker.url), RATE) as load:
        flood = pool.submit(attack, attacks.registers, at, 30, 30 * 20)
        logins = []
        while not flood.done():
            logins.append(httpx2.post(f"{docker.url}/users/token", data=form, timeout=PATIENT).status_code)
            time.sleep(1)  # one a second, however fast
        found = flood.result()
    figures("registers", load, 0, f"{dict(found)}; of {len(logins)} logins {logins.count(200)} succeeded; "
            f"{len(load.failed)} others failed")  # fmt: skip
    assert found["503"] + found["429"] > 100
    assert len(logins) >= 10
    assert logins.count(200) >= 0.95 * len(logins)


# What workers that die do to requests, a bug does as well; without connections that are left, they wait first.
@pytest.mark.full  # one that answers 5xx is taken back in the other run as well
@pytest.mark.parametrize("fault", ["segfault_sometimes", "keep_a_connection"])
def test_a_release_whose_workers_die_or_that_keeps_connections_is_taken_back(open_to_all: Checkout, fault: str) -> None:
    docker = open_to_all
    image = deployed(docker, "--bake", "0", WEB_CONCURRENCY="2")
    headers = token(docker.url)
    docker.edit("app/posts/router.py", "from fastapi import APIRouter, ", "from fastapi import APIRouter, Depends, ")
    docker.edit(
        "app/posts/router.py",
        "from app.core.db import DB",
        f"from app.endpoints import {fault}\nfrom app.core.db import DB",
    )
    docker.edit("app/posts/router.py", "router = APIRouter(", f"router = APIRouter(dependencies=[Depends({fault})], ")
    commit(docker, fault)
    with under_load(docker.url, headers, RATE) as load:
        failed = docker.inv("deploy", "--yes", WEB_CONCURRENCY="2")
        assert failed.returncode == 1, failed.stderr
        assert re.search(r"The new release fails \d+ of \d+ requests", failed.stderr), failed.stderr
        count = len(load.failed)
        after(load, RATE)
    figures(fault, load, 0, f"{count} failed until it was taken back")
    assert len(load.failed) - count < RATE  # those that still waited for a connection of it
    assert live() == image


@pytest.mark.full  # what its lines mean to a Caddy is tested without a deployment
def test_a_proxy_that_is_trusted_is_believed_and_nobody_else(open_to_all: Checkout) -> None:
    docker = open_to_all
    caddyfile_of_before(docker)
    done(docker, "deploy", "--yes", "--bake", "0")
    outside.nobody_is_believed(docker.url)

    done(docker, "deploy", "--yes", "--bake", "0", TRUSTED_PROXIES=GATEWAYS, LOGIN_ATTEMPTS_PER_CLIENT="3")
    outside.a_proxy_is_believed(docker.url)
    bad = docker.inv("deploy", "--yes", TRUSTED_PROXIES="cdn.example.com")
    assert bad.returncode == 1
    assert "TRUSTED_PROXIES: cdn.example.com is neither an address nor a network" in bad.stderr
    docker.edit("compose.prod.yaml", "net.ipv4.tcp_tw_reuse", "net.ipv4.no_such")
    bad = docker.inv("deploy", "--yes", TRUSTED_PROXIES="192.0.2.7")
    assert bad.returncode == 1
    assert re.search(
        r"The proxy could not be started\. The proxy is as it was before\.\n.* is live, as before", bad.stderr
    )
    assert outside.seen(docker.url)["client"] == "203.0.113.9"
    run("git", "checkout", "--quiet", "compose.prod.yaml", cwd=docker.root)

    docker.edit("Caddyfile", "idle 2m", "idle 3m")
    with streams(Target(docker.url), 5) as open_:
        wait_for(lambda: open_.done["events"] == 1)
        taken = done(docker, "deploy", "--yes", TRUSTED_PROXIES=GATEWAYS, LOGIN_ATTEMPTS_PER_CLIENT="3")
        assert "has the changed Caddyfile" in taken.stderr
    assert open_.broken == []
    env = {"TRUSTED_PROXIES": GATEWAYS, "LOGIN_ATTEMPTS_PER_CLIENT": "3"}
    clients_are_sent_away(docker, token(docker.url), env)


@pytest.mark.full
def test_containers_that_fail_and_a_silent_dns_are_gone_around(open_to_all: Checkout) -> None:
    docker = open_to_all
    done(docker, "deploy", "--yes", "--bake", "0", "--scale", "3", WEB_CONCURRENCY="1")
    first, second, third = webs()
    proxy = run("docker", "inspect", "--format", "{{.State.Pid}}", f"{PROD}-proxy-1")
    process = run("docker", "inspect", "--format", "{{.State.Pid}}", first)
    network = [f"{PROD}_default", second]
    alias = "web-" + run("docker", "exec", f"{PROD}-proxy-1", "cat", "/deployment/live").removeprefix("web-")
    silent = ["OUTPUT", "--destination", "127.0.0.11", "--jump", "DROP"]
    faults: list[tuple[str, list[list[str]], list[list[str]]]] = [
        ("killed", [["kill", "-KILL", process]], []),
        ("paused", [["docker", "pause", third]], [["docker", "unpause", third]]),
        ("cut off", [["docker", "network", "disconnect", *network]],
         [["docker", "network", "connect", "--alias", alias, *network]]),
        ("DNS silent", [["nsenter", "-t", proxy, "-n", "iptables", "-I", *silent]],
         [["nsenter", "-t", proxy, "-n", "iptables", "-D", *silent]]),
    ]  # fmt: skip
    headers = token(docker.url)
    with under_load(docker.url, headers, RATE) as load:
        for what, begin, end in faults:
            after(load, RATE)
            before, failed = len(load.latencies), len(load.failed)
            for command in begin:
                run(*command)
            time.sleep(4 if what != "DNS silent" else 3)  # how long it lasts
            for command in end:
                run(*command)
            wait_for(lambda before=before: len(load.latencies) > before + 5 * RATE)  # type: ignore[misc]
            figures(what, load, before, f"{len(load.failed) - failed} failed")
            assert len(load.failed) - failed <= (2 if what == "killed" else 0), load.failed[failed:]
