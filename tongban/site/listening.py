"""PostgreSQL tells when a topic was touched (LISTEN/NOTIFY), so that live screens wait for words instead of asking twice a second."""

import contextlib
import threading
from collections.abc import Callable

import psycopg
import structlog
from django.db import connection

from tongban.journal.services import TOPICS_CHANNEL

log = structlog.get_logger("tongban.live")

TURN = 1.0  # seconds between two looks whether it is time to go
AGAIN_AFTER = 1.0  # seconds before a lost line is taken up again


class Listener:
    """One connection of its own for a process, outside the pool. A pooler that passes no words on (transaction pooling) leaves `listening`
    true and silent: the counters are then looked at every few seconds."""

    def __init__(self, stir: Callable[[], None]):
        self.listening = False
        self._stir = stir
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(TURN * 3)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                self._while_connected()
            except psycopg.Error as error:
                if self.listening:
                    log.warning("the database tells no changes any more; looking instead", error=type(error).__name__)
                self.listening = False
                self._over.wait(AGAIN_AFTER)

    def _while_connected(self) -> None:
        about = {**connection.get_connection_params()}
        about.pop("pool", None)
        with psycopg.connect(**about, autocommit=True) as line:
            line.execute(f"LISTEN {TOPICS_CHANNEL}")
            self.listening = True
            self._heard()  # whatever was told before somebody listened
            while not self._over.is_set():
                for _word in line.notifies(timeout=TURN, stop_after=1):
                    self._heard()

    def _heard(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._stir()
