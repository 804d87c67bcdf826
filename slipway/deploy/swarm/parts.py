"""The services of one deployment on a Swarm: looked at together, made, and changed."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from slipway.core.errors import Problem
from slipway.deploy.swarm import names
from slipway.engine import credentials
from slipway.engine.api import Api, Refused
from slipway.engine.swarm import networks, services
from slipway.engine.swarm.services import Service, Spec, Task


class Parts:
    """The services of a deployment; `check` raises Problem when this process may change nothing any more."""

    def __init__(self, api: Api, deployment: str, check: Callable[[], None]) -> None:
        self.api = api
        self.deployment = deployment
        self.check = check

    def all(self) -> dict[str, Service]:
        """Return them by their names on the Swarm; raises Problem."""
        return services.listed(self.api, *names.wanted(names.marks(self.deployment)))

    def find(self, service: str) -> Service | None:
        """Return one by its name in the Compose files, or None; raises Problem."""
        return services.find(self.api, names.of_service(self.deployment, service))

    def tasks(self) -> list[Task]:
        """Return the tasks of all of them; raises Problem."""
        mine = {one.id for one in self.all().values()}
        return [one for one in services.tasks(self.api) if one.service in mine]

    def tasks_of(self, service: str) -> list[Task]:
        """Return the tasks of one by its name in the Compose files, the latest last; raises Problem."""
        found = self.find(service)
        return services.tasks_of(self.api, found.id) if found else []

    def runs(self, service: str) -> bool:
        """Tell whether a task of one runs, and is healthy; raises Problem."""
        return any(one.is_running for one in self.tasks_of(service))

    def put(self, spec: Spec) -> bool:
        """Have one be what a spec says; False when it is so already. Raises Problem."""
        self.check()
        return services.put(self.api, spec, self.auth(spec))

    def remove(self, service: str) -> None:
        """Remove one by its name in the Compose files; it may be gone already. Raises Problem."""
        services.remove(self.api, names.of_service(self.deployment, service))

    def auth(self, spec: Spec) -> dict[str, str]:
        """Return what nodes need to pull the image of a spec."""
        return credentials.header(self.api.shell, spec["TaskTemplate"]["ContainerSpec"]["Image"])

    def have_networks(self, *keys: str) -> Mapping[str, str]:
        """Have networks of the Compose files; return their names on the Swarm. Raises Problem."""
        found = {key: names.of_network(self.deployment, key) for key in keys}
        for name in found.values():
            networks.have(self.api, name, names.marks(self.deployment))
        return found

    def remove_networks(self, *keys: str) -> None:
        """Remove networks, unless they are in use."""
        for key in keys:
            with suppress(Refused, Problem):
                networks.remove(self.api, names.of_network(self.deployment, key))
