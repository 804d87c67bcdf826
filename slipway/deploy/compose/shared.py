"""Volumes that all releases share: which ones they are, and how they come to be there."""

import json
import re
from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.deploy.compose import declared, labels
from slipway.deploy.compose.declared import Place, Shared
from slipway.deploy.compose.definition import Definition
from slipway.deploy.compose.files import VOLUMES, Files
from slipway.engine import client, images, volumes
from slipway.engine.stack import Stack
from slipway.runtime.release import NewRelease, Release

FILE = "volumes.yaml"  # in the environment's folder


class SharedVolumes:
    """The volumes that compose.release.yaml names, of one deployment."""

    def __init__(self, stack: Stack, files: Files, definition: Definition) -> None:
        self.stack = stack
        self.shell = stack.shell
        self.files = files
        self.definition = definition

    def look(self, image: str, live: Release | None, pointed: str) -> list[Place]:
        """Return which they are; raises Problem for what no release can be made of.

        `image` is the release's, which may not be there yet. `live` are the containers of the release that clients are
        `pointed` to, if it has any.
        """
        return [at for _, at in self._look(image, live, pointed)]

    def prepare(self, new: NewRelease, live: Release | None, pointed: str) -> list[str]:
        """Have them there, so that a release can write into them; return Compose's options for it. Raises Problem."""
        found = self._look(new.image, live, pointed)
        for one, at in found:
            if at.is_new:
                marks = labels.of_stack(self.stack.name, one.key)
                volumes.create(self.shell, at.name, *marks, driver=one.driver, options=one.options)
        self._keep([at for one, at in found if not one.name])
        for one, at in found:
            for mount in one.mounts:
                if not (mount.read_only or mount.image):
                    user = mount.user or new.user
                    volumes.let_write(self.shell, self.stack.name, at.name, mount.target, new.image, user)
                    break  # of several users, the first service's: web's, as a rule
        return self.stack.more(FILE, declared.overlay([at for _, at in found]))

    def of_releases(self) -> list[str]:
        """Name the volumes that Compose has made for single releases, as earlier versions let it; raises Problem."""
        return of_releases(volumes.projects(self.shell), self.stack.name)

    def _look(self, image: str, live: Release | None, pointed: str) -> list[tuple[Shared, Place]]:
        config, deployment = self.definition.config, self.stack.name
        wanted = declared.shared(config, deployment)
        found_image = images.inspect(self.shell, image)
        found = declared.uncovered(config, found_image.volumes if found_image else ())
        there = list(volumes.projects(self.shell))
        root = self.stack.project.root if client.is_remote(self.shell) else None
        if found := declared.findings(config, deployment, there, root) + found:
            raise Problem(declared.refusal(found))
        if not wanted:
            return []
        mounted = [name for one in live.containers for name in one.volumes] if live else []
        chosen = json.loads(self.files.read(VOLUMES)[0] or "{}")
        return [(one, declared.place(one, deployment, pointed, there, mounted, chosen)) for one in wanted]

    def _keep(self, places: Sequence[Place]) -> None:
        chosen = json.loads(self.files.read(VOLUMES)[0] or "{}") if places else {}
        if (now := chosen | {at.key: at.name for at in places}) != chosen:
            self.files.write(VOLUMES, json.dumps(now))


def of_releases(there: dict[str, str], deployment: str) -> list[str]:
    """Return those of an engine's volumes, each with its Compose project, that were made for releases."""
    release = re.compile(rf"{re.escape(deployment)}-{labels.RELEASES}")
    return [name for name, project in there.items() if release.fullmatch(project)]
