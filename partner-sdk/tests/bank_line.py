"""A line to a bank that is cut, slow or busy: faults of the transport, and no rules of business."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LOST, CUT, PAGE = "lost", "cut", "page"


@dataclass
class Line:
    """What comes back, one answer after the other, and what was asked."""

    url: str
    answers: list[tuple[int, Any]] = field(default_factory=list)
    """Status and body; the body LOST ends the connection unanswered, CUT in the middle, PAGE is no JSON."""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    content: bytes = b""
    """What is served under /content, by ranges; with `broken_after` each answer ends too early."""
    broken_after: int | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: Line

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.line.asked.append((self.command, self.path, headers, body))
        if self.path == "/content":
            self._serve(headers.get("range"))
            return
        status, answer = self.line.answers.pop(0) if len(self.line.answers) > 1 else self.line.answers[0]
        if answer == LOST:
            self.close_connection = True
            return
        raw = b"<h1>Gateway</h1>" if answer == PAGE else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw) + (50 if answer == CUT else 0)))
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = answer == CUT

    do_POST = do_GET  # noqa: N815  the name that http.server calls

    def _serve(self, wanted: str | None) -> None:
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        rest = self.line.content[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.line.broken_after])
        self.close_connection = self.line.broken_after is not None

    def log_message(self, *_arguments: object) -> None:
        """Nothing: the tests read `asked`."""


@contextmanager
def open_line(*answers: tuple[int, Any]) -> Iterator[Line]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    line = Line(f"http://127.0.0.1:{server.server_port}", list(answers))
    handler.line = line  # type: ignore[attr-defined]  # the class is made a few lines above, for this line alone
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
