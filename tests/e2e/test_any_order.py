"""Deployments and rollbacks in any order, killed anywhere, on the engine: what is live, and what is kept.

tests/slipway/deploy/test_model.py does the same in memory, with many more steps.
"""

import contextlib
import json
import os
import random
import re
import signal
import subprocess

import pytest

from tests.e2e.production import LOCK, PROD, deployed, in_volumes, kept, said, webs
from tests.e2e.support import NAME, containers, run
from tests.e2e.talk import conversation, done
from tests.slipway.deploy.model import Known, Model
from tests.support import Checkout, wait_for

pytestmark = [pytest.mark.full, pytest.mark.minutes(12)]

STEPS = 75
MOMENTS = {
    "deploy": ["preflight", "start", "ready", "smoke", "switch", "probe", "bake", "drain", "stop"],
    "rollback": ["then", "start", "ready", "smoke", "switch", "probe", "drain", "stop"],
}


def of(name: str) -> str:
    """Return the release that a container's name is of."""
    return name.removeprefix(f"{PROD}-").partition("-web-")[0]


class Engine:
    """A production on the engine, beside the model of what is right."""

    def __init__(self, checkout: Checkout, seed: int) -> None:
        self.checkout, self.chance, self.model = checkout, random.Random(seed), Model()
        self.number, self.cut, self.said = 0, False, ""
        checkout.edit("pyproject.toml", "settle = 1\n", "settle = 1\nkeep = 2\ndrain = 1\n")
        first = deployed(checkout, "--bake", "0")
        self.base = f"{NAME}:base"  # its other name goes with its release
        run("docker", "tag", first, self.base)
        self.model.deployed(Known(self.live, first, self.settings))

    @property
    def live(self) -> str:
        """The release that the proxy leads to."""
        read = (in_volumes("cat", "/deployment/live") for _ in range(3))
        return next(filter(None, read), "").removeprefix("web-")  # the client may lose what so short a container prints

    @property
    def settings(self) -> str:
        """What this changes in .env.prod."""
        found = re.search(r"(?m)^OTEL_SERVICE_NAME=.*", (self.checkout.root / ".env.prod").read_text())
        return found[0] if found else ""

    def image(self, *lines: str) -> str:
        """Make another image."""
        self.number += 1
        name = f"{NAME}:v{self.number}"
        text = "\n".join([f"FROM {self.base}", f"LABEL number={self.number}", *lines])
        subprocess.run(["docker", "build", "--quiet", "--tag", name, "-"], input=text, text=True, check=True)
        return name

    # What happens

    def step(self) -> None:
        """Do anything."""
        what = [*[self.deploy] * 4, *[self.back] * 4, *[self.killed] * 4, self.change, self.change]
        what += [self.bad, self.to, self.to, self.flip, self.down]
        chosen = self.chance.choice(what)
        self.said = f"{chosen.__name__}, after {self.said[:300]}"
        chosen()

    def deploy(self, image: str = "") -> None:
        """Deploy a new image."""
        image = image or self.image()
        ended = done(self.checkout, "deploy", "--yes", "--bake", "0", "--tag", image, "--force")
        self.model.deployed(Known(self.live, image, self.settings))
        told = next((row for row in ended.stderr.splitlines() if row.startswith("  kept ")), "")
        stay = re.findall(r"\((\w+)\)", told.partition("removed: ")[0])
        self.right(sorted(stay) == sorted({of(name) for name in kept()} - {self.live}), told)

    def change(self) -> None:
        """Deploy the live image with another setting."""
        rest = re.sub(r"(?m)^OTEL_SERVICE_NAME=.*\n", "", (self.checkout.root / ".env.prod").read_text())
        self.checkout.write(".env.prod", f"{rest}OTEL_SERVICE_NAME=number-{self.chance.random()}\n")
        if self.model.live:
            self.deploy(self.model.live.image)

    def bad(self) -> None:
        """Deploy one that doesn't start."""
        image = self.image('CMD ["false"]')
        ended = self.checkout.inv("deploy", "--yes", "--bake", "0", "--tag", image)
        self.right(ended.returncode == 1 and "as before" in ended.stderr, ended.stderr)

    def back(self) -> None:
        """Go back to the release before."""
        self.rollback(self.model.back())

    def to(self) -> None:
        """Go back to any that was live."""
        known = [one for one in self.model.line[:-1] if one.id not in self.model.gone]
        if known:
            target = self.chance.choice(known)
            self.rollback(target, "--to", target.id)

    def rollback(self, target: Known | None, *args: str) -> None:
        """Go back, and see that it was to that one."""
        cut = self.cut and not args
        before, ended = self.model.live, self.checkout.inv("rollback", *args)
        if cut:
            self.right(ended.returncode == 0 and self.live == (before and before.id), ended.stderr)
        elif not target or self.model.is_refused(target):
            self.right(ended.returncode == 1, ended.stderr)
        elif ended.returncode and target.id in self.model.gone:
            self.right("is gone from the engine" in ended.stderr, ended.stderr)
        else:
            self.right(ended.returncode == 0, ended.stderr)
            now = target if target.id == self.live else Known(self.live, target.image, self.settings)
            self.right(now is target or target.id in self.model.gone, ended.stderr)
            self.model.went_back(target, now)

    def killed(self) -> None:
        """Kill a deployment or a rollback."""
        verb, target = self.chance.choice(["deploy", "rollback"]), self.model.back()
        image, was = self.image(), self.live
        args = ["--yes", "--bake", "1", "--tag", image, "--force"] if verb == "deploy" else []
        process = self.checkout.start(verb, *args)
        with contextlib.suppress(AssertionError):  # it may have nothing to do
            said(process, self.chance.choice(MOMENTS[verb]))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        wait_for(lambda: LOCK not in containers())
        if self.live != was and verb == "deploy":
            self.model.deployed(Known(self.live, image, self.settings))
        elif self.live != was and target:
            gone = target.id in self.model.gone
            self.model.went_back(target, Known(self.live, target.image, self.settings) if gone else target)
        last = json.loads(done(self.checkout, "releases", "--json").stdout)[-1]
        cut = last["what"] == "rollback" and last["outcome"] == "live" and not last["seconds"]
        if not cut:  # whoever comes next finds it in order
            self.deploy(self.image())
        else:
            self.cut = True
            self.back()

    def flip(self) -> None:
        """Go back while a deployment is watched."""
        was = self.live
        process = self.checkout.start("deploy", "--yes", "--bake", "60", "--tag", self.image())
        said(process, "probe")
        self.right(done(self.checkout, "rollback").returncode == 0 and self.live == was, "")
        output, _ = process.communicate()
        self.right(process.returncode == 1 and "has rolled it back" in output, output)

    def down(self) -> None:
        """Remove all containers, and start again."""
        done(self.checkout, "down", "--prod")
        self.model.gone |= {one.id for one in self.model.line}
        self.deploy(self.image())

    # What is right

    def right(self, is_right: bool, output: str) -> None:
        """Say what was done when that isn't."""
        assert is_right, f"{self.said}\n{output}\n{self.model}"

    def check(self) -> None:
        """See that one release is live, the right one, and that it serves."""
        self.cut = False
        self.model.removed({of(name) for name in kept()})
        running = {of(name) for name in webs()}
        self.right(running == {self.live} == {self.model.live and self.model.live.id}, f"{running}")
        goes_to = json.loads(done(self.checkout, "releases", "--json").stdout)
        self.right([one["release"] for one in goes_to if one["is_live"]] != [], "")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_done_in_whatever_order(docker: Checkout, seed: int) -> None:
    production = Engine(docker, seed)
    for _ in range(STEPS):
        production.step()
        production.check()
    conversation(docker.url)
