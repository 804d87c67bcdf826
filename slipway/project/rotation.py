"""How a secret is replaced by another one, step by step; what is said of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.core.errors import Problem
from slipway.core.sources import source
from slipway.project.database import PASSWORD

NEXT, PREVIOUS = "_NEXT", "_PREVIOUS"  # what the names of a key's two companions end with


@dataclass(frozen=True)
class Step:
    """One step of a secret's rotation.

    `values` are those that .env gets, None for a name that goes. `does` says what that means once it is live, `then`
    what is to be done afterwards, "" for nothing. A release has to read the `companions`; `at_once`, nothing else than
    the new value is good any more, wherever it may come from.
    """

    name: str
    values: Mapping[str, str | None] = field(repr=False)
    does: str
    then: str = ""
    companions: tuple[str, ...] = ()
    at_once: bool = False

    @property
    def renews(self) -> bool:
        """Whether releases that are kept get the new value as well."""
        return self.at_once or self.name == PASSWORD

    @property
    def drops(self) -> bool:
        """Whether the key before is refused from now on."""
        return self.values.keys() == {self.name + PREVIOUS}

    @property
    def own(self) -> tuple[str, ...]:
        """The names that it is about."""
        return (self.name, self.name + NEXT, self.name + PREVIOUS)


def rotatable(secrets: Mapping[str, int], own_database: bool) -> list[str]:
    """Return the names of the secrets that can be rotated: a database's password, and keys with both companions."""
    keys = [name for name in secrets if name + NEXT in secrets and name + PREVIOUS in secrets]
    return [*([PASSWORD] if own_database and PASSWORD in secrets else []), *keys]


def check(name: str, secrets: Mapping[str, int], own_database: bool) -> None:
    """Raise Problem for a name that cannot be rotated, with what to do instead."""
    known = rotatable(secrets, own_database)
    if name in known:
        return
    if name == PASSWORD and PASSWORD in secrets:
        raise Problem(
            "The database is elsewhere, and who runs it gives its users their passwords. Without a pause: make a "
            "second user there with the same rights, write its name and password into .env, ./inv deploy, and remove "
            "the first."
        )
    if name.startswith("-"):
        raise Problem("Which secret? ./inv rotate NAME. What its options are: ./inv --help rotate")
    which = f"{', '.join(known)} can be rotated" if known else "nothing can be rotated here"
    if not name:
        raise Problem(f"Which secret? {which[:1].upper()}{which[1:]}: ./inv rotate NAME")
    if name in secrets:
        raise Problem(
            f"{name} is not accepted beside another one ({name}{NEXT} and {name}{PREVIOUS} are not in "
            f"[tool.slipway.secrets]); {which}. For another value at once, set it in {source(name)}, then: ./inv deploy"
        )
    raise Problem(f"{name} is no secret of this service: {which}.")


def step(name: str, values: Mapping[str, str], new: Callable[[], str], at_once: bool = False) -> Step:
    """Return the next step of a secret's rotation; `new` makes a value.

    A key is accepted before it signs, so that also the release that is gone back to accepts what it has signed; and it
    is accepted afterwards, for as long as what it has signed is good. `at_once`, nothing else is accepted.
    """
    after, before = name + NEXT, name + PREVIOUS
    known = (name, after, before)  # a release that is gone back to has to read them
    again = f"./inv rotate {name}"
    if name == PASSWORD:
        return Step(name, {name: new()}, "the database gets another one, and so does all that logs in with it")
    if at_once:
        # A release that is kept may have the one that has leaked as its next or previous key.
        gone = dict.fromkeys((after, before))
        says = "another key signs, and what any other one has signed is refused, by releases that are kept as well"
        return Step(name, {name: new(), **gone}, says, at_once=True)
    if values.get(after):
        swapped = {name: values[after], before: values[name], after: None}
        says = f"once the last token that the key before has signed has expired: {again}"
        return Step(
            name, swapped, f"{after} becomes {name} and signs; {name} becomes {before}, still accepted", says, known
        )
    if values.get(before):
        return Step(name, {before: None}, f"{before} goes: what it has signed is refused", "", known)
    return Step(
        name, {after: new()}, f"{after} is made and accepted; it signs nothing yet", f"to let it sign: {again}", known
    )


def from_elsewhere(names: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise Problem when the environment sets one of these: .env would change nothing then."""
    if there := [name for name in names if name in environ]:
        raise Problem(
            f"The environment sets {', '.join(there)}, which counts before .env. Set the new value there, then: ./inv "
            f"{'rotate DATABASE_PASSWORD --given' if PASSWORD in there else 'deploy'}"
        )
