"""Which file has the settings: another than .env where the service reads that, and takes nothing else in it."""

from pathlib import Path

import pytest

from tests.slipway.adopt.support import PYPROJECT, SETTINGS, SHOP, planned, text


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
