"""Two who deploy to a Swarm from machines whose clocks are days apart: what came after what, the Swarm counts."""

import json
import re
import shutil
from dataclasses import dataclass

import pytest

from tests.e2e.load import under_load
from tests.e2e.production import after, said
from tests.e2e.registries import Registry
from tests.e2e.swarm import Swarm, live, on_swarm
from tests.e2e.talk import done, token
from tests.support import Checkout

pytestmark = [
    pytest.mark.full, pytest.mark.alone, pytest.mark.minutes(3),
    pytest.mark.skipif(not shutil.which("faketime"), reason="needs faketime: apt-get install faketime"),
]  # fmt: skip
KEEP = "[tool.slipway.deploy]\nkeep = 1\n"
RATE = 100  # requests a second
QUICKLY = ("--yes", "--force", "--bake", "0")


@dataclass
class Machine:
    """One whose clock is wrong; it has the same clone."""

    checkout: Checkout

    @classmethod
    def of(cls, swarm: Swarm, off: str) -> "Machine":
        """Make one whose clock is off by so much. (With one that is behind, what waits under faketime hangs.)"""
        env = {**swarm.docker.env, **swarm.env}
        return cls(Checkout(swarm.docker.root, env, ["faketime", "-f", off] if off else []))

    def does(self, *args: str) -> str:
        """Run a verb that has to succeed; return what it has said."""
        return done(self.checkout, *args).stderr

    def deploys(self, tag: str) -> str:
        """Deploy a tag; return the release."""
        ended = done(self.checkout, "deploy", *QUICKLY, "--json", "--tag", tag)
        assert not re.search(r"-\d+ (s|min|h)\b", ended.stderr), ended.stderr  # no age is negative
        return str(json.loads(ended.stdout)["release"])


def kept(swarm: Swarm) -> list[str]:
    """Return the releases of which the Swarm has what they were, the oldest first."""
    wanted = ("--filter", "label=dev.slipway.kind=release", "--format", "{{.Name}}")
    return sorted(one.rpartition(".")[2] for one in swarm.nodes.docker("n1", "config", "ls", *wanted).split())


def test_clocks_that_differ_by_days_change_nothing(docker: Checkout, plain: Registry) -> None:
    docker.edit("pyproject.toml", "[tool.slipway.deploy]\n", KEEP)
    with on_swarm(docker, plain, nodes=2) as swarm:
        swarm.push("r1")
        swarm.push_another("r2", like="r1")
        ahead, behind = Machine.of(swarm, "+3d"), Machine.of(swarm, "")
        first = ahead.deploys("r1")
        with under_load(swarm.base(), token(swarm.base()), RATE) as load:
            they_take_turns(swarm, ahead, behind, first)
            after(load, RATE)
        load.tell("two who deploy, their clocks three days apart")
        swarm.all_is_stored(load)


def they_take_turns(swarm: Swarm, ahead: Machine, behind: Machine, first: str) -> None:
    """Let both deploy, and go back; see what the Swarm has made of it."""
    second = behind.deploys("r2")
    assert second < first  # their names are of the wrong clocks
    assert live(swarm)["release"] == second
    third = one_waits_for_the_other(ahead, behind)
    ledger = json.loads(swarm.done("releases", "--json").stdout)
    assert [one["release"] for one in ledger] == [first, second, third]
    assert kept(swarm) == sorted([second, third])
    behind.does("rollback")
    assert live(swarm)["release"] == second
    fourth = ahead.deploys("r1")
    assert kept(swarm) == sorted([second, fourth])
    behind.does("rollback")
    assert live(swarm)["release"] == second


def one_waits_for_the_other(ahead: Machine, behind: Machine) -> str:
    """Let both deploy at once; return the release of the one that was first."""
    first = ahead.checkout.start("deploy", "--yes", "--force", "--tag", "r1", "--bake", "15")
    with first:
        said(first, "probe")
        refused = behind.checkout.inv("deploy", *QUICKLY, "--tag", "r2")
        assert refused.returncode == 1
        age = re.search(r"inv deploy of .+ has been at work for (\d+) s", refused.stderr)
        assert age, refused.stderr
        assert int(age[1]) < 120
        told, _ = first.communicate(timeout=200)
    assert first.returncode == 0, told
    return str(re.findall(r"^ +live .*, as (\S+)$", told, re.MULTILINE)[-1])
