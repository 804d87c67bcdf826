"""All that can be told of a project, by its files alone."""

from dataclasses import dataclass

from slipway.adopt import (
    arguments,
    asgi,
    commands,
    copies,
    envfile,
    health,
    layout,
    migrations,
    seeding,
    suites,
    texts,
    versions,
    warnings,
    writing,
)
from slipway.adopt import database as databases
from slipway.adopt.asgi import Application
from slipway.adopt.composefile import DEVELOPMENT, Service, services
from slipway.adopt.database import Names
from slipway.adopt.files import Files
from slipway.adopt.findings import Found, Untold
from slipway.adopt.health import Answers
from slipway.adopt.layout import Image
from slipway.adopt.migrations import Migrations
from slipway.adopt.secrets import Secret, secrets
from slipway.adopt.suites import Suite
from slipway.adopt.texts import Value
from slipway.adopt.variables import Variable, variables
from slipway.adopt.versions import Packages


@dataclass(frozen=True)
class Detected:
    """A project as its files show it; `untold` is what they don't, `others` are the Compose services beside it."""

    name: Found[str]
    application: Application | None
    pythonpath: tuple[Found[str], ...]
    requires: Found[str]
    python: Found[str]
    lock: Found[str]
    locked: Packages
    image: Image | None
    copied: tuple[Found[str], ...]
    arguments: dict[str, Found[str]]
    port: Found[int]
    answers: Answers
    database: Names | None
    migrations: Migrations | None
    variables: tuple[Variable, ...]
    values: dict[str, Value]
    secrets: tuple[Secret, ...]
    suite: Suite
    after_migrate: tuple[Found[str], ...]
    before_migrate: tuple[Found[str], ...]
    writable: tuple[Found[str], ...]
    env_file: Found[str]
    others: tuple[Service, ...]
    untold: tuple[Untold, ...]
    is_adopted: bool = False  # [tool.slipway] is there


def detect(files: Files, tracked: frozenset[str] = frozenset()) -> Detected:
    """Look at a project; nothing of it is run or imported. What git has (`tracked`) is for everybody's eyes."""
    composed = services(files)
    app = _merged(layout.app_service(composed), composed)
    image = layout.image(files, app)
    production = commands.of_production(files, app, image.stage if image else None, image.path if image else "")
    scripts = commands.of_scripts(files)
    found = asgi.application(files, production, scripts)
    application = found if isinstance(found, Application) else None
    untold = [] if application else [found] if isinstance(found, Untold) else []
    lock = layout.lock(files)
    locked = versions.packages(files, lock.value)
    known = variables(files)
    values = texts.values(files, composed, app, tracked)
    names, more = databases.names(files, known, values, locked)
    migrated, about_migrations = migrations.migrations(files)
    said, about_answers = health.answers(files, app, image)
    suite, about_tests = suites.suite(files, locked, bool(migrated and migrated.count))
    after, before = seeding.after_migrate(production, scripts)
    requires = layout.requires(files)
    hidden, about_secrets = secrets(known, names, values)
    untold += [*more, *about_migrations, *about_answers, *about_tests, *about_secrets]
    needed = [application.file] if application else []
    needed += [migrated.folder, migrated.ini] if migrated else []
    lacking = copies.lacking(files, image, app, needed)
    copied = copies.mounted(app, application.file if application else "", lacking)
    given, about_arguments = arguments.arguments(files, image, app)
    untold += [*warnings.of_image(files, image, app, [] if copied else lacking), *about_arguments]
    untold += warnings.of_code(files, bool(migrated))
    untold += [*warnings.of_migrations(migrated, names, locked), *warnings.of_locks(files, lock, locked)]
    return Detected(
        name=layout.name_of(files), application=application, pythonpath=_pythonpath(application, migrated),
        requires=requires, python=layout.python(files, image, requires), lock=lock, locked=locked, image=image,
        copied=tuple(copied), arguments=given, port=_port(app, image), answers=said, database=names,
        migrations=migrated, variables=tuple(known), values=values, secrets=tuple(hidden), suite=suite,
        after_migrate=tuple(after), before_migrate=tuple(before), writable=tuple(writing.writable(files)),
        env_file=envfile.env_file(files), others=_others(composed, app), untold=(*untold, *_unread(files)),
        is_adopted="slipway" in files.pyproject("tool"),
    )  # fmt: skip


def _merged(app: Service | None, composed: list[Service]) -> Service | None:
    # Several files may speak of one service: those of production before the others.
    if not app:
        return None
    same = [one for one in composed if one.name == app.name]
    same.sort(key=lambda one: bool(DEVELOPMENT.search(one.file.rpartition("/")[2])))
    environment: dict[str, str | None] = {}
    for one in reversed(same):
        if not DEVELOPMENT.search(one.file.rpartition("/")[2]) or len(same) == 1:
            environment |= one.environment

    def first(attribute: str) -> str:
        return next((getattr(one, attribute) for one in same if getattr(one, attribute)), "")

    commanding = next((one for one in same if one.command), None)
    base = next((one for one in same if one.health), app)
    return Service(
        app.name, base.where, commanding.file if commanding else app.file, first("image"), first("context"),
        first("dockerfile"), first("target"), commanding.command if commanding else "", environment,
        tuple(dict.fromkeys(name for one in same for name in one.env_files)),
        next((one.ports for one in same if one.ports), ()), first("health"),
        tuple(mount for one in same for mount in one.mounts), next((one.args for one in same if one.args), {}),
    )  # fmt: skip


def _pythonpath(application: Application | None, migrated: Migrations | None) -> tuple[Found[str], ...]:
    found = []
    if application and application.root:
        found.append(Found(application.root, application.where))
    if migrated:
        found += [Found(path, migrated.where) for path in migrated.paths if path and not path.startswith("..")]
    return tuple({one.value: one for one in reversed(found)}.values())[::-1]


def _port(app: Service | None, image: Image | None) -> Found[int]:
    for port in app.ports if app else ():
        parts = port.partition("/")[0].split(":")
        published, inner = (parts[-2] if len(parts) > 1 else ""), parts[-1]
        for one in (published, inner):
            if one.isdigit() and 1024 <= int(one) <= 65535 and app:
                return Found(int(one), app.where)
    for one in image.stage.ports if image else ():
        if one.isdigit() and 1024 <= int(one) <= 65535 and image:
            return Found(int(one), image.path)
    return Found(8000, "")


def _others(composed: list[Service], app: Service | None) -> tuple[Service, ...]:
    # What only migrates is Slipway's own work.
    named = {one.name for one in composed if one.is_postgres or seeding.UPGRADES.search(one.command)}
    found: dict[str, Service] = {}
    for one in composed:
        if (not app or one.name != app.name) and one.name not in named:
            known = found.setdefault(one.name, one)
            found[one.name] = known if known.image or known.context or not (one.image or one.context) else one
    return tuple(found.values())


def _unread(files: Files) -> list[Untold]:
    relevant = (".py", ".toml", ".yml", ".yaml", ".ini", ".lock", ".txt", ".sh")
    named = [f"{name}: {why}" for name, why in files.unread.items() if name.endswith(relevant) or name == "."]
    shown = "; ".join(named[:5]) + (f"; and {len(named) - 5} more" if len(named) > 5 else "")
    return [Untold(f"Not all files could be read, and what they say is missing here: {shown}.")] if named else []
