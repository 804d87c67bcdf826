"""An engine with its registry, verbs and signatures that are in memory alone."""

import base64
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.image import listing
from slipway.project.checkout import Checkout
from slipway.project.config import load
from slipway.trust import provenance

BASE = "python:3.13-slim"
CREATED = "2026-11-25T01:00:00Z"
INSTALLED = {
    "python": "3.13.1",
    "environment": [
        {
            "name": "fastapi",
            "version": "1.0",
            "summary": "",
            "license": "MIT",
            "expression": "",
            "requires": [],
            "archive": {},
        }
    ],
    "base": [],
    "system": {"id": "debian", "version": "13", "packages": []},
}

Answer = tuple[int, str, str]
NOTHING: Answer = (0, "", "")


def id_of(name: str) -> str:
    """Return the id of an image, or the digest of a manifest."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


@dataclass(frozen=True)
class Ran:
    """A program that was run: its command line, the variables laid over the environment, and where."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None

    @property
    def line(self) -> str:
        """Its command line as a text."""
        return " ".join(self.argv)


@dataclass
class Engine:
    """An engine and its registry: what images are called there, and what they say to be.

    `names` and `pushed` map names to ids; an id that has lost its name stays until it is `forgotten`. `versions` are
    those of the ids' labels, `listed` is what Poetry exports. What is run is noted in `ran`. `rules` say what is
    answered otherwise, by a part of the command line: one that returns None leaves the answer to the engine.
    """

    names: dict[str, str] = field(default_factory=lambda: {BASE: id_of("base")})
    pushed: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    driver: str = "docker"
    listed: str = "\n"  # by Poetry
    platform: str = "linux/amd64"
    ran: list[Ran] = field(default_factory=list)
    attested: list[str] = field(default_factory=list)  # statements that are signed
    rules: list[tuple[str, Callable[[Ran], Answer | None]]] = field(default_factory=list)

    def fails(self, part: str, said: str = "no") -> None:
        """Let a command fail that has this part."""
        self.rules.append((part, lambda _: (1, "", said)))

    def when(self, part: str, act: Callable[[Ran], Answer | None]) -> None:
        """Do something when a command is run that has this part."""
        self.rules.append((part, act))

    def holds(self, tag: str, name: str, version: str = "") -> str:
        """Let the registry have an image; return its id."""
        self.pushed[tag] = id_of(name)
        self.versions[id_of(name)] = version
        return id_of(name)

    def lines(self, *begin: str) -> list[str]:
        """Return the command lines that were run and begin like this."""
        return [ran.line for ran in self.ran if ran.argv[: len(begin)] == begin]

    def verbs(self) -> list[list[str]]:
        """Return the verbs that were run, with their arguments."""
        found = [list(ran.argv) for ran in self.ran if "invoke" in ran.argv]
        return [argv[argv.index("--search-root") + 2 :] for argv in found]

    def run(self, ran: Ran) -> Answer:
        """Answer a command, and note it."""
        self.ran.append(ran)
        for part, act in self.rules:
            if part in ran.line and (answer := act(ran)) is not None:
                return answer
        if ran.argv[0] == "cosign":
            return self._cosign(ran.argv)
        if "pip_audit" in ran.argv:
            return 1, "", "requests.exceptions.ConnectionError: no route to host"
        if ran.argv[0] != "docker":
            return NOTHING  # a verb, a linter, oras
        command = list(ran.argv[1:])
        known = {"tag": self._tag, "build": self._build, "push": self._push, "pull": self._pull, "save": self._save,
                 "load": self._load}  # fmt: skip
        if known_as := known.get(command[0]):
            return known_as(command)
        if command[:2] == ["image", "inspect"]:
            return self._inspect(command)
        if command == ["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]:
            return 0, self.platform, ""
        if command[0] == "history":
            return 0, json.dumps({"CreatedBy": "COPY", "CreatedAt": CREATED, "Size": "1"}), ""
        if command[0] == "run":
            return 0, json.dumps(INSTALLED), ""
        if command[:2] == ["image", "rm"]:
            self.names.pop(command[2], None)
        elif command[:2] == ["buildx", "inspect"]:
            return 0, f"Name:   default\nDriver: {self.driver}\n", ""
        elif command[:2] == ["buildx", "imagetools"]:
            return self._ask(command)
        return NOTHING

    def id_of(self, reference: str) -> str:
        """Return the id of an image on the engine, "" for none."""
        found = self.names.get(reference, reference if reference.startswith("sha256:") else "")
        return "" if found in self.forgotten else found

    def _tag(self, command: Sequence[str]) -> Answer:
        self.names[command[2]] = self.id_of(command[1])
        return NOTHING

    def _build(self, command: Sequence[str]) -> Answer:
        # The same of the same; or the lists of a lock file without packages.
        if "--output" in command:
            folder = Path(command[command.index("--output") + 1].partition("dest=")[2])
            for name in listing.LISTS:
                (folder / name).write_text(self.listed)
            return NOTHING
        words = re.sub(r" --(no-cache|tag \S+|build-context \S+)", "", " ".join(command)).split()
        given = dict(word.partition("=")[::2] for word in words if "=" in word)
        tag = command[command.index("--tag") + 1]
        self.names[tag] = made = id_of(" ".join(words))
        self.versions[made] = given["VERSION"]
        self.forgotten.discard(made)
        return NOTHING

    def _push(self, command: Sequence[str]) -> Answer:
        self.pushed[command[-1]] = self.id_of(command[-1])
        return NOTHING

    def _pull(self, command: Sequence[str]) -> Answer:
        if command[-1] not in self.pushed:
            return 1, "", "not found"
        self.names[command[-1]] = self.pushed[command[-1]]
        self.forgotten.discard(self.pushed[command[-1]])
        return NOTHING

    def _save(self, command: Sequence[str]) -> Answer:
        parts = {
            "manifest.json": json.dumps([{"Config": "c", "Layers": ["below", "mine"]}]).encode(),
            "c": b"{}", "below": archive({"etc/x": b""}), "mine": archive({"srv/app/main.py": b"app = None\n"}),
            "id": self.id_of(command[-1]).encode(),
        }  # fmt: skip
        Path(command[command.index("--output") + 1]).write_bytes(archive(parts))
        return NOTHING

    def _load(self, command: Sequence[str]) -> Answer:
        with tarfile.open(command[-1]) as saved:
            file = saved.extractfile("id")
            assert file
            self.names[f"<none>:{command[-1]}"] = file.read().decode()
        return NOTHING

    def _inspect(self, command: Sequence[str]) -> Answer:
        if not (found := self.id_of(command[-1])):
            return 1, "", "No such image"
        if "--format" in command:
            return 0, found, ""
        layers = ["below"] if found == id_of("base") else ["below", "mine"]
        labels = {"org.opencontainers.image.version": self.versions.get(found, "")}
        facts = {"Id": found, "Config": {"Labels": labels}, "RootFS": {"Layers": layers}}
        return 0, json.dumps([facts | {"Created": CREATED}]), ""

    def _ask(self, command: Sequence[str]) -> Answer:
        if "--raw" in command:
            named = {id_of(one): one for one in self.pushed.values()}
            return 0, json.dumps({"config": {"digest": named[command[-1].partition("@")[2]]}}), ""
        tag, digest = command[3], command[3].partition("@")[2]
        by_digest = {id_of(one): one for one in self.pushed.values()}
        if not (mine := by_digest.get(digest) or self.pushed.get(tag)):
            return 1, "", f"ERROR: {tag}: not found"
        labels = {"org.opencontainers.image.version": self.versions.get(mine, "")}
        image = {"config": {"Labels": labels}, "os": "linux", "architecture": "amd64"}
        return 0, json.dumps(image if "Image" in command[-1] else {"digest": id_of(mine)}), ""

    def _cosign(self, argv: Sequence[str]) -> Answer:
        if "--help" in argv:
            return NOTHING
        name, _, digest = argv[-1].partition("@")
        if argv[1] == "attest":
            predicate = json.loads(Path(argv[argv.index("--predicate") + 1]).read_text())
            self.attested.append(json.dumps(provenance.statement(predicate, name, digest)))
        if argv[1] == "verify":
            return 0, json.dumps([{"critical": {"identity": {"docker-reference": name}}}]), ""
        if argv[1] == "verify-attestation":
            lines = [json.dumps({"payload": base64.b64encode(one.encode()).decode()}) for one in self.attested]
            return (0, "\n".join(lines), "") if lines else (1, "", "no matching attestations")
        return NOTHING


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


class FakeShell(Shell):
    """A shell whose git is real, and whose engine, verbs and linters are played."""

    def __init__(self, root: Path, engine: Engine) -> None:
        super().__init__(root, Steps())
        self.engine = engine

    def probe(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **more: Any
    ) -> Answer:
        """Run git; let the engine answer the rest."""
        if argv[0] == "git" or "towncrier" in argv:
            return super().probe(argv, env=env, cwd=cwd, **more)
        if more.get("echo"):
            self.steps.command(argv, env)
        status, out, said = self.engine.run(Ran(tuple(argv), dict(env or {}), cwd))
        return status, out.strip(), said

    def status(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **more: Any
    ) -> int:
        """Run a program on a terminal, which sees nothing of it."""
        return self.probe(argv, env=env, cwd=cwd, echo=True)[0]


def played(root: Path, engine: Engine) -> Checkout:
    """Return the checkout of a project whose engine is played."""
    return Checkout(load(root), FakeShell(root, engine))
