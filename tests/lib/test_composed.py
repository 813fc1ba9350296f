"""A question composed once asks the database anew every time, and says what the ordinary question says."""

import datetime
import threading

import pytest
from django.db import connection
from django.db.models import BigIntegerField, CharField, Count, DateField, DateTimeField, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tongban.departments.models import Officer
from tongban.lib.composed import SEVERAL, composed, composed_of_several
from tongban.parties.models import Account, Membership

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

TODAY = datetime.date(2026, 6, 1)


@composed(person=BigIntegerField(), today=DateField())
def memberships(today, person=None, role="any"):
    rows = Membership.objects.filter(Q(until__isnull=True) | Q(until__gte=today)).select_related("person", "company")
    if person is not None:
        rows = rows.filter(person_id=person)
    return (rows if role == "any" else rows.filter(role=role)).order_by("pk")


@composed(since=DateTimeField(), login=CharField())
def counted(since, login):
    rows = Account.objects.filter(created_at__gte=since).annotate(of=Count("person__memberships"))
    return rows.exclude(language=login).order_by("pk")


def everything(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def company():
    found = make.company(of=make.person())
    for name in ("Li Na", "Zhang Wei"):
        Membership.objects.create(person=make.person(name), company=found, role="clerk", since=TODAY)
    return found


def test_it_says_what_the_ordinary_question_says(company):
    asked = memberships(today=TODAY)
    plain = list(Membership.objects.select_related("person", "company").order_by("pk"))

    assert len(plain) == 3
    assert [everything(row) for row in asked] == [everything(row) for row in plain]
    assert [everything(row.person) for row in asked] == [everything(row.person) for row in plain]
    with CaptureQueriesContext(connection) as sent:
        assert {row.company.name for row in asked} == {company.name} and {row.person.name for row in asked}
    assert len(sent) == 0, "what was selected along is there"
    assert asked[0] == plain[0] and not asked[0]._state.adding and asked[0]._state.db == "default"


def test_other_values_find_other_rows_and_nothing_is_kept(company):
    first, last = Membership.objects.order_by("pk").first(), Membership.objects.order_by("pk").last()

    assert memberships(today=TODAY, person=first.person_id) == [first]
    assert memberships(today=TODAY, person=last.person_id) == [last]
    Membership.objects.filter(pk=first.pk).update(until=TODAY - datetime.timedelta(days=1))
    assert memberships(today=TODAY, person=first.person_id) == []
    assert memberships(today=TODAY - datetime.timedelta(days=2), person=first.person_id) == [first]


def test_an_argument_without_a_field_makes_another_question(company):
    clerks = memberships(today=TODAY, role="clerk")

    assert len(clerks) == 2 and len(memberships(today=TODAY)) == 3
    assert all(row.role == "clerk" for row in clerks)


def test_words_are_values_and_never_become_sql():
    make.account(login="somebody")
    since = timezone.now() - datetime.timedelta(days=1)

    assert len(counted(since=since, login="' OR 1=1 --")) == 1
    assert counted(since=since, login="zh-hans") == []
    assert counted(since=since, login="en")[0].of == 0, "what was counted comes along"


def test_lists_of_values_come_as_django_gives_them(company):
    @composed(company=BigIntegerField())
    def people(company, flat):
        rows = Membership.objects.filter(company_id=company).order_by("pk")
        return rows.values_list("person_id", flat=True) if flat else rows.values_list("person_id", "role")

    rows = Membership.objects.order_by("pk")
    assert people(company=company.pk, flat=True) == list(rows.values_list("person_id", flat=True))
    assert people(company=company.pk, flat=False) == list(rows.values_list("person_id", "role"))


def test_what_it_cannot_give_back_truly_is_refused(company):
    @composed(company=BigIntegerField())
    def of_one_company(company):
        return Membership.objects.filter(company_id=company).values("role")

    with pytest.raises(TypeError):
        of_one_company(company=company.pk)


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_on_its_own_connection():
    officer = make.officer()

    @composed(pk=BigIntegerField())
    def officers(pk):
        return Officer.objects.filter(pk=pk).select_related("department", "account")

    found: list = []

    def ask():
        found.extend(officers(pk=officer.pk))
        connection.close()

    officers(pk=officer.pk)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (
        found == [officer] * 4 and found[0].roles == officer.roles and found[0].account.login == officer.account.login
    )


@composed_of_several(BigIntegerField())
def memberships_of(keys):
    return Membership.objects.select_related("person").filter(pk__in=keys).order_by("pk")


def test_a_question_about_several_keys_says_what_the_ordinary_one_says(company):
    keys = list(Membership.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as sent:
        assert memberships_of([]) == []
    assert not sent.captured_queries
    for some in (keys[:1], keys, [*keys, *keys], [*keys, 10**9], [*keys, *range(10**9, 10**9 + 3 * SEVERAL)]):
        plain = list(Membership.objects.filter(pk__in=some).order_by("pk"))
        assert [everything(one) for one in memberships_of(some)] == [everything(one) for one in plain]
        assert memberships_of(iter(some)) == plain
