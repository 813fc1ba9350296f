import fcntl
import threading

import pytest
from django.db import connection, connections, transaction

from tongban.journal.models import Topic

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets many write"),
]


def in_threads(count, act):
    def done():
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=done) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_turn_lasts_as_long_as_the_transaction_however_it_ends():
    with transaction.atomic():
        assert connection._door is not None
        with transaction.atomic():
            Topic.objects.create(name="inner")
        assert connection._door is not None
    assert connection._door is None

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Topic.objects.create(name="gone")
        raise ZeroDivisionError

    assert connection._door is None
    assert list(Topic.objects.values_list("name", flat=True).order_by("name")) == ["inner"]


def test_twelve_hands_that_read_and_then_write_all_count():
    Topic.objects.create(name="counted", version=0)

    def count():
        for _turn in range(5):
            with transaction.atomic():
                row = Topic.objects.get(name="counted")
                Topic.objects.filter(name="counted").update(version=row.version + 1)

    for thread in in_threads(12, count):
        thread.join(60)

    assert Topic.objects.get(name="counted").version == 60


def test_a_turn_waits_for_the_other_process_that_has_it():
    order = []

    def write():
        with transaction.atomic():
            order.append("written")
            Topic.objects.create(name="waited")

    with open(f"{connection.settings_dict['NAME']}.turn", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        (thread,) = in_threads(1, write)
        thread.join(0.2)
        order.append("given back")
    thread.join(30)

    assert order == ["given back", "written"]
    assert Topic.objects.filter(name="waited").exists()


def test_a_connection_that_is_closed_in_the_middle_gives_its_turn_back():
    def leave():
        connection.ensure_connection()
        connection._start_transaction_under_autocommit()
        assert connection._door is not None
        connection.close()
        assert connection._door is None

    for thread in in_threads(1, leave):
        thread.join(30)

    with transaction.atomic():
        Topic.objects.create(name="next")
    assert list(Topic.objects.values_list("name", flat=True)) == ["next"]
