"""Keeps the product running: web processes and the worker are forked from one prepared process, so they share its memory and begin at once.

What dies is started again. A signal to stop reaches everyone; nothing this process started, or they started, stays behind.
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
M_ARENA_MAX = -8
PATIENCE = 15.0  # seconds between asking to stop and ending by force
YOUNG = 3.0  # dying younger than this, several times in a row, makes the next start wait
LONGEST_WAIT = 10.0


def _prctl(option: int, value) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


@dataclass
class Part:
    name: str
    do: Callable[[], None]
    pid: int = 0
    born: float = 0.0
    died_young: int = 0
    not_before: float = 0.0
    starts: int = 0


@dataclass
class Supervisor:
    parts: list[Part]
    say: Callable[[str], None] = lambda text: None
    stopping: bool = False
    _wake: tuple[int, int] = field(default_factory=os.pipe)

    def start(self, part: Part) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            part.pid, part.born = pid, time.monotonic()
            part.starts += 1
            return
        code = 1
        try:
            os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone, and a whole part can be ended at once
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)
            _prctl(PR_SET_NAME, f"tongban-{part.name}".encode()[:15])
            signal.set_wakeup_fd(-1)
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
                signal.signal(sign, signal.SIG_DFL)
            for end in self._wake:
                os.close(end)
            part.do()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def begin(self) -> None:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        for end in self._wake:
            os.set_blocking(end, False)
            os.set_inheritable(end, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for part in self.parts:
            self.start(part)

    def _asked_to_stop(self, *_):
        self.stopping = True

    def wait(self, seconds: float) -> None:
        """Sleep until a child ends or a signal comes, then put things right."""
        now = time.monotonic()
        next_start = min(
            (part.not_before - now for part in self.parts if not part.pid and not self.stopping), default=seconds
        )
        with contextlib.suppress(InterruptedError):
            select.select([self._wake[0]], [], [], max(0.0, min(seconds, next_start)))
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake[0], 4096)
        self._reap()
        if not self.stopping:
            self._replace()

    def _reap(self) -> None:
        by_pid = {part.pid: part for part in self.parts if part.pid}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            part = by_pid.get(pid)
            if part is None:
                continue  # an orphan of one of ours
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what a dead part has started dies with it
            part.pid = 0
            if self.stopping:
                continue
            age = time.monotonic() - part.born
            part.died_young = part.died_young + 1 if age < YOUNG else 0
            # One that was killed can start; one that ends by itself, again and again, cannot.
            longest = 0.5 if os.WIFSIGNALED(status) else LONGEST_WAIT
            wait = min(0.5 * 2 ** (part.died_young - 4), longest) if part.died_young > 3 else 0.0
            part.not_before = time.monotonic() + wait
            self.say(f"{part.name} ended ({_how(status)}); starting it again{f' in {wait:.0f} s' if wait >= 1 else ''}")

    def _replace(self) -> None:
        for part in self.parts:
            if not part.pid and time.monotonic() >= part.not_before:
                self.start(part)

    def stop(self) -> None:
        """Ask everyone, wait, then end by force whoever is left, down to what they started."""
        self.stopping = True
        for part in self.parts:
            if part.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(part.pid, signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        while any(part.pid for part in self.parts) and time.monotonic() < until:
            self.wait(0.2)
        for part in self.parts:
            if part.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(part.pid, signal.SIGKILL)
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit code {os.waitstatus_to_exitcode(status)}"


def _children() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


def apart(do: Callable[[], int]) -> int:
    """Do something in a process of its own, so that it leaves no connection and no thread in the one that forks."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = do() or 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    while True:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except KeyboardInterrupt:
            continue  # the child got it too


def settle_memory() -> None:
    """Everything loaded so far is put out of the collector's reach, so that forked processes go on sharing it. Threads of one process
    take their memory from one heap: with one for each, holes of each stay empty, 13 MB in all at rest."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()
    gc.enable()


def give_memory_back() -> None:
    """Return to the system what the C library keeps for later: after work that takes much for a moment (the index of the search,
    the drawing of licences) that is tens of megabytes in each process."""
    with contextlib.suppress(OSError, AttributeError):  # other C libraries than glibc have no such function
        ctypes.CDLL(None).malloc_trim(0)


def hold(pid_file: Path) -> None:
    """One product per var directory: refuse when another one is alive there."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError, ValueError):
        other = int(pid_file.read_text())
        if other != os.getpid() and b"tongban" in Path(f"/proc/{other}/cmdline").read_bytes():
            raise SystemExit(
                f"Tongban is already running with this var directory (process {other}). Stop it first, or set TONGBAN_VAR to another directory."
            )
    pid_file.write_text(f"{os.getpid()}\n")


def port_taken(error: OSError, host: str, port: int) -> str:
    return f"Tongban cannot listen on {host}:{port}: {error.strerror}. Choose another port, for example: PORT={port + 1} make run"


def answers(host: str, port: int, path: str, patience: float = 2.0) -> int:
    """The status with which the product answers on this path, 0 when it does not. Plain sockets: nothing to import."""
    try:
        with socket.create_connection((host, port), timeout=patience) as line:
            line.settimeout(patience)
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return int(line.recv(64).split(b" ", 2)[1])
    except (OSError, ValueError, IndexError):
        return 0
