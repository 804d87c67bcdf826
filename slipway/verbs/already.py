"""Whether `inv up` has anything to do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.runtime import Runtime
    from slipway.verbs.session import Session


def is_up(session: "Session", asked: int | None) -> tuple[bool, int]:
    """Tell whether there is nothing to do, and which port it is about.

    That is the port `asked` for, the one in use, or the configured one; it is kept for as long as the service runs.
    Raises Problem when another release runs in production, where `inv up` never replaces one.
    """
    service, file = session.runtime.service, session.environment.kept_port
    if not session.project.has_web:
        return is_at_work(session), session.environment.port
    running = service.port()
    kept = int(file.read_text()) if running and file.exists() else None
    port = asked or kept or session.environment.port
    if running and not session.environment.is_dev:
        refuse_to_replace(session.runtime, asked, running)
        return True, running
    if running and service.is_current(port):
        return True, port
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if asked or kept:
        file.write_text(str(port))
    return False, port


def is_at_work(session: "Session") -> bool:
    """Tell whether there is nothing to do for a service without web; raises Problem as `is_up` does."""
    service = session.runtime.service
    if not service.running():
        return False
    if not session.environment.is_dev:
        refuse_to_replace(session.runtime, None, session.environment.port)
        return True
    return service.is_current(session.environment.port)


def refuse_to_replace(runtime: "Runtime", asked: int | None, running: int) -> None:
    """Raise Problem unless what runs is what was asked for."""
    from slipway.core.errors import Problem

    service = runtime.service
    release, mine = service.running(), service.release
    if release != mine:
        why = f"(this tree is {mine})"
    elif asked not in (None, running):
        why = f"(on port {running})"
    elif not service.is_current(running):
        why = "(it is not ready: ./inv logs says why)"
    else:
        return
    raise Problem(
        f"{release} is running, and `inv up` never replaces a running release {why}. To replace it{runtime.to_replace}"
    )
