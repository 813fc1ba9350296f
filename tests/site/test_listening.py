"""On PostgreSQL live screens wait for words from the database."""

import threading

import pytest
from django.db import connection, transaction

from tongban.journal import services as journal
from tongban.site.listening import Listener

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells nobody anything"),
]


@pytest.fixture
def heard():
    """(listener, semaphore): one more for each word."""
    words = threading.Semaphore(0)
    listener = Listener(words.release)
    assert words.acquire(timeout=10)  # the look at the beginning
    yield listener, words
    listener.close()


def test_a_topic_touched_is_told_when_it_is_committed_and_not_before(heard):
    _listener, words = heard

    with transaction.atomic():
        journal.touch("case:1", "party:2")
        journal.touch("queue:TAX")
        assert not words.acquire(timeout=0.3)
    assert words.acquire(timeout=10)
    assert not words.acquire(timeout=0.3)


def test_what_is_rolled_back_is_not_told(heard):
    _listener, words = heard

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        journal.touch("case:1")
        raise ZeroDivisionError

    assert not words.acquire(timeout=0.3)


def test_a_line_that_was_cut_is_taken_up_again(heard):
    listener, words = heard

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND pid <> pg_backend_pid()"
        )
    assert words.acquire(timeout=10)  # once more the look at the beginning
    journal.touch("case:1")
    assert words.acquire(timeout=10)
    assert listener.listening
