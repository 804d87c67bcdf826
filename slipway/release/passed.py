"""What has passed its gates, and how each of them ended: as it is remembered, and written into provenances."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum


class How(Enum):
    """How a gate can end that lets a release go on."""

    PASSED = "passed"
    LEFT_OUT = "left out"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Outcome:
    """How a gate ended, and what more there is to say of it."""

    how: How
    more: str = ""

    @classmethod
    def read(cls, text: str) -> "Outcome":
        """Read an outcome that `str` has spelled; raises ValueError."""
        how, _, more = text.partition(": ")
        return cls(How(how), more)

    def __str__(self) -> str:
        """Spell the outcome as provenances have it."""
        return f"{self.how.value}: {self.more}" if self.more else self.how.value

    @property
    def told(self) -> str:
        """What is told behind what the gate does: nothing of one that has just passed."""
        return self.more if self.how is How.PASSED else str(self)


PASSED = Outcome(How.PASSED)
SKIPPED = Outcome(How.LEFT_OUT, "--skip")  # on demand


@dataclass(frozen=True)
class Images:
    """The ids of a release's image and of the one that tests it, and what their base image is known by."""

    image: str
    tests: str
    base: str


@dataclass(frozen=True)
class Passed:
    """What has passed its gates.

    A commit on top of `head`, the ids of its images, and what their base image is known by. Times are ISO 8601, UTC.
    """

    head: str
    commit: str
    image: str
    tests: str
    base: str
    gates: Mapping[str, Outcome]
    began: str
    ended: str

    @property
    def skipped(self) -> set[str]:
        """The gates that were left out on demand."""
        return {name for name, outcome in self.gates.items() if outcome == SKIPPED}

    @property
    def spelled_gates(self) -> dict[str, str]:
        """How each gate ended, as provenances have it."""
        return {name: str(outcome) for name, outcome in self.gates.items()}

    def written(self) -> str:
        """Return all of it as JSON."""
        return json.dumps(asdict(self) | {"gates": self.spelled_gates}, indent=2) + "\n"

    @classmethod
    def read(cls, text: str) -> "Passed":
        """Read what was written; raises ValueError for anything else."""
        try:
            values = json.loads(text)
            gates = {name: Outcome.read(how) for name, how in values["gates"].items()}
            return cls(**{one.name: values[one.name] for one in fields(cls)} | {"gates": gates})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it has no {error}") from None
