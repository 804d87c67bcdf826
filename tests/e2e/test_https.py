"""HTTPS for a domain: certificates from a real ACME server, Pebble."""

import json
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.support import NAME, run
from tests.e2e.talk import done
from tests.support import PATIENT, Checkout, free_port, wait_for

PROD = f"{NAME}-prod"
DOMAIN = f"{PROD}-proxy-1"  # which Docker's DNS leads to the proxy


@pytest.fixture
def acme(docker: Checkout, tmp_path: Path) -> Iterator[Path]:
    """Run Pebble on the deployment's network; give its own root certificate."""
    binary = shutil.which("pebble")
    assert binary, ".ci/engine installs pebble"
    names = ["-subj", "/CN=pebble", "-addext", "subjectAltName=DNS:pebble,DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files)
    config = {
        "listenAddress": "0.0.0.0:14000",
        "managementListenAddress": "0.0.0.0:15000",
        "certificate": "/acme/cert.pem",
        "privateKey": "/acme/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
    }
    (tmp_path / "config.json").write_text(json.dumps({"pebble": config}))
    labels = [f"com.docker.compose.project={PROD}", "com.docker.compose.network=default"]
    run("docker", "network", "create", *(word for label in labels for word in ("--label", label)), f"{PROD}_default")
    mounts = ["--volume", f"{Path(binary).resolve()}:/pebble:ro", "--volume", f"{tmp_path}:/acme:ro"]
    network = ["--network", f"{PROD}_default", "--network-alias", "pebble", "--publish", "127.0.0.1::15000"]
    options = [*mounts, *network, "--env", "PEBBLE_VA_NOSLEEP=1", "--env", "PEBBLE_WFE_NONCEREJECT=0"]
    run(
        "docker",
        "run",
        "--detach",
        "--name",
        f"{NAME}-acme",
        *options,
        "caddy:2",
        "/pebble",
        "-config",
        "/acme/config.json",
    )
    yield tmp_path / "cert.pem"
    run("docker", "rm", "--force", f"{NAME}-acme")


def test_a_domain_gets_a_certificate_http2_and_a_redirect(docker: Checkout, acme: Path, tmp_path: Path) -> None:
    https = free_port()
    env = {
        "DOMAIN": DOMAIN,
        "HTTPS_PORT": str(https),
        "ACME_CA": "https://pebble:14000/dir",
        "ACME_CA_ROOT": acme.read_text(),
        "ACME_EMAIL": "on-call@example.com",
    }
    said = done(docker, "deploy", "--yes", "--bake", "0", **env)
    assert said.stdout.startswith(f"{NAME}  https://{DOMAIN}:{https}\n")

    address = run("docker", "port", f"{NAME}-acme", "15000").splitlines()[0]
    verify = ssl.create_default_context(cafile=str(acme))
    root = httpx2.get(f"https://localhost:{address.rpartition(':')[2]}/roots/0", verify=verify, timeout=PATIENT).text
    trust = ssl.create_default_context(cadata=root)
    trust.set_alpn_protocols(["h2", "http/1.1"])

    def connect() -> ssl.SSLSocket:
        return trust.wrap_socket(socket.create_connection(("127.0.0.1", https), timeout=10), server_hostname=DOMAIN)

    def has_certificate() -> bool:
        try:
            connect().close()
        except OSError:
            return False
        return True

    wait_for(has_certificate, limit=60)
    with connect() as connection:
        assert connection.selected_alpn_protocol() == "h2"
    trust.set_alpn_protocols(["http/1.1"])

    def answer(host: str) -> str:
        with connect() as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    good = answer(DOMAIN)
    assert good.startswith("HTTP/1.1 200 OK")
    assert "Strict-Transport-Security: max-age=31536000" in good
    assert f'Alt-Svc: h3=":{https}"' in good  # HTTP/3 is offered, where it is reached
    assert answer("evil.example").startswith("HTTP/1.1 421 ")
    redirect = httpx2.get(f"{docker.url}/posts?limit=1", headers={"Host": DOMAIN}, timeout=PATIENT)
    assert (redirect.status_code, redirect.headers["Location"]) == (308, f"https://{DOMAIN}:{https}/posts?limit=1")
    other = httpx2.get(docker.url, headers={"Host": "evil.example"}, timeout=PATIENT)
    assert (other.status_code, other.headers["Content-Type"]) == (421, "application/problem+json")
