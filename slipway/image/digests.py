"""The images that the Compose files name: a tag means another one tomorrow, a digest beside it always the same.

A digest is that of all platforms together, as registries give it for a tag.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import packaged, references, registry
from slipway.engine.compose import files
from slipway.project import written
from slipway.project.checkout import Checkout
from slipway.project.config import Project

# A service's image, in a line of its own or in braces. What holds a variable is chosen elsewhere.
IMAGE = re.compile(
    r"""(?m)^(?P<before>(?:[ \t]+|[ \t]+[^#\n]*[{,][ \t]*)image:[ \t]+["']?)(?P<name>[A-Za-z0-9][\w./:-]*)"""
    r"""(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?=["']?[ \t]*(?:[,}\r\n]|[ \t]#|$))"""
)


@dataclass(frozen=True)
class Named:
    """An image of a Compose file: its name and tag, and the digest beside it, "" for none.

    `now` is the digest that the tag has in its registry, "" for none or unknown; `untold` is why nobody can tell.
    """

    image: str
    file: str
    digest: str = ""
    now: str = ""
    untold: str = ""

    @property
    def newer(self) -> bool:
        """Whether the tag means another image by now than the digest."""
        return bool(self.digest and self.now and self.digest != self.now)


def named(text: str, file: str = "") -> list[Named]:
    """Return the images that the text of a Compose file names, in their order."""
    return [Named(found["name"], file, found["digest"] or "") for found in IMAGE.finditer(text)]


def read(project: Project) -> list[Named]:
    """Return the images that a project's own Compose files name, each once for a file."""
    root = project.root
    there = [] if packaged.where(project) else [file for file in files() if (root / file).exists()]
    return [one for file in there for one in dict.fromkeys(named(_text(root / file), file))]


def ask(checkout: Checkout, found: Iterable[Named]) -> list[Named]:
    """Return them with what their tags mean now; a registry that cannot be asked is asked once."""
    found = list(found)
    if not found:
        return []
    with checkout.steps.step("registry") as step:
        answers: dict[str, Named] = {}
        deaf: dict[str, str] = {}  # why a registry cannot be asked
        for one in found:
            if one.image not in answers:
                host = references.host(one.image)
                asked = replace(one, untold=deaf[host]) if host in deaf else _asked(checkout.shell, one)
                answers[one.image] = asked
                if asked.untold:
                    deaf[host] = asked.untold
        step.detail = ", ".join(answers)
    return [replace(one, now=answers[one.image].now, untold=answers[one.image].untold) for one in found]


def _asked(shell: Shell, one: Named) -> Named:
    try:
        return replace(one, now=registry.digest(shell, one.image))
    except Problem as problem:
        return replace(one, untold=str(problem.message))


def pinned(found: Iterable[Named], add: bool) -> list[Named]:
    """Return them with the digests of now: those that have one, and with `add` those that are named by a tag alone.

    Raises Problem when a registry cannot be asked, or doesn't have an image that has a digest. One that no registry has
    and that is named by its tag alone stays so: it is built here.
    """
    again = f"./inv pins --update{' --digests' if add else ''}"
    return [_pinned(one, again) if one.digest or add else one for one in found]


def _pinned(one: Named, again: str) -> Named:
    if one.untold:
        raise Problem(
            f"{one.untold}\nWhat {one.image} in {one.file} means now cannot be told. Nothing was changed. Once it can: "
            f"{again}"
        )
    if one.digest and not one.now:
        at = references.host(one.image)
        raise Problem(
            f"{at} has no {one.image}, as {one.file} names it. Nothing was changed. Correct the name, then: {again}"
        )
    return replace(one, digest=one.now)


def changes(before: Sequence[Named], after: Sequence[Named]) -> list[str]:
    """Return a line for each image whose digest is another."""
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    return [f"{new.image} {old.digest or '-'} -> {new.digest} in {new.file}" for old, new in pairs]


def write(root: Path, before: Sequence[Named], after: Sequence[Named]) -> list[str]:
    """Have a project's Compose files name the digests of after; return the files that are changed. Raises Problem."""
    digests: dict[str, dict[tuple[str, str], str]] = {}
    for old, new in zip(before, after, strict=True):
        if old != new:
            digests.setdefault(old.file, {})[old.image, old.digest] = new.digest
    for file, of in digests.items():
        try:
            written.replace(root / file, raised(_text(root / file), of).encode(errors="surrogateescape"))
        except OSError as error:
            raise Problem(f"{root / file} cannot be written: {error.strerror}.") from None
    return list(digests)


def raised(text: str, digests: Mapping[tuple[str, str], str]) -> str:
    """Return the text of a Compose file with other digests, by name and digest of before; nothing else is changed."""

    def pin(found: re.Match[str]) -> str:
        digest = digests.get((found["name"], found["digest"] or ""))
        return f"{found['before']}{found['name']}@{digest}" if digest else found[0]

    return IMAGE.sub(pin, text)


def rows(found: Iterable[Named]) -> list[str]:
    """Return a line for each image: its file, its digest, and what its tag means in its registry now."""
    return [f"{one.image} in {one.file}: {one.digest or 'a tag alone'}{_now(one)}" for one in found]


def untold(found: Iterable[Named]) -> list[str]:
    """Return a line for each reason why it cannot be told what tags mean now."""
    return list(dict.fromkeys(one.untold.strip().splitlines()[-1] for one in found if one.untold))


def _now(one: Named) -> str:
    at = references.host(one.image)
    if one.untold:
        return ""
    if not one.now:
        return f"; {at} has no such image"
    if one.newer:
        return f"; {at} has {one.now} by now: ./inv pins --update"
    return f", as {at} has it now" if one.digest else f"; {at} has {one.now} now"


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")  # with its own ends of lines
