"""What was found, in lines: each with the place that says so."""

from collections.abc import Iterable, Iterator

from slipway.adopt.detect import Detected
from slipway.adopt.findings import Untold

WIDTH = 12


def findings(found: Detected) -> list[str]:
    """Return a line for each thing that was found out."""
    return [f"{name:<{WIDTH}} {value}{f'  ({where})' if where else ''}" for name, value, where in _rows(found) if value]


def _rows(found: Detected) -> Iterator[tuple[str, str, str]]:
    application, answers = found.application, found.answers
    yield "name", found.name.value, found.name.where
    if application:
        yield "application", application.target, application.where
    for one in found.pythonpath:
        yield "pythonpath", one.value, one.where
    yield "python", found.python.value, found.python.where
    yield "lock", found.lock.value, ""
    yield from _of_image(found)
    yield "health", answers.health.value, answers.health.where
    yield "host", answers.host.value, answers.host.where
    yield "docs", answers.docs.value or "none", answers.docs.where
    yield "port", str(found.port.value), found.port.where
    names = found.database
    yield "database", "none" if not names else "DATABASE_*, as Slipway calls it" if not names.rendered else "", ""
    for name, template in names.rendered.items() if names else ():
        yield "database", f"{name} = {template}", names.where.get(name, "") if names else ""
    migrated = found.migrations
    if migrated:
        head = f", {migrated.count} revisions up to {migrated.head}" if migrated.head else ", no revision"
        head = head if migrated.count < 2 or migrated.head else f", {migrated.count} revisions"
        yield "migrations", f"{migrated.folder}{head}{', async' if migrated.is_async else ''}", migrated.where
    else:
        yield "migrations", "none", ""
    for one in found.after_migrate:
        yield "after them", one.value, one.where
    for secret in found.secrets:
        yield "secret", secret.name + (", from its issuer" if secret.is_issued else ""), secret.where
    for one in found.suite.folders:
        yield "tests", one.value, one.where
    for one in found.writable:
        yield "writable", one.value, one.where
    if found.env_file.where:
        yield "settings in", found.env_file.value, found.env_file.where


def _of_image(found: Detected) -> Iterator[tuple[str, str, str]]:
    if image := found.image:
        runs = f"{image.venv or 'its own Python'} in {image.workdir}"
        built = f", built from {image.context}" if image.context not in (".", "") else ""
        stage = f", stage {image.target}" if image.target else ""
        yield "image", f"{image.path}{stage}{built}, runs in {runs}", image.where
    for one in found.copied:
        yield "copied", f"{one.value}, into the image, which has no code", one.where
    for name, given in found.arguments.items():
        yield "build-arg", f"{name} = {given.value}", given.where


def remaining(untold: Iterable[Untold]) -> list[str]:
    """Return what is left to do, numbered, each with the line to write."""
    lines: list[str] = []
    for number, one in enumerate(untold, 1):
        lines.append(f"  {number}. {one.what}")
        if one.line:
            lines += [f"       {line}" for line in one.line.split("\n")]
    return lines
