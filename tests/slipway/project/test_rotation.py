"""The steps of a secret's rotation."""

import pytest

from slipway.core.errors import Problem
from slipway.project import rotation
from slipway.project.database import PASSWORD

KEY, NEXT, PREVIOUS = "KEY", "KEY_NEXT", "KEY_PREVIOUS"
SECRETS = {PASSWORD: 12, KEY: 32, NEXT: 32, PREVIOUS: 32, "TOKEN": 8}


def made() -> str:
    return "new"


def test_a_key_is_accepted_before_it_signs_and_for_a_while_after_it_did() -> None:
    values: dict[str, str] = {KEY: "first"}
    seen = []
    for _ in range(4):
        step = rotation.step(KEY, values, made)
        values = {name: value for name, value in {**values, **step.values}.items() if value is not None}
        seen.append((dict(values), bool(step.then)))

    assert seen == [
        ({KEY: "first", NEXT: "new"}, True),
        ({KEY: "new", PREVIOUS: "first"}, True),
        ({KEY: "new"}, False),
        ({KEY: "new", NEXT: "new"}, True),  # and so on
    ]


def test_at_once_no_other_key_is_accepted() -> None:
    step = rotation.step(KEY, {KEY: "first", PREVIOUS: "before"}, made, at_once=True)
    assert step.values == {KEY: "new", NEXT: None, PREVIOUS: None}
    assert not step.then


def test_a_password_is_another_one_in_one_step() -> None:
    assert rotation.step(PASSWORD, {PASSWORD: "old"}, made).values == {PASSWORD: "new"}


@pytest.mark.parametrize(
    ("name", "own", "said"),
    [
        ("OTHER", True, "OTHER is no secret of this service: DATABASE_PASSWORD, KEY can be rotated."),
        ("", True, "Which secret?"),
        ("TOKEN", True, "TOKEN is not accepted beside another one"),
        (NEXT, True, "KEY_NEXT is not accepted beside another one"),
        (PASSWORD, False, "The database is elsewhere"),
    ],
)
def test_what_cannot_be_rotated_says_what_to_do_instead(name: str, own: bool, said: str) -> None:
    with pytest.raises(Problem, match=said):
        rotation.check(name, SECRETS, own)


def test_what_can_be_rotated_is_known_by_its_companions() -> None:
    rotation.check(PASSWORD, SECRETS, own_database=True)
    rotation.check(KEY, SECRETS, own_database=False)
    with pytest.raises(Problem, match="nothing can be rotated here"):
        rotation.check("KEY", {"OTHER": 8}, own_database=True)


def test_a_value_of_the_environment_is_not_changed_in_a_file() -> None:
    rotation.from_elsewhere([KEY], {"OTHER": "x"})
    with pytest.raises(Problem, match=r"sets DATABASE_PASSWORD.* rotate DATABASE_PASSWORD --given"):
        rotation.from_elsewhere([PASSWORD], {PASSWORD: "x"})
