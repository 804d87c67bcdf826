"""`inv deploy`: gather, decide, show, confirm, act."""

import json
import secrets
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway.core.errors import Problem
from slipway.database import backups
from slipway.database import migrate as migrating
from slipway.deploy import ledger
from slipway.deploy import recover as recovering
from slipway.deploy import settings as starting
from slipway.deploy import source as candidate
from slipway.deploy import switch as switching
from slipway.deploy.compose import proxy
from slipway.deploy.compose.deployment import LEDGER, LIVE, SALT, Production
from slipway.deploy.compose.release import Release, new_release
from slipway.deploy.ledger import Entry
from slipway.deploy.source import Candidate, Source
from slipway.image.plan import VERSION
from slipway.project import tree as version
from slipway.project.revisions import caller
from slipway.verbs.session import Lifecycle

ROOM = 1_000_000_000  # bytes that have to be free on the engine's disk


@dataclass(frozen=True)
class Options:
    """What was asked for: the image's tag ("" for this tree), how many containers (0 for as many as there are).

    `bake` are seconds; 0 also spares the wait before the switch. With `force`, also when nothing has changed.
    """

    tag: str = ""
    scale: int = 0
    bake: int = 0
    force: bool = False


@dataclass(frozen=True)
class Facts:
    """What there is before anything is done.

    `live` is what the proxy asks, `database` whether it runs or is elsewhere, `image` what is to be deployed (None when
    it is not on the engine yet), `schema` what slipway.schema says of the database (None when it was not asked).
    `proxy` is what compose.prod.yaml would do to the proxy ("" for nothing), and `caddyfile` its configuration, now
    and then. `same` tells whether the live release is defined as one would be now.
    """

    live: Release | None
    entries: tuple[Entry, ...]
    database: bool
    reference: str
    image: Candidate | None
    schema: dict[str, Any] | None
    salt: str
    settings: dict[str, str]
    same: bool
    proxy: str
    caddyfile: tuple[str, str]

    @property
    def now(self) -> Entry | None:
        """What the ledger says of the live release."""
        return ledger.of_release(self.entries, self.live.id) if self.live else None


def options(here: Lifecycle, tag: str, scale: str, bake: str, force: bool) -> Options:
    """Read the options of the command line; raises Problem."""
    seconds = 0 if bake == "0" else here.number("bake", bake) if bake else here.project.deploy.bake
    return Options(tag, here.number("scale", scale) if scale else 0, seconds, force)


def deploy(here: Lifecycle, options: Options, yes: bool, as_json: bool) -> None:
    """Deploy, under the lock; what is live goes on until the new release has taken its place. Raises Problem."""
    production = here.production
    here.settings.prepare()
    here.settle_port()
    recovering.recover(production)
    source = candidate.resolve(production, options.tag)
    image = candidate.get(production, source)
    facts = gather(production, options, source, image)
    for name, what in planned(facts, options):
        here.steps.say(f"  {name:<10} {what}")
    entry = facts.now
    if not is_nothing(facts, options):
        here.confirm(f"Deploy {facts.reference} to {production.compose_project}?", yes)
        here.remember()
        if is_live(facts, options):
            prepare(production, facts)
            switching.take(production, *("", "") if facts.proxy else facts.caddyfile)
        else:
            entry = act(production, facts, image, options)
    assert entry  # noqa: S101
    if as_json:
        sys.stdout.write(entry.line())
        return
    here.steps.say(f"  live       {entry.image}, as {entry.release}")
    here.show_urls()


def plan(here: Lifecycle, options: Options, as_json: bool) -> None:
    """Show what `deploy` would do; change nothing. Raises Problem."""
    production = here.production
    here.settings.check()
    here.settle_port()
    source = candidate.resolve(production, options.tag)
    image = candidate.inspect(production, source.reference)
    lines = planned(gather(production, options, source, image, changes=False), options)
    if as_json:
        sys.stdout.write(json.dumps(dict(lines), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{name:<10} {what}\n" for name, what in lines)


def gather(
    production: Production, options: Options, source: Source, image: Candidate | None, changes: bool = True
) -> Facts:
    """Look at everything; raises Problem with what would make the deployment fail.

    Without `changes`, nothing is made for it, not even the network of a first deployment.
    """
    here = production.here
    refuse_backwards(production, source, image)
    production.use(source.reference)
    with here.steps.step("preflight") as step:
        env = production.env(here.port)
        check_settings(production, env)
        named, caddyfile, text, salt = production.read(LIVE, proxy.CADDYFILE, LEDGER, SALT)
        live = production.releases.get(named.removeprefix("web-"))
        change = proxy.change(production, env)
        for port in here.ports if change else ():
            if port not in production.proxy_ports:
                production.check_port(port)
        wanted = proxy.wanted(production)
        if wanted != caddyfile:
            proxy.check(production, wanted, env)
        free = room(production)
        salt = salt or secrets.token_hex(16)
        settings = starting.settings(production, salt)
        step.detail = f"settings, proxy{f', disk ({backups.human(free)} free)' if free else ''}"
    database = not here.settings.own_database or production.runs("db")
    can_ask = image and database and (changes or production.container("proxy"))
    return Facts(
        live, tuple(ledger.parse(text)), database, source.reference, image,
        ask_schema(production) if can_ask else None, salt, settings,
        bool(live and starting.is_defined_so(production, live)), change, (caddyfile, wanted),
    )  # fmt: skip


def refuse_backwards(production: Production, source: Source, image: Candidate | None) -> None:
    """Raise Problem when a tag that moves, like latest, leads to an older version than the live one."""
    live = production.live_release
    if not source.moving or not live:
        return
    then, now = source.version or (image.version if image else ""), live.labels.get(VERSION, "")
    if version.is_version(then) and version.is_version(now) and version.parse(then) < version.parse(now):
        raise Problem(
            f"{source.moving} leads to {then}, which is older than {now}, the live one. If that is meant, name it: "
            f"./inv deploy --tag {then}"
        )


def check_settings(production: Production, env: dict[str, str]) -> None:
    """Have Compose read its files, and look at the domain; raises Problem."""
    failed = "Compose cannot read its files (see above)."
    production.here.shell.output(production.compose("config", "--quiet"), env=env, failed=failed)
    domain = production.here.settings.domain
    if domain and not all(name and not set(name) & set(" /:") for name in map(str.strip, domain.split(","))):
        raise Problem(f".env: DOMAIN={domain} should be a host name, like example.com, or some with commas between.")
    for name in filter(None, map(str.strip, domain.split(","))):
        try:
            socket.getaddrinfo(name.removeprefix("*."), 443)
        except OSError:
            production.here.steps.say(f"  {name} is not known to DNS here: it has to be, before it gets a certificate")


def room(production: Production) -> int:
    """Return the free bytes of the engine's disk, where the volumes are; 0 when that cannot be told.

    Raises Problem when they are too few.
    """
    status, said = production.script("room")
    free = int(said) * 1024 if said and not status else 0
    if free and free < ROOM:
        raise Problem(
            f"The engine has {backups.human(free)} left on its disk; a deployment asks for {backups.human(ROOM)}. "
            "What takes it: docker system df"
        )
    return free


def ask_schema(production: Production) -> dict[str, Any] | None:
    """Return what is pending in the database; None without migrations.

    Raises Problem when the release needs what may not be applied yet.
    """
    here = production.here
    if not here.project.migrations:
        return None
    with here.steps.step("schema") as step:
        state = migrating.state(here)
        if state["refused"]:
            raise Problem(state["refused"])
        step.detail = schema_line(state)
    return state


# Decide, show


def is_live(facts: Facts, options: Options) -> bool:
    """Tell whether the live release is what would be deployed."""
    live, now = facts.live, facts.now
    return bool(
        not options.force
        and live
        and live.healthy
        and now
        and facts.image
        and live.image_id == facts.image.id
        and facts.same
        and facts.settings == now.settings
        and len(live.containers) == (options.scale or now.scale)
        and not (facts.schema and facts.schema["apply"])
    )


def is_nothing(facts: Facts, options: Options) -> bool:
    """Tell whether there is nothing to do at all."""
    beside = facts.database and not facts.proxy and facts.caddyfile[0] == facts.caddyfile[1]
    return is_live(facts, options) and beside


def planned(facts: Facts, options: Options) -> list[tuple[str, str]]:
    """Return what will be done, as names and lines."""
    live, now = facts.live, facts.now
    if is_nothing(facts, options):
        return [("nothing", "it is live already, with these settings; --force deploys it again")]
    lines = [
        ("now", f"{live.image}{'' if live.running else ', which does not run'}" if live else "nothing is live"),
        ("then", f"{facts.reference}{'' if facts.image else ', to be built or pulled'}"),
    ]
    scale = options.scale or (now.scale if now else 1)
    if scale > 1 or (live and len(live.containers) != scale):
        lines.append(("replicas", f"{len(live.containers) if live else 0} -> {scale}"))
    if now:
        changed = starting.difference(now.settings, facts.settings)
        lines.append(
            ("settings", changed or ("the same" if facts.same else "the same; compose.release.yaml has changed"))
        )
    if facts.schema:
        lines.append(("schema", schema_line(facts.schema)))
    if facts.proxy == "recreate":
        lines.append(
            ("proxy", "made anew, as compose.prod.yaml or its variables changed: connections are cut meanwhile")
        )
    elif not facts.proxy and facts.caddyfile[0] != facts.caddyfile[1]:
        lines.append(("proxy", "takes the changed Caddyfile; connections that are idle are closed"))
    lines.append(("steps", ", ".join(steps(facts, options))))
    return lines


def steps(facts: Facts, options: Options) -> list[str]:
    """Return what will run, in order."""
    old = facts.live and facts.live.running
    schema = facts.schema
    if is_live(facts, options):
        proxy = {"start": "start the proxy", "recreate": "make the proxy anew", "": "tell the proxy"}[facts.proxy]
        return [*([] if facts.database else ["start the database"]), proxy, "the release stays"]
    words = [
        "" if facts.database else "start the database",
        "back up" if schema and schema["apply"] and schema["sizes"] else "",
        "migrate" if (schema and schema["apply"]) or not facts.database else "",
        {"start": "start the proxy", "recreate": "make the proxy anew", "": ""}[facts.proxy],
        "start the release beside the old one" if old else "start the release",
        "ready",
        "smoke test",
        "switch",
        f"watch for {options.bake} s" if options.bake else "",
        "stop the old one" if old else "",
    ]
    return [word for word in words if word]


def schema_line(state: dict[str, Any]) -> str:
    """Say what becomes of the schema."""
    at = f"at {', '.join(state['at']) or 'no revisions'}"
    words = [f"applies {', '.join(state['apply'])}"] if state["apply"] else []
    words += [f"{', '.join(state['waiting'])} waits for --contract"] if state["waiting"] else []
    return f"{at}: {'; '.join(words) or 'nothing is pending'}"


# Act


def act(production: Production, facts: Facts, image: Candidate, options: Options) -> Entry:
    """Do it; return what the ledger says of it. Raises Problem, and then what was live is."""
    here = production.here
    taken = [*production.releases, *(entry.release for entry in facts.entries)]
    entry = Entry(
        event=secrets.token_hex(8), what="deploy", release=new_release(taken, time.time()), image=image.reference,
        image_id=image.id, digest=image.digest, schema=image.schema, settings=facts.settings,
        scale=options.scale or (facts.now.scale if facts.now else 1), by=caller("prod")["SLIPWAY_BY"],
        began=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip
    old = facts.live if facts.live and facts.live.running else None

    def start() -> dict[str, Any]:
        done = prepare(production, facts)
        starting.start(production, image, entry.release, entry.scale)
        return done

    settle = here.project.deploy.settle if options.bake else 0
    caddyfile = ("", "") if facts.proxy else facts.caddyfile
    entry = switching.go_live(production, entry, old, start, settle=settle, seconds=options.bake, caddyfile=caddyfile)
    recovering.prune(production)
    return entry


def prepare(production: Production, facts: Facts) -> dict[str, Any]:
    """Have the database migrated and the proxy there; return what the ledger has to know of that. Raises Problem."""
    here = production.here
    production.write(SALT, facts.salt)
    production.start_database()
    found: dict[str, Any] = {}
    if here.project.migrations and (not facts.schema or facts.schema["apply"]):
        done = migrating.apply(here, migrating.Options())
        found = {"migrated": tuple(one["revision"] for one in done["applied"]), "backup": done["backup"] or ""}
    if facts.proxy:
        production.write(proxy.CADDYFILE, facts.caddyfile[1])
        with here.steps.step("proxy", "ready"):
            proxy.start(production, production.env(here.port))
    return found


def show_releases(here: Lifecycle, as_json: bool) -> None:
    """Print the ledger, the newest first."""
    production = here.production
    named, text = production.read(LIVE, LEDGER)
    entries, live = ledger.parse(text), named.removeprefix("web-")
    if as_json:
        rows = [{**json.loads(entry.line()), "is_live": entry.release == live} for entry in entries]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    if not entries:
        here.steps.say("  nothing was deployed yet: ./inv deploy")
    sys.stdout.writelines(f"{line}\n" for line in ledger.table(entries, live, list(production.releases)))
