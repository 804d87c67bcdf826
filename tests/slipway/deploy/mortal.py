"""A verb that is killed anywhere."""

from typing import Any


class KilledError(BaseException):
    """Nothing of a verb runs any more."""


class Mortal:
    """Something of a verb that is killed before or after its n-th use of any of them."""

    def __init__(self, of: Any, life: list[int]) -> None:
        self._of, self._life = of, life

    def __getattr__(self, name: str) -> Any:
        """Return an attribute, or a method that counts."""
        found = getattr(self._of, name)
        if name in ("proxy", "images"):
            return Mortal(found, self._life)
        return self._mortal(found) if callable(found) else found

    def _mortal(self, found: Any) -> Any:
        def used(*args: object, **named: object) -> Any:
            self._use()
            done = found(*args, **named)
            self._use()
            return done

        return used

    def _use(self) -> None:
        self._life[0] -= 1
        if self._life[0] < 0:
            raise KilledError
