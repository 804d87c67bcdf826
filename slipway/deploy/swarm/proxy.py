"""The proxies of a deployment on a Swarm: one on each node that has their label. See `runtime.releases.Proxy`."""

from collections.abc import Callable, Sequence

from slipway.core.errors import Problem
from slipway.deploy.compose import answers
from slipway.deploy.compose.files import CADDYFILE
from slipway.deploy.compose.labels import PROXY, RELEASE
from slipway.deploy.compose.proxy import PORT, caddyfile, check
from slipway.deploy.swarm import away, names, questions, render
from slipway.deploy.swarm.around import Around
from slipway.deploy.swarm.content import Files
from slipway.deploy.swarm.lock import Lock
from slipway.deploy.swarm.made import changed, with_variables
from slipway.deploy.swarm.parts import Parts
from slipway.deploy.swarm.questions import Answer
from slipway.deploy.swarm.surroundings import Definitions
from slipway.deploy.swarm.wait import until_running
from slipway.engine.swarm import networks as overlays
from slipway.engine.swarm import nodes, objects
from slipway.engine.swarm.objects import CONFIGS
from slipway.engine.swarm.services import Service
from slipway.engine.swarm.specs import Spec, is_so, marked
from slipway.project.health import headers
from slipway.runtime.release import WEB, Answers, Look, Pointer, Release

INTERNAL = 2020  # the port of the site that is for `inv` alone
FOLDER = "/deployment"
EVERYWHERE = "0.0.0.0"  # noqa: S104  (in its container; the Caddyfile lets in who is in the network of the lock)
NEEDS = ("{$INTERNAL:", "{$WATCHERS:")  # what the Caddyfile of a project has by which the proxies can be asked


class SwarmProxy:
    """Caddy, on each node with the label; asked from beside the lock, by who has it."""

    def __init__(
        self,
        parts: Parts,
        files: Files,
        definitions: Definitions,
        lock: Callable[[], Lock | None],
        pointer: Callable[[], Pointer],
    ) -> None:
        self.parts, self.files, self.definitions, self.lock, self.pointer = parts, files, definitions, lock, pointer
        self.stack = definitions.stack
        self.shell = self.stack.shell
        self.api = parts.api
        self.said = ""
        self._counted: dict[str, answers.Counted] = {}  # by the address of a proxy

    # What it is

    def sharing(self) -> str:
        """Choose nothing: a host-mode port has the addresses of clients over IPv4 and IPv6 as its node has."""
        return ""

    def exists(self) -> bool:
        """Tell whether there is one."""
        return bool(self.parts.find(PROXY))

    def change(self, port: int) -> str:
        """Return what its definition would do to it: "start", "recreate" or "" for nothing; raises Problem."""
        self.need_nodes()
        found = self.parts.find(PROXY)
        if not found:
            return "start"
        now = self._configuration_of(found)
        return "" if is_so(found.spec, self._spec(now, port, make=False)) else "recreate"

    def ports(self) -> list[int]:
        """Return the ports of nodes that it has."""
        found = self.parts.find(PROXY)
        listed = (found.spec.get("EndpointSpec") or {}).get("Ports") or () if found else ()
        return [int(one["PublishedPort"]) for one in listed]

    @property
    def port(self) -> int | None:
        """The port of nodes by which clients come to it, or None when there is none."""
        return next(iter(self.ports()), None)

    def need_nodes(self) -> list[nodes.Node]:
        """Return the nodes that proxies run on; raises Problem when there are none."""
        every = nodes.listed(self.api)
        found = [one for one in every if one.has(names.PROXY_NODE)]
        if not found:
            one = next((each.name for each in every), "NODE")
            raise Problem(
                f"No node has the label {names.PROXY_NODE}: clients would find nobody. Give it to each node that they "
                f"come to: docker node update --label-add {names.PROXY_NODE}=true {one}"
            )
        return found

    def wanted(self) -> str:
        """Return the Caddyfile as the tree has it; raises Problem."""
        text = caddyfile(self.stack.project)
        if missing := [one for one in NEEDS if one not in text]:
            raise Problem(
                f"The {CADDYFILE} lacks {' and '.join(f'{one}...}}' for one in missing)}: on a Swarm, the proxies "
                "could not be asked what clients get. Take the last site of Slipway's own."
            )
        return text

    def check(self, configuration: str, port: int) -> None:
        """Have Caddy read a Caddyfile, with the variables of compose.prod.yaml; raises Problem with what it says."""
        check(self.stack, self.definitions.services(port)[PROXY], self.definitions.image, configuration)

    def configuration(self) -> str:
        """Return the Caddyfile that they have, "" for none; raises Problem."""
        found = self.parts.find(PROXY)
        return self._configuration_of(found) if found else ""

    def _configuration_of(self, service: Service) -> str:
        for one in service.spec["TaskTemplate"]["ContainerSpec"].get("Configs") or ():
            if one["File"]["Name"] == f"{FOLDER}/{CADDYFILE}":
                found = objects.named(self.api, CONFIGS, one["ConfigID"])
                return found.data.decode() if found else ""
        return ""

    def _spec(self, configuration: str, port: int, make: bool = True) -> Spec:
        config = self.definitions.config(port)
        watchers = " ".join(overlays.subnets(self.api, self.parts.network(names.CONTROL)))
        given = {"INTERNAL": EVERYWHERE, "WATCHERS": watchers or "127.0.0.1/32", "BALANCE": "round_robin"}
        config = changed(
            with_variables(config, PROXY, given), PROXY, networks={names.DEFAULT: None, names.CONTROL: None}
        )
        files = [
            self.files.config(CADDYFILE, f"{FOLDER}/{CADDYFILE}", configuration, make),
            self.files.config("live", f"{FOLDER}/live", WEB, make),
        ]
        around = Around(
            self.stack.name, names.marks(self.stack.name, names.PART), configs=files, is_global=True,
            networks=self.parts.networks_of(config, PROXY), stop_first=True, monitor=1,
            constraints=(names.pinned(names.PROXY_NODE),),
        )  # fmt: skip
        spec = render.service(PROXY, config, around)
        spec["TaskTemplate"]["ContainerSpec"].setdefault("Mounts", []).append(away.mount(self.stack.name, reads=True))
        return spec

    # What is done with it

    def start(self, configuration: str, port: int) -> None:
        """Have it on each of its nodes, one after the other, with this Caddyfile; raises Problem with its log."""
        with self.shell.steps.step("proxy") as step:
            self.parts.have_networks(names.DEFAULT, names.CONTROL)
            self.parts.put(spec := self._spec(configuration, port))
            until_running(self.parts, PROXY, self.stack.project.wait, spec)
            step.detail = f"ready on {', '.join(one.name for one in self.need_nodes() if one.is_at_work)}"

    def load(self, configuration: str) -> None:
        """Have another Caddyfile on each of its nodes, one after the other; raises Problem."""
        found = self.parts.find(PROXY)
        if not found:
            raise Problem("There is no proxy: ./inv deploy")
        spec = self._with(found, configuration)
        self.parts.put(spec)
        until_running(self.parts, PROXY, self.stack.project.wait, marked(spec))

    def _with(self, service: Service, configuration: str) -> Spec:
        # What was made of the definition is known again by that; what was not stays what it is otherwise.
        port = self.port or 0
        if is_so(service.spec, self._spec(self._configuration_of(service), port, make=False)):
            return self._spec(configuration, port)
        new = self.files.config(CADDYFILE, f"{FOLDER}/{CADDYFILE}", configuration)
        task = service.spec["TaskTemplate"]
        configs = [
            {**one, "ConfigID": new.id, "ConfigName": new.name} if one["File"]["Name"] == new.target else one
            for one in task["ContainerSpec"]["Configs"]
        ]
        return {
            **service.spec, "TaskTemplate": {**task, "ContainerSpec": {**task["ContainerSpec"], "Configs": configs}},
        }  # fmt: skip

    def revive(self) -> bool:
        """Tell whether there is one: that it runs, the Swarm sees to. Raises Problem when no node is to have it."""
        self.need_nodes()
        return self.exists()

    # What it is asked

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        """Ask a release from beside the lock; return whether the answer was good, and its head."""
        task = self._task_of(release)
        if not task:
            return False, "It has no address in the deployment's network."
        (one,) = self._ask(f"http://{task}:{PORT}{path}")
        return one.good, one.head

    def answered_by(self, path: str) -> str:
        """Return the release that is live, once each proxy that can be reached answers a path with it, else ""."""
        live = self.pointer().release
        if not self.lock():
            return live if self.parts.runs(WEB) else ""
        found = self._ask(*(f"http://{address}:{INTERNAL}{path}" for address in self.addresses()))
        self.said = next((one.head for one in found if not one.good), "")
        return live if all_answer(found) else ""

    def look(self) -> Look:
        """Return what clients got so far, and which release is live: "" when it cannot be asked just now."""
        try:
            pointer = self.pointer()
        except Problem:
            return Look(Answers(), Pointer())
        found = Answers()
        if not (lock := self.lock()):
            return Look(found, pointer)
        are_away = away.is_on(self.parts.find(names.AWAY))
        there = self.addresses()
        urls = [f"http://{address}:{INTERNAL}/metrics" for address in there]
        for address, one in zip(there, questions.told(self.shell, lock, urls, f"^{answers.METRIC}"), strict=True):
            counts = self._counted.setdefault(address, answers.Counted())
            found += counts.without(answers.of_proxy(one.body), are_away)
        return Look(found, pointer)

    def connections(self, release: Release) -> int | None:
        """Return 0: the Swarm lets each task finish what it is at."""
        return 0

    def addresses(self) -> list[str]:
        """Return where the proxies that run are asked; raises Problem."""
        network = self.parts.network(names.CONTROL)
        running = [one for one in self.parts.tasks_of(PROXY) if one.is_running]
        return [one.addresses[network] for one in running if network in one.addresses]

    def _task_of(self, release: str) -> str:
        network = self.parts.network(names.DEFAULT)
        for service in (names.TRIAL, WEB):
            for one in reversed(self.parts.tasks_of(service)):
                if one.is_running and one.labels.get(RELEASE) == release and network in one.addresses:
                    return one.addresses[network]
        return ""

    def _ask(self, *urls: str) -> list[Answer]:
        lock = self.lock()
        if not lock:
            raise Problem("Nobody can be asked without the lock.")
        return questions.ask(self.shell, lock, urls, headers(self.stack.project.health_host))


def all_answer(found: Sequence[Answer]) -> bool:
    """Tell whether proxies answer well.

    One that says nothing is on a node that was lost, which the Swarm has not noticed yet: no release's doing. At least
    one has to answer.
    """
    return any(one.good for one in found) and all(one.good or "HTTP/" not in one.head for one in found)
