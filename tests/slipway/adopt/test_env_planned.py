"""What would be written of settings: the file that has them, its secrets, and what git ignores."""

from pathlib import Path

import pytest

from slipway.adopt.changes import diff
from slipway.project import dotenv
from tests.slipway.adopt.support import PYPROJECT, SETTINGS, SHOP, planned, text


def test_an_env_that_is_there_is_completed_and_nothing_of_it_changed(tmp_path: Path) -> None:
    before = (
        "# mine\nSECRET_KEY=0123456789abcdef0123456789abcdef\nEXTRA='x y'\nDATABASE_URL=postgresql://a:b@localhost/c"
    )
    made = planned(tmp_path, SHOP | {".env": before})
    after = text(made, ".env")

    assert after.startswith(before + "\n# Added by slipway adopt.\nDATABASE_HOSTNAME=db\n")
    values = dotenv.parse(after)[0]
    assert len(values["DATABASE_PASSWORD"]) >= 12
    listed = dotenv.schema(text(made, ".env.example"))
    assert "EXTRA" in listed.optional  # or `up` would not know it
    assert "DATABASE_URL" not in {*listed.required, *listed.optional}, "Slipway makes it itself"
    assert made.untold == ()
    assert [line for line in made.notes if ".env gets DATABASE_HOSTNAME" in line]


@pytest.mark.parametrize(
    ("before", "there", "after"),
    [
        ("", "app/logs/app.log.1", "\n# What the service writes.\n/app/logs/\n"),
        ("", "app/logs/.gitkeep", "\n# What the service writes.\n/app/logs/\n"),
        ("logs/\n", "app/logs/app.log", ""),
        ("app/logs/*\n", "app/logs/app.log", ""),
        ("", "app/logs/seed.json", ""),
    ],
)
def test_folders_that_are_written_to_are_ignored(tmp_path: Path, before: str, there: str, after: str) -> None:
    code = "from pathlib import Path\n(Path(__file__).parent / 'logs').mkdir()\n"
    made = planned(tmp_path, SHOP | {".gitignore": before, "app/log.py": code, there: ""})
    written = text(made, ".gitignore")

    assert written[written.index("!.env.example\n") + len("!.env.example\n") :] == after
    assert [one for one in made.notes if one.startswith("Written to: app/logs. In production each container")]
    assert bool(after or before) == (not [one for one in made.untold if one.what.startswith("app/logs is written")])


def test_an_env_elsewhere_is_told(tmp_path: Path) -> None:
    made = planned(tmp_path, SHOP | {"src/.env": "A=1\n", "tests/.env.test": ""})

    assert [one for one in made.notes if "src/.env stays" in one]
    assert ".env" not in {one.name for one in made.changes}


def test_what_of_an_env_cannot_be_used_is_told_without_its_value(tmp_path: Path) -> None:
    before = "SECRET_KEY=changethis\nTITLE=\nURL=http://${HOST}/x\n"
    told = [one.what for one in planned(tmp_path, SHOP | {".env": before}).untold]

    assert any("SECRET_KEY is an example" in one for one in told)
    assert any("TITLE is empty" in one for one in told)
    assert any("URL has a $" in one for one in told)
    assert not any("changethis" in one for one in told)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    secret = "Sup3rs3cretV4lue"
    files = SHOP | {
        ".env": f"SECRET_KEY={secret}\nDSN=https://u:{secret}@x/1\n",
        ".env.example": f"API_TOKEN={secret}\nEND=1",
    }
    made = planned(tmp_path, files)
    shown = "\n".join(line for change in made.changes for line in diff(change))
    password = dotenv.parse(text(made, ".env"))[0]["DATABASE_PASSWORD"]

    assert "+DATABASE_PASSWORD=[secret]" in shown
    assert secret not in shown
    assert password not in shown
    assert "+SECRET_KEY = 32" in shown
    assert "{password}" in shown


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("", [".slipway/", ".venv/", ".env", ".env.*", "!.env.example"]),
        (".env\n.venv\n", [".slipway/", ".env.*", "!.env.example"]),
        (".env*\n!.env.example\n/.venv/\n.slipway\n", []),
    ],
    ids=["nothing", "some", "all"],
)
def test_what_git_has_to_ignore(tmp_path: Path, before: str, added: list[str]) -> None:
    made = planned(tmp_path, SHOP | {".gitignore": before})
    lines = text(made, ".gitignore").splitlines() if added else before.splitlines()

    assert [line for line in lines if line not in before.splitlines() and line and not line.startswith("#")] == added


@pytest.mark.parametrize("more", ["", ', "env_prefix": "SHOP_"'], ids=["all", "prefix"])
def test_settings_that_refuse_what_they_do_not_know_are_left_alone(tmp_path: Path, more: str) -> None:
    config = f'    model_config = {{"env_file": ".env"{more}}}\n    DATABASE_URL'
    settings = SETTINGS.replace("    DATABASE_URL", config)
    files = SHOP | {"app/config.py": settings, ".gitignore": ".env\n.env.*.local\n"}

    new = planned(tmp_path / "new", files)
    assert 'env-file = ".env.slipway"' in text(new, "pyproject.toml").splitlines()
    assert "makes .env.slipway from this file" in text(new, ".env.example")
    assert ".env.*" in text(new, ".gitignore").splitlines()
    with_one = planned(tmp_path / "old", files | {".env": "SECRET_KEY=theirs\n"})
    assert ".env" not in {one.name for one in with_one.changes}
    begun = next(one for one in with_one.changes if one.name == ".env.slipway")
    assert begun.after.startswith(b"SECRET_KEY=theirs\n")
    assert b"\nDATABASE_HOSTNAME=db\n" in begun.after
    assert (begun.mode, begun.before) == (0o600, None)


@pytest.mark.parametrize("said", ["", 'env-file = ".env.mine"\n'], ids=["none", "one"])
def test_who_has_adopted_it_has_decided_which_file(tmp_path: Path, said: str) -> None:
    settings = SETTINGS.replace("    DATABASE_URL", '    model_config = {"env_file": ".env"}\n    DATABASE_URL')
    files = SHOP | {"app/config.py": settings, "pyproject.toml": f"{PYPROJECT}[tool.slipway]\n{said}"}
    made = planned(tmp_path, files | {".env": "", ".env.mine": ""})

    assert {one.name for one in made.changes if one.name.startswith(".env")} - {".env.example"} == {
        ".env.mine" if said else ".env"
    }
    assert [one.line for one in made.untold if "env-file" in one.what] == ['env-file = ".env.slipway"']
