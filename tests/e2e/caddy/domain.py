"""What holds with a domain: HTTPS, and what is no site of its own.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

from tests.e2e.caddy.lab import Lab
from tests.e2e.caddy.talk import Answer


def asks_for_https_from_now_on(lab: Lab) -> None:
    """Tell browsers to come over HTTPS, and over nothing but it."""
    assert lab.domain.ask().headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in lab.plain.ask().headers


def offers_http3_where_it_is(lab: Lab) -> None:
    """Offer HTTP/3 at the port that is published."""
    assert lab.domain.ask().headers.get_all("Alt-Svc") == [f'h3=":{lab.domain.https}"; ma=2592000']
    assert "Alt-Svc" not in lab.plain.ask().headers


def leads_to_https(lab: Lab) -> None:
    """Lead HTTP to HTTPS for the names that are ours, at the port that is published."""
    answer = lab.domain.ask("/posts?limit=1", tls=False)
    assert (answer.status, answer.headers["Location"]) == (308, f"https://localhost:{lab.domain.https}/posts?limit=1")
    usual = lab.domain.but("", "", HTTPS_PORT="443").ask("/posts?limit=1", tls=False)
    assert (usual.status, usual.headers["Location"]) == (308, "https://localhost/posts?limit=1")


def refuses_names_that_are_not_ours(lab: Lab) -> None:
    """Answer 421 to other names, over HTTP and HTTPS, and offer them nothing."""
    for tls in (False, True):
        answer: Answer = lab.domain.ask(host="other.example.com", tls=tls)
        answer.is_problem(421, "Misdirected Request")
        assert "Alt-Svc" not in answer.headers
        assert "Location" not in answer.headers
    assert lab.plain.ask(host="other.example.com").status == 200  # without a domain, every name is ours


def ends_connections_with_a_body(lab: Lab) -> None:
    """Tell who has sent a body that nobody reads that the connection ends, and nobody else."""
    for method, ends in (("POST", "close"), ("GET", None)):
        for host, tls in (("localhost", False), ("other.example.com", False), ("other.example.com", True)):
            answer = lab.domain.ask("/posts", "Content-Length: 0", method=method, host=host, tls=tls)
            assert (answer.status, answer.headers["Connection"]) == (421 if "other" in host else 308, ends)


def is_found_by_its_name(lab: Lab) -> None:
    """Serve the domain over HTTPS, and everybody without one over HTTP."""
    assert lab.domain.ask().passed("X-Forwarded-Proto") == ["https"]
    assert lab.plain.ask().passed("X-Forwarded-Proto") == ["http"]
