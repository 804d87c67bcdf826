"""The recipes of docs/queues.md, in the service under test, and what becomes of their jobs."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from slipway.template.locked import HASH, START, content_hash
from tests.e2e import changes
from tests.e2e.support import commit
from tests.e2e.talk import ask
from tests.support import ROOT, Checkout, wait_for

PAGE = (ROOT / "docs/queues.md").read_text()
LOCKS = Path(__file__).parent / "locks"
BLOCK = re.compile(r"(?ms)^```(?:python|toml|yaml|sh)\n# (\S[^\n]*)\n(.*?)^```$")
NEEDS = {"arq": "Redis", "celery": "RabbitMQ"}  # the parts that follow with the companion
PLACE = re.compile(r"in (\S+), (above|below|instead of): (.+)")

# Each job notes when it begins and when it ends: a table that the queue knows nothing of says what was done.
TABLE = """    op.execute("CREATE TABLE noted (job text, what text, at timestamptz DEFAULT clock_timestamp(), by text)")
"""
NOTED = '''"""What jobs did."""

import asyncio
import socket
import time

import psycopg

from app.core.config import get_settings

SECONDS = 0.3


def note(job: object, what: str) -> None:
    """Note something of a job."""
    url = get_settings().database_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        values = (str(job), what, socket.gethostname())
        connection.execute("INSERT INTO noted (job, what, by) VALUES (%s, %s, %s)", values)


async def work(job: object) -> None:
    """Take a while."""
    note(job, "begun")
    await asyncio.sleep(SECONDS)
    note(job, "ended")


def work_at_once(job: object) -> None:
    """Take a while, and let nothing else work."""
    note(job, "begun")
    time.sleep(SECONDS)
    note(job, "ended")
'''


def section(name: str) -> str:
    """Return the part of the page that is about a queue."""
    found = re.search(rf"(?ms)^## {name}\n(.*?)(?=^## |\Z)", PAGE)
    assert found, name
    return found[1]


def place(checkout: Checkout, head: str, text: str) -> None:
    """Write a block of the page where its first line says."""
    if not (found := PLACE.fullmatch(head)):
        path = checkout.root / head
        before = f"{path.read_text()}\n" if path.exists() else ""
        checkout.write(head, before + (text if before else text.lstrip("\n")))
        return
    name, how, start = found.groups()
    lines = (checkout.root / name).read_text().splitlines(keepends=True)
    # A line that is just so, or, where there is none, the first that begins so.
    alike = [number for number, line in enumerate(lines) if line.strip().startswith(start)]
    at = next((number for number in alike if lines[number].rstrip("\n") == start), alike[0])
    first, last = {"above": (at, at), "below": (at + 1, at + 1), "instead of": (at, at + 1)}[how]
    checkout.write(name, "".join([*lines[:first], text, *lines[last:]]))


def written(checkout: Checkout, name: str) -> None:
    """Write all blocks of a recipe, its companion's as well."""
    for head, text in BLOCK.findall(section(name) + (section(NEEDS[name]) if name in NEEDS else "")):
        place(checkout, head, text)


def requirement(name: str) -> str:
    """Return what the page says is to be added."""
    found = re.search(r"^poetry add '([^']+)'$", section(name), re.MULTILINE)
    assert found, name
    return found[1]


def locked(checkout: Checkout, name: str) -> None:
    """Do what `poetry add` of the page would: it wrote tests/e2e/locks/NAME.lock, the packages that differ."""
    wanted = requirement(name)
    checkout.edit("pyproject.toml", "\ndependencies = [\n", f'\ndependencies = [\n    "{wanted}",\n')
    body, tail = (checkout.root / "poetry.lock").read_text().split("[metadata]\n")
    texts = [*body.split(START)[1:], *(LOCKS / f"{name}.lock").read_text().split(START)[1:]]
    packages = {text.partition("\n")[0]: text.strip() for text in texts}  # by the line of the name; the last one counts
    told = HASH.sub(f'content-hash = "{content_hash((checkout.root / "pyproject.toml").read_text())}"', tail)
    each = "".join(f"{START}{text}\n\n" for text in packages.values())
    checkout.write("poetry.lock", f"{body.split(START)[0]}{each}[metadata]\n{told}")


def schema(checkout: Checkout) -> None:
    """Do what `procrastinate schema --read` does, by the locked version's wheel."""
    version = re.search(r'name = "procrastinate"\nversion = "(.+)"', (LOCKS / "procrastinate.lock").read_text())
    target = re.search(r"schema --read >(\S+)", section("procrastinate"))
    assert version
    assert target
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"procrastinate=={version[1]}"]
    subprocess.run(fetch, cwd=checkout.root / ".slipway", check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next((checkout.root / ".slipway").glob("procrastinate-*.whl"))) as wheel:
        checkout.write(target[1], wheel.read("procrastinate/sql/schema.sql").decode())


def add(checkout: Checkout, name: str) -> None:
    """Give the service a recipe, whose jobs note what they do, as a commit."""
    (checkout.root / ".slipway").mkdir(exist_ok=True)
    locked(checkout, name)
    if name == "procrastinate":
        schema(checkout)
    written(checkout, name)
    checkout.write("app/noted.py", NOTED)
    jobs = (checkout.root / "app/jobs.py").read_text()
    by_now, count = re.subn(r'(?m)^    logger\.info\("Report %s is .*", (\S+), user_id\)$', r"    DO(\1)", jobs)
    assert count == 1
    call = "await noted.work(" if "async def write_report" in jobs else "noted.work_at_once("
    by_now = by_now.replace("from app.core", "from app import noted\nfrom app.core", 1)
    checkout.write("app/jobs.py", by_now.replace("DO(", call))
    before = "0003" if name == "procrastinate" else "0002"
    changes.revision(checkout, "0009", before, "expand", TABLE, '    op.execute("DROP TABLE noted")\n')
    commit(checkout, f"Queue with {name}")


def count(checkout: Checkout, query: str) -> int:
    """Return a number that production's database knows."""
    return int(ask(checkout, query, "--prod"))


def all_are_done(checkout: Checkout, acknowledged: list[int | str]) -> None:
    """Wait until each job that was acknowledged has ended."""
    each = "SELECT count(DISTINCT job) FROM noted WHERE what = 'ended'"
    wait_for(lambda: count(checkout, each) >= len(acknowledged), limit=120)
    ended = set(ask(checkout, "SELECT DISTINCT job FROM noted WHERE what = 'ended'", "--prod").split())
    assert ended >= set(map(str, acknowledged))
