"""What a release is made of on a Swarm: compose.release.yaml, as Compose reads it, as services of the Swarm."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.compose.definition import Definition
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.swarm import counted, names, records, render
from slipway.deploy.swarm.around import Around, File
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.findings import findings
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.records import Record
from slipway.engine import images, references
from slipway.engine.compose import UNREADABLE, patience, release_variables
from slipway.engine.stack import SERVICES, Stack
from slipway.engine.swarm.objects import CONFIGS, SECRETS
from slipway.project.settings import Settings
from slipway.runtime import jobs, release
from slipway.runtime.release import WEB, Beside, NewRelease


class Maker:
    """Makes the services of releases; `uid` tells the number of a user of an image, "" for the image's own.

    `networks_of` tells what the networks of a service are called.
    """

    def __init__(
        self,
        stack: Stack,
        settings: Settings,
        files: Files,
        uid: Callable[[str, str], str],
        networks_of: Callable[[Mapping[str, Any], str], Mapping[str, str]],
    ) -> None:
        self.stack, self.settings, self.files, self.uid, self.networks_of = stack, settings, files, uid, networks_of
        self.shell = stack.shell
        self.definition = Definition(stack)

    def check(self) -> None:
        """Raise Problem for what no service of a Swarm can be made of."""
        refuse(self.definition.config, self._pinned())

    def record(self, new: NewRelease) -> Record:
        """Return what a new release is; its image is at hand. Raises Problem."""
        found = images.existing(self.shell, new.image)
        counts = {WEB: new.scale, **new.replicas}
        specs = self.specs(new.id, new.image, {name: count for name, count in counts.items() if count})
        watched = {name: records.watched(one, new.bake) for name, one in specs.items()}
        return Record(new.id, new.image, found.id, watched, found.labels)

    def specs(self, id: str, image: str, counts: Mapping[str, int], make: bool = True) -> dict[str, dict[str, Any]]:
        """Return the services of a release, with so many tasks each; raises Problem."""
        config = self._read(id, image)
        secrets = self.files.secrets(self.settings.secrets, self.uid(image, ""), make)
        return {name: self._service(id, name, config, count, secrets, make) for name, count in counts.items()}

    def _pinned(self) -> list[str]:
        return [name for name, one in self.stack.project.processes.items() if one.single]

    def _read(self, id: str, image: str) -> dict[str, Any]:
        env = self.shell.beneath | release_variables(self.stack.name, id, image) | patience(self.stack.project)
        said = self.shell.output(self.stack.compose_release(id, *SERVICES), env=env, failed=UNREADABLE)
        found: dict[str, Any] = json.loads(said)
        return found

    def _service(
        self, id: str, name: str, config: Mapping[str, Any], count: int, secrets: Sequence[File], make: bool
    ) -> dict[str, Any]:
        deployment, single = self.stack.name, name in self._pinned()
        asked = self.files.wanted(name, config, make)
        around = Around(
            deployment, names.marks(deployment, names.PART, id), [*secrets, *asked[SECRETS]], asked[CONFIGS],
            self.networks_of(config, name), replicas=count, stop_first=single,
            constraints=(names.pinned(names.DATA_NODE),) if single else (),
            monitor=records.LEAST,
        )  # fmt: skip
        given = {counted.VARIABLE: counted.PATH} if name == WEB else {}
        return render.service(name, with_variables(config, name, given), around)

    def beside(self, parts: Parts) -> tuple[Beside, ...]:
        """Return the images of the database and the proxies that run, as the Swarm was told of them."""
        found = []
        for service, called in ((jobs.DATABASE, release.DATABASE), (PROXY, release.PROXY)):
            if one := parts.find(service):
                image = one.spec["TaskTemplate"]["ContainerSpec"]["Image"]
                found.append(Beside(called, image, (references.digest(image) or image,)))
        return tuple(found)


def refuse(config: Mapping[str, Any], pinned: Collection[str]) -> None:
    """Raise Problem for what no service of a Swarm can be made of; `pinned` are on chosen nodes alone."""
    if found := findings(config, pinned):
        listed = "\n".join(f"  - {one}" for one in found)
        raise Problem(
            f"On a Swarm, nothing can be made of the Compose files as they are:\n{listed}\nNothing was changed."
        )


def with_variables(config: Mapping[str, Any], name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what Compose prints, with more variables of a service."""
    of = config["services"][name]
    return changed(config, name, environment={**(of.get("environment") or {}), **given})


def changed(config: Mapping[str, Any], name: str, **more: Any) -> dict[str, Any]:
    """Return what Compose prints, with other values of a service's keys."""
    services = {**config["services"], name: {**config["services"][name], **more}}
    return {**config, "services": services}
