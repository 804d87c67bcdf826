"""What holds for clients, with a domain and without one: what they may send, and what they are told.

Each function holds lines of the Caddyfile: it fails when one of them is missing (see test_caddyfile).
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.caddy.lab import Lab, unique
from tests.e2e.caddy.talk import Answer, head, over_http2, problem

PRIVATE = [
    *("/metrics", "/metrics/", "/metrics/x", "/METRICS", "//metrics", "/%6detrics", "/%2fmetrics", "/metrics%2fx"),
    *("/./metrics", "/x/../metrics", "/x/%2e%2e/metrics", "/metrics?a", "http://localhost/metrics"),
    *("/health", "/health/", "/health/ready", "/Health/ready", "/health//ready", "/x/../health/live"),
]
CONTROL = ["/metrics%00", "/health/ready%0A", "/posts%0d", "/posts%1f", "/posts%7f", "/%00"]
PUBLIC = ["/", "/posts", "/metricsx", "/healthy", "/x/metrics", "/posts%20", "/posts%80"]
LARGEST = 10_000_000  # bytes


def hides_what_is_for_the_network(lab: Lab) -> None:
    """Answer 404 for metrics and health, however they are written."""
    for path in PRIVATE:
        target = unique(path) if "?" not in path else path
        lab.plain.ask(target).is_problem(404, "Not Found")
        assert lab.first.count(target) == 0
    assert {lab.plain.ask(path).status for path in PUBLIC} == {200}


def ends_connections_with_a_refused_body(lab: Lab) -> None:
    """Tell who has sent a body that nobody reads that the connection ends, and nobody else."""
    assert lab.plain.ask("/metrics").headers["Connection"] is None
    answer = lab.plain.say(head("POST", "/metrics", "Content-Length: 4") + b"four")
    answer.is_problem(404, "Not Found")
    assert answer.headers["Connection"] == "close"


def hides_control_characters(lab: Lab) -> None:
    """Answer 404 for a path with a control character, and lead all others to the service."""
    for path in CONTROL:
        lab.plain.ask(path).is_problem(404, "Not Found")
    assert {lab.plain.ask(path).status for path in PUBLIC} == {200}


def lets_a_get_alone_become_a_websocket(lab: Lab) -> None:
    """Ask for a WebSocket by GET and by POST."""
    words = ("Connection: Upgrade", "Upgrade: websocket")
    assert lab.plain.ask("/", *words).passed("Upgrade") == ["websocket"]
    assert lab.plain.ask("/", *words, "Content-Length: 0", method="POST").passed("Upgrade") == []


def drops_what_only_proxies_may_say(lab: Lab) -> None:
    """Drop what names a request or a client, unless it comes from somebody who is believed."""
    said = {"X-Request-ID": "7a6b", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    lines = [f"{name}: {value}" for name, value in said.items()]
    for name, value in said.items():
        assert lab.plain.ask("/", *lines).passed(name) == [], name
        assert lab.relayed(lab.plain, head("GET", "/", *lines, "Connection: close")).passed(name) == [value], name


def believes_whom_it_trusts(lab: Lab) -> None:
    """Take the address from the right that is no proxy's, from proxies alone; scheme and host likewise."""
    lines = ["X-Forwarded-For: 203.0.113.9, 198.51.100.1, 192.0.2.5", "X-Forwarded-Proto: https"]
    lines += ["X-Forwarded-Host: shop.example.com"]
    forged = lab.plain.ask("/", *lines)
    assert forged.passed("X-Forwarded-For") == [lab.gateway]
    assert (forged.passed("X-Forwarded-Proto"), forged.passed("X-Forwarded-Host")) == (["http"], ["localhost"])
    told = lab.relayed(lab.plain, head("GET", "/", *lines, "Connection: close"))
    assert told.passed("X-Forwarded-For") == ["198.51.100.1"]
    assert told.passed("X-Forwarded-Proto") == ["https"]
    assert told.passed("X-Forwarded-Host") == ["shop.example.com"]


def limits_bodies(lab: Lab) -> None:
    """Take a body of 10 MB, and answer 413 to a larger one, whether its length is said or not."""

    def post(size: int) -> Answer:
        return lab.plain.say(head("POST", "/", f"Content-Length: {size}") + bytes(size))

    assert post(LARGEST).seen["body"] == LARGEST
    post(LARGEST + 1).is_problem(413, "Request Entity Too Large")
    chunks = (b"%x\r\n%b\r\n" % (LARGEST // 10, bytes(LARGEST // 10))) * 11 + b"0\r\n\r\n"
    answer = lab.plain.say(head("POST", "/", "Transfer-Encoding: chunked") + chunks)
    answer.is_problem(413, "Request Entity Too Large")


def limits_heads(lab: Lab) -> None:
    """Take 14 kB of headers, and answer 431 to more than 20 (Go adds 4)."""
    assert lab.plain.ask("/", f"X-Long: {'a' * 14_000}").status == 200
    assert lab.plain.ask("/", f"X-Long: {'a' * 21_000}").status == 431


def answers_before_the_body_has_come(lab: Lab) -> None:
    """Pass on an answer that the service gives before it has the whole body."""
    answer = lab.plain.say(head("POST", "/early", "Content-Length: 1000000") + bytes(1000), wait=4)
    assert (answer.status, answer.body) == (408, b"stalled")


LENGTH, CHUNKED = "Content-Length: 100000", "Transfer-Encoding: chunked"
CUT = [  # how a body comes to its end too early: the way to the service says another error for each
    (LENGTH, b"four"),
    (LENGTH, bytes(50_000)),
    (CHUNKED, b""),
    (CHUNKED, b"10\r\nfour"),
    (CHUNKED, b"4\r\nfour\r\n"),
    (CHUNKED, b"4\r\nfour\r\n0\r\n"),
]
MALFORMED = [
    b"zz\r\n",
    b"4\r\nfourxx",
    b"fffffffffffffffff\r\n",
    b"4;" + b"a" * 5000 + b"\r\nfour\r\n0\r\n\r\n",
    b"4\r\nfour\r\n0\r\nno trailer\r\n\r\n",
    (b"1;" + b"a" * 100 + b"\r\na\r\n") * 1000,
]


def answers_400_to_a_body_that_is_cut_off(lab: Lab) -> None:
    """Answer 400 to a body that ends early, never an empty 200, and with what has happened."""
    proxy = lab.plain
    said = [head("POST", "/", header) + sent for header, sent in CUT] * 10  # either of two errors comes first
    with ThreadPoolExecutor(12) as pool:
        for answer in pool.map(lambda one: proxy.say(one, end=True), [*said, head("GET", "/slow?seconds=3")]):
            answer.is_problem(400, "Bad Request")


def answers_400_to_a_malformed_body(lab: Lab) -> None:
    """Answer 400 to chunks and trailers that are none."""
    for sent in MALFORMED:
        lab.plain.say(head("POST", "/", CHUNKED) + sent).is_problem(400, "Bad Request")


def answers_502_when_the_service_breaks_off(lab: Lab) -> None:
    """Answer 502 to whoever does nothing wrong: the service ends, with a body on its way or not."""
    for target in ("/die", "/half"):
        lab.plain.ask(target).is_problem(502, "Bad Gateway")
        for _ in range(3):
            uploaded = lab.plain.say(head("POST", target, "Content-Length: 9000000") + bytes(9_000_000))
            uploaded.is_problem(502, "Bad Gateway")


def answers_503_when_nobody_listens(lab: Lab) -> None:
    """Answer 503 when the name has no address, in the form of all errors."""
    proxy = lab.plain.but("lb_try_duration 5s", "lb_try_duration 200ms")
    with lab.led_to("web-none"):
        answer = proxy.ask()
    answer.is_problem(503, "Service Unavailable")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def answers_502_when_nobody_can_be_reached(lab: Lab) -> None:
    """Try an address that says nothing for half a second, and answer 502: it is nothing that the client has done."""
    proxy = lab.plain.but("lb_try_duration 5s", "lb_try_duration 200ms")
    with lab.led_to("web-vanished"):
        answer = proxy.ask()
    answer.is_problem(502, "Bad Gateway")
    assert answer.took < 2


def answers_408_to_a_body_that_takes_too_long(lab: Lab) -> None:
    """Answer 408 when the time for a whole body is over; over HTTP/1.1, "cut off" may come first."""
    http2 = lab.domain.but("read_body 25m", "read_body 1s")
    http1 = lab.plain.but("read_body 25m", "read_body 1s")
    stalled = [head("POST", "/", header) + sent for header, sent in ((LENGTH, b"four"), (CHUNKED, b"4\r\nfour\r\n"))]
    with ThreadPoolExecutor(21) as pool:
        said = pool.submit(over_http2, http2.https, http2.root, b"four")
        answers = list(pool.map(http1.say, stalled * 10))
    assert said.result() == problem(408, "Request Timeout")
    counts = Counter(answer.status for answer in answers)
    assert 408 in counts and counts.keys() <= {400, 408}, counts
    assert {answer.body for answer in answers} <= {problem(408, "Request Timeout"), problem(400, "Bad Request")}


def leaves_answers_as_they_are(lab: Lab) -> None:
    """Change nothing in an answer that looks like a template."""
    assert lab.plain.ask("/{{1}}").seen["target"] == "/%7B%7B1%7D%7D"
    answer = lab.plain.say(head("POST", "/mirror", "Content-Length: 9") + b"{{1}} {{a")
    assert answer.body == b"{{1}} {{a"
