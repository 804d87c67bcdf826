"""What a deployment finds, what it will do, and what is said of that; nothing is asked or changed here."""

from dataclasses import dataclass, replace

from slipway.deploy import beside, history, ledger, settings
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.source import Candidate
from slipway.project.database import PASSWORD
from slipway.project.rotation import Step
from slipway.runtime import LeftBehind
from slipway.runtime.bring_over import SUPERUSERS, Role
from slipway.runtime.release import DATABASE, PROXY, Beside, Release
from slipway.schema.protocol import State

DEFINED = "what defines it has changed since"
VARIABLES = "its variables (DOMAIN, TRUSTED_PROXIES, ports, ...) or Compose files changed"
CUT = "connections are cut for one to three seconds"


@dataclass(frozen=True)
class Options:
    """What was asked for: the image's tag ("" for this tree), how many containers (0 for as many as there are).

    `bake` are seconds; 0 also spares the wait before the switch. With `force`, also when nothing has changed. With
    `recreate_database`, its container as well is made as it is defined now; with `recreate_proxy`, the proxy's when its
    tag means another image by now. With a `rotation`, the image is the live release's. With `no_backup`, none is made
    before a migration.
    """

    tag: str = ""
    scale: int = 0
    bake: int = 0
    force: bool = False
    recreate_database: bool = False
    recreate_proxy: bool = False
    no_backup: bool = False
    rotation: Step | None = None


@dataclass(frozen=True)
class Facts:
    """What there is before anything is done.

    `live` is what the proxy asks, `database` whether it runs or is elsewhere, `image` what is to be deployed (None when
    it is not on the engine yet), `schema` what slipway.schema says of the database (None when it was not asked), and
    `untold` until when that cannot be told ("" when it can, or when there are no migrations). `outdated` tells whether
    the database's container was made of another definition than today's.
    `role` is what the service's role in the database is, None when nobody can tell, or when the database is elsewhere.
    `proxy` is what its definition, or the option for it, does to the proxy ("" for nothing), and `configuration` the
    proxy's, now and then. `same` tells whether the live release is defined as one would be now, `sharing` why clients
    over IPv6 have one address ("" when they don't). `beside` are the images of the database and the proxy that run,
    `volumes` those that releases share, as people read it. `definition` is a hash of what else would define a release;
    of those that are `there`, `keep` are kept beside it. `left` is the database that runs here though it is elsewhere by
    now.
    """

    live: Release | None
    entries: tuple[Entry, ...]
    database: bool
    reference: str
    image: Candidate | None
    schema: State | None
    salt: str
    settings: dict[str, str]
    same: bool
    proxy: str
    configuration: tuple[str, str]
    sharing: str = ""
    untold: str = ""
    role: Role | None = None
    outdated: bool = False
    beside: tuple[Beside, ...] = ()
    definition: str = ""
    there: tuple[str, ...] = ()
    keep: int = 1
    volumes: tuple[str, ...] = ()
    left: LeftBehind | None = None

    @property
    def now(self) -> Entry | None:
        """What the ledger says of the live release."""
        return ledger.of_release(self.entries, self.live.id) if self.live else None

    @property
    def old(self) -> Release | None:
        """The release whose place is taken: the live one, if it runs."""
        return self.live if self.live and self.live.running else None

    @property
    def is_superuser(self) -> bool:
        """Whether the service's role is the superuser, or sessions of it still are."""
        return self.role in SUPERUSERS

    @property
    def is_admitted(self) -> bool:
        """Whether a release may go on without a password that was changed since it was started."""
        return self.role is Role.ADMITTED

    @property
    def told(self) -> bool:
        """Whether the proxy that runs is told a changed configuration."""
        return not self.proxy and self.configuration[0] != self.configuration[1]


def scale(facts: Facts, options: Options) -> int:
    """Return how many containers there will be."""
    return options.scale or (facts.now.scale if facts.now else 1)


def is_live(facts: Facts, options: Options) -> bool:
    """Tell whether the live release is what would be deployed."""
    live, now = facts.live, facts.now
    return bool(
        not (options.force or options.rotation)
        and live
        and live.ready
        and now
        and facts.image
        and live.image_id == facts.image.id
        and facts.same
        and facts.settings == now.settings
        and live.scale == scale(facts, options)
        and not (facts.schema and facts.schema.apply)
        and not (facts.is_superuser or facts.is_admitted)
    )


def recreates(facts: Facts, options: Options) -> bool:
    """Tell whether the database's container is made anew."""
    return (facts.outdated or beside.moved(facts.beside, DATABASE)) and options.recreate_database


def leaves_backup_out(facts: Facts, options: Options) -> bool:
    """Tell whether a migration has no backup before it that would have one."""
    pending = bool(facts.untold or (facts.schema and facts.schema.apply and facts.schema.sizes))
    return options.no_backup and pending


def dismisses(facts: Facts, options: Options) -> bool:
    """Tell whether a release was let in, or will be, that doesn't know the database's password."""
    return facts.is_admitted or bool(options.rotation and PASSWORD in options.rotation.values)


def is_nothing(facts: Facts, options: Options) -> bool:
    """Tell whether there is nothing to do at all."""
    stays = facts.database and not facts.proxy and not recreates(facts, options)
    return is_live(facts, options) and stays and facts.configuration[0] == facts.configuration[1]


def rows(facts: Facts, options: Options) -> list[tuple[str, str]]:
    """Return what will be done, as names and lines."""
    if is_nothing(facts, options):
        found = [("nothing", "it is live already, with these settings; --force deploys it again")]
        return [*found, *_beside(facts, options)]
    live, now = facts.live, facts.now
    found = [
        ("now", f"{live.image}{'' if live.running else ', which does not run'}" if live else "nothing is live"),
        ("then", f"{facts.reference}{'' if facts.image else ', to be built or pulled'}"),
    ]
    wanted = scale(facts, options)
    if wanted > 1 or (live and live.scale != wanted):
        found.append(("replicas", f"{live.scale if live else 0} -> {wanted}"))
    if now:
        changed = settings.difference(now.settings, facts.settings)
        same = "the release's are the same"  # the proxy's are no part of it
        defined = "; compose.yaml, compose.release.yaml or what they take from the settings has changed its containers"
        found.append(("settings", changed or f"{same}{'' if facts.same else defined}"))
    found += _beside(facts, options)
    found += _in_database(facts, options)
    found += _kept(facts, options)
    if facts.sharing:
        found.append(("ipv6", f"clients share one address, and its wider limits: {facts.sharing}"))
    return [*found, ("steps", ", ".join(steps(facts, options)))]


def _beside(facts: Facts, options: Options) -> list[tuple[str, str]]:
    # What is said of the database and the proxy, and of what releases share.
    found = [("volumes", "; ".join(facts.volumes)), ("images", beside.line(facts.beside))]
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
    proxy = []
    if facts.proxy == "recreate":
        proxy.append(f"made anew, as {beside.why(facts.beside, PROXY, VARIABLES)}: {CUT}")
    elif facts.told:
        proxy.append("takes the changed Caddyfile; connections that are idle are closed")
    if not facts.proxy and beside.moved(facts.beside, PROXY):
        why = beside.why(facts.beside, PROXY, VARIABLES)
        proxy.append(f"stays as it was made; {why}: ./inv deploy --recreate-proxy; {CUT} then")
    return [(name, line) for name, line in [*found, ("proxy", "; ".join(proxy))] if line]


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
    words = [
        "" if facts.database else "start the database",
        "make the database's container anew" if recreates(facts, options) else "",
        "give the service a role of its own" if facts.is_superuser else "",
        f"{'' if options.no_backup else 'back up and '}migrate if anything is pending" if facts.untold else "",
        "back up" if schema and schema.apply and schema.sizes and not options.no_backup else "",
        "migrate" if schema and schema.apply else "",
        "start the proxy" if facts.proxy == "start" else "",
        "change the secret" if options.rotation else "",
    ]
    if is_live(facts, options):
        return [word for word in (*words, changing, "the release stays") if word]
    words += [
        "start the release beside the old one" if old else "start the release",
        "ready",
        "smoke test",
        changing,
        "switch",
        f"watch for {options.bake} s" if options.bake else "",
        "let the old one finish, and stop it" if old else "",
        "end the superuser's sessions" if facts.is_superuser else "",
        "let in nobody without the password" if dismisses(facts, options) else "",
    ]
    return [word for word in words if word]


def schema_line(state: State) -> str:
    """Say what becomes of the schema."""
    at = f"at {', '.join(state.at) or 'no revisions'}"
    words = [f"applies {', '.join(state.apply)}"] if state.apply else []
    words += [f"{', '.join(state.waiting)} waits for --contract"] if state.waiting else []
    return f"{at}: {'; '.join(words) or 'nothing is pending'}"
