"""What should be secret: found in files, layers and the configuration, and never shown."""

from pathlib import Path

import pytest

from slipway.image.secrets import in_configuration, in_file, scan_archive
from tests.slipway.image.support import saved_image

VALUES = {"SECRET_KEY": "correct-horse-battery"}
KEY_ID = "AKIA" + "QWERTYUIOPASDFGH"
TOKEN = "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyzAB"[:36]


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("srv/app/a.py", f"TOKEN = '{TOKEN}'\n", "/srv/app/a.py:1: looks like a secret: GitHub Token"),
        ("srv/app/a.py", f"\n\nkey = '{KEY_ID}'\n", "/srv/app/a.py:3: looks like a secret: AWS Access Key"),
        ("srv/key", "-----BEGIN RSA PRIVATE KEY-----\n", "/srv/key:1: looks like a secret: Private Key"),
        ("srv/a.txt", "x = correct-horse-battery", "/srv/a.txt: holds the value of SECRET_KEY"),
        ("opt/venv/lib/site-packages/x.so", "\0correct-horse-battery", "holds the value of SECRET_KEY"),
        ("srv/.env.example", f"TOKEN={TOKEN}", "/srv/.env.example:1: looks like a secret: GitHub Token"),
        ("srv/.env", "A=1", "/srv/.env: is private by its name"),
        ("srv/.env.prod", "A=1", "/srv/.env.prod: is private by its name"),
        ("srv/b64", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "holds the value of SECRET_KEY"),
        ("root/.aws/credentials", "", "is private by its name"),
        ("root/.docker/config.json", "{}", "is private by its name"),
        ("srv/shop.p12", "", "is private by its name"),
        ("root/.netrc", "", "/root/.netrc: is private by its name"),
        ("srv/alembic.ini", "url = postgresql://shop:hunter@db/shop", "looks like a secret: Basic Auth Credentials"),
        ("usr/src/app/lib/a.py", f"'{TOKEN}'", "/usr/src/app/lib/a.py:1: looks like a secret: GitHub Token"),
        ("usr/local/share/a.py", f"'{TOKEN}'", "/usr/local/share/a.py:1: looks like a secret: GitHub Token"),
        ("usr/lib/a.conf", "x = correct-horse-battery", "/usr/lib/a.conf: holds the value of SECRET_KEY"),
        ("srv/.git/config", "", "/srv/.git/config: is a part of .git"),
    ],
)  # fmt: skip
def test_a_secret_is_found_and_not_shown(path: str, content: str, said: str) -> None:
    found = list(in_file(path, content.encode(), VALUES))
    assert len(found) == 1
    assert said in found[0]
    assert TOKEN not in found[0]
    assert VALUES["SECRET_KEY"] not in found[0]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("srv/.env.example", "SECRET_KEY=\n"),
        ("srv/.env.example", "DATABASE_URL=postgresql://app:app@localhost:5432/app\n"),
        ("srv/app/config.json", "{}"),
        ("srv/app/a.py", "password = 'a password'\nSECRET_KEY: str\n"),
        ("srv/app/a.py", f"TOKEN = '{TOKEN}'  # pragma: allowlist secret\n"),
        ("opt/venv/lib/site-packages/tests/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n"),
        ("srv/app/a.bin", "\0\0" + TOKEN),
        ("srv/alembic.ini", "sqlalchemy.url = driver://user:pass@localhost/dbname\n"),
        ("usr/local/lib/python3.13/dist-packages/a.py", f"'{TOKEN}'"),
        ("root/.local/share/uv/python/cpython-3.13/lib/python3.13/test/a.key", "-----BEGIN RSA PRIVATE KEY-----\n"),
        ("usr/lib/linux/uapi/sparc/asm/apc.h", f"'{TOKEN}'"),
        ("usr/share/doc/a.txt", "https://user:password@example.com"),
        ("lib/x86_64-linux-gnu/a.txt", f"'{TOKEN}'"),
        ("app/node_modules/a/index.js", f"'{TOKEN}'"),
    ],
)
def test_what_is_no_secret_is_left_alone(path: str, content: str) -> None:
    assert list(in_file(path, content.encode(), VALUES)) == []


def test_history_variables_and_labels_are_looked_at() -> None:
    configuration = {
        "history": [{"created_by": "RUN curl -H correct-horse-battery"}, {}],
        "config": {"Env": [f"GITHUB_TOKEN={TOKEN}"], "Labels": {"a": "correct-horse-battery"}},
    }
    assert list(in_configuration(configuration, VALUES)) == [
        "the history holds the value of SECRET_KEY",
        "a variable holds what looks like a secret: GitHub Token",
        "the label a holds the value of SECRET_KEY",
    ]
    assert list(in_configuration({"config": {}}, VALUES)) == []


def test_what_a_later_layer_removes_is_found_and_the_base_image_is_not_looked_at(tmp_path: Path) -> None:
    secret = b"correct-horse-battery"
    archive = saved_image(tmp_path / "image.tar", {"etc/x": secret}, {"srv/x": secret}, {"srv/.wh.x": b""})

    assert scan_archive(archive, 1, VALUES) == (2, ["/srv/x: holds the value of SECRET_KEY"])
    assert scan_archive(archive, 0, VALUES)[0] == 3
    assert scan_archive(archive, 2, VALUES) == (1, [])
