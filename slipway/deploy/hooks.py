"""Hooks: the project's own commands on the machine that deploys, before and after a deployment.

They are somebody's own programs: each has a time, and gets no secret of the service's that it wasn't named for.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from slipway.core import bounded
from slipway.core.errors import Problem
from slipway.core.signals import interrupted
from slipway.deploy.ledger import ENDED, ROTATE, Entry, Outcome
from slipway.project import values
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.database import PASSWORD

BEFORE, DEPLOYED, FAILED, ROLLED_BACK = "before-deploy", "after-deploy", "after-failure", "after-rollback"
OF_DEPLOY, OF_ROLLBACK = (BEFORE, DEPLOYED, FAILED), (ROLLED_BACK, FAILED)
LEFT = 10  # seconds of each, once this process was told to end


@dataclass(frozen=True)
class Hooks:
    """The hooks of one deployment, by its name for people, and its environment's; none of them unless `wanted`."""

    checkout: Checkout
    environment: str
    deployment: str
    wanted: bool = True

    def of(self, name: str) -> tuple[str, ...]:
        """Return the commands of a hook that are to be run."""
        return commands(self.checkout.project, name) if self.wanted else ()

    def before(self, entry: Entry, version: str) -> None:
        """Run what comes before a deployment, of which there is this to tell; raises Problem at the first failure."""
        for line in self.of(BEFORE):
            with self.checkout.steps.step("hook", f"{BEFORE}: {line}"):
                if why := self._run(BEFORE, line, entry, version):
                    without = "" if entry.what.startswith(ROTATE) else " Without the hooks: ./inv deploy --no-hooks"
                    raise Problem(f"{line!r} of {BEFORE} in [tool.slipway.hooks] {why}. Nothing was deployed.{without}")

    def after(self, entry: Entry, version: str) -> None:
        """Run what comes after it ended so; what fails there is told, and changes nothing."""
        name = which(entry)
        for line in self.of(name):
            with self.checkout.steps.step("hook", f"{name}: {line}") as step:
                if why := self._run(name, line, entry, version):
                    step.detail = f"{name}: {line!r} {why}; that changes nothing"

    def _run(self, name: str, line: str, entry: Entry, version: str) -> str:
        # Why it failed, "" when it didn't.
        project = self.checkout.project
        told = variables(name, self.environment, self.deployment, entry, version)
        seconds = project.hooks.timeout
        seconds = seconds if interrupted() is None else min(seconds, LEFT)
        try:
            shell = self.checkout.shell
            status = bounded.run(shell, shlex.split(line), environ(project, found=shell.private) | told, seconds)
        except Problem as problem:
            return f"did not run: {str(problem.message).rstrip('.')}"
        if status is None:
            return f"did not end in {seconds} s, and was ended"
        return f"ended with status {status}" if status else ""


def commands(project: Project, name: str) -> tuple[str, ...]:
    """Return the commands of a hook."""
    hooks = project.hooks
    return {
        BEFORE: hooks.before_deploy, DEPLOYED: hooks.after_deploy, FAILED: hooks.after_failure,
        ROLLED_BACK: hooks.after_rollback,
    }[name]  # fmt: skip


def which(entry: Entry) -> str:
    """Return which hook is run once an entry has come to its end."""
    if entry.outcome != Outcome.LIVE:
        return FAILED
    return ROLLED_BACK if entry.goes_back else DEPLOYED


def variables(name: str, environment: str, deployment: str, entry: Entry, version: str) -> dict[str, str]:
    """Return what a hook is told; what nobody knows (yet) is ""."""
    return {
        "SLIPWAY_HOOK": name,
        "SLIPWAY_ENVIRONMENT": environment,
        "SLIPWAY_DEPLOYMENT": deployment,
        "SLIPWAY_VERSION": version,
        "SLIPWAY_IMAGE": entry.image,
        "SLIPWAY_DIGEST": entry.digest,
        "SLIPWAY_RELEASE": entry.release,
        "SLIPWAY_BY": entry.by,
        "SLIPWAY_OUTCOME": entry.outcome,
        "SLIPWAY_REASON": entry.reason,
        "SLIPWAY_SECONDS": f"{entry.seconds:.1f}" if entry.seconds > ENDED else "",
    }


def environ(
    project: Project, caller: Mapping[str, str] = os.environ, found: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return the caller's variables without the service's secrets, but with those that are named for hooks.

    What was `found` elsewhere is one of these as well.
    """
    made = {name for name, template in project.database.rendered.items() if "{password}" in template}
    kept = {*project.secrets, PASSWORD, *made}
    named = {name: found.get(name) or values.told(project, name) for name in project.hooks.secrets}
    given = {name: value for name, value in caller.items() if name not in kept}
    return given | {name: value for name, value in named.items() if value}


def rows(project: Project, names: Sequence[str], wanted: bool) -> list[tuple[str, str]]:
    """Return what a plan says of hooks, as names and lines; nothing where there are none."""
    found = [f"{name}: {line}" for name in names for line in commands(project, name)]
    if not found:
        return []
    if not wanted:
        return [("hooks", "none, as --no-hooks says")]
    unset = [name for name in project.hooks.secrets if not (name in project.sought or values.told(project, name))]
    missing = [f"{' and '.join(unset)} set neither in .env nor in the environment"] if unset else []
    return [("hooks", "; ".join(found + missing))]
