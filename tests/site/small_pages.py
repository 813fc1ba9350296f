"""A small WSGI application behind the real shell and the real server, for what only a real line can show."""

import os
import sys
import threading
import time

from tongban.site import web
from tongban.site.live import Live
from tongban.site.shell import Limits, Shell

COUNTED = {"streams": 0, "closed": 0, "done": 0}
LOCK = threading.Lock()


def count(what: str, by: int = 1) -> None:
    with LOCK:
        COUNTED[what] += by


class Stream:
    streaming = True

    def __iter__(self):
        count("streams")
        while True:
            yield b"x" * 4096
            time.sleep(0.01)

    def close(self):
        count("closed")


def pages(environ, start):
    path = environ["PATH_INFO"]
    if path == "/stream":
        start("200 OK", [("Content-Type", "text/plain")])
        return Stream()
    if path == "/slow":
        time.sleep(1.0)
        count("done")
    if path == "/echo":
        body = environ["wsgi.input"].read()
        content = f"{len(body)} {sum(body[:1000])}".encode()
    elif path == "/counted":
        content = repr(
            {**COUNTED, "open": LIVE.open, "threads": threading.active_count(), "running": SHELL.running}
        ).encode()
    else:
        content = b"well"
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(content)))])
    return [content]


def troubled(environ, status):
    return status, [("Content-Type", "text/plain")], f"trouble {status}".encode()


BEGAN = time.monotonic()


def versions(names):
    return {name: int((time.monotonic() - BEGAN) * 10) if name == "moving" else 1 for name in names}


LIVE = Live(versions, poll=0.05)
SHELL = Shell(
    pages,
    troubled=troubled,
    limits=Limits(body=2_000_000, body_timeout=3.0, answer_timeout=5.0, threads=4),
    live=LIVE,
    topics_of=lambda token: token.split(",") if token != "forged" else [],
)

if __name__ == "__main__":
    web.serve(
        SHELL, web.listen("127.0.0.1", int(sys.argv[1])), backpressure=int(os.environ.get("BACKPRESSURE", "20000"))
    )
    sys.stdout.flush()
    os._exit(
        0
    )  # as the product's own processes end: threads of the server may not meet an interpreter that is being taken apart
