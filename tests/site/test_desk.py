"""Desks in the shell: what comes together is written together, and every answer comes after its commit."""

import asyncio
import threading

from tests.site.test_shell import Caller, answering, ask, made, scope, troubled
from tongban.lib.said import Said
from tongban.site.desk import Desk, DeskLimits
from tongban.site.shell import Shell


class Book:
    """A counterpart that writes down what came in which batch; `held` keeps its hand on the page until it is let go."""

    path = "/api/desk"

    def __init__(self):
        self.batches: list[list[bytes]] = []
        self.held = threading.Event()
        self.held.set()
        self.broken = False

    def take(self, headers, body, now):
        return Said(422, b"not so") if body == b"bad" else body

    def together(self, taken, now):
        self.held.wait(10)
        if self.broken:
            raise RuntimeError("the book is full")
        self.batches.append(list(taken))
        return [Said(200, b"written " + one) for one in taken]

    def trouble(self, headers, status):
        return Said(status, f"trouble {status}".encode())


def shell_with(book, **limits):
    desk = Desk(book, limits=DeskLimits(**limits))
    return Shell(answering(lambda environ: b"a page"), troubled=troubled, desks=[desk]), desk


def post(*pieces):
    return Caller(*pieces), scope("/api/desk", "POST")


def all_at_once(shell, book, *bodies):
    """Everybody comes while the first is being written; then the hand moves."""

    async def asking():
        callers = []
        book.held.clear()
        asks = []
        for body in bodies:
            caller, about = post(body)
            callers.append(caller)
            asks.append(asyncio.ensure_future(shell(about, caller.receive, caller.send)))
        for _turn in range(20):
            await asyncio.sleep(0)
        book.held.set()
        await asyncio.gather(*asks)
        return callers

    return asyncio.run(asking())


def test_one_alone_is_answered_alone_and_what_is_not_in_order_is_said_at_once():
    book = Book()
    shell, _desk = shell_with(book)

    caller, about = post(b"one")
    asyncio.run(shell(about, caller.receive, caller.send))
    refused, about = post(b"bad")
    asyncio.run(shell(about, refused.receive, refused.send))

    assert (caller.status, caller.body) == (200, b"written one")
    assert (refused.status, refused.body) == (422, b"not so")
    assert book.batches == [[b"one"]]


def test_those_who_come_while_one_is_written_are_written_together_each_with_its_own_answer():
    book = Book()
    shell, _desk = shell_with(book)
    bodies = [f"{number}".encode() for number in range(40)]

    callers = all_at_once(shell, book, *bodies)

    assert [caller.body for caller in callers] == [b"written " + body for body in bodies]
    assert [len(batch) for batch in book.batches] == [1, 39] or [len(batch) for batch in book.batches] == [40]
    assert [one for batch in book.batches for one in batch] == bodies


def test_a_batch_has_an_end():
    book = Book()
    shell, _desk = shell_with(book, at_once=8)

    callers = all_at_once(shell, book, *(f"{number}".encode() for number in range(40)))

    assert {caller.status for caller in callers} == {200}
    assert max(len(batch) for batch in book.batches) == 8


def test_when_nothing_can_be_written_everybody_hears_it_and_the_next_are_served():
    book = Book()
    shell, _desk = shell_with(book)
    book.broken = True

    callers = all_at_once(shell, book, b"1", b"2")
    book.broken = False
    later = all_at_once(shell, book, b"3")

    assert [caller.status for caller in callers] == [503, 503]
    assert [caller.body for caller in later] == [b"written 3"]


def test_a_rush_is_sent_away_and_those_who_wait_are_answered():
    book = Book()
    shell, desk = shell_with(book, waiting=5, at_once=5)

    callers = all_at_once(shell, book, *(f"{number}".encode() for number in range(30)))

    statuses = [caller.status for caller in callers]
    assert set(statuses) == {200, 503} and 5 <= statuses.count(200) <= 10
    assert desk.state() == ""


def test_too_much_too_slow_and_too_long_have_their_own_answers():
    book = Book()
    shell, _desk = shell_with(book, body=10, body_timeout=0.01, answer_timeout=0.05)

    large, about = post(b"x" * 6, b"y" * 6)
    asyncio.run(shell(about, large.receive, large.send))
    endless, about = post(b"x" * 6, b"y")
    endless._pieces = endless._pieces[:1] + [b""] * 0
    endless.receive = half(endless)
    asyncio.run(shell(about, endless.receive, endless.send))
    book.held.clear()
    waiting, about = post(b"slow")

    async def asking():
        await shell(about, waiting.receive, waiting.send)
        book.held.set()

    asyncio.run(asking())

    assert (large.status, endless.status, waiting.status) == (413, 408, 504)


def half(caller):
    """Sends a first piece, promises more, and then nothing."""
    sent = []

    async def receive():
        if not sent:
            sent.append(1)
            return {"type": "http.request", "body": b"x", "more_body": True}
        await asyncio.sleep(10)

    return receive


def test_another_method_is_a_page_and_so_is_everything_while_the_house_closes():
    book = Book()
    shell, _desk = shell_with(book)

    assert ask(shell, path="/api/desk").body == b"a page"

    async def closing():
        caller, about = post(b"last")
        asked = asyncio.ensure_future(shell(about, caller.receive, caller.send))
        await asyncio.sleep(0)
        await shell.stop()
        await asked
        return caller

    assert asyncio.run(closing()).body == b"written last"
    assert made(answering(lambda environ: b"")).stopping is False


def arriving(book, shell, number: int):
    """One after the other, each a turn of the loop after the one before, as requests come off a line."""

    async def asking():
        asks = []
        for at in range(number):
            caller, about = post(f"{at}".encode())
            asks.append(asyncio.ensure_future(shell(about, caller.receive, caller.send)))
            await asyncio.sleep(0)
        await asyncio.gather(*asks)

    asyncio.run(asking())
    return [len(batch) for batch in book.batches]


def test_who_is_arriving_at_this_moment_comes_along_and_costs_no_commit_of_its_own():
    together, hasty = Book(), Book()

    assert arriving(together, shell_with(together, gathering=5.0)[0], 30) == [30]
    assert len(arriving(hasty, shell_with(hasty, gathering=0.0)[0], 30)) > 1  # and so it is the waiting that does it


def test_each_answer_has_a_number_of_its_own():
    book = Book()
    shell, _desk = shell_with(book)

    callers = all_at_once(shell, book, *(f"{number}".encode() for number in range(20)))

    named = [dict(caller.got[0]["headers"])[b"x-request-id"] for caller in callers]
    assert len(set(named)) == 20
