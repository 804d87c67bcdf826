"""Turns: how many at a time, how many wait, and for how long."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from app.core.turns import Busy, Turns


async def waiting(count: int) -> None:
    """Let the others run until so many wait."""
    async with asyncio.timeout(10):
        while REGISTRY.get_sample_value("turns_waiting", {"at": "turns"}) != count:
            await asyncio.sleep(0)


class Guest:
    """Takes a turn, and leaves it when told."""

    def __init__(self, turns: Turns) -> None:
        self.turn, self.leave = asyncio.Event(), asyncio.Event()
        self.stay = asyncio.create_task(self._stay(turns))

    async def _stay(self, turns: Turns) -> None:
        async with turns:
            self.turn.set()
            await self.leave.wait()


async def refused(turns: Turns) -> None:
    """Come once more, which has to be refused before anybody waits."""
    with pytest.raises(Busy):
        async with asyncio.timeout(10):
            await Guest(turns).stay


def test_when_too_many_wait_the_next_is_refused_at_once() -> None:
    async def scene() -> None:
        turns = Turns("turns", 1, patience=3600, queue=2)
        first, second, third = (Guest(turns) for _ in range(3))
        await waiting(2)
        await refused(turns)
        assert (first.turn.is_set(), second.turn.is_set(), third.turn.is_set()) == (True, False, False)

        first.leave.set()
        await second.turn.wait()
        fourth = Guest(turns)  # there is room again
        await waiting(2)
        await refused(turns)

        for guest in (second, third, fourth):
            guest.leave.set()
            await guest.stay
        await waiting(0)

    asyncio.run(scene())


def test_who_gives_up_makes_room() -> None:
    async def scene() -> None:
        turns = Turns("turns", 1, patience=3600, queue=1)
        first, second = Guest(turns), Guest(turns)
        await waiting(1)
        second.stay.cancel()
        await waiting(0)
        third = Guest(turns)
        await waiting(1)
        for guest in (first, third):
            guest.leave.set()
            await guest.stay

        impatient = Turns("turns", 0, patience=0.01, queue=1)
        for _ in range(3):
            await refused(impatient)

    asyncio.run(scene())


def test_without_a_bound_all_wait() -> None:
    async def scene() -> None:
        turns = Turns("turns", 1, patience=3600)
        guests = [Guest(turns) for _ in range(1001)]
        await waiting(1000)
        for guest in guests:
            guest.leave.set()
            await guest.stay

    asyncio.run(scene())


def test_without_a_queue_nobody_waits() -> None:
    async def scene() -> None:
        turns = Turns("turns", 1, patience=3600, queue=0)
        first = Guest(turns)
        await first.turn.wait()
        await refused(turns)
        first.leave.set()
        await first.stay

    asyncio.run(scene())
