"""A command in a container of its own beside a release; not under the lock, as it may take long.

A deployment that removes the release meanwhile leaves what such a container has: the volume with the secrets, which a
later one removes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy import source
from slipway.deploy.compose import declared, labels
from slipway.deploy.compose.files import write_secrets
from slipway.deploy.compose.releases import EngineReleases
from slipway.engine import attached, jobs
from slipway.engine.attached import Aside
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment
from slipway.runtime.release import WEB

FILE = "volumes-run.yaml"  # in the environment's folder


def launch(
    checkout: Checkout, deployment: Deployment, releases: EngineReleases, argv: Sequence[str], tag: str, detached: bool
) -> str:
    """Run a command as the live release would, or as one of a tag; see `Runtime.launch`. Raises Problem."""
    shell, stack, name = checkout.shell, releases.stack, jobs.any_name("run")
    jobs.remove_left_behind(shell, stack.name)
    jobs.remove_left_behind(shell, stack.name, stack.label)
    marks = [stack.label]
    if not tag:
        live = releases.live()
        if not live:
            raise Problem(source.NO_RELEASE)
        of_processes = [one for name in checkout.project.processes for one in live.services.get(name, ())]
        like = (*live.web, *of_processes, *live.containers)[0].name
        one = Aside(stack.name, name, argv, partial(attached.inspect, shell, like), marks)
        return attached.launch(shell, one, detached)
    source.need(deployment)
    found = source.get(checkout, deployment, source.resolve(checkout, deployment, tag))
    more = _volumes(releases, found.reference)
    volume = labels.release_secrets(stack.name, name)

    def facts() -> Mapping[str, Any]:
        marks = labels.of_release(stack.name, name)
        write_secrets(stack, volume, found.reference, found.user, releases.settings.secrets, marks)
        releases.network.have()
        compose, env = partial(releases.compose, name, more), releases.env(name, found.reference)
        # It has the volume from here on: no deployment takes that away.
        services = releases.shared.definition.services
        return attached.made(shell, compose, WEB if WEB in services else min(services), env, one.like)

    one = Aside(stack.name, name, argv, facts, marks, [volume])
    return attached.launch(shell, one, detached)


def _volumes(releases: EngineReleases, image: str) -> list[str]:
    # Compose's options for the volumes that releases share; a new one comes with a deployment.
    pointed = releases.pointer().release
    places = releases.shared.look(image, releases.all().get(pointed), pointed)
    if new := [at.name for at in places if at.is_new]:
        raise Problem(f"No release has had {', '.join(new)} yet, which compose.release.yaml names: ./inv deploy first.")
    return releases.stack.more(FILE, declared.overlay(places))
