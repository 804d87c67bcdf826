"""Images on an engine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens
from slipway.engine import asked, references, registry

NAMES = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"  # what an image may be called


@dataclass(frozen=True)
class EngineImage:
    """An image on the engine: its id, NAME@DIGEST in registries, its labels, its user ("0" for root), its layers.

    `volumes` are the folders that it declares as such, `entrypoint` what comes before a command, `command` its own one,
    `env` its variables.
    """

    id: str
    pinned: tuple[str, ...]
    labels: Mapping[str, str]
    user: str
    created: str
    layers: tuple[str, ...]
    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "EngineImage":
        """Read what `docker image inspect` prints of one."""
        config = facts.get("Config") or {}
        return cls(
            id=facts["Id"],
            pinned=tuple(facts.get("RepoDigests") or ()),
            labels=dict(config.get("Labels") or {}),
            user=config.get("User") or "0",
            created=facts.get("Created", ""),
            layers=tuple((facts.get("RootFS") or {}).get("Layers") or ()),
            volumes=tuple(config.get("Volumes") or ()),
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            env=tuple(config.get("Env") or ()),
        )

    @property
    def digests(self) -> list[str]:
        """Its digests in registries."""
        return [one.rpartition("@")[2] for one in self.pinned]

    @property
    def identities(self) -> list[str]:
        """What it is known by: its digests in registries, then its id."""
        return [*self.digests, self.id]

    def identities_as(self, reference: str) -> list[str]:
        """Return what it is known by as an image of this name: its digests there, the reference's own first; its id.

        Where it was pushed under another name it may have another digest, which says nothing under this one.
        """
        name, wanted = references.canonical(references.name(reference)), references.digest(reference)
        there = [one for one in self.pinned if references.canonical(references.name(one)) == name]
        digests = [one.rpartition("@")[2] for one in there]
        return [*sorted(digests, key=lambda digest: digest != wanted), self.id]


def inspect_command(reference: str, form: str = "") -> list[str]:
    """Return the command that describes an image: as JSON, or in the form of a Go template."""
    return tokens(["docker", "image", "inspect"], ["--format", form] if form else None, reference)


def inspect_all_command(*references: str) -> list[str]:
    """Return the command that describes images, as JSON; its status is 1 when one of them is not there."""
    return ["docker", "image", "inspect", *references]


def list_command(*filters: str, name: str = "", form: str, digests: bool = False) -> list[str]:
    """Return the command that lists images by filters, like label=NAME=VALUE; those of a name, or all.

    With `digests`, an image is listed once for each digest that it has in a registry.
    """
    listing = ["docker", "image", "ls", *(["--digests"] if digests else []), "--format", form]
    return tokens(listing, *(["--filter", one] for one in filters), name or None)


def history_command(reference: str) -> list[str]:
    """Return the command that lists the steps of an image, the last one first, each as JSON in a line."""
    return ["docker", "history", "--no-trunc", "--human=false", "--format", "{{json .}}", reference]


def ask_command(reference: str, program: str, *arguments: str) -> list[str]:
    """Return the command that runs a program of an image.

    In a container without a network and rights, which can write nothing and is gone afterwards.
    """
    locked = ["--rm", "--network", "none", "--read-only", "--cap-drop", "ALL"]
    return ["docker", "run", *locked, "--entrypoint", program, reference, *arguments]


def pull_command(reference: str) -> list[str]:
    """Return the command that pulls an image."""
    return ["docker", "pull", "--quiet", reference]


def push_command(tag: str) -> list[str]:
    """Return the command that pushes an image."""
    return ["docker", "push", "--quiet", tag]


def tag_command(image: str, tag: str) -> list[str]:
    """Return the command that gives an image another name."""
    return ["docker", "tag", image, tag]


def remove_command(*references: str) -> list[str]:
    """Return the command that removes names of images, and images without one."""
    return ["docker", "image", "rm", *references]


def save_command(tag: str, archive: str) -> list[str]:
    """Return the command that writes an image into an archive."""
    return ["docker", "save", "--output", archive, tag]


def load_command(archive: str) -> list[str]:
    """Return the command that reads the images of an archive."""
    return ["docker", "load", "--quiet", "--input", archive]


def inspect(shell: Shell, reference: str) -> EngineImage | None:
    """Return an image on this engine, None when it is not there; raises Problem when the engine doesn't tell."""
    out = asked.ask(shell, inspect_command(reference))
    return None if out is None else EngineImage.of(json.loads(out)[0])


def inspect_all(shell: Shell, *references: str) -> list[EngineImage | None]:
    """Return images on this engine, None for one that is not there: all in one look, unless one is missing."""
    status, out, _ = shell.probe(inspect_all_command(*references)) if references else (0, "[]", "")
    if status:
        return [inspect(shell, one) for one in references]
    return [EngineImage.of(one) for one in json.loads(out)]


def existing(shell: Shell, reference: str) -> EngineImage:
    """Return an image on this engine; raises Problem when it is not there."""
    return EngineImage.of(json.loads(shell.output(inspect_command(reference)))[0])


def history(shell: Shell, reference: str) -> list[Mapping[str, str]]:
    """Return the steps of an image, the first one first: CreatedBy, CreatedAt, Size in bytes."""
    return [json.loads(line) for line in shell.output(history_command(reference)).splitlines()][::-1]


class Images:
    """The images of an engine."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def find(self, reference: str) -> EngineImage | None:
        """Return an image by its name or id, None when it is not there."""
        return inspect(self.shell, reference)

    def pull(self, reference: str) -> None:
        """Pull an image; raises Problem with what the registry says."""
        status, _, said = self.shell.probe(pull_command(reference), echo=True)
        if status:
            raise Problem(registry.explain(said, reference))

    def listed(self) -> set[str]:
        """Return the names of all images, by tag and by digest."""
        return set(self.shell.output(list_command(form=NAMES, digests=True)).split())

    def remove(self, reference: str) -> None:
        """Remove an image; one that is in use stays."""
        self.shell.attempt(remove_command(reference))


def built_id(shell: Shell, tag: str) -> str:
    """Return the id of an image on this engine, "" when there is none; raises Problem when the engine doesn't tell."""
    return asked.ask(shell, inspect_command(tag, "{{.Id}}")) or ""


def label(shell: Shell, tag: str, name: str) -> str | None:
    """Return a label of an image on this engine, "" for none; None when there is no image. Raises Problem."""
    form = f'{{{{index .Config.Labels "{name}"}}}}'
    return asked.ask(shell, inspect_command(tag, form))


def user_number(shell: Shell, reference: str, user: str) -> str:
    """Return the number of a user of an image, "" for the image's own: it is asked where it has a name alone."""
    found = inspect(shell, reference) if not user else None
    called = (user or (found.user if found else "")).partition(":")[0]
    if called.isdigit():
        return called
    who = ["--user", called] if called else []
    ask = ["docker", "run", "--rm", "--network", "none", "--read-only", *who, "--entrypoint", "id", reference, "-u"]
    return shell.output(ask, failed=f"Which user {reference} is could not be told (see above).")


def put_back(shell: Shell, before: Mapping[str, str]) -> None:
    """Let tags mean what they meant before: an image's id, or "" for nothing. What stays is said."""
    for tag, image_id in before.items():
        try:
            if built_id(shell, tag) == image_id:
                continue
        except Problem as problem:
            shell.steps.say(f"  {problem.message}")
        asked.tidy(shell, tag_command(image_id, tag) if image_id else remove_command(tag))
