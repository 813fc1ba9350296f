"""One web process: granian around the shell, on a socket that the supervisor holds open for all of them."""

import asyncio
import signal
import socket
import warnings

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.server.embed import Server

from .shell import Shell

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """One listening socket for all web processes: who calls while one of them is being replaced waits, and is served by the next."""
    family, kind, protocol, _name, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host not in {"::", ""}))
    listener.bind(address)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


class _Server(Server):
    def __init__(self, shell, listener: socket.socket, *, backpressure: int):
        host, port = listener.getsockname()[:2]
        super().__init__(
            shell,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            http=HTTPModes.auto,
            backlog=BACKLOG,
            backpressure=backpressure,
            http1_settings=HTTP1Settings(header_read_timeout=30_000),
            log_enabled=False,
            log_level=LogLevels.error,
        )
        self._listener = listener

    def _init_shared_socket(self):
        self._ssp = None
        self._shd = SocketHolder(self._listener.fileno(), False, BACKLOG)  # type: ignore[assignment, call-arg]


async def _serve(shell: Shell, listener: socket.socket, backpressure: int) -> None:
    server = _Server(shell, listener, backpressure=backpressure)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task] = []

    async def stop():
        await shell.stop()  # first the live streams: granian waits for what is open
        server.stop()

    def ask_to_stop():
        if not stopping:
            stopping.append(loop.create_task(stop()))

    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ask_to_stop)
    await server.serve()


def serve(shell: Shell, listener: socket.socket, *, backpressure: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.run(_serve(shell, listener, backpressure))
