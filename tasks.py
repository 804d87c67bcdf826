"""The lifecycle of the service, a verb each.

`inv --list` shows them, `inv --help VERB` explains one. What they do is in slipway/, what they know of the service is
in `[tool.slipway]` of pyproject.toml.
"""

import sys
from collections.abc import Sequence

from invoke.context import Context
from invoke.tasks import task

from slipway.verbs.session import after_dashes, begin

PROD = {"prod": "production instead of development (or SLIPWAY_ENV=prod)"}
CONTEXT = {"context": "on another machine: the name of its Docker context (or DOCKER_HOST, DOCKER_CONTEXT)"}
EVERYWHERE = PROD | CONTEXT | {"runtime": "docker or host; remembered until `inv down --volumes`"}
TAG = {"tag": "of another image than this tree's"}
YES = {"yes": "don't ask"}


@task(
    help={
        "python": "version of the base image, like 3.13",
        "variant": "its variant: slim, full, alpine, bookworm, slim-bookworm, ...",
        "build_arg": "NAME=VALUE for the Dockerfile's ARG NAME, never a secret; may be repeated",
        "secret": "id=NAME,src=FILE for the time of the build; may be repeated",
        "no_cache": "build every step anew",
        "pull": "ask the registry for a newer base image",
        "verify": "build twice, and compare to the byte",
        "platform": "for which platforms, like linux/amd64,linux/arm64; with --push",
        "push": "push it to the registry of [tool.slipway]",
    }
    | PROD,
    iterable=["build_arg", "secret"],
    auto_shortflags=False,  # -h would push
)
def build(
    _: Context,
    prod: bool = False,
    python: str = "",
    variant: str = "",
    build_arg: Sequence[str] | None = None,
    secret: Sequence[str] | None = None,
    no_cache: bool = False,
    pull: bool = False,
    verify: bool = False,
    platform: str = "",
    push: bool = False,
) -> None:
    """Build the production image, its arguments injected."""
    from slipway.image import build as building
    from slipway.image import reproduce as verifying

    with begin("build", prod=prod, where=False) as here:
        building.check(platform, push, verify)
        options = building.Options(tuple(map(building.read_secret, secret or [])), no_cache, pull)
        image = building.decide(here, python, variant, build_arg or [])
        tag = building.push(here, image, options, platform) if push else building.build(here, image, options)
        if verify:
            verifying.verify(here, image, options)
        sys.stdout.write(f"{tag}\n")


@task(help={"single": "build the single-stage image first", "json": "as JSON, for programs"} | TAG)
def image(_: Context, tag: str = "", single: bool = False, json: bool = False) -> None:
    """Show what the image is made of, beside a single-stage one."""
    from slipway.image import inspect as inspecting

    with begin("image", where=False) as here:
        inspecting.show(here, inspecting.find(here, tag), single, json)


@task(help=TAG)
def sbom(_: Context, tag: str = "") -> None:
    """Write the image's bill of materials (CycloneDX)."""
    from slipway.image import inspect as inspecting
    from slipway.image import sbom

    with begin("sbom", where=False) as here:
        built = inspecting.read(here, inspecting.find(here, tag))
        sys.stdout.write(f"{sbom.write(here, built)}\n")


@task(
    help=EVERYWHERE
    | {
        "to": "the last revision to apply (default: the newest)",
        "contract": "also what takes something away, once no release needs it",
        "plan": "show what is pending, its SQL, locks and risks; change nothing",
        "sql": "print the SQL of what is pending, and change nothing",
        "drift": "compare the database with what its revisions make",
        "rehearse": "migrate a copy, and run this and the previous release on it",
        "data": "with --rehearse: on a copy of this environment's data",
        "json": "as JSON, for programs",
    }
)
def migrate(
    _: Context,
    to: str = "",
    contract: bool = False,
    plan: bool = False,
    sql: bool = False,
    drift: bool = False,
    rehearse: bool = False,
    data: bool = False,
    json: bool = False,
    prod: bool = False,
    runtime: str = "",
    context: str = "",
) -> None:
    """Migrate the database in a one-off container or process."""
    from slipway.database import migrate as migrating
    from slipway.database import rehearse as rehearsing

    with begin("migrate", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        options = migrating.options(to, contract, {"plan": plan, "sql": sql, "drift": drift, "rehearse": rehearse})
        if rehearse:
            rehearsing.rehearse(here, data, json)
            return
        here.database()
        if plan:
            migrating.plan(here, options, json)
        elif sql:
            migrating.sql(here, options)
        elif drift:
            migrating.drift(here, json)
        else:
            migrating.migrate(here, options, json)


@task(help=EVERYWHERE | YES | {"to": "the revision to go back to, or base", "json": "as JSON, for programs"})
def downgrade(
    _: Context,
    to: str = "",
    prod: bool = False,
    runtime: str = "",
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Take migrations back; shows what that deletes, and asks."""
    from slipway.database import migrate as migrating

    with begin("downgrade", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        here.database()
        migrating.downgrade(here, to, yes, json)


@task(
    help=PROD
    | {
        "runtime": EVERYWHERE["runtime"],
        "message": "what the migration does",
        "autogenerate": "from the difference of models and database; the default",
        "empty": "with nothing in it",
        "phase": "expand (only adds) or contract (takes something away)",
        "merge": "join the newest revisions of two lines of work",
    }
)
def revision(
    _: Context,
    message: str = "",
    autogenerate: bool = False,
    empty: bool = False,
    phase: str = "",
    merge: bool = False,
    prod: bool = False,
    runtime: str = "",
) -> None:
    """Make a migration in the working tree."""
    from slipway.database import revise as revising

    with begin("revision", prod=prod, runtime=runtime, exclusive=True) as here:
        wanted = revising.check(here, message, autogenerate, empty, phase, merge)
        here.database()
        revising.make(here, wanted)


@task(help={"tag": "of another image than this tree's, built already"})
def audit(_: Context, tag: str = "") -> None:
    """Look for secrets in the image, and known vulnerabilities."""
    from slipway.verbs import audit as auditing

    with begin("audit", neither=True, where=False) as here:
        auditing.audit(here, tag)


@task(help={"json": "as JSON, for programs", "runtime": EVERYWHERE["runtime"]})
def check(_: Context, runtime: str = "", json: bool = False) -> None:
    """Check the migrations on a fresh database."""
    from slipway.database import check as checking

    with begin("check", runtime=runtime, exclusive=True) as here:
        here.database()
        checking.check(here, json)


@task(
    help=EVERYWHERE
    | {
        "list": "list the backups",
        "output": "write a copy to this file as well",
        "json": "as JSON, for programs",
    }
)
def backup(
    _: Context,
    list: bool = False,
    output: str = "",
    json: bool = False,
    prod: bool = False,
    runtime: str = "",
    context: str = "",
) -> None:
    """Back the database up, and read the backup back."""
    from slipway.database import backups

    with begin("backup", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        here.database(image=False)
        if list:
            backups.show(here, json)
        else:
            backups.back_up(here, output, json)


@task(
    help=EVERYWHERE
    | YES
    | {"backup": "its name (default: the latest)", "file": "a file instead, of inv backup --output"}
)
def restore(
    _: Context,
    backup: str = "",
    file: str = "",
    prod: bool = False,
    runtime: str = "",
    context: str = "",
    yes: bool = False,
) -> None:
    """Put a backup in the database's place; asks first."""
    from slipway.database import backups

    with begin("restore", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        here.database(image=False)
        backups.restore(here, backup, file, yes)


@task(
    help=YES
    | CONTEXT
    | {
        "tag": "this image instead of this tree's: 1.2.3, sha-..., or a whole reference",
        "plan": "show what would be done, and change nothing",
        "scale": "how many containers of it (default: as many as there are)",
        "bake": "how many seconds the new release is watched; 0 for not at all",
        "force": "also when nothing has changed",
        "wait": "for another deployment to end",
        "json": "as JSON, for programs",
    }
)
def deploy(
    _: Context,
    tag: str = "",
    plan: bool = False,
    scale: str = "",
    bake: str = "",
    force: bool = False,
    wait: bool = False,
    context: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Replace the live release without losing a request."""
    from slipway.deploy import run as deploying

    with begin("deploy", prod=True, context=context, exclusive=not plan, wait=wait) as here:
        options = deploying.options(here, tag, scale, bake, force)
        if plan:
            deploying.plan(here, options, json)
        else:
            deploying.deploy(here, options, yes, json)


@task(
    help=CONTEXT
    | {
        "to": "the tag or name of a release that was live (default: the one before)",
        "wait": "for another deployment to end",
        "json": "as JSON, for programs",
    }
)
def rollback(_: Context, to: str = "", wait: bool = False, context: str = "", json: bool = False) -> None:
    """Go back to a release that was live before."""
    from slipway.deploy import rollback

    with begin("rollback", prod=True, context=context, where=False) as here:
        rollback.rollback(here, to, wait, json)


@task(help=CONTEXT | {"json": "as JSON, for programs"})
def releases(_: Context, context: str = "", json: bool = False) -> None:
    """List what was deployed when, by whom, and how it ended."""
    from slipway.deploy import run as deploying

    with begin("releases", prod=True, context=context, where=False) as here:
        deploying.show_releases(here, json)


@task(help=EVERYWHERE | {"port": "the port on this machine (default: PORT in .env, else the project's)"})
def up(_: Context, prod: bool = False, runtime: str = "", context: str = "", port: str = "") -> None:
    """Start database, migrations and service; print the URLs."""
    from slipway.database import migrate as migrating
    from slipway.deploy import run as deploying

    with begin("up", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        here.settings.prepare()
        if here.is_up(port):
            return
        if here.is_deployed:
            deploying.deploy(here, deploying.Options(), yes=True, as_json=False)
            return
        here.check_port()
        here.remember()
        here.runtime.prepare()
        here.runtime.start_database()
        migrating.up_to_date(here)
        here.runtime.start(here.port)
        here.show_urls()


@task(help=EVERYWHERE | YES | {"volumes": "delete the data as well; asks first"})
def down(
    _: Context, prod: bool = False, runtime: str = "", context: str = "", volumes: bool = False, yes: bool = False
) -> None:
    """Stop the service and its database."""
    with begin("down", prod=prod, runtime=runtime, context=context, exclusive=True) as here:
        here.confirm_volumes(volumes, yes)
        here.runtime.stop(volumes)
        here.forget(volumes)


@task(
    help={
        "image": "in an image with the development packages, on Compose's PostgreSQL",
        "e2e": "the lifecycle itself, on a real engine",
    }
    | PROD
)
def test(_: Context, image: bool = False, e2e: bool = False, prod: bool = False) -> None:
    """Run the tests; what follows `--` goes to pytest."""
    from slipway import testing

    with begin("test", prod=prod, exclusive=image, where=False) as here:
        run = testing.in_image if image else testing.end_to_end if e2e else testing.on_host
        run(here, after_dashes(sys.argv))


@task(
    help={
        "part": "which one is raised: major, minor or patch (default)",
        "version": "the new version itself, X.Y.Z",
        "plan": "show what would be done, and change nothing",
        "skip": "leave this gate out, and say so for good; may be repeated",
        "secret": "id=NAME,src=FILE for the time of the build; may be repeated",
        "tag_only": "commit and tag; another machine publishes what is tagged",
        "json": "as JSON, for programs",
    }
    | YES,
    iterable=["skip", "secret"],
)
def release(
    _: Context,
    part: str = "",
    version: str = "",
    plan: bool = False,
    skip: Sequence[str] | None = None,
    secret: Sequence[str] | None = None,
    tag_only: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Pass the gates, commit, tag, push, sign, read back."""
    from slipway.release import run as releasing

    with begin("release", neither=True, where=False) as here, releasing.turn(here, plan):
        wanted = releasing.wanted(part, version, skip or [], secret or [], tag_only)
        planned = releasing.gather(here, wanted)
        if plan:
            releasing.show(planned, json)
        else:
            releasing.release(here, planned, yes, json)


@task(
    help={
        "tag": "the image in the registry: 1.2.3, sha-..., or a whole reference",
        "secret": "id=NAME,src=FILE for the time of the build; may be repeated",
        "json": "as JSON, for programs",
    },
    iterable=["secret"],
)
def verify(_: Context, tag: str = "", secret: Sequence[str] | None = None, json: bool = False) -> None:
    """Build a released image once more from its commit; compare."""
    from slipway.image import build as building
    from slipway.release import verify as reproducing

    with begin("verify", neither=True, where=False) as here:
        options = building.Options(tuple(map(building.read_secret, secret or [])))
        reproducing.verify(here, tag or here.project.version, options, json)


@task(help=EVERYWHERE | {"follow": "go on until Ctrl-C", "lines": "how many of the last lines"})
def logs(
    _: Context, prod: bool = False, runtime: str = "", context: str = "", follow: bool = False, lines: str = "100"
) -> None:
    """Show the service's log."""
    with begin("logs", prod=prod, runtime=runtime, context=context, where=False) as here:
        here.runtime.logs(follow, here.number("lines", lines))


@task(help=EVERYWHERE)
def ps(_: Context, prod: bool = False, runtime: str = "", context: str = "") -> None:
    """Show what runs."""
    with begin("ps", prod=prod, runtime=runtime, context=context) as here:
        here.runtime.ps()


@task(help=EVERYWHERE)
def shell(_: Context, prod: bool = False, runtime: str = "", context: str = "") -> None:
    """Open a shell where the service runs."""
    with begin("shell", prod=prod, runtime=runtime, context=context, where=False) as here:
        here.runtime.shell()


@task(help=EVERYWHERE)
def psql(_: Context, prod: bool = False, runtime: str = "", context: str = "") -> None:
    """Open psql on the database; what follows `--` goes to psql."""
    with begin("psql", prod=prod, runtime=runtime, context=context, where=False) as here:
        here.runtime.psql(after_dashes(sys.argv))


@task(help=EVERYWHERE | {"json": "as JSON, for programs"})
def status(_: Context, prod: bool = False, runtime: str = "", context: str = "", json: bool = False) -> None:
    """Say what runs, where, and which version."""
    with begin("status", prod=prod, runtime=runtime, context=context, where=not json) as here:
        here.show_status(json)
