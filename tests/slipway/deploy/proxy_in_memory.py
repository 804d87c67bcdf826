# ruff: noqa: D102  (the protocols in slipway/runtime/releases.py say what the methods do)
"""A proxy in memory, before releases in memory."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.runtime.release import Answers, Look, Release

if TYPE_CHECKING:
    from tests.slipway.deploy.support import MemoryReleases


@dataclass
class MemoryProxy:
    """A proxy that leads clients to whom the pointer says; what is `broken` (a release or image) doesn't answer."""

    of: "MemoryReleases"
    text: str = "proxy"
    defined: str = ""  # what its definition would do to it
    broken: set[str] = field(default_factory=set)
    answers: list[Answers] = field(default_factory=list)  # the next ones; the last stays
    left: list[int | None] = field(default_factory=list)  # connections, the next ones; then none
    shared: str = ""  # why clients over IPv6 have one address
    said: str = "HTTP/1.1 400 Bad Request"

    def sharing(self) -> str:
        return self.shared

    def change(self, port: int) -> str:
        return self.defined

    def ports(self) -> list[int]:
        return [] if self.defined == "start" else [80]

    def exists(self) -> bool:
        return self.defined != "start"

    def wanted(self) -> str:
        return self.text

    def check(self, configuration: str, port: int) -> None:
        if "nonsense" in configuration:
            raise Problem("the proxy cannot read that")

    def start(self, configuration: str, port: int) -> None:
        self.of.configuration, self.defined = configuration, ""
        self.of.done.append("proxy started")

    def revive(self) -> bool:
        return self.defined != "start"

    def load(self, configuration: str) -> None:
        self.of.configuration = configuration
        self.of.done.append("proxy loaded")

    def ask(self, release: str, path: str) -> tuple[bool, str]:
        self.of.done.append(f"asked {release} {path}")
        return self._is_well(release), "HTTP/1.1 503"

    def answered_by(self, path: str) -> str:
        return self.of.pointed.release if self._is_well(self.of.pointed.release) else ""

    def _is_well(self, release: str) -> bool:
        one = self.of.there.get(release)
        return not {release, one.image if one else ""} & self.broken

    def connections(self, release: Release) -> int | None:
        return self.left.pop(0) if self.left else 0

    def look(self) -> Look:
        if len(self.answers) > 1:
            return Look(self.answers.pop(0), self.of.pointed)
        return Look(self.answers[0] if self.answers else Answers(), self.of.pointed)
