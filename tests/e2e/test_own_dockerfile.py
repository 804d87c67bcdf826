"""A project with a Dockerfile and a Compose file of its own: adopted, built, started, deployed, and gone back."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.adopted import ENV, TABLE, Adopted
from tests.e2e.support import NAME, clear, commit, remove_images, run
from tests.support import ROOT, free_port

pytestmark = pytest.mark.minutes(1)

MAIN = """
from fastapi import FastAPI
from pydantic_settings import BaseSettings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class Settings(BaseSettings):
    model_config = {"env_file": ".env"}  # and it refuses what it does not know there
    database_url: str
    secret_key: str


def create_app() -> FastAPI:
    settings, app = Settings(), FastAPI()
    engine = create_async_engine(settings.database_url)

    @app.get("/ping")
    async def ping() -> str:
        return "one"

    @app.get("/items")
    async def items() -> list[int | str]:
        async with engine.connect() as connection:
            counted = (await connection.execute(text("SELECT count(*) FROM item"))).scalar_one()
        with open("logs/asked", "a") as file:
            file.write("asked")
        return [counted, len(settings.secret_key)]

    return app
"""
# An environment without pip, which nothing but the command names; and root. What it ends with cannot be built.
DOCKERFILE = """
FROM python:3.13-slim AS build
RUN python3 -m venv --without-pip /opt/shop
COPY requirements.txt /
RUN pip --python /opt/shop/bin/python install --quiet --requirement /requirements.txt

FROM python:3.13-slim AS production
WORKDIR /code
COPY --from=build /opt/shop /opt/shop
COPY src src
CMD ["/opt/shop/bin/uvicorn", "shop.main:create_app", "--factory", "--app-dir", "src"]

FROM production AS lint
RUN exit 1
"""
COMPOSE = """
services:
  web:
    build: {context: ., target: production}
    environment: {DATABASE_URL: "postgresql+asyncpg://shop:change-me@db/shop", SECRET_KEY: change-me}
"""
QUICK = "\n[tool.slipway.deploy]\nsettle = 1\n"  # what is no part of adopting
COPIED = 'copy = ["db", "alembic.ini"]\n'  # without which nothing could migrate
FILES = {
    "src/shop/__init__.py": "",
    "src/shop/main.py": MAIN,
    "db/env.py": ENV.format(imports="assert os.environ['SECRET_KEY']", url="os.environ['DATABASE_URL']"),
    "db/versions/0001.py": TABLE,
    "alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
    "requirements.txt": "fastapi\nuvicorn\nsqlalchemy[asyncio]\nalembic\nasyncpg\npydantic-settings\n",
    "Dockerfile": DOCKERFILE,
    "compose.yaml": COMPOSE,
    "pyproject.toml": f'[project]\nname = "{NAME}-own"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n',
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Adopted]:
    """Give the project, committed."""
    root = tmp_path / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=root)
    for name, value in (("user.name", "E2E"), ("user.email", "e2e@example.com")):
        run("git", "config", name, value, cwd=root)
    made = Adopted(root, {"COMPOSE_PROJECT_NAME": f"{NAME}-own", "PORT": str(free_port()), "PYTHONPATH": str(ROOT)})
    commit(made, "A project of before")
    (root / "slipway.lock").write_text("-e .\n")  # Slipway is where its source lies
    adopt = "import sys; sys.path.insert(0, sys.argv.pop(1)); from slipway.command.main import main; main()"
    run(sys.executable, "-P", "-c", adopt, str(ROOT), "adopt", "--yes", cwd=root)
    made.edit("pyproject.toml", "secrets-as =", f"{COPIED}secrets-as =")
    made.edit("pyproject.toml", "[tool.slipway.database]", f"{QUICK}\n[tool.slipway.database]")
    commit(made, "Adopted")
    yield made
    clear()
    remove_images(f"{NAME}-own")


@contextmanager
def asked(url: str) -> Iterator[Counter[str]]:
    """Ask 20 times a second meanwhile; give what was answered."""
    seen: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.05):
            try:
                seen[httpx2.get(url, timeout=10).text] += 1
            except httpx2.HTTPError as error:
                seen[repr(error)] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_a_project_is_run_and_deployed_as_it_is(shop: Adopted) -> None:
    shop.succeeds("up")
    assert httpx2.get(f"{shop.url}/items", timeout=10).json()[0] == 0
    shop.succeeds("down", "--volumes", "--yes")

    shop.succeeds("deploy", "--yes", "--bake", "0")
    env = dict(line.split("=", 1) for line in (shop.root / ".env.slipway.prod").read_text().splitlines() if "=" in line)
    assert httpx2.get(f"{shop.url}/items", timeout=10).json() == [0, len(env["SECRET_KEY"])]
    names = run("docker", "ps", "--quiet", "--filter", f"name={NAME}-own-prod").split()
    of_images = run("docker", "inspect", "--format", "{{.Image}}", *names).split()
    said = run("docker", "inspect", *names) + run("docker", "image", "inspect", *of_images)
    assert "postgresql+asyncpg://{user}:{password}@" in said
    assert not [name for name in ("SECRET_KEY", "DATABASE_PASSWORD") if env[name] in said]

    shop.edit("src/shop/main.py", '"one"', '"two"')
    commit(shop, "Say two")
    with asked(f"{shop.url}/ping") as seen:
        shop.succeeds("deploy", "--yes", "--bake", "0")
        shop.succeeds("rollback")
    assert set(seen) == {'"one"', '"two"'}
    assert httpx2.get(f"{shop.url}/ping", timeout=10).json() == "one"
    shop.succeeds("down", "--prod", "--volumes", "--yes")
    own = FILES.keys() - {"pyproject.toml"}  # to which a table was added
    after = {name: (shop.root / name).read_text().replace('"two"', '"one"') for name in own}
    assert after == {name: FILES[name] for name in own}
