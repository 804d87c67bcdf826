"""How gunicorn runs the service, everywhere; values come from the environment."""

import asyncio
import atexit
import gc
import mmap
import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from gunicorn.util import import_app, load_class

# An uvicorn that is older than uvicorn-worker takes has its own. The last is gunicorn's.
WORKERS = ("uvicorn_worker.UvicornWorker", "uvicorn.workers.UvicornWorker", "asgi")


def _loads(name: str) -> bool:
    with suppress(RuntimeError):
        return bool(load_class(name))
    return False


env = {name: value for name, value in os.environ.items() if value}
asgi_app = env.get("ASGI_APP", "app.main:app")
bind = [env.get("BIND", f"0.0.0.0:{env.get('PORT', '8000')}")]
workers = int(env.get("WEB_CONCURRENCY", "4"))
worker_class: Any = env.get("WORKER_CLASS") or next(filter(_loads, WORKERS), WORKERS[-1])
reload = env.get("RELOAD", "") == "1"
# Loaded once, before the workers fork: a broken application or a missing setting ends the
# server with one message, and the workers share its memory. A reloader has to load in the worker.
preload_app = not reload
wsgi_app = f"{__name__}:load_application()"
http_parser = "python"  # of gunicorn's own `asgi` worker
# A few small compressed messages could fill the memory: uvicorn would take 16 MB each, and inflate them.
websocket_max_message_size = 2**20
if hasattr(worker_type := load_class(worker_class), "CONFIG_KWARGS"):
    worker_type.CONFIG_KWARGS |= {"ws_max_size": websocket_max_message_size, "ws_per_message_deflate": False}

keepalive = 75  # longer than a proxy keeps idle connections, or it sends into closing ones
graceful_timeout = 30
shm = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(shm) if shm.is_dir() else None  # heartbeats must not wait for a disk
body_idle = float(env.get("BODY_IDLE_SECONDS", "30"))  # that a body may stall; all of it may take longer
# Bodies of one client that a worker waits for at a time: the proxy holds up to 230 kB for each.
bodies_per_client = int(env.get("BODIES_PER_CLIENT", "32"))
WIDER = 4  # times that, for what may stand for many clients: a private address, an IPv6 network of the largest kind
BRIEFLY = 0.1  # seconds that a body beyond them may take, before 429; most come with their head
backlog = 4096  # connections that may wait: with fewer, the proxy finds nobody when many requests come at once
control_socket_disable = True  # two instances would fight for its path

# One line each, gunicorn's own included: JSON for machines, or text for the eyes of who develops.
accesslog = "-"
_json = env.get("LOG_FORMAT", "text" if reload else "json") == "json"
# An adopted project may have none of these packages, or a python-json-logger before 3, which has no such module.
_json = _json and bool(find_spec("orjson") and find_spec("pythonjsonlogger") and find_spec("pythonjsonlogger.orjson"))
_to_stdout = {"level": "INFO", "handlers": ["stdout"], "propagate": False}
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.orjson.OrjsonFormatter",
            "fmt": ["levelname", "name", "process", "message"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
        },
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json" if _json else "text",
        }
    },
    "root": _to_stdout,
    "loggers": {"gunicorn.error": _to_stdout, "gunicorn.access": _to_stdout},
}
if not _json:
    del logconfig_dict["formatters"]["json"]


def load_application() -> Any:
    """Load the application; of a RuntimeError, gunicorn itself would not show where it was raised.

    Settings that are wrong end the process, with a text. Where it reloads, gunicorn would start it again and again.
    """
    try:
        return import_app(asgi_app)
    except SystemExit as error:
        if not (reload and isinstance(error.code, str)):
            raise
        raise RuntimeError(error.code) from None
    except RuntimeError:
        if not reload:  # where the worker shows it
            traceback.print_exc()
        raise


def _forget_metrics(owner: int, folder: str) -> None:
    if os.getpid() == owner:  # the workers inherit the hook
        shutil.rmtree(folder, ignore_errors=True)


# Prometheus is answered on a port of its own, which no proxy forwards. Each worker keeps its numbers in a
# file; the one that is asked adds up all of them.
if metrics_port := env.get("METRICS_PORT"):
    address = bind[0].rpartition(":")[0]
    bind.append(f"{address if address not in {'', 'unix'} else '127.0.0.1'}:{metrics_port}")
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=worker_tmp_dir)
        atexit.register(_forget_metrics, os.getpid(), os.environ["PROMETHEUS_MULTIPROC_DIR"])


def when_ready(server: Any) -> None:
    """Let the collector forget what was loaded, before the workers fork.

    It need not walk over that again and again; and walking writes, which would end the sharing of memory.
    """
    gc.collect()
    gc.freeze()


# A worker begins with the master's handlers, which would swallow what tells it to end: it would serve on until it is
# killed. So these wait from before the fork until the worker has handlers of its own.
_ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
_let_in = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _ENDING)
os.register_at_fork(after_in_parent=_let_in)


# What clients got, for `inv deploy`: three numbers a process (answers, those of them that failed, 503s), in a file that
# all of them share. The first three are the master's: workers that died.
ANSWERS, FAILED, BUSY = range(3)
WEBSOCKET = 101  # the status of one that was accepted
PLACES = 64  # workers that start later take the places of the first
answers: memoryview | list[int] = [0] * 3 * PLACES
if shared := env.get("SLIPWAY_ANSWERS"):
    with suppress(OSError), Path(shared).open("a+b") as file:  # then nothing is counted, and the service runs
        file.truncate(8 * len(answers))
        answers = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
not_counted = env.get("HEALTH_PATH")  # which is asked by no client
# Where they are told, for an `inv` that cannot reach the file: on another machine, in the service's own network.
told_at = env.get("SLIPWAY_ANSWERS_PATH")


def _end(signum: int, frame: object) -> None:
    # uvicorn ends its loop when it is told to, and then raises the signal once more.
    raise SystemExit(0)


def pre_fork(server: Any, worker: Any) -> None:
    """Hold signals back until master and worker are two; let both know whether the worker has ended in order."""
    worker.ended = mmap.mmap(-1, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def post_fork(server: Any, worker: Any) -> None:
    """Collect less often: a request leaves little that has cycles."""
    gc.set_threshold(20_000, 50, 100)


def post_worker_init(worker: Any) -> None:
    """Go around the application, and let signals in: the worker has its own handlers now.

    Those of gunicorn's own worker hear nothing before its loop runs.
    """
    for name in ("wsgi", "asgi"):  # the second is what gunicorn's own worker calls it
        if application := getattr(worker, name, None):
            setattr(worker, name, Guarded(application, 3 * (1 + worker.age % (PLACES - 1))))
    if loop := getattr(worker, "loop", None):
        loop.call_soon(_let_in)
    else:
        for each in _ENDING:
            signal.signal(each, _end)
        _let_in()


def worker_exit(server: Any, worker: Any) -> None:
    """Note in a worker that it ends in order: it was told to, or has answered its --max-requests."""
    worker.ended[0] = 1


def child_exit(server: Any, worker: Any) -> None:
    """Count a worker that died: of a signal, a timeout, a lack of memory, an exit; drop its gauges."""
    if not worker.ended[0]:
        answers[FAILED] += 1
    if metrics_port and find_spec("prometheus_client"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_int(worker: Any) -> None:
    """End a worker whose code changed.

    gunicorn's reloader calls this; uvicorn's loop would not notice on its own.
    """
    os.kill(worker.pid, signal.SIGTERM)


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def until(when: float) -> AsyncIterator[None]:
    """Raise TimeoutError in what goes on for longer, as asyncio.timeout_at does from Python 3.11 on."""
    late, task = False, asyncio.current_task()

    def end() -> None:
        nonlocal late
        late = True
        if task:
            task.cancel()

    handle = asyncio.get_running_loop().call_at(when, end)
    try:
        yield
    except asyncio.CancelledError:
        if late:
            raise TimeoutError from None
        raise
    finally:
        handle.cancel()


timeout_at: Any = getattr(asyncio, "timeout_at", until)  # the service's Python may be 3.10


class Guarded:
    """Goes around the application: bounds what clients do with bodies, and counts what clients get.

    A body that stalls is ended, and those of one client that have not come whole are only so many. `place` is where
    this process counts. What a client did itself is counted as no failure.
    """

    def __init__(self, application: Any, place: int) -> None:
        self.application = application
        self.place = place
        self.bodies: dict[str, int] = {}  # that are waited for, of each client that has some

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the application answer."""
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        if told_at and scope["type"] == "http" and scope["path"] == told_at:
            await _answer(send, 200, " ".join(str(sum(answers[kind::3])) for kind in range(3)).encode())
            return
        exchange = Exchange(scope, receive, send, self.bodies)
        bounded = exchange.receive if scope["type"] == "http" else exchange.hear
        failed = False
        try:
            await self.application(scope, bounded, exchange.send)
        except (Exception, SystemExit) as error:
            if exchange.refused and not exchange.status:
                await _answer(exchange.send, exchange.refused, exchange.said.encode())
                return
            failed = not exchange.refused and exchange.status != WEBSOCKET  # clients say there what they like
            if isinstance(error, SystemExit):  # one request ends no worker; and a status of 3 would end all of them
                raise RuntimeError("The application called sys.exit.") from error
            raise
        finally:
            exchange.over()
            failed = failed or exchange.status >= 500
            # What fails because its client has gone is not the service's, and nobody gets that answer.
            if (failed or exchange.status) and not (failed and exchange.gone) and scope["path"] != not_counted:
                answers[self.place + ANSWERS] += 1
                if failed:
                    answers[self.place + (BUSY if exchange.status == 503 else FAILED)] += 1


class Exchange:
    """A request and its answer, on their way between the server and the application."""

    def __init__(self, scope: Any, receive: Any, send: Any, bodies: dict[str, int]) -> None:
        self._scope, self._receive, self._send, self._bodies = scope, receive, send, bodies
        self._whole, self._has_body = False, scope.get("method", "") not in {"", "GET", "HEAD"}  # whole: it has come
        self._of: tuple[str, ...] = ()  # whose body is waited for, while it is counted
        self._until = 0.0  # when it has to be whole, if it isn't counted
        self._head: Any = None  # of an answer, while the body is not whole
        self.status, self.gone = 0, False
        self.refused, self.said = 0, ""  # the status that its body got, and why

    async def hear(self) -> Any:
        """Return what the client says, however long it takes."""
        message = await self._receive()
        self.gone |= message["type"].endswith(".disconnect")
        return message

    async def receive(self) -> Any:
        """Return a part of the body; raises when it does not come in time, or is one too many."""
        if self._whole:
            return await self.hear()
        admitted = self._admit()
        if not (admitted or self._until):
            self._until = _now() + BRIEFLY
        try:
            async with timeout_at(_now() + body_idle if admitted else self._until):
                message = await self.hear()
        except TimeoutError:
            raise self._refuse(408 if admitted else 429) from None
        self._whole = not message.get("more_body")
        if self._whole:
            self.over()
        return message

    def _admit(self) -> bool:
        # Whether the body is one of those that are waited for.
        if self._of:
            return True
        client = self._scope.get("client")
        limits = _limits(client[0] if client else "")
        if any(self._bodies.get(network, 0) >= limit for network, limit in limits):
            return False
        self._of = tuple(network for network, _ in limits)
        for network in self._of:
            self._bodies[network] = self._bodies.get(network, 0) + 1
        return True

    def over(self) -> None:
        """Note that the body is waited for no longer."""
        for network in self._of:
            self._bodies[network] -= 1
            if not self._bodies[network]:
                del self._bodies[network]
        self._of = ()

    def _refuse(self, status: int) -> Exception:
        # What Starlette and FastAPI answer as they answer all errors; others let it pass, to Guarded.
        self.refused, self.said = status, "This client has too many unfinished bodies."
        if status == 408:
            self.said = f"The body stalled for {body_idle:g} s."
        if find_spec("starlette"):
            from starlette.exceptions import HTTPException

            return HTTPException(status, self.said)
        return TimeoutError(self.said)

    async def send(self, message: Any) -> None:
        """Send a part of the answer."""
        parts = [message]
        if message["type"] == "http.response.start":
            self.status = message["status"]
            sized = self._has_body and any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if sized and not self._whole:  # the rest of it comes at once, and is no stream
                self._head = message
                return
        elif message["type"] == "websocket.accept":
            self.status = WEBSOCKET
        elif self._has_body:
            if not (self._whole or message.get("more_body") or self.refused == 408):
                await self._discard()
            if self._head:
                # Not before: a proxy that meets too long a body meanwhile (413) could not take a head back.
                parts, self._head = [self._head, message], None
        try:
            for part in parts:
                await self._send(part)
        except OSError:
            self.gone = True
            raise

    async def _discard(self) -> None:
        # The server closes the connection behind the answer to a body that was not read: a proxy that still sends would
        # meet a reset, and never read the answer.
        admitted = not self.refused and self._admit()
        with suppress(TimeoutError):
            async with timeout_at(_now() + (1 if admitted else BRIEFLY)):
                while not self._whole and not self.gone:
                    self._whole = not (await self.hear()).get("more_body")
        self.over()


@lru_cache(1024)
def _limits(client: str) -> tuple[tuple[str, int], ...]:
    # What an address counts for, and how many bodies that may have. Of IPv6, one customer has a /64 to a /48.
    # What is no address is the file of a socket, and stands for all.
    try:
        address = ip_address(client)
    except ValueError:
        return ((client, WIDER * bodies_per_client),)
    address = getattr(address, "ipv4_mapped", None) or address
    own = bodies_per_client * (1 if address.is_global else WIDER)
    if address.version == 4:
        return ((str(address), own),)
    narrow, wide = (str(ip_network((address, bits), strict=False)) for bits in (64, 48))
    return ((narrow, own), (wide, WIDER * bodies_per_client))


if reload:

    class ReloadingWorker(load_class(worker_class)):  # type: ignore[misc]
        """Outlives a mistake in the application: logs it, answers 500, waits for the next change."""

        def load_wsgi(self) -> None:
            """Load the application, or one that says that it could not be loaded."""
            try:
                self.wsgi = self.app.wsgi()
            except Exception as error:  # anything at all can be wrong in code that is being written
                self.log.exception("The application cannot be loaded; waiting for a change")
                for frame, _ in traceback.walk_tb(error.__traceback__):
                    self.reloader.add_extra_file(frame.f_code.co_filename)
                if isinstance(error, SyntaxError) and error.filename:
                    self.reloader.add_extra_file(error.filename)
                self.wsgi = _not_loaded
            self.asgi = self.wsgi

    worker_class = f"{__name__}.{ReloadingWorker.__name__}"  # a gunicorn before 23 takes no class


async def _answer(send: Any, status: int, text: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text + b"\n"})


async def _not_loaded(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await _answer(send, 500, b"The application cannot be loaded; the log says why.")
