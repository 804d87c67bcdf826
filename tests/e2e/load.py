"""Load on a service: mixed reads and writes at a constant rate, over connections that are kept, without retries."""

import asyncio
import math
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2


@dataclass
class Load:
    """What was sent so far; latencies in seconds, from when a request was due (on the monotonic clock)."""

    path: str = "/posts"  # what is posted to
    due: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    good: list[bool] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stored: list[int | str] = field(default_factory=list)  # ids of the posts, or jobs, that were acknowledged

    async def send(self, client: httpx2.AsyncClient, number: int, due: float) -> None:
        """Send one request, and note how it was answered."""
        good = False
        try:
            if number % 2:
                answer = await client.post(self.path, json={"title": str(number), "content": "under load"})
                self.stored += [answer.json()["id"]] if answer.status_code in (201, 202) else []
            else:
                answer = await client.get("/posts", params={"limit": 5})
            good = answer.status_code in (200, 201, 202)
            if not good:
                self.failed.append(f"{answer.status_code}: {answer.text[:100]}")
        except httpx2.HTTPError as error:
            self.failed.append(repr(error))
        self.due.append(due)
        self.latencies.append(time.monotonic() - due)
        self.good.append(good)

    def percentile(self, share: float, since: int = 0) -> float:
        """Return the latency that this share of the requests did not exceed, of those after the first `since`."""
        ordered = sorted(self.latencies[since:])
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

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


@contextmanager
def under_load(
    base: str, headers: Mapping[str, str], rate: float, verify: ssl.SSLContext | bool = True, path: str = "/posts"
) -> Iterator[Load]:
    """Send so many requests a second meanwhile, whether they are answered or not; every other one is a POST."""
    load, done = Load(path), threading.Event()

    async def send() -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=1000)
        client = httpx2.AsyncClient(base_url=base, headers=headers, timeout=60, limits=limits, verify=verify)
        async with client:
            began, number, sent = time.monotonic(), 0, set[asyncio.Task[None]]()
            while not done.is_set():
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                task = asyncio.create_task(load.send(client, number, due))
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
