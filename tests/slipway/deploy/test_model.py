"""Deployments and rollbacks in any order, killed anywhere, by whatever clocks: what is live, and what is kept."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from slipway.core.errors import Problem
from slipway.deploy import history, ledger, plan, switch, trial, watch
from slipway.deploy.facts import Options
from slipway.deploy.rollback import Rollback
from slipway.deploy.run import Deployer
from slipway.project.processes import Process
from slipway.runtime.release import WEB
from tests.slipway.deploy.in_memory import MemoryDeployment, shop
from tests.slipway.deploy.model import Known, Model
from tests.slipway.deploy.mortal import KilledError, Mortal
from tests.slipway.deploy.support import MemoryReleases

NOON = 1_795_867_200  # 2026-11-27
EXAMPLES = int(os.environ.get("EXAMPLES", "25"))  # of each seed: 25 steps each
BESIDE = ["worker", "scheduler"]
KINDS = ["good", "unhealthy", "no answer", "ill after the switch"]


class Production(RuleBasedStateMachine):
    """A production in memory, beside the model of what is right."""

    @initialize(keep=st.integers(1, 3), beside=st.booleans(), has_web=st.booleans())
    def begin(self, keep: int, beside: bool, has_web: bool) -> None:
        """Make an empty one."""
        beside = beside or not has_web
        self.folder = tempfile.TemporaryDirectory()
        checkout, self.environment = shop(Path(self.folder.name))
        of = replace(checkout.project.deploy, keep=keep)
        more: Any = {} if has_web else {"asgi": "", "processes": dict.fromkeys(BESIDE, Process("x"))}
        self.checkout = replace(checkout, project=replace(checkout.project, deploy=of, **more))
        self.releases, self.model = MemoryReleases(beside_web=dict.fromkeys(BESIDE, 0) if beside else {}), Model()
        self.number, self.settled, self.cut, self.now = 0, True, False, float(NOON)
        self.patch, name_it = pytest.MonkeyPatch(), ledger.new_release
        self.patch.setattr(ledger, "new_release", lambda taken, _: name_it(taken, self.now))
        self.patch.setattr(watch, "moments", lambda seconds: iter([seconds]))
        for module, name in ((switch, "BACK"), (trial, "PROBE")):
            self.patch.setattr(module, name, 0)

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "folder"):
            self.patch.undo()
            self.folder.cleanup()

    # What happens

    @rule(hours=st.integers(-2, 2))
    def another_clock(self, hours: int) -> None:
        """Let the next one who deploys have a clock that is wrong."""
        self.now = NOON + hours * 3600 + self.number

    @rule(kind=st.sampled_from(KINDS), old=st.integers(0, 3), scale=st.integers(0, 2))
    def deploy(self, kind: str, old: int, scale: int) -> None:
        """Deploy a new image, or an earlier one."""
        kind = "good" if kind == KINDS[-1] and not self.releases.live() else kind  # the only one would stay
        if not self.checkout.project.has_web:  # nobody asks it anything
            kind, scale = ("unhealthy" if kind == "no answer" else kind), 0
        image = self._image(kind, old if kind == "good" else 0)
        with self._ill(kind == "ill after the switch"):
            self._deploy(image, good=kind == "good", scale=scale)

    @rule(what=st.sampled_from(["settings", "definition", "nothing"]))
    def deploy_the_same_image(self, what: str) -> None:
        """Deploy the live image with other settings, defined otherwise, or as it is."""
        self.number += 1
        if what == "settings":
            self.releases.given = {"LOG_FORMAT": str(self.number)}
        if what == "definition":
            self.releases.defined = f"[{self.number}]"
        if self.model.live:
            self._deploy(self.model.live.image, good=True)

    @rule(to=st.integers(0, 5), plain=st.booleans())
    def go_back(self, to: int, plain: bool) -> None:
        """Go back to the release before, or to any that was live."""
        named = self._known(to)
        if plain or not named:
            self._back("", self.model.back())
        else:
            self._back(named.id, named)

    @rule(at=st.integers(0, 90), back=st.booleans(), kind=st.sampled_from(["good", KINDS[1], KINDS[-1]]))
    def killed(self, at: int, back: bool, kind: str) -> None:
        """Kill a deployment or a rollback anywhere, also on its way back."""
        image, life = self._image(kind, 0), [at]
        target = self.model.back()
        with suppress(KilledError, Problem), self._ill(kind == KINDS[-1] and not back):
            if back:
                self._rollback("", life).run(wait=False)
            else:
                deployer = self._deployer(life)
                deployer.deploy(deployer.gather(Options(tag=image)), Options(tag=image))
        self.releases.idle = True
        self._see(back, target, image)

    @rule(twice=st.booleans())
    def flip(self, twice: bool) -> None:
        """Roll a deployment back while it is watched; the second who does so comes too late."""
        look, image = self.releases.proxy.look, self._image("good", 0)
        live = self.model.live if self._is_up else None
        backs: list[str] = []

        def and_goes_back() -> Any:
            if self.releases.previous and not backs:
                backs.append(self._rollback("").run(wait=False).release)
                if twice and self.checkout.project.has_web:  # without, the first one waits for the deployment's end
                    backs.append(self._rollback("").run(wait=False).release)
            return look()

        self.releases.proxy.look = and_goes_back  # type: ignore[method-assign]
        self._deploy(image, good=not live)
        self.releases.proxy.look = look  # type: ignore[method-assign]
        assert not live or set(backs) == {live.id}

    @precondition(lambda self: self.settled and self.releases.there)
    @rule()
    def take_it_down(self) -> None:
        """Remove all containers, as `inv down --prod` does."""
        self.releases.there.clear()
        self.model.removed(set())

    # What is right

    @invariant()
    def one_is_live(self) -> None:
        """One release runs, and it is the one that clients are led to."""
        if not self.settled or not self._is_up:
            return
        running = [one.id for one in self.releases.all().values() if one.running]
        assert running == [self.releases.pointer().release]
        assert self.model.live
        assert running == [self.model.live.id]

    @invariant()
    def its_processes_are_at_work(self) -> None:
        """Those of the live release run, and of no other one; of a verb that was killed, one of each kind does."""
        every = [one for each in self.releases.all().values() for one in each.processes if one.running]
        if self.settled:
            live = self.releases.live()
            assert every == list(live.processes if live else ())
        if self._is_up and self.releases.beside_web and self.model.live:
            assert {one.service for one in every} == set(BESIDE)

    @invariant()
    def nothing_that_was_rolled_back_from_comes_next(self) -> None:
        """What a plain rollback would go to is what was live before."""
        entries, live = ledger.parse(self.releases.lines), self.releases.pointer().release
        back = history.previous(entries, live) if self.settled else None
        assert not back or back.release not in self.model.left

    # How

    @property
    def _is_up(self) -> bool:
        return bool(self.releases.there)

    def _image(self, kind: str, old: int) -> str:
        earlier = self.model.line[-old].image if 0 < old <= len(self.model.line) else ""
        if self.releases.images.find(earlier):  # else its last release is gone
            return earlier
        self.number += 1
        image = f"shop:{self.number}"
        self.releases.images.add(image)
        if kind == "unhealthy":
            self.releases.becomes[image] = "unhealthy"
        if kind == "no answer":
            self.releases.proxy.broken.add(image)
        return image

    def _known(self, number: int) -> Known | None:
        known = [one for one in self.model.line[:-1] if one.id not in self.model.gone]
        return known[number % len(known)] if known else None

    def _kind(self, release: str, image: str) -> Known:
        return Known(release, image, f"{self.releases.given} {self.releases.defined}")

    def _deployer(self, life: list[int] | None = None) -> Deployer:
        of: Any = Mortal(self.releases, life) if life else self.releases
        return Deployer(self.checkout, self.environment, MemoryDeployment(of), 8000)

    def _rollback(self, to: str, life: list[int] | None = None) -> Rollback:
        of: Any = Mortal(self.releases, life) if life else self.releases
        return Rollback(self.checkout, self.environment, MemoryDeployment(of), lambda: 8000, to)

    @contextmanager
    def _ill(self, after: bool) -> Iterator[None]:
        switching = self.releases.switch

        def and_falls_ill(new: str, old: str, line: str) -> None:
            switching(new, old, line)
            self._becomes(new, "unhealthy")

        self.releases.switch = and_falls_ill if after else switching  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.releases.switch = switching  # type: ignore[method-assign]

    def _becomes(self, release: str, health: str) -> None:
        one = self.releases.there[release]
        ill = {name: tuple(replace(each, health=health) for each in all_) for name, all_ in one.services.items()}
        leading = [WEB] if one.has_web else BESIDE
        self.releases.there[release] = replace(one, services={**one.services, **{name: ill[name] for name in leading}})

    def _deploy(self, image: str, good: bool, scale: int = 0) -> None:
        options = Options(tag=image, scale=scale, bake=1, force=True)
        self.releases.idle = False
        deployer, had_live = self._deployer(), bool(self.releases.live())
        facts = deployer.gather(options)
        said = dict(plan.rows(facts, options)).get("kept", "").partition("removed: ")[0]
        try:
            done = deployer.deploy(facts, options)
        except Problem:
            assert not good or self.releases.pointer().release
            if self._is_up and not had_live and self.releases.live():  # nothing else ran: it stays
                self.model.deployed(self._kind(self.releases.pointer().release, image))
        else:
            assert good
            self.model.deployed(self._kind(done.release, image))
            assert sorted(re.findall(r"\((\w+)\)", said)) == sorted({*self.releases.there} - {done.release})
        self.settled, self.cut = True, False
        self.model.removed(set(self.releases.there))

    def _back(self, to: str, target: Known | None) -> None:
        was, cut = self.model.live, self.cut
        try:
            done = self._rollback(to).run(wait=False)
        except Problem:
            refused = not self._is_up or not target or self.model.is_refused(target)
            refused = refused or not (target and self.releases.images.find(f"sha256:{target.image}"))
            assert refused or (to and target == was), self.releases.lines
        else:
            assert target or cut
            if cut and (not to or (was and to == was.id)):
                assert was
                assert done.release == was.id
            else:
                assert target
                assert done.release == target.id if target.id not in self.model.gone else done.image == target.image
                now = target if done.release == target.id else self._kind(done.release, target.image)
                self.model.went_back(target, now)
        self.settled, self.cut = True, False
        self.model.removed(set(self.releases.there))

    def _see(self, back: bool, target: Known | None, image: str) -> None:
        # What somebody who was killed has left: whether it was switched to is all that counts.
        live, was = self.releases.pointer().release, self.model.live
        if live in self.releases.there:
            self._becomes(live, "healthy")  # nobody is there to see that it is ill, and it gets well
        last = ledger.parse(self.releases.lines)[-1] if self.releases.lines else None
        self.cut = bool(last and last.goes_back and last.is_cut_off)
        self.settled = False
        if not was or live != was.id:
            if back and target:
                self.model.went_back(target, target if live == target.id else self._kind(live, target.image))
            elif live:
                self.model.deployed(self._kind(live, image))
        self.model.removed(set(self.releases.there))


@pytest.mark.parametrize("number", range(4))
def test_whatever_is_done_in_whatever_order(number: int) -> None:
    how = settings(
        max_examples=EXAMPLES, stateful_step_count=25, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(seed(number)(type("Seeded", (Production,), {})), settings=how)
