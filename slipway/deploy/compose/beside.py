"""The images of what runs beside the releases, as the engine knows them."""

from slipway.deploy.compose import labels
from slipway.deploy.compose.surroundings import Surroundings
from slipway.engine import images
from slipway.engine.containers import CONFIG_HASH, Container
from slipway.engine.images import EngineImage
from slipway.engine.stack import Stack
from slipway.runtime import jobs, release
from slipway.runtime.release import Beside

SERVICES = {jobs.DATABASE: release.DATABASE, labels.PROXY: release.PROXY}  # by their names in the Compose files


class BesideImages:
    """Looks the images up: all in one call of the engine, and once for the same containers."""

    def __init__(self, stack: Stack, proxy: Surroundings) -> None:
        self.stack = stack
        self.proxy = proxy
        self._seen: dict[tuple[str, ...], list[EngineImage | None]] = {}

    def look(self, own_database: bool, port: int = 0) -> tuple[Beside, ...]:
        """Return those of the database, where it is Slipway's own, and the proxy, if they run; raises Problem.

        Without a port, what their containers were made of alone.
        """
        services = [service for service in SERVICES if own_database or service != jobs.DATABASE]
        running = [one for one in map(self.stack.container, services) if one and one.running]
        wanted = [self._wanted(one, port) if port else "" for one in running]
        names = [name or one.image for name, one in zip(wanted, running, strict=True)]
        found = self._inspect(*(one.image_id for one in running), *names)
        return tuple(
            Beside(SERVICES[one.service], one.image, _known(ran, one.image) or (one.image_id,), _known(now, name), new)
            for one, name, new, ran, now in zip(
                running, names, wanted, found[: len(running)], found[len(running) :], strict=True
            )
        )

    def _wanted(self, one: Container, port: int) -> str:
        # What the Compose files call its image, when they define it otherwise than it was made.
        if one.labels.get(CONFIG_HASH) == self.proxy.hashes(port).get(one.service):
            return ""
        return str(self.proxy.services(port).get(one.service, {}).get("image") or one.image)

    def _inspect(self, *references: str) -> list[EngineImage | None]:
        if references not in self._seen:
            self._seen[references] = images.inspect_all(self.stack.shell, *references)
        return self._seen[references]


def _known(image: EngineImage | None, reference: str) -> tuple[str, ...]:
    return tuple(image.identities_as(reference)) if image else ()
