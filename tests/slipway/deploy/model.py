"""What deployments and rollbacks are to lead to: a model that knows nothing of a ledger."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """A release, as the model knows it: its id, image, and what else makes it another one."""

    id: str
    image: str
    rest: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """What has to differ for a rollback to make sense."""
        return (self.image, self.rest)


@dataclass
class Model:
    """Releases in the order in which one goes back to them, the live one last.

    `left` are those that were rolled back from; `gone` those that have no containers any more.
    """

    line: list[Known] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    @property
    def live(self) -> Known | None:
        """The live release."""
        return self.line[-1] if self.line else None

    def deployed(self, one: Known) -> None:
        """Note that one was deployed."""
        self.line.append(one)
        self.left.discard(one.id)

    def back(self) -> Known | None:
        """Return what a rollback goes to, None for nothing."""
        if not self.live:
            return None
        other = (one for one in reversed(self.line[:-1]) if one.kind != self.live.kind)
        return next(other, None)

    def is_refused(self, to: Known) -> bool:
        """Tell whether going there would make the live image again."""
        return bool(self.live and to.id in self.gone and to.image == self.live.image)

    def went_back(self, to: Known, now: Known) -> None:
        """Note that one was gone back to, and is now known so: one that was gone has another id."""
        at = next((number for number, one in enumerate(self.line) if one.id == to.id), len(self.line))
        self.left |= {one.id for one in self.line[at + 1 :]}
        self.line[at:] = [now]
        self.left.discard(now.id)

    def removed(self, there: set[str]) -> None:
        """Note which releases have containers."""
        self.gone |= {one.id for one in self.line} - there
