"""Settings files that are made of a deployment's values, or of one that two environments had."""

from slipway.project import dotenv, edits
from slipway.project.taken import Parted, differences, of_deployment, parted

EXAMPLE = "HOST=db\nPASSWORD=\nKEY=\nTOKEN=\n# KEY_NEXT=\n# KEY_PREVIOUS=\n# LEVEL=info\n# LIMIT=3\n"
SCHEMA = dotenv.schema(EXAMPLE)
LIVE = {"HOST": "db", "PASSWORD": "p$1", "KEY": "live", "KEY_NEXT": "next", "LEVEL": "debug", "PATH": "/bin"}


def test_a_file_that_is_not_there_gets_what_a_release_was_given() -> None:
    made = of_deployment(None, EXAMPLE, SCHEMA, LIVE, ["KEY_NEXT", "LIMIT", "PATH"])
    assert made.added == ("HOST", "PASSWORD", "KEY", "KEY_NEXT")
    assert (made.kept, made.lacking) == ((), ("TOKEN",))
    assert dotenv.parse(made.text)[0] == {
        "HOST": "db",
        "PASSWORD": "p$1",
        "KEY": "live",
        "KEY_NEXT": "next",
        "TOKEN": "",
    }
    assert "live" not in repr(made)


def test_a_file_that_is_there_keeps_what_it_has() -> None:
    made = of_deployment("KEY=mine\nTOKEN=mine\nPASSWORD=\n", EXAMPLE, SCHEMA, LIVE, ["LEVEL"])
    assert (made.added, made.kept, made.lacking) == (("HOST", "PASSWORD", "LEVEL"), ("KEY",), ())
    assert dotenv.parse(made.text)[0]["KEY"] == "mine"
    again = of_deployment(made.text, EXAMPLE, SCHEMA, LIVE, ["LEVEL"])
    assert (again.added, again.text) == ((), made.text)


def test_what_both_had_is_made_anew_where_that_can_be() -> None:
    secrets = {"DATABASE_PASSWORD": 12, "KEY": 32, "KEY_NEXT": 32, "KEY_PREVIOUS": 32, "PAID": 8}
    example = "DATABASE_PASSWORD=\nKEY=\n# KEY_NEXT=\n# KEY_PREVIOUS=\n# PAID=\n"
    both = {name: f"{name} of production" for name in secrets}
    made = parted(both, both, example, secrets, lambda least: f"made of {least}")
    assert made == Parted({"KEY": "made of 32", "KEY_NEXT": None, "KEY_PREVIOUS": None}, ("PAID",), password=True)
    text = edits.changed("\n".join(f'{name}="{value}"' for name, value in both.items()), made.values)
    again = parted(dotenv.parse(text)[0], both, example, secrets, str)  # one that was cut off goes on here
    assert again == Parted({}, ("PAID",), password=True)
    own = both | {"DATABASE_PASSWORD": "another", "PAID": "", "KEY": "mine"}
    assert parted(own, both, example, {"KEY": 1, "DATABASE_PASSWORD": 1, "PAID": 1}, str) == Parted({})


def test_values_are_compared_and_none_is_told() -> None:
    found = differences({"A": "1", "B": "1", "C": "1", "E": ""}, {"A": "1", "B": "2", "D": "1"})
    assert found == {"A": "same", "B": "other", "C": "here", "D": "there"}
