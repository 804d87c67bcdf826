# ruff: noqa: D102  (the protocol in slipway/runtime/releases.py says what the methods do)
"""Images in memory."""

from dataclasses import dataclass, field

from slipway.core.errors import Problem
from slipway.engine.images import EngineImage


@dataclass
class MemoryImages:
    """Images at hand, by reference."""

    known: dict[str, EngineImage] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def add(self, reference: str, **labels: str) -> EngineImage:
        """Have an image at hand."""
        made = EngineImage(f"sha256:{reference}", (), labels, "65532", "", ())
        self.known |= {reference: made, made.id: made}
        return made

    def find(self, reference: str) -> EngineImage | None:
        return self.known.get(reference)

    def pull(self, reference: str) -> None:
        raise Problem(f"There is no registry for {reference}.")

    def listed(self) -> set[str]:
        return set(self.known)

    def remove(self, reference: str) -> None:
        self.removed.append(reference)
        gone = self.known.pop(reference, None)
        if gone and [one.id for one in self.known.values()].count(gone.id) == 1:  # it had no other name
            del self.known[gone.id]
