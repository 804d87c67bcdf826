"""An HTTP server on loopback that keeps what is posted to it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What was posted: path, headers, and the JSON of the body; and what is answered."""

    status: int = 200
    answer: bytes = b"{}"
    url: str = ""
    got: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)  # until this is set, where `slow`
    slow: bool = False


@contextlib.contextmanager
def receiving(**how: object) -> Iterator[Receiver]:
    """Give a receiver that listens."""
    kept = Receiver(**how)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, dict(self.headers), json.loads(body)))
            if kept.slow:
                kept.hold.wait(60)
            with contextlib.suppress(OSError):
                self.send_response(kept.status)
                self.send_header("Content-Length", str(len(kept.answer)))
                self.end_headers()
                self.wfile.write(kept.answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        kept.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            kept.hold.set()
            server.shutdown()
            thread.join()
