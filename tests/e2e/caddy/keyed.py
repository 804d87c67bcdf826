"""What holds for requests with a key, which [tool.slipway] idempotent lets the proxy send once more.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

from concurrent.futures import ThreadPoolExecutor

from slipway.project.idempotent import expression
from tests.e2e.caddy.clients import CHUNKED, CUT, MALFORMED
from tests.e2e.caddy.lab import Lab, Proxy, unique
from tests.e2e.caddy.talk import Answer, head

KEY = "Idempotency-Key: 5d5b7d9e"
NAMED = expression(["POST /die", "POST /die-once", "POST /fail", "PUT /{any}/die-once", "POST /posts"])
LARGEST = 19_999  # bytes of a body that is kept


def proxy(lab: Lab) -> Proxy:
    """Return the proxy of a project that names such requests."""
    return lab.plain.having(lab.caddyfile, IDEMPOTENT=NAMED)


def post(to: Proxy, target: str, *headers: str, body: bytes = b"{}", method: str = "POST") -> Answer:
    """Send a request with a body."""
    return to.say(head(method, target, *headers, f"Content-Length: {len(body)}") + body)


def sends_it_once_more(lab: Lab) -> None:
    """Send it as it was when it breaks, once more and no further; the client gets the second answer."""
    to, body = proxy(lab), bytes(range(256)) * 100
    sent = [("POST", "/die-once", body[:size]) for size in (0, 2, LARGEST)] + [("PUT", "/a-part/die-once", b"{}")]
    for method, path, whole in sent:
        target = unique(path)
        answer = post(to, target, KEY, body=whole, method=method)
        assert (answer.status, answer.body, lab.first.count(target)) == (200, whole, 2), (path, len(whole))
    target = unique("/die")
    post(to, target, KEY).is_problem(502, "Bad Gateway")
    assert lab.first.count(target) == 2


def sends_nothing_else_twice(lab: Lab) -> None:
    """Send what has no key, what is not named, and what is too long to be kept, once."""
    to = proxy(lab)
    sent = [
        ("POST", "/die", [], b"{}"),
        ("POST", "/die", ["Idempotency-Key:"], b"{}"),
        ("PUT", "/die", [KEY], b"{}"),
        ("PUT", "/a/part/die-once", [KEY], b"{}"),
        ("POST", "/die/die", [KEY], b"{}"),
        ("POST", "/x/die", [KEY], b"{}"),
        ("PUT", "/POST%20/die", [KEY], b"{}"),
        ("POST", "/die", [KEY], bytes(LARGEST + 1)),
        ("POST", "/die", [KEY], bytes(100_000)),
    ]
    for method, path, headers, body in sent:
        target = unique(path)
        post(to, target, *headers, body=body, method=method).is_problem(502, "Bad Gateway")
        assert lab.first.count(target) == 1, (method, path, headers, len(body))
    target, chunked = unique("/die"), b"4\r\nfour\r\n0\r\n\r\n"
    assert to.say(head("POST", target, KEY, "Transfer-Encoding: chunked") + chunked).status == 502
    assert lab.first.count(target) == 1


def repeats_no_answer(lab: Lab) -> None:
    """Pass on an answer of the service that something went wrong."""
    target = unique("/fail")
    answer = post(proxy(lab), target, KEY)
    assert (answer.status, answer.body, lab.first.count(target)) == (500, b"failed", 1)


def names_none_by_itself(lab: Lab) -> None:
    """Send nothing twice in a project that names nothing."""
    target = unique("/die")
    post(lab.plain, target, KEY).is_problem(502, "Bad Gateway")
    assert lab.first.count(target) == 1


def hands_on_no_part_as_a_whole(lab: Lab) -> None:
    """Answer 400 to a body that is cut or malformed, of which the service gets nothing that looks whole."""
    to, target = proxy(lab), unique("/posts")
    cut = [head("POST", target, KEY, header) + sent for header, sent in [*CUT, ("Content-Length: 10", b"four")]] * 5
    malformed = [head("POST", target, KEY, CHUNKED) + sent for sent in MALFORMED]
    with ThreadPoolExecutor(12) as pool:
        for answer in pool.map(to.say, [*cut, *malformed], [True] * len(cut) + [False] * len(malformed)):
            answer.is_problem(400, "Bad Request")
    assert lab.first.count(f"{target} whole") == 0
