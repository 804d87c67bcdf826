"""Which Python of a project's own image is the service's, and who runs it from now on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.image import beneath
from slipway.image.beneath import Own, chosen
from slipway.project.config import Project
from slipway.project.processes import Process

SHOP = Project(Path("/shop"), "shop", "0.1.0", asgi="shop.main:app", pythonpath=("src",), migrations="migrations")


def python(path: str, **more: Any) -> dict[str, Any]:
    """Return what probe.py says of a Python."""
    said = {"python": path, "version": "3.12", "folder": "/lib/site-packages", "module": ["/app/src/shop"]}
    return said | {"found": True, "has": ["starlette", "alembic"], "closed": ""} | more


def test_the_first_python_that_has_the_service_is_taken() -> None:
    found = [python("/usr/bin/python3", has=[]), python("/app/.venv/bin/python"), python("/opt/venv/bin/python")]
    below = chosen(found, SHOP, Own(workdir="/app", variables={"PATH": "/usr/bin:/bin", "PYTHONPATH": "/lib"}))
    assert (below.python, below.place, below.user) == ("/app/.venv/bin/python", "/app/src/shop", "65532:65532")
    assert below.path == "/app/.venv/bin:/usr/bin:/bin:/opt/slipway/bin"
    assert below.pythonpath(SHOP) == "/app/src:/lib"


@pytest.mark.parametrize(
    ("given", "user"),
    [("", beneath.USER), ("0:0", beneath.USER), ("root", beneath.USER), ("app", "app"), ("1000:1000", "1000:1000")],
)
def test_root_runs_no_service(given: str, user: str) -> None:
    assert chosen([python("/bin/python")], SHOP, Own(given)).user == user


def test_a_python_that_only_root_may_enter_is_refused_unless_another_user_is_named() -> None:
    found = [python("/app/.venv/bin/python", closed="/root")]
    with pytest.raises(Problem, match="only root may enter /root"):
        chosen(found, SHOP, Own())
    assert chosen(found, SHOP, Own("app")).user == "app"


def test_what_is_not_found_is_said() -> None:
    with pytest.raises(Problem, match=r"has FastAPI: /usr/bin/python3 \(3\.12\)\. The stage"):
        chosen([python("/usr/bin/python3", has=["gunicorn"])], SHOP, Own())
    with pytest.raises(Problem, match="has FastAPI: none was found"):
        chosen([], SHOP, Own())
    with pytest.raises(
        Problem, match=r"/bin/python in the image of Dockerfile does not find shop\.main:app, from /app"
    ):
        chosen([python("/bin/python", found=False)], SHOP, Own(workdir="/app"))


def test_psycopg_is_for_who_migrates() -> None:
    below = chosen([python("/bin/python")], SHOP, Own())
    assert "psycopg" in beneath.packages(SHOP, below)
    none = replace(SHOP, migrations="")
    assert beneath.packages(none, chosen([python("/bin/python", has=["starlette"])], none, Own())) == list(
        beneath.SERVER
    )


def test_migrations_that_nothing_could_apply_are_said_when_the_image_is_built() -> None:
    with pytest.raises(Problem, match=r'has no Alembic, which applies migrations/\. .* migrations = ""'):
        chosen([python("/bin/python", has=["starlette"])], SHOP, Own())


def test_an_image_says_what_it_runs() -> None:
    config = {"Env": ["A=b=c", "PATH=/bin"], "Entrypoint": None, "Cmd": ["/venv/bin/uvicorn", "x"], "WorkingDir": ""}
    own = Own.of(config)
    assert own == Own("", "/", {"A": "b=c", "PATH": "/bin"}, ("/venv/bin/uvicorn", "x"))
    assert own.is_roots
    assert own.at("src") == "/src"


def test_the_health_check_is_that_of_the_dockerfile() -> None:
    check = beneath.healthcheck()
    assert check.startswith("--interval=10s ")
    assert 'CMD ["python", "-Ic", ' in check


def test_without_web_any_python_will_do_that_finds_the_package_before_others() -> None:
    bot = replace(SHOP, asgi="", migrations="", processes={"bot": Process("python -m shop.bot")})
    other, own = python("/usr/bin/python3", has=[], found=False, module=[]), python("/opt/bin/python", has=[])
    assert chosen([other, own], bot, Own()).python == "/opt/bin/python"
    assert chosen([other], bot, Own()).place == ""
    with pytest.raises(Problem, match="No Python in the image of Dockerfile can be used: none was found"):
        chosen([], bot, Own())
