"""What the proxy's tests have in the place of the service. It runs in a container, with Python's own library alone.

Port 8000 is the service's: the last part of a path says how to answer. Port 8001 is the tests' own.
"""

import asyncio
import fcntl
import json
import socket
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

LIVE = Path("/deployment/live")
counts: Counter[str] = Counter()  # how often each target was asked for
opened = 0  # connections so far


class Connection:
    """A connection, and the request on it that is being answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader, self.writer, self.number = reader, writer, number
        self.method, self.target, self.headers = "", "", list[tuple[str, str]]()

    async def head(self) -> bool:
        """Read the head of the next request; return whether there is one."""
        try:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:] if line)]
        return True

    @property
    def query(self) -> dict[str, str]:
        """What stands behind the question mark."""
        return dict(parse_qsl(urlsplit(self.target).query))

    async def body(self) -> bytes:
        """Read the body; raises IncompleteReadError where it ends early."""
        known = {name.lower(): value for name, value in self.headers}
        body = b""
        if known.get("transfer-encoding") != "chunked":
            body = await self.reader.readexactly(int(known.get("content-length", "0")))
        else:
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
        counts[f"{self.target} whole"] += 1
        return body

    async def answer(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        """Write an answer."""
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.writer.write("\r\n".join(head).encode() + (b"" if self.method == "HEAD" else body))
        await self.writer.drain()


async def saw(to: Connection) -> bool:
    """Answer with what was seen."""
    peer = to.writer.get_extra_info("peername")[0]
    body = len(await to.body())
    seen = {"target": to.target, "headers": to.headers, "peer": peer, "connection": to.number, "body": body}
    await to.answer(json.dumps(seen | {"at": socket.gethostname()}).encode(), "200 OK", "Content-Type: text/plain")
    return True


async def die(_: Connection) -> bool:
    """Close without an answer."""
    return False


async def half(to: Connection) -> bool:
    """Close in the middle of an answer's head."""
    to.writer.write(b"HTTP/1.1 200 OK\r\nContent-")
    return False


async def die_once(to: Connection) -> bool:
    """Take the body, and close without an answer; answer with the body the next time."""
    body = await to.body()
    if counts[to.target] == 1:
        return False
    await to.answer(body)
    return True


async def silent(to: Connection) -> bool:
    """Take the body, and say nothing until the connection is closed."""
    await to.body()
    await to.reader.read()
    return False


async def silent_once(to: Connection) -> bool:
    """Take the body, and say nothing; answer with the body the next time."""
    if counts[to.target] == 1:
        return await silent(to)
    await to.answer(await to.body())
    return True


async def fail(to: Connection) -> bool:
    """Answer that something went wrong."""
    await to.body()
    await to.answer(b"failed", "500 Internal Server Error")
    return True


async def slow(to: Connection) -> bool:
    """Answer after a time, with where it was."""
    await asyncio.sleep(float(to.query["seconds"]))
    await to.answer(socket.gethostname().encode())
    return True


async def early(to: Connection) -> bool:
    """Answer before the body has come, and leave it."""
    await to.answer(b"stalled", "408 Request Timeout", "Connection: close")
    await to.reader.read()
    return False


async def echo(to: Connection) -> bool:
    """Switch the protocol, and say back what is said."""
    to.writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    while said := await to.reader.read(1000):
        to.writer.write(said)
        await to.writer.drain()
    return False


async def live(to: Connection) -> bool:
    """Name what is found behind the proxy from now on."""
    coming = LIVE.with_suffix(".next")
    coming.write_text(to.query["name"])
    coming.rename(LIVE)
    await to.answer(b"")
    return True


async def count(to: Connection) -> bool:
    """Tell how often a target was asked for."""
    await to.answer(str(counts[to.query["of"]]).encode())
    return True


async def mirror(to: Connection) -> bool:
    """Answer with the body as it came."""
    await to.answer(await to.body(), "200 OK", "Content-Type: text/plain")
    return True


async def deaf(to: Connection) -> bool:
    """Listen to nobody from now on: connections are refused."""
    servers[0].close()
    await to.answer(b"")
    return True


async def hear(to: Connection) -> bool:
    """Listen again."""
    servers[0] = await asyncio.start_server(taking(SERVICE), None, 8000)
    await to.answer(b"")
    return True


async def relay(to: Connection) -> bool:
    """Say a body to an address from here, and answer with what is said back: "" where nobody listens."""
    said, heard = await to.body(), b""
    try:
        reader, writer = await asyncio.open_connection(to.query["host"], int(to.query["port"]), family=socket.AF_INET)
        writer.write(said)
        async with asyncio.timeout(5):
            heard = await reader.read()
        writer.close()
    except (OSError, TimeoutError):
        pass
    await to.answer(heard)
    return True


Handlers = dict[str, Callable[[Connection], Awaitable[bool]]]
SERVICE: Handlers = {
    **{"/die": die, "/die-once": die_once, "/half": half, "/fail": fail, "/slow": slow, "/early": early},
    **{"/echo": echo, "/mirror": mirror, "/silent": silent, "/silent-once": silent_once},
}
TESTS: Handlers = {"/live": live, "/count": count, "/deaf": deaf, "/hear": hear, "/relay": relay}
servers: list[asyncio.Server] = []


def taking(handlers: Handlers) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return what takes a connection, and answers what is asked on it one after the other."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        global opened
        opened += 1
        one, going = Connection(reader, writer, opened), True
        try:
            while going and await one.head():
                counts[one.target] += 1
                going = await handlers.get("/" + urlsplit(one.target).path.rpartition("/")[2], saw)(one)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    return take


def vanish() -> None:
    """Take the network away: whoever connects to this address hears nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"eth0", 0))  # SIOCSIFFLAGS, without IFF_UP


async def main() -> None:
    """Serve for ever."""
    if sys.argv[1:] == ["vanished"]:
        vanish()
    servers.append(await asyncio.start_server(taking(SERVICE), None, 8000))
    servers.append(await asyncio.start_server(taking(TESTS), "0.0.0.0", 8001))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
