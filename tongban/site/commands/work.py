import hashlib
import logging
import signal
import socket
import threading
import time

import structlog
from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone

from tongban.journal import services as journal
from tongban.site.supervisor import give_memory_back

log = structlog.get_logger("tongban.worker")

BEAT_EVERY = 5.0
DUTIES_EVERY = 1.0
SLOW_POLL = 0.5


def own_name() -> str:
    """The one worker of this installation on this machine: the supervisor starts the next only when the last is dead."""
    return hashlib.sha256(f"{socket.gethostname()}\0{settings.TONGBAN_VAR}".encode()).hexdigest()[:8]


def arguments(parser):
    parser.add_argument("--once", action="store_true", help="do what is due now, then end")
    parser.add_argument(
        "--sole",
        action="store_true",
        help="the only worker of this var directory: takes over what its predecessor held",
    )


def run(options) -> int:
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    work(stop, poll=settings.CONFIGURATION.job_poll, worker=own_name() if options.sole else "", once=options.once)
    connections.close_all()
    return 0


def work(stop: threading.Event, *, poll: float, worker: str = "", once: bool = False) -> None:
    """Jobs until told to stop; the job in hand is finished. A database that is away is waited for."""
    beat_at = duties_at = 0.0
    failures = 0
    has_worked = False
    taken_over = not worker
    beside: threading.Thread | None = None
    while not stop.is_set():
        try:
            if not taken_over:
                journal.give_back(worker, timezone.now())
                taken_over = True
            if beside is None and not once:
                beside = threading.Thread(target=_work_beside, args=(stop, poll, worker), name="slow", daemon=True)
                beside.start()
            now = time.monotonic()
            if now >= beat_at:
                journal.beat("worker")
                beat_at = now + BEAT_EVERY
            if now >= duties_at:
                journal.keep_time()
                duties_at = now + DUTIES_EVERY
            taken = journal.work_once(worker=worker, slow=None if once else False)
            failures = 0
        except Exception as error:
            if once:
                raise
            failures += 1
            logging.getLogger("tongban.worker").log(
                logging.ERROR if failures == 1 else logging.DEBUG, "the worker cannot work: %s", type(error).__name__
            )
            connections.close_all()
            stop.wait(min(0.5 * 2**failures, 10.0))
            continue
        if once and not taken:
            break
        if taken:
            has_worked = True
        else:
            close_old_connections()
            if has_worked:
                give_memory_back()
                has_worked = False
            stop.wait(poll)


def _work_beside(stop: threading.Event, poll: float, worker: str) -> None:
    """Errands that take seconds (reading documents), one at a time, so that nobody's decision waits behind them.

    A daemon: at the end of the worker the errand in hand is dropped; its successor takes it up again.
    """
    while not stop.is_set():
        try:
            taken = journal.work_once(limit=1, worker=worker, slow=True)
        except Exception as error:
            logging.getLogger("tongban.worker").debug("slow errands cannot be done: %s", type(error).__name__)
            connections.close_all()
            stop.wait(5.0)
            continue
        if not taken:
            close_old_connections()
            stop.wait(max(poll, SLOW_POLL))
    connections.close_all()
