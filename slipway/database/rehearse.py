"""`inv migrate --rehearse`: the previous release on the new schema.

A copy of the database is migrated as a deploy would do it, while the previous release runs on it. Its own HTTP tests
say whether it still works, and then those of this tree whether the new one does, before and after what takes
something away.
"""

import contextlib
import json
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from slipway import testing
from slipway.core.errors import Problem
from slipway.database.migrate import check
from slipway.engine.compose import docker_compose, project_name
from slipway.image import plan as image
from slipway.runtime import choose as runtime
from slipway.runtime.compose import Ran, last_lines, one_off, wait_for
from slipway.verbs.session import Lifecycle

TAIL = 25  # lines of tests that failed
QUIETLY = ("-q", "--tb=short", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Release:
    """A release to rehearse: its image, and the one that tests it."""

    name: str
    server: str
    tests: str
    heads: str  # the newest revisions that it knows


@dataclass(frozen=True)
class Outcome:
    """How the tests of a release ended on a schema; `needed` when a deploy depends on it."""

    release: str
    schema: str
    passed: bool
    said: str
    needed: bool = True


@dataclass
class Stage:
    """Where it is rehearsed: a Compose project of its own, whose PostgreSQL keeps nothing."""

    here: Lifecycle
    values: Mapping[str, str]
    servers: dict[str, str] = field(default_factory=dict)

    def compose(self, *args: Any) -> list[str]:
        """Return a `docker compose` command line of the rehearsal."""
        return docker_compose(self.here.project, "rehearsal", *args)

    def run(self, release: str, command: list[str], *, env: Mapping[str, str] | None = None) -> Ran:
        """Run a command in a one-off of an image; what it printed is in what is returned."""
        options = [word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")]
        name = f"run-{secrets.token_hex(4)}"
        shell = self.here.shell
        return one_off(shell, self.compose, name, command, {"IMAGE": release}, hidden=self.values, options=options)

    def schema(self, release: Release, *args: str) -> dict[str, Any]:
        """Run a command of slipway.schema in a release's image; raises Problem."""
        ran = self.run(release.server, ["python", "-m", "slipway.schema", *args, "--json"])
        if ran.status:
            raise Problem(f"{release.name} cannot migrate the copy (see above).")
        return dict(json.loads(ran.output))

    def serve(self, release: Release) -> None:
        """Start a release's server; ready when this returns. Raises Problem with its log."""
        shell, project = self.here.shell, self.here.project
        name = f"{project_name(project, 'rehearsal')}-{secrets.token_hex(4)}"
        run = self.compose("run", "--detach", "--no-deps", "--env", f"PORT={project.port}", "--name", name, "web")
        status, _ = shell.answer(run, env={"IMAGE": release.server}, hidden=self.values)
        self.servers[release.name] = name
        if status:
            raise Problem(f"{release.name} could not be started (see above).")
        if how := wait_for(lambda: dict(json.loads(shell.output(["docker", "inspect", name]))[0]), project.wait):
            said = last_lines(shell, name, TAIL)
            raise Problem(f"{said}\n{release.name} {how} on the copy; its log is above.")

    def test(self, release: Release, schema: str, needed: bool = True) -> Outcome:
        """Run a release's HTTP tests against its server."""
        with self.here.steps.step("tests") as step:
            project = self.here.project
            command = testing.pytest_command([], project.tests.http, [], project.root, *QUIETLY)
            base = f"http://{self.servers[release.name]}:{project.port}"
            ran = self.run(release.tests, command, env={"BASE_URL": base})
            lines = ran.output.splitlines()
            said = re.sub(r" in [\d.]+s.*", "", lines[-1].strip("= ")) if lines else f"status {ran.status}"
            step.detail = f"{release.name} on {schema}: {said}"
            if ran.status:
                self.here.steps.say("\n".join(f"    {line}" for line in lines[-TAIL:]))
            return Outcome(release.name, schema, not ran.status, said, needed)


def rehearse(here: Lifecycle, data: bool, as_json: bool) -> None:
    """Migrate a copy, and run this and the previous release on it.

    The copy is of this environment's data, or a fresh database at the previous release's revision, which its tests have
    filled. Raises Problem when a release breaks on a schema on which a deploy would let it run.
    """
    check(here)
    runtime.need_engine("inv migrate --rehearse")
    if not here.project.tests.http:
        raise Problem('There are no HTTP tests to rehearse with: [tool.slipway.tests] http = ["tests/http"]')
    new = _this(here)
    previous = _previous(here)
    if not previous:
        here.steps.say("  previous   there is no previous release: only this one is rehearsed")
    with _stage(here) as stage, tempfile.TemporaryDirectory(prefix="slipway-rehearsal-") as folder:
        if data:
            _copy(here, stage, Path(folder) / "data.dump")
        outcomes = _play(here, stage, previous, new, data)
    _report(here, outcomes, as_json)


def _play(here: Lifecycle, stage: Stage, previous: Release | None, new: Release, data: bool) -> list[Outcome]:
    outcomes: list[Outcome] = []
    live = []
    if previous:
        if not data:
            with here.steps.step("migrate", f"at {previous.heads}, by {previous.name}"):
                if stage.run(previous.server, ["alembic", "upgrade", "head"]).status:
                    raise Problem(f"{previous.name} cannot migrate a fresh database (see above).")
        stage.serve(previous)
        at = ", ".join(stage.schema(new, "state")["at"])
        before = stage.test(previous, f"{at}, as it is")
        if not before.passed:
            raise Problem(
                f"{previous.name}, which knows {previous.heads}, fails its own tests on {at} already ({before.said}): "
                "they say nothing of what comes after."
            )
        outcomes.append(before)
        live = ["--live", f"{previous.name}={previous.heads}"]
    with here.steps.step("migrate") as step:
        done = stage.schema(new, "upgrade", *live)
        expanded = ", ".join(done["to"]) or "no revisions"
        step.detail = f"at {expanded}, by {new.name}"
    if previous:
        outcomes.append(stage.test(previous, expanded))
    stage.serve(new)
    outcomes.append(stage.test(new, expanded))
    if done["waiting"]:
        with here.steps.step("migrate") as step:
            done = stage.schema(new, "upgrade")
            contracted = ", ".join(done["to"])
            step.detail = f"at {contracted}, by {new.name}"
        outcomes.append(stage.test(new, contracted))
        if previous:
            outcomes.append(stage.test(previous, contracted, needed=False))
    return outcomes


def _report(here: Lifecycle, outcomes: list[Outcome], as_json: bool) -> None:
    if as_json:
        rows = [{"release": o.release, "schema": o.schema, "passed": o.passed, "needed": o.needed, "tests": o.said}
                for o in outcomes]  # fmt: skip
        sys.stdout.write(json.dumps({"outcomes": rows}, indent=2) + "\n")
    else:
        for one in outcomes:
            after = "" if one.passed or one.needed else "; it has to be gone by then, and cannot be rolled back to"
            sys.stdout.write(
                f"{one.release:<12} {one.schema:<20} {'works' if one.passed else 'breaks'}: {one.said}{after}\n"
            )
    broken = [one for one in outcomes if one.needed and not one.passed]
    if broken:
        listed = " and ".join(f"{one.release} breaks on {one.schema}" for one in broken)
        raise Problem(f"{listed} (see above). docs/migrations.md has the ways to change a schema under a release.")


def _this(here: Lifecycle) -> Release:
    this = image.current(here)
    repository = here.project.image
    tags = f"{repository}:rehearsed", f"{repository}:test"
    with here.steps.step("image", this.tag):
        image.build(here, this, [tags[0]])
        image.build(here, this, [tags[1]], "test")
    return Release("this tree", *tags, image.label(here.shell, tags[0], image.SCHEMA) or "")


def _previous(here: Lifecycle) -> Release | None:
    version = image.current(here).tree.previous
    if not version:
        return None
    with here.steps.step("previous", version):
        server, tests = at_hand(here, version), at_hand(here, f"{version}-test")
    return Release(version, server, tests, image.label(here.shell, server, image.SCHEMA) or "")


def at_hand(here: Lifecycle, tag: str) -> str:
    """Return what an image of an earlier release is called on the engine, pulled if it wasn't there.

    Raises Problem: a release that cannot be had is no reason to leave its rehearsal out.
    """
    project, shell = here.project, here.shell
    names = [f"{one}:{tag}" for one in (project.repository, project.image) if one]
    if local := next((name for name in names if image.built_id(shell, name)), None):
        return local
    if project.repository and not shell.probe(["docker", "pull", "--quiet", names[0]], echo=True)[0]:
        return names[0]
    raise Problem(
        f"{tag} was released before this, and {names[0]} is neither here nor in the registry, so it cannot be "
        "rehearsed. Releases push it: ./inv release"
    )


def _copy(here: Lifecycle, stage: Stage, dump: Path) -> None:
    with here.steps.step("copy", f"of the {here.environment} data"):
        here.database(image=False)
        dump.touch(mode=0o600)
        with dump.open("wb") as file:
            here.runtime.beside_database("dump", failed="There is no copy (see above).", stdout=file)
        options = "--no-owner --no-privileges --exit-on-error"
        script = (
            f'PGPASSWORD="$POSTGRES_PASSWORD" pg_restore {options} -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"'
        )
        with dump.open("rb") as file:
            run = stage.compose("exec", "-T", "db", "sh", "-ec", script)
            if here.shell.status(run, hidden=stage.values, stdin=file):
                raise Problem("The copy could not be restored (see above).")


@contextlib.contextmanager
def _stage(here: Lifecycle) -> Iterator[Stage]:
    values = testing.example_values(here) | {"DATABASE_HOSTNAME": "db", "DATABASE_PORT": "5432"}
    stage = Stage(here, values)
    shell, project = here.shell, here.project
    compose = partial(docker_compose, project, "rehearsal")
    up = compose("up", "--detach", "--wait", "--wait-timeout", str(project.wait), "db")
    try:
        with here.steps.step("database", "PostgreSQL, for this rehearsal alone"):
            shell.output(up, hidden=values, echo=True)
        yield stage
    finally:
        for name in stage.servers.values():
            shell.probe(["docker", "rm", "--force", name])
        shell.probe(compose("down", "--volumes", "--remove-orphans"), hidden=values)
