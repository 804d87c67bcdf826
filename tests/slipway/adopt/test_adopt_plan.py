"""What would be written: pyproject.toml, .env.example, Slipway's own files."""

import tomllib
from pathlib import Path

import pytest

from slipway.adopt.changes import write
from slipway.adopt.findings import Refused
from slipway.project import dotenv
from tests.slipway.adopt.support import APP, PYPROJECT, SETTINGS, SHOP, UV_LOCK, planned, text


def test_a_project_gets_what_it_needs_and_no_more(tmp_path: Path) -> None:
    made = planned(tmp_path, SHOP)

    assert {one.name for one in made.changes} == {
        "pyproject.toml", ".env.example", ".gitignore", "tasks.py", "inv", "slipway.lock",
    }  # fmt: skip
    assert text(made, "pyproject.toml").startswith(PYPROJECT)
    assert tomllib.loads(text(made, "pyproject.toml"))["tool"]["slipway"] == {
        "asgi": "app.main:app", "health": "/health", "docs": "/docs", "python": "3.12", "migrations": "migrations",
        "secrets-as": "environment", "secrets": {"DATABASE_PASSWORD": 12, "SECRET_KEY": 32},
        "database": {"DATABASE_URL": "postgresql+psycopg://{user}:{password}@{host}:{port}/{name}"},
        "tests": {"image": [], "workers": 1}, "lint": {"after": "a1"}, "release": {"lint": [], "types": []},
    }  # fmt: skip
    assert made.untold == ()
    assert [one.mode for one in made.changes if one.name == "inv"] == [0o755]


def test_the_example_lets_up_make_a_complete_env(tmp_path: Path) -> None:
    example = text(planned(tmp_path, SHOP), ".env.example")
    secrets = {"DATABASE_PASSWORD": 12, "SECRET_KEY": 32}
    values, findings = dotenv.parse(dotenv.fill(example, secrets, dotenv.new_secret))

    assert findings == []
    assert dotenv.check(values, dotenv.schema(example), secrets) == []
    assert (values["DATABASE_NAME"], values["DATABASE_USERNAME"]) == ("shop", "u")
    assert {"TITLE", "PORT", "DOMAIN", "DATABASE_SSLMODE"} <= dotenv.schema(example).optional
    assert "DATABASE_URL" not in dotenv.schema(example).required


def test_a_second_time_nothing_is_to_be_written(tmp_path: Path) -> None:
    write(tmp_path, planned(tmp_path, SHOP).changes)
    again = planned(tmp_path, {})

    assert again.changes == ()
    assert again.untold == ()


def test_what_has_changed_since_is_told_and_nothing_written(tmp_path: Path) -> None:
    write(tmp_path, planned(tmp_path, SHOP).changes)
    changed = planned(tmp_path, {"app/main.py": APP.replace("/health", "/ready")})

    assert changed.changes == ()
    assert [(one.what, one.line) for one in changed.untold] == [
        ('[tool.slipway] health is "/health", and stays; the project looks as if it were:', 'health = "/ready"')
    ]


def test_without_a_pyproject_one_is_made_with_what_is_needed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "fastapi==0.120.0\n",
        "main.py": APP,
        ".python-version": "3.12\n",
    }
    document = tomllib.loads(text(planned(tmp_path / "shop", files), "pyproject.toml"))

    assert document["project"] == {"name": "shop", "version": "0.1.0", "requires-python": ">=3.12"}
    assert document["tool"]["slipway"]["asgi"] == "main:app"


def test_migrations_of_no_database_are_off_and_told(tmp_path: Path) -> None:
    made = planned(tmp_path, SHOP | {"app/config.py": "", "compose.yaml": "", "uv.lock": ""})
    table = tomllib.loads(text(made, "pyproject.toml"))["tool"]["slipway"]

    assert (table["migrations"], "lint" in table, "secrets" in table) == ("", False, False)
    assert [one.line for one in made.untold if "they are off" in one.what] == ['migrations = "migrations"']


def test_migrations_that_are_not_alembics_are_told(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"requirements.txt": "aerich==0.8.0\n", "main.py": APP}

    assert any(one.what.startswith("aerich may have migrations") for one in planned(tmp_path, files).untold)


def test_poetrys_own_table_is_enough(tmp_path: Path) -> None:
    poetry = '[tool.poetry]\nname = "shop"\nversion = "0.2.0"\n'

    assert "project" not in tomllib.loads(
        text(planned(tmp_path, {"pyproject.toml": poetry, "main.py": APP}), "pyproject.toml")
    )


def test_a_version_that_something_else_makes_is_told(tmp_path: Path) -> None:
    made = planned(tmp_path, {"pyproject.toml": '[project]\nname = "shop"\ndynamic = ["version"]\n', "main.py": APP})

    assert 'version = "0.1.0"' in [one.line for one in made.untold]


@pytest.mark.parametrize("content", [b"[project\n", b"\xff[project]\n"], ids=["no TOML", "no UTF-8"])
def test_a_pyproject_that_cannot_be_read_is_not_added_to(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Refused, match=r"pyproject\.toml"):
        planned(tmp_path, {"pyproject.toml": content, "main.py": APP})


def test_a_file_that_was_not_read_is_not_written_over(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (link / "real").mkdir(parents=True)
    (link / "real/pyproject.toml").write_text(PYPROJECT)
    (link / "pyproject.toml").symlink_to("real/pyproject.toml")

    with pytest.raises(Refused, match=r"^pyproject\.toml is a link"):
        planned(link, {"main.py": APP})
    with pytest.raises(Refused, match=r"^Nothing can be added to \.gitignore: it has more than"):
        planned(tmp_path / "large", {"main.py": APP, ".gitignore": "x\n" * 600_000})


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    made = planned(tmp_path, {"pyproject.toml": PYPROJECT.replace("\n", "\r\n").encode(), "main.py": APP})
    (change,) = [one for one in made.changes if one.name == "pyproject.toml"]

    assert change.after.count(b"\n") == change.after.count(b"\r\n")
    tomllib.loads(change.after.decode())


def test_an_example_that_is_there_is_completed(tmp_path: Path) -> None:
    before = "# Ours\nDATABASE_URL=postgresql://a:b@localhost/c\nSECRET_KEY=changethis\nTITLE=\nLEVEL=info\n"
    example = text(planned(tmp_path, SHOP | {".env.example": before}), ".env.example")

    assert example.startswith(
        "# Ours\nDATABASE_URL=postgresql://a:b@localhost/c\nSECRET_KEY=\n# TITLE=\nLEVEL=info\n\n# Where PostgreSQL is."
    )
    assert example.count("SECRET_KEY=") == 1


def test_what_somebody_issues_is_not_made_up(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "    SECRET_KEY: str\n", "    SECRET_KEY: str\n    OPENAI_API_KEY: str\n    REGION: str\n"
    )
    made = planned(tmp_path, SHOP | {"app/config.py": settings})

    assert "OPENAI_API_KEY=change-me\n" in text(made, ".env.example")
    assert [one.what for one in made.untold] == [
        ".env: OPENAI_API_KEY is an example, not a secret.", ".env: REGION is empty.",
    ]  # fmt: skip


@pytest.mark.parametrize(("field", "line"), [("PORT: int", "PORT=8000"), ("PORT: int = 9000", "# PORT=8000")])
def test_a_port_that_the_service_reads_is_slipways_too(tmp_path: Path, field: str, line: str) -> None:
    files = SHOP | {"app/config.py": SETTINGS.replace('TITLE: str = "Shop"', field)}
    example = text(planned(tmp_path / "one", files), ".env.example")

    comment = "# The port on this machine where the service answers; with a DOMAIN 80, and 443 for HTTPS."
    assert f"{comment}\n{line}\n" in example
    there = text(planned(tmp_path / "two", files | {".env.example": "PORT=\n"}), ".env.example")
    assert there.startswith("PORT=8000\n" if line[0] == "P" else "# PORT=\n")


def test_without_a_database_there_is_nothing_of_one(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK, "app/main.py": APP}
    made = planned(tmp_path, files)

    assert "DATABASE" not in text(made, ".env.example")
    assert "# PORT=8000\n" in text(made, ".env.example")


def test_files_of_ones_own_stay(tmp_path: Path) -> None:
    made = planned(tmp_path, SHOP | {"tasks.py": "import celery\n", "inv": "#!/bin/sh\necho mine\n"})

    assert not {"tasks.py", "inv"} & {one.name for one in made.changes}
    assert [one.what.partition(" ")[0] for one in made.untold] == ["tasks.py", "inv"]


def test_what_follows_the_migrations_is_a_hook_and_told_where_another_one_stands(tmp_path: Path) -> None:
    script: dict[str, str | bytes] = {"prestart.sh": "alembic upgrade head\npython seed.py\n"}
    made = planned(tmp_path / "shop", SHOP | script)
    table = tomllib.loads(text(made, "pyproject.toml"))["tool"]["slipway"]
    assert (table["hooks"], "after-migrate" in table) == ({"after-migrate": ["python seed.py"]}, False)

    for key in ("after-migrate", "hooks.after-migrate"):
        decided = f'{PYPROJECT}\n[tool.slipway]\n{key} = ["python other.py"]\n'
        told = [
            (one.what, one.line) for one in planned(tmp_path / key, SHOP | script | {"pyproject.toml": decided}).untold
        ]
        assert (
            '[tool.slipway.hooks] after-migrate is ["python other.py"], and stays; the project looks as if it were:',
            'after-migrate = ["python seed.py"]',
        ) in told
