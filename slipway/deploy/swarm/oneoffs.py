"""A command beside a release on a Swarm, as a job: its log is followed, or it goes on by itself."""

import json
import secrets as random
from collections.abc import Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy import source
from slipway.deploy.compose.labels import RELEASE
from slipway.deploy.swarm import jobs, names
from slipway.deploy.swarm.records import Record
from slipway.deploy.swarm.releases import SwarmReleases
from slipway.engine.swarm import services
from slipway.project.checkout import Checkout
from slipway.runtime import Deployment
from slipway.runtime.release import WEB, NewRelease


def launch(
    checkout: Checkout, deployment: Deployment, releases: SwarmReleases, argv: Sequence[str], tag: str, detached: bool
) -> str:
    """Run a command as the live release would, or as one of a tag; see `Runtime.launch`.

    Raises Problem, and SystemExit with the command's status.
    """
    record = _of_tag(checkout, deployment, releases, tag) if tag else _live(releases)
    name = f"run-{random.token_hex(4)}"
    spec = spec_of(releases.deployment, name, record, argv)
    auth = releases.parts.auth(spec)
    if detached:
        services.create(releases.api, spec, auth)
        return name
    raise SystemExit(jobs.follow(releases.api, spec, auth, jobs.printed).status)


def spec_of(deployment: str, name: str, record: Record, argv: Sequence[str]) -> dict[str, Any]:
    """Return the job in which a command is run as a release's web is, or the first of what it has."""
    spec = json.loads(json.dumps(record.specs.get(WEB) or record.specs[min(record.specs)]))
    spec["Name"] = names.of_service(deployment, name)
    spec["Labels"] = {**spec["Labels"], names.KIND: names.JOB}
    spec["Labels"].pop(RELEASE, None)
    container = spec["TaskTemplate"]["ContainerSpec"]
    container["Args"] = list(argv)
    container["HealthCheck"] = {"Test": ["NONE"]}
    container["Labels"] = {key: one for key, one in (container.get("Labels") or {}).items() if key != RELEASE}
    for network in spec["TaskTemplate"].get("Networks") or ():
        network.pop("Aliases", None)
    return jobs.as_job(spec)


def _live(releases: SwarmReleases) -> Record:
    found = releases.records().get(releases.pointer().release)
    if not found:
        raise Problem(source.NO_RELEASE)
    return found


def _of_tag(checkout: Checkout, deployment: Deployment, releases: SwarmReleases, tag: str) -> Record:
    source.need(deployment)
    found = source.get(checkout, deployment, source.resolve(checkout, deployment, tag))
    has_web = checkout.project.has_web
    counts = {} if has_web else {min(checkout.project.processes): 1}
    return releases.maker.record(NewRelease("run", found.reference, found.user, int(has_web), counts))
