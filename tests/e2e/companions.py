"""What stands beside the service in the Compose files of the tests, and how it fares."""

import json

from tests.e2e.production import PROD
from tests.e2e.support import NAME, run
from tests.e2e.talk import done
from tests.support import Checkout

# One that waits for the database and for another one's end, one that ends, and one whose profile nobody asks for.
CACHE = """  cache:
    image: caddy:2
    init: true
    restart: unless-stopped
    command: [sh, -c, "ls /seed/done && touch /tmp/ready && tail -f /dev/null"]
    environment: {SIZE: "1"}
    volumes: ["seed:/seed", "cache:/data"]
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 1s, start_interval: 250ms, start_period: 30s}
    depends_on:
      db: {condition: service_healthy}
      seed: {condition: service_completed_successfully}

  seed:
    image: caddy:2
    command: [sh, -c, "sleep 1; touch /seed/done"]
    volumes: ["seed:/seed"]

  debugger:
    image: caddy:2
    profiles: [debug]

"""
VOLUMES = "  seed:\n  cache:\n"


def has_companions(checkout: Checkout, file: str) -> None:
    """Let a Compose file define them."""
    text = (checkout.root / file).read_text()
    before = "services:\n"
    checkout.write(file, text.replace(before, f"{before}{CACHE}", 1).rstrip("\n") + "\n")
    if "\nvolumes:\n" in text:
        checkout.edit(file, "\nvolumes:\n", f"\nvolumes:\n{VOLUMES}")
    else:
        checkout.write(file, f"{(checkout.root / file).read_text()}\nvolumes:\n{VOLUMES}")


def ids(project: str = PROD) -> list[str]:
    """Return the containers of those that are started, of which there has to be one each."""
    return run("docker", "inspect", "--format", "{{.Id}}", f"{project}-cache-1", f"{project}-seed-1").split()


def started_in_development(checkout: Checkout) -> None:
    """Look at them once the service is up."""
    state = json.loads(done(checkout, "status", "--json").stdout)
    assert (state["cache"]["state"], state["seed"]["state"], "debugger" in state) == ("ready", "stopped", False)
    listed = done(checkout, "ps").stdout
    assert f"{NAME}-cache-1" in listed
    assert "debugger" not in listed


def kept_until_told(checkout: Checkout, before: list[str]) -> None:
    """Change a definition, and deploy: the plan says so, and the container is another one when it is told to."""
    checkout.edit("compose.prod.yaml", 'SIZE: "1"', 'SIZE: "2"')
    plan = json.loads(done(checkout, "deploy", "--plan", "--json").stdout)
    assert plan["companions"] == "cache as before; what defines it has changed since: ./inv deploy --recreate cache"
    done(checkout, "deploy", "--yes", "--bake", "0")
    assert ids() == before
    unknown = checkout.inv("deploy", "--yes", "--recreate", "nothing")
    assert unknown.returncode == 1
    assert "nothing is none: there are seed, cache." in unknown.stderr
    anew = done(checkout, "deploy", "--yes", "--recreate", "cache")
    assert "companions cache made anew: away for some seconds" in anew.stderr
    assert (ids()[0] != before[0], ids()[1]) == (True, before[1])
    assert "companions" not in json.loads(done(checkout, "deploy", "--plan", "--json").stdout)
    assert json.loads(done(checkout, "status", "--prod", "--json").stdout)["cache"]["state"] == "ready"
