"""Several people at the same moment: each in a thread of their own, with a connection of their own, started together."""

import threading
from collections.abc import Callable

from django.db import connections


def together(*acts: Callable[[], object]) -> list[object]:
    """Do all at once; what each answered, or the exception it met, in the order given."""
    answers: list[object] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def do(place: int, act: Callable[[], object]) -> None:
        try:
            start.wait(10)
            answers[place] = act()
        except Exception as problem:  # the test looks at it
            answers[place] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody is still waiting"
    return answers


def problems(answers: list[object]) -> list[Exception]:
    return [answer for answer in answers if isinstance(answer, Exception)]
