"""What a deployment will do, and what is said of that; nothing is asked or changed here."""

from collections.abc import Iterable
from dataclasses import replace

from slipway.deploy import beside, history, ledger, maintenance, moving, processes, settings
from slipway.deploy.facts import (
    Facts,
    Options,
    dismisses,
    is_live,
    is_nothing,
    leaves_backup_out,
    recreates,
    replicas,
    scale,
)
from slipway.deploy.ledger import Entry, Outcome
from slipway.runtime.beside import Companions
from slipway.runtime.release import DATABASE, PROXY
from slipway.schema.answers import State

DEFINED = "what defines it has changed since"
VARIABLES = "its variables (DOMAIN, TRUSTED_PROXIES, ports, ...) or Compose files changed"
CUT = "connections are cut for one to three seconds"


def waits(by: str) -> list[tuple[str, str]]:
    """Return what is said of a deployment that is at work, by whom: "" for none."""
    return [("lock", f"{by}: it ends first")] if by else []


def rows(facts: Facts, options: Options) -> list[tuple[str, str]]:
    """Return what will be done, as names and lines."""
    if is_nothing(facts, options):
        found = [("nothing", "it is live already, with these settings; --force deploys it again")]
        return [*found, *_beside(facts, options)]
    live, now = facts.live, facts.now
    nothing = "what runs on one engine" if facts.moves else "nothing is live"
    found = [
        ("now", f"{live.image}{'' if live.running else ', which does not run'}" if live else nothing),
        ("then", f"{facts.reference}{_origin(options)}{'' if facts.image else ', to be built or pulled'}"),
    ]
    if facts.moves:
        found.append(("move", moving.PAUSE))
    wanted = scale(facts, options)
    if wanted > 1 or (live and live.scale != wanted):
        found.append(("replicas", f"{live.scale if live else 0} -> {wanted}"))
    if facts.processes or (live and live.replicas):
        then = replicas(facts, options)
        found.append(("processes", processes.changes(live.replicas if live else {}, then)))
    if now:
        changed = settings.difference(now.settings, facts.settings)
        same = "the release's are the same"  # the proxy's are no part of it
        by = "compose.yaml, compose.release.yaml, what they take from the settings, or somebody by hand"
        defined = f"; {by} has changed its containers"
        found.append(("settings", changed or f"{same}{'' if facts.same else defined}"))
    found += _beside(facts, options)
    found += _in_database(facts, options)
    found += _kept(facts, options)
    if facts.sharing:
        found.append(("ipv6", f"clients share one address, and its wider limits: {facts.sharing}"))
    return [*found, ("steps", ", ".join(steps(facts, options)))]


def _origin(options: Options) -> str:
    one = options.elsewhere
    return f", the image that is live in {one.environment} ({(one.pinned or one.id)[-64:][:12]})" if one else ""


def _beside(facts: Facts, options: Options) -> list[tuple[str, str]]:
    # What is said of the database and the proxy, and of what releases share.
    found = [("clients", maintenance.note(facts.away))]
    found += [("volumes", "; ".join(facts.volumes)), ("images", beside.line(facts.beside))]
    found.append(("changed", beside.changed(facts.beside, facts.now.beside if facts.now else {})))
    if recreates(facts, options):
        why = beside.why(facts.beside, DATABASE, "its definition has changed")
        found.append(("database", f"made anew, as {why}: away for some seconds, 503 meanwhile"))
    elif facts.outdated or beside.moved(facts.beside, DATABASE):
        why = beside.why(facts.beside, DATABASE, DEFINED)
        how = "./inv deploy --recreate-database, which takes it away for some seconds"
        found.append(("database", f"stays as it was made; {why}: {how}"))
    if facts.left:
        found.append(("database", beside.left(facts.left)))
    found.append(("companions", _companions(facts.companions)))
    proxy = []
    if facts.proxy == "recreate":
        proxy.append(f"made anew, as {beside.why(facts.beside, PROXY, VARIABLES)}: {CUT}")
    elif facts.told:
        proxy.append("takes the changed Caddyfile; connections that are idle are closed")
    if not facts.proxy and beside.moved(facts.beside, PROXY):
        why = beside.why(facts.beside, PROXY, VARIABLES)
        proxy.append(f"stays as it was made; {why}: ./inv deploy --recreate-proxy; {CUT} then")
    return [(name, line) for name, line in [*found, ("proxy", "; ".join(proxy))] if line]


def _companions(found: Companions) -> str:
    # What is said of those that are started, made anew, or stay as they were made; "" when there is nothing to say.
    def listed(names: Iterable[str], what: str) -> list[str]:
        return [f"{', '.join(named)} {what}"] if (named := list(names)) else []

    stay = [one for one in found.outdated if one not in found.anew]
    return "; ".join([
        *listed((one for one in found.absent if one not in found.anew), "to be started"),
        *listed(found.anew, "made anew: away for some seconds"),
        *listed(stay, f"as before; {DEFINED}: ./inv deploy --recreate {','.join(stay)}"),
    ])  # fmt: skip


def _kept(facts: Facts, options: Options) -> list[tuple[str, str]]:
    # What is said of the releases that one can go back to then.
    what, image = ledger.ROTATE if options.rotation else ledger.DEPLOY, facts.image.id if facts.image else ""
    new = Entry("", what, "", facts.reference, image, "", "", Outcome.LIVE)
    new = replace(new, settings=facts.settings, definition=facts.definition)
    told = history.told([*facts.entries, new], new.release, facts.keep, facts.there)
    return [("kept", told)] if told and not is_live(facts, options) else []


def _in_database(facts: Facts, options: Options) -> list[tuple[str, str]]:
    # What is said of the role and the schema.
    found = []
    if facts.is_superuser:
        found.append(
            ("role", "the service's is PostgreSQL's superuser: it becomes an ordinary one (docs/migrations.md)")
        )
    if options.rotation:
        since = f" (the new one signs since {facts.now.began})" if facts.now and options.rotation.drops else ""
        found.append(("rotate", f"{options.rotation.does}{since}"))
    if facts.is_admitted:
        found.append(("password", "was changed while the live release ran, which is let in without it until it stops"))
    if facts.schema:
        found.append(("schema", schema_line(facts.schema)))
    elif facts.untold:
        found.append(("schema", f"what is pending cannot be told before {facts.untold}"))
    if leaves_backup_out(facts, options):
        found.append(("backup", "NONE before the migration, as --no-backup says: what it loses is lost"))
    return found


def steps(facts: Facts, options: Options) -> list[str]:
    """Return what will run, in order."""
    old, schema = facts.old, facts.schema
    changing = "make the proxy anew" if facts.proxy == "recreate" else "tell the proxy" if facts.told else ""
    taking = "start the proxy in the old one's place" if facts.moves and facts.proxy else ""
    words = [
        *(_making_room(facts, options) if facts.moves else ()),
        "" if facts.database else "start the database",
        "make the database's container anew" if recreates(facts, options) else "",
        "give the service a role of its own" if facts.is_superuser else "",
        f"start {', '.join(facts.companions.coming)}" if facts.companions.coming else "",
        f"{'' if options.no_backup else 'back up and '}migrate if anything is pending" if facts.untold else "",
        "back up" if schema and schema.apply and schema.sizes and not options.no_backup else "",
        "migrate" if schema and schema.apply else "",
        "start the proxy" if facts.proxy == "start" and not facts.moves else "",
        "change the secret" if options.rotation else "",
    ]
    if is_live(facts, options):
        return [word for word in (*words, changing, "the release stays") if word]
    beside_old, listed = " beside the old one" if old else "", processes.listed(replicas(facts, options))
    of_web = [f"start the release{beside_old}", "ready", "smoke test", f"start {listed}" if listed else ""]
    words += [
        *(f"run {line!r}" for line in facts.after if not options.rotation),
        *(of_web if facts.has_web else [f"start {listed}{beside_old}"]),
        "" if taking else changing,
        "switch",
        taking,
        f"stop {processes.listed(old.replicas)} of the old one" if old and old.replicas else "",
        f"watch for {options.bake} s" if options.bake else "",
        ("let the old one finish, and stop it" if facts.has_web else "let the old one finish") if old else "",
        "end the superuser's sessions" if facts.is_superuser else "",
        "let in nobody without the password" if dismisses(facts, options) else "",
    ]
    return [word for word in words if word]


def _making_room(facts: Facts, options: Options) -> list[str]:
    # What is done before a release comes in another runtime's place: the first two while clients go on.
    backup = "" if options.no_backup else "back up"
    return [
        "pull the images on all nodes",
        backup,
        "send clients away" if facts.has_web else "",
        "stop the old service",
    ]


def schema_line(state: State) -> str:
    """Say what becomes of the schema."""
    at = f"at {', '.join(state.at) or 'no revisions'}"
    words = [f"applies {', '.join(state.apply)}"] if state.apply else []
    words += [f"{', '.join(state.waiting)} waits for --contract"] if state.waiting else []
    return f"{at}: {'; '.join(words) or 'nothing is pending'}"
