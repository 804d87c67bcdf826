"""What would be written of settings: the file that has them, its secrets, and what git ignores."""

from pathlib import Path

import pytest

from slipway.adopt.changes import diff
from slipway.adopt.detect import detect
from slipway.adopt.envfile import env_file
from slipway.adopt.findings import Refused
from slipway.adopt.plan import plan
from slipway.project import dotenv
from tests.slipway.adopt.support import APP, PYPROJECT, SETTINGS, SHOP, planned, project, text


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

    assert [one for one in made.notes if "your code alone reads src/.env." in one]
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


LINES = "MIICXAIBAAKBgQC7"


@pytest.mark.parametrize("model", ['{"env_file": ".env"}', "{}"], ids=["a file of its own", "none"])
def test_nothing_that_an_env_has_is_shown(tmp_path: Path, model: str) -> None:
    settings = SETTINGS.replace(
        "    DATABASE_URL", f"    model_config = {model}\n    SEAL: SecretStr\n    DATABASE_URL"
    )
    before = f'STRIPE={LINES}\nCERTIFICATE="-----BEGIN PRIVATE KEY-----\n{LINES}\n-----END PRIVATE KEY-----"'
    made = planned(tmp_path, SHOP | {"app/config.py": settings, ".env": before})
    changed = next(one for one in made.changes if one.name == (".env.slipway" if "env_file" in model else ".env"))
    shown = diff(changed)

    assert shown[:2] == ["--- .env", f"+++ {changed.name}"]
    assert LINES not in "\n".join(shown)
    assert {"+DATABASE_HOSTNAME=db", "+SEAL=[secret]", "+DATABASE_PASSWORD=[secret]"} <= set(shown)
    assert before.encode() in changed.after


def test_files_of_settings_that_git_has_are_told(tmp_path: Path) -> None:
    settings = SETTINGS.replace("    DATABASE_URL", '    model_config = {"env_file": ".env"}\n    DATABASE_URL')
    known = project(tmp_path, SHOP | {"app/config.py": settings, ".env": "A=1\n", ".env.slipway": "A=1\n"})
    made = plan(known, detect(known), {}, frozenset((".env", ".env.slipway", ".env.example")))

    told = [one.line for one in made.untold if one.what.startswith("git has ")]
    assert told == ["git rm --cached .env", "git rm --cached .env.slipway"]


@pytest.mark.parametrize(
    ("model", "files", "told"),
    [
        ("{}", {}, [".env: COMPOSE_PROJECT_NAME names what your own Compose files start as well"]),
        (
            '{"env_file": ".env"}',
            {},
            [".env.slipway: COMPOSE_PROJECT_NAME names what your own Compose files start as well"],
        ),
        ('{"env_file": ".env"}', {".env.slipway": "COMPOSE_PROJECT_NAME=other\n"}, []),
        ("{}", {"compose.yaml": None}, []),
    ],
    ids=["one file", "a copy", "another name", "no Compose"],
)
def test_a_name_that_their_compose_files_have_is_told(
    tmp_path: Path, model: str, files: dict[str, str | None], told: list[str]
) -> None:
    settings = SETTINGS.replace("    DATABASE_URL", f"    model_config = {model}\n    DATABASE_URL")
    there = {**SHOP, "app/config.py": settings, ".env": "COMPOSE_PROJECT_NAME=theirs\n", **files}
    made = planned(tmp_path, {name: text for name, text in there.items() if text is not None})

    found = [one for one in made.untold if "COMPOSE_PROJECT_NAME" in one.what]
    assert [one.what.partition(",")[0] for one in found] == told
    assert {one.line for one in found} <= {"COMPOSE_PROJECT_NAME=shop-inv"}


def test_a_copy_of_an_env_is_said_to_be_one(tmp_path: Path) -> None:
    app = SETTINGS.replace("    DATABASE_URL: PostgresDsn", '    model_config = {"env_file": ".env"}')
    made = planned(
        tmp_path,
        {"pyproject.toml": PYPROJECT, "app/main.py": APP, "app/config.py": app, ".env": f"SECRET_KEY={LINES * 2}\n"},
    )

    assert [diff(one) for one in made.changes if one.name == ".env.slipway"] == [["+++ .env.slipway  (as .env is)"]]


def test_an_env_that_cannot_be_read_is_not_copied(tmp_path: Path) -> None:
    settings = SETTINGS.replace("    DATABASE_URL", '    model_config = {"env_file": ".env"}\n    DATABASE_URL')

    with pytest.raises(Refused, match=r"^Nothing can be taken from \.env, or added to it: it is not UTF-8\.$"):
        planned(tmp_path / "bytes", SHOP | {"app/config.py": settings, ".env": b"TITLE=\xe9\n"})
    (tmp_path / "link").mkdir()
    (tmp_path / "link/.env").symlink_to("../shared")
    made = planned(tmp_path / "link", SHOP | {"app/config.py": settings})
    assert [one.line for one in made.untold if ".env is a link" in one.what] == ["cp .env .env.slipway"]


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ('f"{BASE}/.env"', ".env.slipway"),
        ('"./.env"', ".env.slipway"),
        ('BASE / ".env"', ".env.slipway"),
        ('(".env", ".env.local")', ".env.slipway"),
        ("FILE", ".env.slipway"),
        ("find_dotenv()", ".env.slipway"),
        ('find_dotenv("app.env")', ".env"),
        ('"../.env"', ".env"),
        ('".env", "extra": Extra.ignore', ".env"),
    ],
    ids=range(9),
)
def test_a_file_is_known_however_it_is_named(tmp_path: Path, said: str, file: str) -> None:
    model = f'FILE = BASE / ".env"\n\n\nclass Settings(BaseSettings):\n    model_config = {{"env_file": {said}}}'
    settings = SETTINGS.replace("class Settings(BaseSettings):", model)

    assert env_file(project(tmp_path, SHOP | {"app/config.py": settings})).value == file


def test_a_file_may_be_named_by_who_makes_the_settings(tmp_path: Path) -> None:
    settings = SETTINGS.replace("Settings()", 'Settings(_env_file=".env")')

    assert env_file(project(tmp_path, SHOP | {"app/config.py": settings})).value == ".env.slipway"


def test_a_folder_is_no_file_of_settings(tmp_path: Path) -> None:
    made = planned(tmp_path, SHOP | {".env/pyvenv.cfg": "home = /usr\n"})

    assert 'env-file = ".env.slipway"' in text(made, "pyproject.toml").splitlines()


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


def test_a_file_of_production_stays_the_projects_own(tmp_path: Path) -> None:
    found = env_file(project(tmp_path, SHOP | {".env.prod": "SECRET=of-production\n"}))
    assert (found.value, found.where) == (".env.slipway", ".env.prod is the project's own already")
