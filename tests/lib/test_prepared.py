"""SQL that was made once is planned once by a connection, and says what it said before; what is not allowed to be prepared is not."""

import pytest
from django.db import connection, transaction
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from tests import make
from tongban.lib import prepared
from tongban.lib.composed import composed
from tongban.parties.models import Account

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@composed(login=CharField())
def by_language(login, newest=False):
    rows = Account.objects.filter(language=login).order_by("pk")
    return rows[:1] if newest else rows


def planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE \'%%"parties_account"."language" = $1%%\'',
            [],
        )
        return cursor.fetchone()[0]


def test_marks_are_counted_and_signs_of_percent_stay():
    assert prepared.numbered("a = %s AND b LIKE 'x%%' AND c IN (%s, %s)") == b"a = $1 AND b LIKE 'x%' AND c IN ($2, $3)"
    assert prepared.numbered("b LIKE 'x%%s'") == b"b LIKE 'x%s'"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps its statements itself")
def test_it_is_planned_once_asked_anew_and_outlives_what_is_taken_back():
    first, second = make.account(), make.account()
    Account.objects.filter(pk=second.pk).update(language="en")

    said = [by_language(login="en") for _time in range(prepared.AFTER + 1)]
    assert said == [[second]] * len(said) and planned() == 1
    Account.objects.filter(pk=first.pk).update(language="en")
    assert by_language(login="en") == [first, second] and by_language(login="' OR 1=1 --") == []
    assert planned() == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Account.objects.filter(pk=first.pk).update(language="fr")
        assert by_language(login="fr") == [first]
        raise ZeroDivisionError
    assert by_language(login="fr") == [] and by_language(login="en") == [first, second]

    with CaptureQueriesContext(connection) as sent:
        by_language(login="en")
    assert "= 'en'" in sent[0]["sql"], "a log of statements shows the values"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps its statements itself")
def test_a_page_of_a_list_and_what_goes_through_a_pooler_are_not_kept(monkeypatch):
    before = planned()
    for _time in range(prepared.AFTER + 1):
        by_language(login="en", newest=True)
    monkeypatch.setitem(connection.settings_dict, prepared.ALLOWED, False)
    for _time in range(prepared.AFTER + 1):
        by_language(login="zh-hans")
    assert planned() == before
