"""What clients do to a service that is on the internet, and what stays open meanwhile.

Everything is said to one address (an origin like http://127.0.0.1:8000), over sockets, as no library would say it.
"""

import asyncio
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
from websockets.asyncio.client import connect

LIMIT = 120  # seconds


@dataclass(frozen=True)
class Target:
    """Where it is said; `trust` are the certificates that are believed, for https."""

    origin: str
    trust: ssl.SSLContext | None = None

    async def say(self, *parts: bytes, pause: float = 0, end: bool = False, listen: bool = True) -> str:
        """Send these parts, with so many seconds between; return the answer's status, "" for none.

        With `end`, the sending side is closed then; without `listen`, the connection is.
        """
        where = urlsplit(self.origin)
        opened = asyncio.open_connection(where.hostname, where.port, ssl=self.trust)
        reader, writer = await asyncio.wait_for(opened, LIMIT)
        try:
            for number, part in enumerate(parts):
                await asyncio.sleep(pause if number else 0)
                writer.write(part)
                await writer.drain()
            if end:
                writer.write_eof()
            line = await asyncio.wait_for(reader.readline(), LIMIT) if listen else b""
            return line.decode(errors="replace")[9:12]
        except OSError:
            return ""
        finally:
            writer.transport.abort()  # as who goes without a word
            with suppress(OSError):
                await writer.wait_closed()

    def head(self, request: str, *headers: str) -> bytes:
        """Return the head of a request."""
        return "\r\n".join([f"{request} HTTP/1.1", f"Host: {urlsplit(self.origin).netloc}", *headers, "", ""]).encode()


Attack = Callable[[Target], Awaitable[str]]


async def malformed(at: Target) -> str:
    """Say a chunk's size that is no number."""
    return await at.say(at.head("POST /posts", "Transfer-Encoding: chunked"), b"zz\r\n")


async def given_up(at: Target) -> str:
    """Begin to upload, and go."""
    head = at.head("POST /tests/upload", "Content-Length: 200000")
    return await at.say(head, bytes(20_000), pause=0.05, listen=False)


async def given_up_http2(at: Target) -> str:
    """Begin to upload over HTTP/2, and go: curl can do that."""
    upload = ["--request", "POST", "--data-binary", "@-", "--limit-rate", "20k", "--max-time", "0.5"]
    options = ["--silent", "--insecure", "--http2", "--output", "/dev/null", *upload]
    given = asyncio.subprocess.PIPE
    curl = await asyncio.create_subprocess_exec("curl", *options, f"{at.origin}/tests/upload", stdin=given)
    await asyncio.wait_for(curl.communicate(bytes(200_000)), LIMIT)
    return f"curl {curl.returncode}"


async def cut_off(at: Target) -> str:
    """Announce 1000 bytes, send 4, and say that this is all; TLS has no word for that but to go."""
    plain = not at.trust
    return await at.say(at.head("POST /posts", "Content-Length: 1000"), b"four", end=plain, listen=plain)


async def too_large(at: Target) -> str:
    """Send 10.5 MB, where 10 MB are the most."""
    return await at.say(at.head("POST /tests/upload", "Content-Length: 10500000") + bytes(10_500_000))


async def slow_upload(at: Target) -> str:
    """Upload 40 kB at 8 kB a second."""
    parts = [bytes(2000)] * 20
    return await at.say(at.head("POST /tests/upload", "Content-Length: 40000"), *parts, pause=0.25)


async def stalled(at: Target) -> str:
    """Begin to upload, say no more, and hear for three seconds whether it is refused."""
    head = at.head("POST /tests/upload", "X-Forwarded-For: 9.9.9.9", "Content-Length: 200000")
    with suppress(TimeoutError):
        async with asyncio.timeout(3):
            return await at.say(head, b"x")
    return "waits"


async def stalled_http2(at: Target) -> str:
    """Begin 240 uploads over one connection, and hear for three seconds whether any is refused."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    where, trust = urlsplit(at.origin), ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    trust.set_alpn_protocols(["h2"])
    # POST, https, path, authority and X-Forwarded-For (RFC 7541, appendix A).
    fields = b"\x83\x87\x04\x0d/tests/upload\x01\x09localhost\x00\x0fx-forwarded-for\x079.9.9.9"
    begun = [frame(1, 4, 2 * number + 1, fields) + frame(0, 0, 2 * number + 1, b"x") for number in range(240)]
    reader, writer = await asyncio.wait_for(asyncio.open_connection(where.hostname, where.port, ssl=trust), LIMIT)
    try:
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + b"".join(begun))
        async with asyncio.timeout(3):
            while (front := await reader.readexactly(9))[3] != 1:  # until an answer's head
                await reader.readexactly(int.from_bytes(front[:3], "big"))
        return "429"
    except TimeoutError:
        return "waits"
    finally:
        writer.transport.abort()


async def slow_head(at: Target) -> str:
    """Send a line of a head each second, and never its end."""
    return await at.say(at.head("GET /")[:-2], *[b"X-More: 1\r\n"] * 20, pause=1)


async def exits(at: Target) -> str:
    """Ask for what ends a worker."""
    return await at.say(at.head("GET /tests/exit"))


async def blocks(at: Target) -> str:
    """Ask for what keeps a worker from everything else until it is killed."""
    return await at.say(at.head("GET /tests/block"))


async def registers(at: Target) -> str:
    """Register somebody."""
    body = f'{{"email": "{time.monotonic_ns()}@example.com", "password": "correct horse"}}'.encode()
    client = ip_address(random.randint(0xCB007100, 0xCB0071FF))  # of 203.0.113.0/24, if we are believed
    kind = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    headers = (*kind, f"X-Forwarded-For: {client}", "Connection: close")
    return await at.say(at.head("POST /users", *headers) + body)


def attack(kind: Attack, at: Target, rate: float, count: int) -> Counter[str]:
    """Do it so many times, so many times a second, whether it is answered or not; count the statuses."""

    async def all_of_them() -> list[str]:
        began, tasks = time.monotonic(), []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            tasks.append(asyncio.ensure_future(kind(at)))
        return await asyncio.gather(*tasks)

    return Counter(asyncio.run(all_of_them()))


@dataclass
class Streams:
    """A WebSocket, a stream of events and an upload, each begun anew when it has come to its end."""

    at: Target
    seconds: int
    done: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    async def echo(self) -> None:
        """Say something and hear it back, ten times a second."""
        url = self.at.origin.replace("http", "ws", 1) + "/tests/echo"
        async with connect(url, ssl=self.at.trust, open_timeout=LIMIT) as socket:
            for _ in range(10 * self.seconds):
                await socket.send("hello")
                assert await asyncio.wait_for(socket.recv(), LIMIT) == "hello"
                await asyncio.sleep(0.1)
        self.done["WebSocket"] += 1

    async def events(self, client: httpx2.AsyncClient) -> None:
        """Read a stream of events to its end."""
        count = 0
        async with client.stream("GET", f"/tests/stream?seconds={self.seconds}") as answer:
            async for line in answer.aiter_lines():
                count += line.startswith("data:")
        assert count == 10 * self.seconds, f"{count} events"
        self.done["events"] += 1

    async def upload(self, client: httpx2.AsyncClient) -> None:
        """Upload for as long."""

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(10 * self.seconds):
                yield bytes(1000)
                await asyncio.sleep(0.1)

        answer = await client.post("/tests/upload", content=parts())
        assert answer.text == str(10_000 * self.seconds), answer.text[:100]
        self.done["upload"] += 1

    async def go_on(self, over: threading.Event) -> None:
        """Keep all of them open."""
        verify: ssl.SSLContext | bool = self.at.trust or False
        # A kept connection may be closed by a reload of the proxy, just when it is used again.
        fresh = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(base_url=self.at.origin, verify=verify, timeout=LIMIT, limits=fresh) as client:

            async def again(kind: Callable[[], Awaitable[None]]) -> None:
                while not over.is_set():
                    try:
                        await kind()
                    except Exception as error:  # whatever ends one is what is looked for
                        self.broken.append(repr(error)[:200])
                        await asyncio.sleep(0.5)

            await asyncio.gather(
                again(self.echo), again(lambda: self.events(client)), again(lambda: self.upload(client))
            )


@contextmanager
def streams(at: Target, seconds: int) -> Iterator[Streams]:
    """Have a WebSocket and streams in both directions open meanwhile; each lasts so many seconds, and is begun anew."""
    made, over = Streams(at, seconds), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.go_on(over)))
    thread.start()
    try:
        yield made
    finally:
        over.set()
        with suppress(RuntimeError):
            thread.join()
