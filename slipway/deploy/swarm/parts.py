"""The services of one deployment on a Swarm: looked at together, made, and changed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from slipway.core.errors import Problem
from slipway.deploy.swarm import names, reach
from slipway.engine import credentials
from slipway.engine.api import Api, Refused
from slipway.engine.swarm import networks, services
from slipway.engine.swarm.services import Service, Spec, Task

Networks = Mapping[str, Mapping[str, Any]]


class Parts:
    """The services of a deployment, and their networks.

    `check` raises Problem when this process may change nothing any more. `declared` returns the networks that services
    have in the Compose files, by key.
    """

    def __init__(
        self, api: Api, deployment: str, check: Callable[[], None], declared: Callable[[], Networks] = dict
    ) -> None:
        self.api = api
        self.deployment = deployment
        self.check = check
        self.declared = declared
        self._networks: dict[str, str] = {}

    def all(self) -> dict[str, Service]:
        """Return them by their names on the Swarm; raises Problem."""
        return services.listed(self.api, *names.wanted(names.marks(self.deployment)))

    def find(self, service: str) -> Service | None:
        """Return one by its name in the Compose files, or None; raises Problem."""
        return services.find(self.api, names.of_service(self.deployment, service))

    def tasks(self, of: Mapping[str, Service]) -> list[Task]:
        """Return the tasks of some; raises Problem."""
        mine = {one.id for one in of.values()}
        return [one for one in services.tasks(self.api) if one.service in mine]

    def tasks_of(self, service: str) -> list[Task]:
        """Return the tasks of one by its name in the Compose files, the latest last; raises Problem."""
        found = self.find(service)
        return services.tasks_of(self.api, found.id) if found else []

    def runs(self, service: str) -> bool:
        """Tell whether a task of one runs, and is healthy; raises Problem."""
        return any(one.is_running for one in self.tasks_of(service))

    def put(self, spec: Spec, stays: bool = False) -> bool:
        """Have one be what a spec says; False when it is so already. Raises Problem.

        From one that `stays`, the Swarm doesn't go back by itself.
        """
        self.check()
        return services.put(self.api, spec, self.auth(spec), stays)

    def remove(self, service: str) -> None:
        """Remove one by its name in the Compose files; it may be gone already. Raises Problem."""
        services.remove(self.api, names.of_service(self.deployment, service))

    def auth(self, spec: Spec) -> dict[str, str]:
        """Return what nodes need to pull the image of a spec."""
        return credentials.header(self.api.shell, spec["TaskTemplate"]["ContainerSpec"]["Image"])

    def have_networks(self, *keys: str) -> list[str]:
        """Have networks of the Compose files; return their names on the Swarm. Raises Problem."""
        found = [self.network(key) for key in keys]
        for key, name in zip(keys, found, strict=True):
            networks.have(self.api, name, partial(self._made_of, key, name))
        return found

    def networks_of(self, config: Mapping[str, Any], service: str) -> dict[str, str]:
        """Return the names of the networks that a service of the Compose files has, by key; raises Problem."""
        defined, keys = config.get("networks") or {}, config["services"][service].get("networks") or (names.DEFAULT,)
        return {key: self.network(key, defined.get(key)) for key in keys}

    def network(self, key: str, said: Mapping[str, Any] | None = None) -> str:
        """Return what a network is called, as it is declared or `said`: one of others as it is. Raises Problem."""
        if key not in names.OWN_NETWORKS and (of := self._said(key, said)).get("external"):
            return str(of["name"])
        if key not in self._networks:
            now, before = (each(self.deployment, key) for each in (names.of_network, names.of_network_before))
            stays = not networks.is_there(self.api, now) and networks.is_there(self.api, before)
            self._networks[key] = before if stays else now
        return self._networks[key]

    def _said(self, key: str, said: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return said if said is not None else self.declared().get(key) or {}

    def _made_of(self, key: str, name: str, said: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        said = self._said(key, said)
        if said.get("external") and key not in names.OWN_NETWORKS:
            raise Problem(
                f"The Compose files have a network {name} of others (external), and the Swarm has none: docker network "
                f"create --driver overlay {name}"
            )
        return reach.network(name, said, names.marks(self.deployment))

    def check_names(self, *configs: Mapping[str, Any]) -> None:
        """Raise Problem where a Swarm could not call so what Slipway has of its own, or what Compose files have."""
        networks, called = {key: dict[str, Any]() for key in names.OWN_NETWORKS}, [*names.OWN_SERVICES]
        for config in configs:
            networks |= reach.networks(config)
            called += config["services"]
        found = [*(self.network(*one) for one in networks.items())]
        names.check(self.deployment, [*found, *(names.of_service(self.deployment, one) for one in called)])

    def check_networks(self, declared: Networks) -> None:
        """Raise Problem for a network that is not what the Compose files say, or for others' that is not there."""
        for key, said in declared.items():
            name = self.network(key, said)
            if not (there := networks.find(self.api, name)):
                self._made_of(key, name, said)
            elif not said.get("external") and (changed := reach.changed_keys(said, there)):
                raise Problem(
                    f"The network {name} was made with another value of {' and '.join(changed)} than the Compose files "
                    "have now, and a Swarm changes no network that is in use. Take that back; or, with a pause: "
                    f"./inv down --prod, docker network rm {name}, ./inv deploy"
                )

    def remove_networks(self) -> None:
        """Remove the deployment's networks, unless they are in use."""
        with suppress(Problem):
            for name in networks.labelled(self.api, *names.wanted(names.marks(self.deployment))):
                with suppress(Refused):
                    networks.remove(self.api, name)
