"""What is there before a verb begins: data that it is about."""

from slipway.core.errors import Problem
from slipway.project.database import NO_DATABASE
from slipway.project.settings import Settings
from slipway.runtime import Runtime


def need_engine_of(context: str, runtime: str, reason: str) -> None:
    """Raise Problem when this would be done here, and not on the engine of a Docker context."""
    if runtime != "docker":
        raise Problem(
            f"--context {context} names a Docker Engine, and this would be done on this host: {reason}. Nothing "
            "was done. To do it there, say --runtime docker as well; to do it here, leave --context out."
        )


def need_database(settings: Settings, runtime: Runtime) -> None:
    """Raise Problem where there is no database yet: what reads one, or takes something back, makes none."""
    if not settings.has_database:
        raise Problem(NO_DATABASE)
    if not runtime.database.running() and not data(runtime):
        name = runtime.name
        raise Problem(
            f"Nothing was started with {name} yet: there is no database, and none was made. ./inv up makes one."
        )


def data(runtime: Runtime) -> list[str]:
    """Name the data that a runtime has, without what a lock alone makes there."""
    found: list[str] = getattr(runtime, "traces", runtime.volumes)()
    return found
