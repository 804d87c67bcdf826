"""Releases on one engine: each is a Compose project of its own, started, kept and removed as a whole."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from slipway.core.caller import who
from slipway.core.errors import Problem
from slipway.deploy.compose import answers, labels
from slipway.deploy.compose.beside import BesideImages
from slipway.deploy.compose.definition import Definition
from slipway.deploy.compose.files import Files, renew_secrets, write_secrets
from slipway.deploy.compose.groups import defined, grouped, made_of
from slipway.deploy.compose.lock import EngineLock, on_engine, owner
from slipway.deploy.compose.network import DatabaseNetwork
from slipway.deploy.compose.no_proxy import NoProxy
from slipway.deploy.compose.notes import Notes
from slipway.deploy.compose.proxy import CaddyProxy
from slipway.deploy.compose.shared import SharedVolumes
from slipway.engine import asked, attached, calls, containers, images, jobs, processes, variables, volumes
from slipway.engine.background import Background
from slipway.engine.compose import patience, release_variables
from slipway.engine.stack import Stack
from slipway.project import values
from slipway.project.settings import Settings
from slipway.runtime.release import WEB, Answers, Beside, NewRelease, Release


class EngineReleases(Notes):
    """The releases of a deployment on one engine; see `runtime.releases.Releases`."""

    def __init__(
        self, stack: Stack, settings: Settings, files: Files, proxy: CaddyProxy | NoProxy, network: DatabaseNetwork
    ) -> None:
        super().__init__(stack, files)
        self.settings = settings
        self.proxy = proxy
        self.has_web = stack.project.has_web
        self.network = network
        self.deployment = stack.name
        self._defined = Definition(stack)
        self.shared = SharedVolumes(stack, files, self._defined)
        self.images = images.Images(stack.shell)
        self._beside = BesideImages(stack, proxy)
        self._names: dict[str, list[str]] = {}  # of the containers of releases that are watched
        self._more: Sequence[str] = ()  # what Compose is told of the volumes of the one that is started
        self._retiring: dict[str, Background] = {}

    @contextlib.contextmanager
    def lock(self, verb: str, wait: bool = True, files: bool = True, joins: str = "") -> Iterator[str]:
        """Hold the engine's lock; with `files`, those of the deployment are at hand meanwhile. Raises Problem."""
        if not files:
            self.files.read()  # whether a newer Slipway has written them
        mounts = self.files.create() if files else ()
        lock = EngineLock(self.files.lock, self.proxy.image, f"inv {verb} of {who()}", mounts)
        with on_engine(lock, self.shell, wait, verb, joins) as (container, waited):
            self.stack.forget()
            with self.files.held(container) if files else contextlib.nullcontext():
                yield waited

    def busy(self) -> str:
        """Return who has the lock, with verb and age; "" for nobody."""
        return owner(self.files.lock, self.shell).name

    # What is there

    def all(self) -> dict[str, Release]:
        """Return those that have containers, by id, the oldest first."""
        return grouped(self.stack.containers, self.has_web)

    def live(self) -> Release | None:
        """Return the one that clients are led to, or None."""
        found = self.all()
        return found.get(self.pointer().release) if found else None

    def again(self, release: str) -> Release | None:
        """Look again at one."""
        names = self._names.get(release, [])  # one call of the engine instead of two, many times over
        with contextlib.suppress(Problem):  # then all are listed: one answer that was lost ends no deployment
            found = grouped(containers.inspect(self.shell, *names), self.has_web).get(release)
            if found and len(found.containers) == len(names):
                return found
        self.stack.forget()
        found = self.all().get(release)
        self._names[release] = found.names if found else []
        return found

    def log(self, release: str, lines: int) -> str:
        """Return the last lines of one's log: of a container that is not well, if there is one."""
        found = self.again(release)
        if not found:
            return ""
        one = next((one for one in found.containers if not one.verdict().ready), found.containers[0])
        if one.service == WEB:  # what its check has said is an answer, and told with the rest
            return containers.last_lines(self.shell, one.id, lines)
        return containers.last_words(self.shell, one, lines)

    def answers(self, release: Release) -> Answers | None:
        """Return what the clients of one got; None when it doesn't count that. Raises Problem."""
        return answers.counted(self.shell, release)

    def variables(self) -> dict[str, str]:
        """Return the variables that a release would be started with, its secrets included; raises Problem."""
        found = self._defined.variables() | self.settings.secrets
        variables.check(values.given(self.stack.project), found, self.stack.project)
        return found

    def volumes(self, image: str) -> tuple[str, ...]:
        """Say which volumes releases share; raises Problem for what no release can be made of."""
        pointed = self.pointer().release
        return tuple(map(str, self.shared.look(image, self.all().get(pointed), pointed)))

    def definition(self) -> str:
        """Return what compose.release.yaml makes of a release but for its variables, image and name; raises Problem."""
        return defined(self._defined.services)

    def services(self) -> list[str]:
        """Name the services of compose.release.yaml."""
        return list(self._defined.services)

    def is_defined_so(self, release: Release) -> bool:
        """Tell whether compose.release.yaml, with the settings of today, would make a release as it is."""
        command = self.compose(release.id, "config", "--hash", "*" if self.has_web else ",".join(self.services()))
        said = self.shell.output(command, env=self.env(release.id, release.image))
        return made_of(release) == {tuple(line.split()) for line in said.splitlines()}

    # What is done with one

    def start(self, new: NewRelease) -> None:
        """Start the web of one, to which nobody is led yet; raises Problem."""
        pointed = self.pointer().release
        self._more = self.shared.prepare(new, self.all().get(pointed), pointed)
        volume = labels.release_secrets(self.deployment, new.id)
        marks = labels.of_release(self.deployment, new.id)
        write_secrets(self.stack, volume, new.image, new.user, self.settings.secrets, marks)
        self.network.have()
        if not new.scale:
            self.network.have_default()
        self.network.admit(service.get("networks") or () for service in self._defined.services.values())
        if new.scale:
            self._up(new, {WEB: new.scale}, "The new release could not be started.")

    def resume(self, release: Release) -> None:
        """Start the web of one again that was kept; raises Problem."""
        self.network.admit(one.networks for one in release.containers)
        if release.has_web:
            self._again([one.name for one in release.web])

    # Its processes beside web

    def processes(self) -> dict[str, int]:
        """Return those that a release would have, each with how many by what defines it; raises Problem."""
        return processes.replicas(self.stack.project, self._defined.services)

    def singles(self) -> list[str]:
        """Return those of which never two are at work."""
        return [name for name, one in self.stack.project.processes.items() if one.single]

    def start_processes(self, new: NewRelease) -> None:
        """Start those of one whose web was started; raises Problem."""
        self._up(new, new.replicas, "The processes of the new release could not be started.")

    def resume_processes(self, release: Release) -> None:
        """Start those of one again that don't run; raises Problem."""
        self._again([one.name for one in release.processes if not one.running])

    def retire(self, release: Release) -> None:
        """Tell those of one to stop: the engine sees to that, whatever becomes of this process. Raises Problem."""
        names = [one.name for one in release.processes if one.running]
        self._retiring[release.id] = Background(self.shell, containers.stop_command(*names))

    def is_retiring(self, release: Release) -> bool:
        """Tell whether those of one that were told to stop are still at work."""
        found = self._retiring.get(release.id)
        return bool(found and not found.is_over())

    def retired(self, release: Release) -> None:
        """Wait until those of one have stopped that were told to; raises Problem."""
        if found := self._retiring.pop(release.id, None):
            found.wait(calls.stopping(*release.graces))
            self.stack.forget()

    def _up(self, new: NewRelease, scale: Mapping[str, int], failed: str) -> None:
        counts = [word for name, count in scale.items() for word in ("--scale", f"{name}={count}")]
        command = self.compose(new.id, self._more, "up", "--detach", "--no-deps", "--no-build", counts, list(scale))
        self.shell.quietly(command, env=self.env(new.id, new.image), failed=failed)
        self.stack.forget()
        self._names.pop(new.id, None)

    def _again(self, names: Sequence[str]) -> None:
        command, limit = containers.start_command(*names), calls.starting(len(names))
        self.shell.output(command, echo=True, failed="It cannot be started again.", limit=limit)
        self.stack.forget()

    def renew(self, secrets: Mapping[str, str]) -> None:
        """Let all, and the database's container, have these values in files, "" for none; raises Problem."""
        wanted = [labels.release_secrets(self.deployment, release) for release in self.all()]
        wanted.append(labels.database_secrets(self.deployment))
        there = set(volumes.names(self.shell, f"name={self.deployment}"))
        renew_secrets(self.stack, [one for one in wanted if one in there], self.proxy.image, secrets)

    def stop(self, release: Release) -> None:
        """Stop one: what it is at is finished, for as long as its stop_grace_period; raises Problem."""
        command, limit = containers.stop_command(*release.names), calls.stopping(*release.graces)
        self.shell.output(command, echo=True, failed="The old release does not stop.", limit=limit)
        self.stack.forget()

    def halt(self, release: Release) -> None:
        """Stop one that nobody is led to; it may be gone already."""
        asked.tidy(self.shell, containers.stop_command(*release.names), calls.stopping(*release.graces), echo=True)

    def remove(self, release: Release) -> None:
        """Remove one, its secrets included, once what it is at is finished."""
        if release.at_work:
            self.halt(release)
        asked.tidy(self.shell, containers.remove_command(*release.names))
        # What `inv run` has started there goes on with them: they go with `tidy`, once it has ended.
        volumes.remove_unused(self.shell, labels.release_secrets(self.deployment, release.id))
        self.stack.forget()

    def tidy(self) -> None:
        """Remove ended one-offs, the secrets of releases that have no containers, and their way to the database."""
        self.stack.forget()
        if ended := attached.ended(self.stack.containers):
            asked.tidy(self.shell, containers.remove_command(*ended, volumes=True))
        self.network.leave(one.networks for release in self.all().values() for one in release.containers)
        kept = {labels.release_secrets(self.deployment, release) for release in self.all()}
        there = volumes.names(self.shell, f"label={labels.DEPLOYMENT}={self.deployment}")
        if stray := [volume for volume in there if volume not in kept]:
            jobs.remove_left_behind(self.shell, self.deployment)
            jobs.remove_left_behind(self.shell, self.deployment, self.stack.label)
            volumes.remove_unused(self.shell, *stray)

    def beside(self, port: int = 0) -> tuple[Beside, ...]:
        """Return the images of the database and the proxy that run here; with a port, also what they would be."""
        return self._beside.look(self.settings.own_database, port)

    def room(self) -> int:
        """Return the free bytes of the engine's disk, where the volumes are; 0 when that cannot be told."""
        status, said = self.files.script("room")
        return int(said) * 1024 if said and not status else 0

    # How

    def compose(self, release: str, *args: str | Sequence[str] | None) -> list[str]:
        """Return a `docker compose` command line for a release."""
        return self.stack.compose_release(release, *args)

    def env(self, release: str, image: str) -> dict[str, str]:
        """Return the variables that compose.release.yaml needs."""
        return self.shell.beneath | release_variables(self.deployment, release, image) | patience(self.stack.project)
