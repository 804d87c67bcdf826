"""What clients get while they are sent away from a production, and who is let in."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx2

from slipway.deploy.maintenance import IMPORT, snippet
from tests.e2e.load import under_load
from tests.e2e.production import after, change, deployed, live
from tests.e2e.talk import done
from tests.support import PATIENT, Checkout, wait_for

MINE, MESSAGE = "203.0.113.9", 'Back at 10 </p> {$SITE} "soon"'
ON = ("maintenance", "--prod", "--on")
SAYING = ("--allow", MINE, "--retry-after", "60", "--message", MESSAGE)
RATE = 50


def caddyfile_of_before(checkout: Checkout) -> None:
    """Let the proxy get a Caddyfile that doesn't know it, as earlier versions had one."""
    checkout.edit("Caddyfile", "\n".join(snippet()), "")
    checkout.edit("Caddyfile", f"\t\t{IMPORT}\n", "")


def caddyfile_of_today(checkout: Checkout) -> None:
    """Give the checkout the lines again."""
    checkout.edit("Caddyfile", "{$SITE} {\n", "\n".join([*snippet(), "", "{$SITE} {\n"]))
    begins = "\troute {\n\t\t# For those in the network alone."  # not that of the site for `inv`
    checkout.edit("Caddyfile", begins, begins.replace("{\n", f"{{\n\t\t{IMPORT}\n"))


def a_proxy_of_before_is_told(checkout: Checkout, env: Mapping[str, str]) -> None:
    """Send clients away: not by a Caddyfile without the lines, nor where the proxy is to be made anew."""
    refused = checkout.inv(*ON, **env)
    assert refused.returncode == 1
    assert "try_files /maintenance/on" in refused.stderr
    assert "it lacks the lines above" in refused.stderr
    caddyfile_of_today(checkout)
    refused = checkout.inv(*ON)
    assert (refused.returncode, "./inv deploy brings both" in refused.stderr) == (1, True), refused.stderr
    assert json.loads(done(checkout, "maintenance", "--prod", "--json").stdout) == {"on": False}
    assert asked(checkout.url).status_code == 200
    assert "has the changed Caddyfile" in done(checkout, *ON, **env).stderr
    assert asked(checkout.url).status_code == 503
    done(checkout, "maintenance", "--prod", "--off")


def asked(base: str, accept: str = "*/*", **said: str) -> httpx2.Response:
    """Ask a proxy for what everybody may have."""
    headers = {"Accept": accept} | {name.replace("_", "-"): value for name, value in said.items()}
    return httpx2.get(f"{base}/openapi.json", headers=headers, timeout=PATIENT)


def all_but_me_get_the_page(base: str) -> None:
    """Ask as a browser and a program, and as who is let in."""
    assert (problem := asked(base)).status_code == 503
    assert (problem.headers["Retry-After"], problem.json()["detail"]) == ("60", MESSAGE)
    page = asked(base, "text/html,*/*;q=0.8")
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "Back at 10 &lt;/p&gt; {$SITE} &quot;soon&quot;" in page.text
    assert asked(base, X_Forwarded_For=MINE).status_code == 200


def clients_are_sent_away(checkout: Checkout, headers: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Send them away under load, and deploy meanwhile; nothing breaks, and who is let in sees the new release."""
    a_proxy_of_before_is_told(checkout, env)  # which closes connections that are idle
    with under_load(checkout.url, headers, RATE) as load, ThreadPoolExecutor(1) as pool:
        after(load, RATE)
        stream = pool.submit(httpx2.get, f"{checkout.url}/tests/stream?seconds=10", timeout=PATIENT)
        done(checkout, *ON, *SAYING)
        wait_for(lambda: len(load.failed) > RATE)
        all_but_me_get_the_page(checkout.url)

        change(checkout, "behind the page")
        plan = json.loads(done(checkout, "deploy", "--plan", "--json", **env).stdout)
        assert plan["clients"].startswith("are sent away (on since 20")
        before = live()
        assert deployed(checkout, "--bake", "2", **env) == live() != before
        assert asked(checkout.url).status_code == 503
        assert asked(checkout.url, X_Forwarded_For=MINE).json()["info"]["title"] == "Release behind the page"
        assert json.loads(done(checkout, "status", "--prod", "--json").stdout)["maintenance"]["state"] == "on"

        assert json.loads(done(checkout, "maintenance", "--prod", "--off", "--json").stdout) == {"on": False}
        wait_for(lambda: load.good[-1])
        sent_away = len(load.failed)
        after(load, 2 * RATE)
    assert len(load.failed) == sent_away
    assert [one for one in load.failed if not one.startswith('503: {"type": "about:blank"')][:5] == []
    assert stream.result().text.count("data:") == 100  # what was open went on
