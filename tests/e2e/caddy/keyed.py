"""What holds for requests that [tool.slipway] idempotent lets the proxy send once more: with a key, or a GET.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

from concurrent.futures import ThreadPoolExecutor

from slipway.project.idempotent import expression
from tests.e2e.caddy.clients import CHUNKED, CUT, MALFORMED
from tests.e2e.caddy.lab import Lab, Proxy, unique
from tests.e2e.caddy.service import SECOND, ways
from tests.e2e.caddy.talk import Answer, head

KEY = "Idempotency-Key: 5d5b7d9e"
NAMED = expression(
    ["POST /die", "POST /die-once", "POST /fail", "PUT /{any}/die-once", "POST /posts", "POST /silent",
     "POST /silent-once", "POST /{any}/slow"]
)  # fmt: skip
SAFE = expression(["GET /die", "GET /die-once", "HEAD /die-once", "GET /silent", "GET /silent-once"])
AFTER = {"REPEAT_AFTER": "1s", "REPEAT_UNTIL": "6s"}
LARGEST = 19_999  # bytes of a body that is kept


def proxy(lab: Lab) -> Proxy:
    """Return the proxy of a project that names such requests."""
    return lab.plain.having(lab.caddyfile, IDEMPOTENT=NAMED, SAFE=SAFE, **AFTER)


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


def sends_a_get_once_more(lab: Lab) -> None:
    """Send a GET or HEAD as it was, without a key, when it breaks, once more and no further."""
    to = proxy(lab)
    for method in ("GET", "HEAD"):
        target = unique("/die-once")
        assert (to.ask(target, method=method).status, lab.first.count(target)) == (200, 2), method
    target = unique("/die")
    to.ask(target).is_problem(502, "Bad Gateway")
    assert lab.first.count(target) == 2
    for method, path in (("HEAD", "/die"), ("GET", "/x/die"), ("GET", "/die/die")):
        target = unique(path)
        assert (to.ask(target, method=method).status, lab.first.count(target)) == (502, 1), (method, path)


def repeats_no_part_of_a_body(lab: Lab) -> None:
    """Send a GET with a body once more where it is kept whole, and otherwise never."""
    to, chunked = proxy(lab), "Transfer-Encoding: chunked"
    sent = [("Content-Length: 4", b"four", b"four"), (chunked, b"4\r\nfour\r\n0\r\n\r\n", b"four")]
    for header, said, whole in sent:
        target = unique("/die-once")
        answer = to.say(head("GET", target, header) + said)
        assert (answer.status, answer.body, lab.first.count(target)) == (200, whole, 2), header
    long = bytes(30_000)
    for header, said in (("Content-Length: 30000", long), (chunked, b"7530\r\n" + long + b"\r\n0\r\n\r\n")):
        target = unique("/die-once")
        to.say(head("GET", target, header) + said).is_problem(502, "Bad Gateway")
        assert lab.first.count(target) == 1, header


def sends_what_has_no_answer_once_more(lab: Lab) -> None:
    """Send it once more when there is no answer in time, as from a machine without power; and no further."""
    to = proxy(lab)
    target = unique("/silent-once")
    answer = post(to, target, KEY, body=b"whole")
    assert (answer.status, answer.body, lab.first.count(target)) == (200, b"whole", 2)
    assert 1 <= answer.took < 3
    target = unique("/silent-once")
    assert (to.ask(target).status, lab.first.count(target)) == (200, 2)
    with ThreadPoolExecutor(2) as pool:
        targets = [unique("/silent"), unique("/silent")]
        asked = [pool.submit(post, to, targets[0], KEY), pool.submit(to.ask, targets[1])]
        for target, one in zip(targets, asked, strict=True):
            one.result().is_problem(504, "Gateway Timeout")
            assert lab.first.count(target) == 2


def waits_for_all_others(lab: Lab) -> None:
    """Wait for a slow answer to what is not sent twice: it is not named, has no key, or a body too long to be kept."""
    to, target = proxy(lab), "/a/slow?seconds=1.5"
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(to.ask, target),
            pool.submit(post, to, target),
            pool.submit(post, to, "/slow?seconds=1.5", KEY),
            pool.submit(post, to, target, KEY, body=bytes(LARGEST + 1)),
        ]
        assert [one.result().status for one in asked] == [200] * 4


def has_time_for_a_second_one(lab: Lab) -> None:
    """Judge that the first one ends in time for the second one, of those that are sent twice alone."""
    found = []
    for way in ways(lab):
        ends, until = way["transport"].get("response_header_timeout"), way["load_balancing"]["try_duration"]
        found.append((ends and ends // SECOND, until // SECOND))
    assert sorted(found, key=str) == [(15, 20), (15, 20), (None, 5), (None, 5), (None, 5)]


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
        ("POST", "/GET%20/die", [], b"{}"),
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
    target = unique("/die")
    lab.plain.ask(target).is_problem(502, "Bad Gateway")
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
