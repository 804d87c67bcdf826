"""Load on a service: mixed reads and writes at a constant rate, over connections that are kept, without retries."""

import asyncio
import logging
import math
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

SOON = 2  # seconds in which a client connects that has another address to try


@dataclass
class Load:
    """What was sent so far; latencies in seconds, from when a request was due (on the monotonic clock)."""

    path: str = "/posts"  # what is posted to
    due: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    good: list[bool] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    safe: list[str] = field(default_factory=list)  # of the failed, those that may be repeated: GETs, POSTs with a key
    stored: list[int | str] = field(default_factory=list)  # ids of the posts, or jobs, that were acknowledged

    async def send(self, clients: Sequence[httpx2.AsyncClient], number: int, due: float) -> None:
        """Send one request, and note how it was answered."""
        how, keyed = "", number % 4 == 3 and self.path == "/posts"
        try:
            if number % 2:
                sent = {"title": str(number), "content": "under load"}
                ask = first_that_answers if keyed else first_that_connects
                key = {"Idempotency-Key": str(uuid.uuid4())} if keyed else {}
                answer = await ask(clients, "POST", self.path, json=sent, headers=key)
                self.stored += [answer.json()["id"]] if answer.status_code in (201, 202) else []
            else:
                answer = await first_that_answers(clients, "GET", "/posts", params={"limit": 5})
            if answer.status_code not in (200, 201, 202):
                how = f"{answer.status_code}: {answer.text[:100]}"
        except httpx2.HTTPError as error:
            how = repr(error)
        good = not how
        if not good:
            self.failed.append(how)
            self.safe += [how] if keyed or number % 2 == 0 else []
        self.due.append(due)
        self.latencies.append(time.monotonic() - due)
        self.good.append(good)

    def percentile(self, share: float, since: int = 0) -> float:
        """Return the latency that this share of the requests did not exceed, of those after the first `since`."""
        ordered = sorted(self.latencies[since:])
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def tell(self, what: str) -> None:
        """Log how the requests went so far; pytest shows it with -rP."""
        kinds = Counter(one[:40] for one in self.failed).most_common(4)
        logging.getLogger("load").warning(
            "%s: %d of %d failed%s, %d of those may be repeated; p99 %.0f ms, longest %.0f ms",
            what, len(self.failed), len(self.good), f" {kinds}" if kinds else "", len(self.safe),
            1000 * self.percentile(0.99), 1000 * max(self.latencies),
        )  # fmt: skip

    def moments(self) -> int:
        """Count the fewest moments such that each failed request was under way at one of them."""
        failed = [
            (due + took, due) for due, took, good in zip(self.due, self.latencies, self.good, strict=True) if not good
        ]
        count, last = 0, -math.inf
        for answered, due in sorted(failed):
            if due > last:
                count, last = count + 1, answered
        return count


async def first_that_connects(
    clients: Sequence[httpx2.AsyncClient], method: str, path: str, **more: Any
) -> httpx2.Response:
    """Ask the first that can be connected to: what was sent is not sent again."""
    for client in clients[:-1]:
        with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
            return await client.request(method, path, **more)
    return await clients[-1].request(method, path, **more)


async def first_that_answers(
    clients: Sequence[httpx2.AsyncClient], method: str, path: str, **more: Any
) -> httpx2.Response:
    """Ask the first that answers: what was sent may be sent again."""
    for client in clients[:-1]:
        with suppress(httpx2.TransportError):
            return await client.request(method, path, **more)
    return await clients[-1].request(method, path, **more)


@contextmanager
def under_load(
    base: str, headers: Mapping[str, str], rate: float, verify: ssl.SSLContext | bool = True, path: str = "/posts",
    second: str = "",
) -> Iterator[Load]:  # fmt: skip
    """Send so many requests a second meanwhile, whether they are answered or not.

    Every other one is a POST, and every other one of those has a key with which it may be repeated. They go to the
    `second` address when the first one cannot be connected to; those that may be repeated, also when it is lost.
    """
    load, done = Load(path), threading.Event()

    async def send() -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=1000)
        timeout = httpx2.Timeout(60, connect=SOON if second else 60)
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    httpx2.AsyncClient(base_url=one, headers=headers, timeout=timeout, limits=limits, verify=verify)
                )
                for one in filter(None, (base, second))
            ]
            began, number, sent = time.monotonic(), 0, set[asyncio.Task[None]]()
            while not done.is_set():
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                task = asyncio.create_task(load.send(clients, number, due))
                sent.add(task)
                task.add_done_callback(sent.discard)
                number += 1
            await asyncio.gather(*sent)

    thread = threading.Thread(target=lambda: asyncio.run(send()))
    thread.start()
    try:
        yield load
    finally:
        done.set()
        thread.join()
