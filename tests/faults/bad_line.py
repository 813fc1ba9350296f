"""A line that loses things: stands between callers and the product, and treats each connection by chance."""

import asyncio
import contextlib
import http.client
import random
import socket
import struct
import threading
from collections import Counter

WAYS = ["whole", "whole", "reply dropped", "request cut", "reset before", "reset after", "slow"]


class BadLine:
    """A proxy in a thread of its own. `met` counts what happened to connections."""

    def __init__(self, port: int, seed: int):
        self.to, self.choice, self.met = port, random.Random(seed), Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def ask(self, method: str, path: str, body=None, headers=None, timeout: float = 30.0):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            line.request(method, path, body=body, headers=headers or {})
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            line.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _carry(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        way = self.choice.choice(WAYS)
        self.met[way] += 1
        there = None
        try:
            asked = await _message(here)
            if way == "reset before":
                return _reset(back)
            answers, there = await asyncio.open_connection("127.0.0.1", self.to)
            if way == "request cut":
                there.write(asked[: len(asked) * 2 // 3])
                await there.drain()
                return _reset(back)
            if way == "slow":
                for begin in range(0, len(asked), 200):
                    there.write(asked[begin : begin + 200])
                    await there.drain()
                    await asyncio.sleep(0.01)
            else:
                there.write(asked)
                await there.drain()
            if way == "reset after":  # the product works on, nobody is there any more to hear of it
                return _reset(back)
            answer = await _message(answers)
            if way == "reply dropped":
                return _reset(back)
            back.write(answer)
            await back.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (back, there):
                if end is not None:
                    end.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if length := int(fields.get(b"content-length", 0)):
        return head + await reader.readexactly(length)
    if fields.get(b"transfer-encoding") == b"chunked":
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readline()
        return head + body
    return head


def _reset(writer: asyncio.StreamWriter) -> None:
    """Not closed but torn: the other end gets an error, not an end."""
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
