"""The containers of one Compose project, and the commands for them."""

import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Ran, Shell
from slipway.core.words import of_log
from slipway.engine import containers, jobs, packaged, processes, proxies
from slipway.engine.compose import (
    ANY,
    FILES,
    RELEASE,
    UNREADABLE,
    WITHOUT_ENV,
    compose_command,
    patience,
    project_name,
    release_variables,
)
from slipway.engine.containers import Container
from slipway.project.config import Project
from slipway.project.database import explained
from slipway.project.environments import DEV

SERVICES = ("config", "--format", "json")  # prints them
DATABASE = "db"
TITLES = {DATABASE: "database", "proxy": "proxy"}  # what people call a service; "service" unless named
LOG = 25  # lines
# The engine's words for a container that has ended, and is started again after a while; and for one's health at first.
RESTARTING, STARTING = "restarting", "starting"


@dataclass
class Stack:
    """One Compose project of an environment.

    `variables` are those that its files leave open; `https` tells whether there is a domain. `label` is one, as
    NAME=VALUE, that containers of its releases have, each of which is a Compose project of its own.
    """

    shell: Shell
    project: Project
    environment: str
    variables: Callable[[], dict[str, str]]
    label: str = ""
    https: Callable[[], bool] = bool
    _seen: list[Container] | None = field(default=None, repr=False)

    @cached_property
    def name(self) -> str:
        """The name of the Compose project."""
        return project_name(self.project, self.environment)

    def __post_init__(self) -> None:
        """Have the files there that come out of Slipway's package; raises Problem."""
        packaged.provide(self.project)

    # Commands

    def compose(self, *args: str | Sequence[str] | None, ipv6: bool = False) -> list[str]:
        """Return a `docker compose` command line; with `ipv6`, one that is about a proxy which has a network with it.

        Compose would make that network for other commands as well.
        """
        beside = self.of_processes if self.environment == DEV else ()
        return self._compose(*args, ipv6=ipv6, more=(*beside, *filter(None, [self._direct])))

    def compose_release(self, release: str, *args: str | Sequence[str] | None) -> list[str]:
        """Return a `docker compose` command line for a release of it."""
        more = (*self.of_processes, *filter(None, [self._direct_of_releases]))
        return compose_command(self.project, self.environment, *args, release=release, more=more)

    def bare(self, *args: str | Sequence[str] | None) -> list[str]:
        """Return a command line that needs no .env.

        What only looks or stops has to work when that file is broken, and must not show the broken line, as Compose
        would.
        """
        return self._compose(WITHOUT_ENV, *args)

    def _compose(self, *args: str | Sequence[str] | None, ipv6: bool = False, more: Sequence[str] = ()) -> list[str]:
        https = self.https()
        return compose_command(self.project, self.environment, *args, https=https, ipv6=ipv6, more=more)

    @cached_property
    def of_processes(self) -> tuple[str, ...]:
        """The Compose files by which a release, or development, has the processes of the project; raises Problem."""
        if not self.project.processes:
            return ()
        dev, folder = self.environment == DEV, packaged.where(self.project)
        config = compose_command(self.project, self.environment, *SERVICES, release="" if dev else ANY)
        env = self.env() if dev else release_variables(self.name)
        said = self.shell.output(config, env=env, failed=UNREADABLE)
        files = [posixpath.join(folder, name) for name in (FILES[DEV] if dev else (RELEASE,))]
        files = [name for name in files if (self.project.root / name).exists()]
        texts = processes.overlays(self.project, json.loads(said)["services"], files, dev)
        return tuple(self.more(f"processes-{number}.yaml", text)[1] for number, text in enumerate(texts, 1))

    # What Compose is told beyond the project's files where containers are given a company's proxy

    @cached_property
    def _direct(self) -> str:
        beside = self.of_processes if self.environment == DEV else ()
        config = self._compose(*SERVICES, more=beside)
        return proxies.file(self.shell, self._state("direct.yaml"), config, self.env())

    @cached_property
    def _direct_of_releases(self) -> str:
        config = compose_command(self.project, self.environment, *SERVICES, release=ANY, more=self.of_processes)
        target, env = self._state("direct-release.yaml"), release_variables(self.name)
        return proxies.file(self.shell, target, config, env, alias="web-${RELEASE}")

    def more(self, name: str, text: str) -> list[str]:
        """Have one more Compose file at hand; return the options that name it, none for no text. Raises Problem."""
        target = self._state(name)
        if text:
            proxies.write(self.shell.root / target, text)
        return ["--file", str(target)] if text else []

    def _state(self, name: str) -> Path:
        return (self.project.state / self.environment / name).relative_to(self.project.root)

    def env(self, port: int = 0) -> dict[str, str]:
        """Return the variables that the Compose files leave open."""
        return self.shell.beneath | patience(self.project) | self.variables() | ({"PORT": str(port)} if port else {})

    # What is there

    @property
    def containers(self) -> list[Container]:
        """Its containers, as they were when they were looked at first."""
        if self._seen is None:
            said = self.shell.output(listed_command(self.name, self.label))
            self._seen = containers.inspect(self.shell, *own(said, self.name, self.label))
        return self._seen

    def forget(self) -> None:
        """Look anew next time: the containers have changed."""
        self._seen = None

    def container(self, service: str) -> Container | None:
        """Return a service's container, one that runs if there is; None for none.

        Compose goes by project and service, and so does this: also for what was started without `inv`.
        """
        found = None
        for one in self.containers:
            project = one.labels.get(containers.PROJECT, self.name)  # not a release's
            if one.service == service and project == self.name and not one.is_one_off:
                found = one if found is None or one.running else found
        return found

    def runs(self, service: str) -> bool:
        """Tell whether a service runs, and doesn't only end again and again."""
        one = self.container(service)
        return bool(one and one.running and not ends_again(one))

    def wait(self, service: str) -> None:
        """Wait until a service is ready; raises Problem with its log."""
        self.forget()
        one = self.container(service)
        how = containers.wait_for(lambda: one and containers.look(self.shell, one.id), self.project.wait)
        self.forget()
        if how:
            one = self.container(service)  # it may be gone by now
            said = containers.last_lines(self.shell, one.id, LOG) if one else ""
            title = TITLES.get(service, "service")
            text = f"{said}\nThe {title} {how}; {of_log(said)}.".lstrip()
            raise Problem(explained(text, own=True) if service == DATABASE else text)

    def need(self, service: str) -> Container:
        """Return a service's container; raises Problem when it does not run."""
        one = self.container(service)
        if not one or not one.running:
            raise Problem(f"The {TITLES.get(service, 'service')} is not running: ./inv up")
        return one

    # What is done

    def one_off(
        self, service: str, command: Sequence[str], options: Sequence[str], secrets: Mapping[str, str], folder: str
    ) -> jobs.OneOff:
        """Return a one-off of a service, with secrets as files in a folder of its container."""
        told = [*jobs.made_by(), *options]
        return jobs.OneOff(service, command, jobs.any_name(service), self.env(), {}, told, secrets, folder)

    def run(self, job: jobs.OneOff) -> Ran:
        """Run a one-off; raises Problem when it cannot be started."""
        jobs.remove_left_behind(self.shell, self.name)
        return jobs.run(self.shell, self._compose_for(job), job)

    def held(self, job: jobs.OneOff) -> AbstractContextManager[str]:
        """Give the name of a one-off in which commands can be run; raises Problem when it cannot be started."""
        jobs.remove_left_behind(self.shell, self.name)
        return jobs.held(self.shell, self._compose_for(job), job)

    def image(self, service: str) -> str:
        """Return the image that the Compose files name for a service; raises Problem."""
        return self.shell.output(self.compose("config", "--images", service), env=self.env()).split()[-1]

    def _compose_for(self, job: jobs.OneOff) -> Callable[..., list[str]]:
        if not job.image:
            return self.compose
        file = self._state(f"image-{job.service}.json")
        one = {"image": job.image, "pull_policy": "never"}
        proxies.write(self.shell.root / file, json.dumps({"services": {job.service: one}}))
        return partial(self.compose, "--file", str(file))

    def quietly(self, *args: str) -> None:
        """Run a command of Compose that may fail."""
        self.shell.attempt(self.compose(*args), env=self.env())


def ends_again(one: Container) -> bool:
    """Tell whether a container has ended, and waits to be started again, or was, and is not ready since."""
    return one.phase == RESTARTING or (one.restarts > 0 and one.health == STARTING)


def listed_command(project: str, label: str) -> list[str]:
    """Return the command that lists the containers of a Compose project, for `own`.

    With a `label`, as NAME=VALUE, those of all projects, each with its project and that label: filters are all
    together what a container has to have, and not either.
    """
    if not label:
        return containers.list_command(f"label={containers.PROJECT}={project}")
    columns = [f'{{{{.Label "{name}"}}}}' for name in (containers.PROJECT, label.partition("=")[0])]
    return containers.list_command(f"label={containers.PROJECT}", form="\t".join(["{{.ID}}", *columns]))


def own(listed: str, project: str, label: str) -> list[str]:
    """Return the ids of a project's own containers, of those that `listed_command` has listed.

    They are those of the Compose project, whatever label they have: started without `inv`, they may have another one.
    And those of its releases, by their label. Another project's may have the same one by mistake.
    """
    if not label:
        return listed.split()
    rows = [[*line.split("\t"), "", ""][:3] for line in listed.splitlines()]  # the last one's end may be cut off
    value = label.partition("=")[2]
    return [
        name for name, of, labelled in rows if of == project or (labelled == value and of.startswith(f"{project}-"))
    ]
