"""What a deployment is asked for, and what it finds; nothing is asked or changed here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.deploy import beside, ledger, processes
from slipway.deploy.ledger import Entry, Outcome
from slipway.deploy.source import Candidate, Elsewhere
from slipway.project.database import PASSWORD
from slipway.project.rotation import Step
from slipway.runtime.beside import Companions, LeftBehind
from slipway.runtime.bring_over import SUPERUSERS, Role
from slipway.runtime.release import DATABASE, Beside, Release
from slipway.schema.answers import State


@dataclass(frozen=True)
class Options:
    """What was asked for: the image's tag ("" for this tree), how many containers (0 for as many as there are).

    `replicas` are those that were asked for of processes beside web. `elsewhere` is the image of another environment
    that is to be live here as well.

    `bake` are seconds; 0 also spares the wait before the switch. With `force`, also when nothing has changed. With
    `recreate_database`, its container as well is made as it is defined now; with `recreate_proxy`, the proxy's when its
    tag means another image by now; `recreate` names companions that are made anew. With a `rotation`, the image is the
    live release's. With `no_backup`, none is made before a migration; with `no_hooks`, those of this machine are not
    run. With `move`, it takes the place of what another runtime has of the deployment.
    """

    tag: str = ""
    scale: int = 0
    bake: int = 0
    force: bool = False
    recreate_database: bool = False
    recreate_proxy: bool = False
    no_backup: bool = False
    recreate: tuple[str, ...] = ()
    no_hooks: bool = False
    elsewhere: Elsewhere | None = None
    move: bool = False
    rotation: Step | None = None
    replicas: Mapping[str, int] = field(default_factory=dict)


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
    of those that are `there`, `keep` are kept beside it. `left` is the database that runs here though the service's is
    elsewhere by now, `after` what the service runs once it is migrated. `processes` are those that a release has beside
    web, each with how many there are by what defines it, 0 where that says nothing. `away` is what is noted while
    clients are sent away, `companions` go on beside releases. Unless a release `has_web`, there is no proxy either.
    It `moves` where another runtime has the deployment, and makes room.
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
    after: tuple[str, ...] = ()
    processes: Mapping[str, int] = field(default_factory=dict)
    away: str = ""
    companions: Companions = field(default_factory=Companions)
    has_web: bool = True
    moves: bool = False

    @property
    def now(self) -> Entry | None:
        """What the ledger says of the live release."""
        return ledger.of_release(self.entries, self.live.id) if self.live else None

    @property
    def counts(self) -> Entry | None:
        """What says how many containers there are until told otherwise: what is live, or was live last."""
        last = (entry for entry in reversed(self.entries) if entry.outcome == Outcome.LIVE)
        return self.now or next(last, None)

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
    """Return how many containers of web there will be."""
    if not facts.has_web:
        return 0
    return options.scale or (facts.counts.scale if facts.counts else 0) or 1


def replicas(facts: Facts, options: Options) -> dict[str, int]:
    """Return how many containers there will be of each process beside web."""
    return processes.counts(facts.processes, facts.counts.replicas if facts.counts else {}, options.replicas)


def is_live(facts: Facts, options: Options) -> bool:
    """Tell whether the live release is what would be deployed."""
    live, now = facts.live, facts.now
    return bool(
        not (options.force or options.rotation or facts.moves)
        and live
        and live.ready
        and now
        and facts.image
        and live.image_id == facts.image.id
        and facts.same
        and facts.settings == now.settings
        and live.scale == scale(facts, options)
        and live.replicas == replicas(facts, options)
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
    stays = facts.database and not facts.proxy and not recreates(facts, options) and not facts.companions.coming
    return is_live(facts, options) and stays and facts.configuration[0] == facts.configuration[1]
