"""The service's database: read from variables or a URL, told to the service and to psql."""

from urllib.parse import quote

import pytest

from slipway.project.database import OWN, Database

VALUES = {
    "DATABASE_HOSTNAME": "db.example.com", "DATABASE_PORT": "6432", "DATABASE_USERNAME": "me",
    "DATABASE_PASSWORD": "a secret", "DATABASE_NAME": "shop", "DATABASE_SSLMODE": "verify-full",
    "DATABASE_SSLROOTCERT": "/etc/ca.pem",
}  # fmt: skip
THEIRS = Database("me", "a secret", "shop", "db.example.com", 6432, "verify-full", "/etc/ca.pem")
ODD = ["a b", "a@b", "a:b", "a/b", "a%20b", "a#b?c=d&e", "'quote\"", "a+b", "$HOME", "\u00fc", "[x]", "\\"]


def test_variables_are_read_and_given_back() -> None:
    assert Database.of(VALUES | {"SECRET_KEY": "another matter"}) == THEIRS
    assert THEIRS.variables == VALUES


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(VALUES, "")])
def test_what_may_be_missing_or_empty_has_a_default(empty: dict[str, str]) -> None:
    needed = {name: VALUES[name] for name in ("DATABASE_USERNAME", "DATABASE_PASSWORD", "DATABASE_NAME")}

    assert Database.of(empty | needed) == Database("me", "a secret", "shop", "", 5432, "", "")
    assert Database.of(needed).variables == {**needed, "DATABASE_HOSTNAME": "", "DATABASE_PORT": "5432"}


@pytest.mark.parametrize("odd", ODD)
def test_a_url_says_the_same_whatever_is_in_it(odd: str) -> None:
    one = Database(odd, odd, odd, "db.example.com", 6432, "require", odd)
    login = f"{quote(odd, safe='')}:{quote(odd, safe='')}"
    query = f"sslmode=require&sslrootcert={quote(odd, safe='')}"

    assert Database.at(f"postgresql://{login}@db.example.com:6432/{quote(odd, safe='')}?{query}") == one
    assert Database.of(one.variables) == one


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://me:pw@host/shop", Database("me", "pw", "shop", "host", 5432)),
        ("postgres://me@host:1/shop", Database("me", "", "shop", "host", 1)),
        ("postgresql+psycopg://me:pw@host/shop", Database("me", "pw", "shop", "host")),
        ("postgresql://me:pw@[::1]:6432/shop", Database("me", "pw", "shop", "::1", 6432)),
        (
            "postgresql://me:pw@host/shop?sslmode=disable&sslmode=require&x=y",
            Database("me", "pw", "shop", "host", 5432, "require"),
        ),
    ],
)
def test_urls_are_read_as_postgresql_has_them(url: str, database: Database) -> None:
    assert Database.at(url) == database


@pytest.mark.parametrize(
    "url",
    [
        "", "shop", "mysql://me:pw@host/shop", "postgresql://host/shop", "postgresql://me:pw@/shop",
        "postgresql://me:pw@host", "postgresql://me:pw@host/", "postgresql://:pw@host/shop",
        "postgresql://me:pw@host:port/shop", "postgresql://me:pw@host:99999/shop",
    ],
)  # fmt: skip
def test_what_names_no_database_is_told(url: str) -> None:
    with pytest.raises(ValueError, match=r"postgresql://USER:PASSWORD@HOST:PORT/NAME|[Pp]ort"):
        Database.at(url)


def test_psql_is_told_all_of_it() -> None:
    assert THEIRS.client == {
        "PGHOST": "db.example.com", "PGPORT": "6432", "PGUSER": "me", "PGPASSWORD": "a secret", "PGDATABASE": "shop",
        "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/ca.pem",
    }  # fmt: skip


def test_the_own_database_speaks_no_tls() -> None:
    mine = THEIRS.seen_at(OWN, 5432)

    assert mine.client == {
        "PGHOST": "db", "PGPORT": "5432", "PGUSER": "me", "PGPASSWORD": "a secret", "PGDATABASE": "shop",
    }  # fmt: skip
    assert mine.variables["DATABASE_SSLMODE"] == "verify-full"


def test_seen_from_elsewhere_it_is_the_same_database() -> None:
    seen = THEIRS.seen_at("127.0.0.1", 55432)

    assert (seen.host, seen.port) == ("127.0.0.1", 55432)
    assert seen.seen_at(THEIRS.host, THEIRS.port) == THEIRS


def test_the_password_is_not_shown() -> None:
    assert "a secret" not in repr(THEIRS)
    assert "db.example.com" in repr(THEIRS)
