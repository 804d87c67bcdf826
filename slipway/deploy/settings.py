"""A release's containers: what they are given, and how they are started."""

import hashlib
import json
from collections.abc import Mapping

from slipway.deploy.compose.deployment import Production
from slipway.deploy.compose.proxy import CONFIG_HASH
from slipway.deploy.compose.release import Release
from slipway.deploy.source import Candidate


def start(production: Production, image: Candidate, release: str, scale: int) -> None:
    """Start a new release; nobody is led to it yet. Raises Problem."""
    with production.here.steps.step("start", f"{image.reference}{f', {scale} of them' if scale > 1 else ''}"):
        production.write_secrets(
            production.secrets_of(release), image.reference, image.user, secret_values(production),
            *production.labels(release),
        )  # fmt: skip
        up = ["up", "--detach", "--no-deps", "--no-build", "--scale", f"web={scale}", "web"]
        env = production.release_env(release, image.reference)
        command = production.release_compose(release, *up)
        production.here.shell.quietly(command, env=env, failed="The new release could not be started.")


def secret_values(production: Production) -> dict[str, str]:
    """Return the values that a release gets as files."""
    values = production.here.settings.values
    return {name: values[name] for name in production.project.secrets if values.get(name)}


def settings(production: Production, salt: str) -> dict[str, str]:
    """Return a hash for each variable that a release gets: what changes can be told by name, and nothing else."""
    config = production.release_compose("none", "config", "--format", "json")
    document = json.loads(production.here.shell.output(config, env=production.release_env("none", "none")))
    given = document["services"]["web"].get("environment") or {}
    if shown := [name for name in production.project.secrets if given.get(name)]:
        lines = ", ".join(f"{name}: !reset null" for name in shown)
        production.here.steps.say(
            f"  compose.release.yaml gives secrets to the environment as well; to leave that: {lines}"
        )
    values = {**{name: value for name, value in given.items() if value is not None}, **secret_values(production)}
    return {name: hashed(salt, name, value) for name, value in sorted(values.items())}


def hashed(salt: str, name: str, value: str) -> str:
    """Return the salted hash of a variable's value."""
    return hashlib.sha256(f"{salt}\0{name}\0{value}".encode()).hexdigest()[:12]


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Say by name which settings are new, changed and gone; "" for none."""
    found = {
        "new": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        "gone": sorted(before.keys() - after.keys()),
    }
    return "; ".join(f"{what} {', '.join(names)}" for what, names in found.items() if names)


def is_defined_so(production: Production, release: Release) -> bool:
    """Tell whether compose.release.yaml, with the settings of today, would make a release as it is."""
    command = production.release_compose(release.id, "config", "--hash", "web")
    said = production.here.shell.output(command, env=production.release_env(release.id, release.image))
    return release.labels.get(CONFIG_HASH) == said.split()[-1]
