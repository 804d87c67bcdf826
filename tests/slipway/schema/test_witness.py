"""An env.py that leads elsewhere: to another server with a database of the same name, whatever the command is."""

from collections.abc import Iterator

import psycopg
import pytest

from slipway.project.database import Database
from slipway.runtime.postgres import FAST, Server
from slipway.schema import witness
from tests.slipway.schema.support import Connection, Service, connect

COMMANDS = ["upgrade", "downgrade --to base", "check", "plan", "drift", "sql", "undo --to base"]
STARTED = 'op.execute("CREATE TABLE u (a int)")'


class Elsewhere:
    """Another server, which has a database of the same name; nothing may ever be made there."""

    def __init__(self, login: Database) -> None:
        self.login = login

    def connect(self) -> Connection:
        """Connect to it."""
        of = self.login
        return psycopg.connect(
            host=of.host, port=of.port, user=of.username, password=of.password, dbname=of.name, autocommit=True
        )

    def lead(self, service: Service) -> None:
        """Let env.py have settings of its own, which lead there."""
        of = self.login
        text = (service.root / "alembic/env.py").read_text()
        wrong = {"HOSTNAME": of.host, "PORT": of.port, "USERNAME": of.username, "PASSWORD": of.password}
        for name, value in wrong.items():
            text = text.replace(f'os.environ["DATABASE_{name}"]', repr(str(value)))
        (service.root / "alembic/env.py").write_text(text)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Elsewhere]:
    """Give another server for the tests of this worker."""
    server = Server(tmp_path_factory.mktemp("elsewhere"))
    login = Database("somebody", "a long enough word", database)
    try:
        yield Elsewhere(login.seen_at("127.0.0.1", server.start(login, settings=FAST)))
    finally:
        server.stop()


def offline_too(service: Service) -> None:
    """Let env.py change the database in offline mode as well, which no preview should."""
    text = (service.root / "alembic/env.py").read_text()
    begun, url = text.split("else:\n")[0], text[text.index("    url = ") : text.index("    with create_engine")]
    begun = begun.replace(
        "if context.is_offline_mode():\n",
        f"if context.is_offline_mode():\n{url}"
        "    with create_engine(url).begin() as connection:\n"
        "        connection.exec_driver_sql('CREATE TABLE made_by_a_preview ()')\n",
    )
    (service.root / "alembic/env.py").write_text(begun + text[text.index("else:\n") :])


@pytest.mark.parametrize("command", COMMANDS, ids=[one.partition(" ")[0] for one in COMMANDS])
def test_a_database_of_the_same_name_on_another_server_is_left_alone(
    service: Service, elsewhere: Elsewhere, command: str
) -> None:
    service.begin()
    service.revision("0002", STARTED)
    elsewhere.lead(service)
    if command.startswith(("sql", "undo")):
        offline_too(service)

    done = service.run(*command.split(), "--json")

    with elsewhere.connect() as there:
        made = there.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchall()
    assert made == []
    assert service.ask("SELECT to_regclass('u')::text") == [(None,)]
    assert "Traceback" not in done.stderr
    if command.startswith(("up", "down", "sql", "undo")):
        assert done.returncode == 1
        assert f"of another PostgreSQL, at 127.0.0.1:{elsewhere.login.port}, than DATABASE_HOSTNAME" in done.stderr
    else:  # a scratch database is not there at all
        assert "does env.py read DATABASE_*?" in done.stdout + done.stderr


def test_a_connection_that_is_kept_is_looked_at_in_each_transaction(service: Service) -> None:
    env = service.root / "alembic/env.py"
    pooled = env.read_text().replace("with create_engine(url, poolclass=pool.NullPool)", "with kept.engine(url)")
    env.write_text(f"import kept\n{pooled}")
    (service.root / "kept.py").write_text(
        "import functools\nfrom sqlalchemy import create_engine\nengine = functools.cache(create_engine)\n"
    )
    service.revision("0002", STARTED, down='op.drop_table("u")')
    service.revision("0003", 'op.execute("ALTER TABLE u ADD COLUMN b int")', down='op.drop_column("u", "b")')

    trials = service.json("plan")["trials"]

    assert [one["error"] for one in trials] == [""] * 3
    assert trials[2]["statements"][0]["locks"] == {"u": "AccessExclusiveLock"}  # also in a session of before
    assert len(service.json("upgrade")["applied"]) == 3


def test_who_sees_the_lock_is_in_the_same_database(service: Service, elsewhere: Elsewhere) -> None:
    with witness.witness(service.connection) as key, service.connect() as same:
        seen = witness.look(same.cursor(), key)
        assert seen.is_ours
        assert (seen.database, seen.pid) == (service.database, same.info.backend_pid)
        assert not witness.look(same.cursor(), key + 1).is_ours
        with connect("postgres") as beside:
            assert not witness.look(beside.cursor(), key).is_ours
        with elsewhere.connect() as other:
            assert not witness.look(other.cursor(), key).is_ours
    assert not witness.look(service.connection.cursor(), key).is_ours


def test_an_asynchronous_env_is_looked_at_as_well(service: Service, elsewhere: Elsewhere) -> None:
    env = service.root / "alembic/env.py"
    text = env.read_text()
    begun, url = text.split("else:\n")[0], text[text.index("    url = ") : text.index("    with create_engine")]
    env.write_text(
        f"{begun}else:\n{url}    import asyncio\n    from sqlalchemy.ext.asyncio import create_async_engine\n"
        "    def work(connection):\n        context.configure(connection=connection, target_metadata=MetaData())\n"
        "        with context.begin_transaction():\n            context.run_migrations()\n"
        "    async def main():\n        engine = create_async_engine(url, poolclass=pool.NullPool)\n"
        "        async with engine.connect() as connection:\n            await connection.run_sync(work)\n"
        "    asyncio.run(main())\n"
    )

    assert service.run("upgrade").returncode == 0
    service.revision("0002", STARTED)
    elsewhere.lead(service)
    refused = service.run("upgrade")

    assert "of another PostgreSQL" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert service.at == "0001"
