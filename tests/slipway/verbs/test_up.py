"""Whether `inv up` has anything to do."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.core.ports import Unusable, taken
from slipway.verbs.already import is_up
from slipway.verbs.run import check_port, with_another_port


@dataclass
class Service:
    """A service of which something may run already."""

    runs: str = ""
    at: int | None = None
    current: bool = True
    release: str = "shop:1.2.3"

    def running(self) -> str:
        """Return what runs."""
        return self.runs

    def port(self) -> int | None:
        """Return its port."""
        return self.at

    def is_current(self, port: int) -> bool:
        """Tell whether it is what would be started."""
        return self.current and port == self.at


def session(folder: Path, service: Service, dev: bool = True, has_web: bool = True) -> Any:
    """Make a session of an environment whose configured port is 8000."""
    environment = SimpleNamespace(is_dev=dev, port=8000, kept_port=folder / "dev" / "port")
    return SimpleNamespace(
        environment=environment,
        runtime=SimpleNamespace(service=service, to_replace=": ./inv deploy"),
        project=SimpleNamespace(has_web=has_web),
    )


def test_what_does_not_run_is_started_at_the_configured_port(tmp_path: Path) -> None:
    assert is_up(session(tmp_path, Service()), None) == (False, 8000)
    assert not (tmp_path / "dev/port").exists()


def test_a_port_that_was_asked_for_is_kept_as_long_as_the_service_runs(tmp_path: Path) -> None:
    assert is_up(session(tmp_path, Service()), 9000) == (False, 9000)
    assert (tmp_path / "dev/port").read_text() == "9000"
    assert is_up(session(tmp_path, Service("shop:dev", 9000)), None) == (True, 9000)
    assert is_up(session(tmp_path, Service("shop:dev", 9000, current=False)), None) == (False, 9000)
    assert is_up(session(tmp_path, Service()), None) == (False, 8000)  # it was down in between


def test_another_port_is_another_start(tmp_path: Path) -> None:
    assert is_up(session(tmp_path, Service("shop:dev", 8000)), 9000) == (False, 9000)


@pytest.mark.parametrize(
    ("service", "asked", "said"),
    [
        (Service("shop:1.2.2", 80), None, "this tree is shop:1.2.3"),
        (Service("shop:1.2.3", 80), 81, "on port 80"),
        (Service("shop:1.2.3", 80, current=False), None, "it is not ready"),
    ],
)
def test_in_production_nothing_is_replaced(tmp_path: Path, service: Service, asked: int | None, said: str) -> None:
    with pytest.raises(Problem, match=said) as raised:
        is_up(session(tmp_path, service, dev=False), asked)
    assert str(raised.value.message).endswith("To replace it: ./inv deploy")


def test_in_production_what_runs_already_is_up_wherever_it_is(tmp_path: Path) -> None:
    assert is_up(session(tmp_path, Service("shop:1.2.3", 80), dev=False), None) == (True, 80)


def test_without_web_what_runs_is_told_by_its_processes(tmp_path: Path) -> None:
    def told(service: Service, dev: bool) -> bool:
        return is_up(session(tmp_path, service, dev, has_web=False), None)[0]

    assert [told(Service(), True), told(Service("shop:dev", 8000), True)] == [False, True]
    assert [told(Service(), False), told(Service("shop:1.2.3", 8000), False)] == [False, True]
    with pytest.raises(Problem, match=r"this tree is shop:1\.2\.3"):
        told(Service("shop:1.2.2", 8000), False)


def test_without_web_there_is_no_port(tmp_path: Path) -> None:
    bot = session(tmp_path, Service(), has_web=False)
    check_port(bot, "")
    with pytest.raises(Problem, match="--port: the project has no web"):
        check_port(bot, "9000")


def test_of_a_port_that_cannot_be_used_the_option_is_named_as_well() -> None:
    with pytest.raises(Unusable) as stopped, with_another_port():
        raise taken(8000, "nginx (process 7)")
    assert str(stopped.value.message).endswith(": PORT=8001 in .env. For this once: ./inv up --port 8001")
    with pytest.raises(Unusable) as stopped, with_another_port():
        raise taken(443, "nginx (process 7)", "HTTPS_PORT", once=False)
    assert str(stopped.value.message).endswith(": HTTPS_PORT=444 in .env.")
