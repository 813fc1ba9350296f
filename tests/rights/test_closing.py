"""Closing an account erases what only served it, keeps what the law keeps, and never beside an open case."""

import datetime

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tongban.cases import services as cases
from tongban.codes.models import CodeCheck, IdentityCode
from tongban.codes.services import holding
from tongban.lib.problems import NotAllowed
from tongban.licences.models import LicenceCheck
from tongban.notices import services as notices
from tongban.notices.models import Message
from tongban.parties.models import Account, Person
from tongban.registers.models import Call, Resource
from tongban.rights import closing, erasing, holdings
from tongban.rights.models import Erasure

pytestmark = pytest.mark.django_db

CANARY = "canary-account"


def values_of_the_database() -> str:
    """Every value of every row as clear text, sealed ones opened."""
    return "\n".join(
        str(getattr(row, field.attname))
        for model in apps.get_models()
        for row in model._default_manager.all()
        for field in model._meta.concrete_fields
    )


@pytest.fixture
def account():
    account = make.account(
        make.person(f"{CANARY}-name", address=f"{CANARY}-address", mobile="13811112222", bank_account="canary00001111"),
        login=f"{CANARY}@example.org",
    )
    EmailAddress.objects.create(user=account, email=account.email, primary=True, verified=True)
    return account


def test_of_somebody_on_whom_nothing_rests_nothing_is_left(account):
    make.draft(account_=account, answers={**make.SMALL_ANSWERS, "reason": f"{CANARY}-draft"})
    document = make.document(account.person, by=account)
    document.name = f"{CANARY}-paper"
    document.save()
    doors.enter(Client(), account)
    before = values_of_the_database()
    assert all(f"{CANARY}-{what}" in before for what in ("name", "address", "draft", "paper"))
    pk = account.person_id
    from tongban.journal.models import ReadEntry

    ReadEntry.objects.all().delete()  # the record of reads is kept by law; what it may hold has its own test

    closing.close(account)

    after = values_of_the_database()
    assert CANARY not in after and "13811112222" not in after and "canary00001111" not in after
    assert not Person.objects.filter(pk=pk).exists()


def test_what_the_law_keeps_stays_and_the_rest_goes(account):
    case = make.case("approved", account_=account)
    type(case).objects.filter(pk=case.pk).update(state="closed")
    notices.tell(
        account.person,
        "result_ready",
        params={"matter": {"zh": "x", "en": f"{CANARY}-message"}, "number": "1"},
        once="m",
    )
    stays = {str(one.what): one.count for one in closing.what_stays(account)}
    person = account.person

    closing.close(account)

    person.refresh_from_db()
    account.refresh_from_db()
    assert stays[str(closing.NAMES["cases.Case"])] == 1
    assert type(case).objects.filter(pk=case.pk).exists()
    assert (person.mobile, person.address, person.bank_account) == ("", "", "")
    assert (account.is_active, account.email, account.person, account.login) == (
        False,
        "",
        None,
        f"closed-{account.pk}",
    )
    assert not Message.objects.filter(account=account).exists()
    assert f"{CANARY}@example.org" not in values_of_the_database()


def test_nobody_signs_in_any_more(account):
    client = doors.enter(Client(), account)
    assert client.get("/my/").status_code == 200

    closing.close(account)

    assert client.get("/my/").status_code == 302
    assert not Client().login(login=f"{CANARY}@example.org", password="a good pass phrase")


def test_beside_an_open_case_it_stays_open(account):
    make.submitted(account_=account)

    with pytest.raises(NotAllowed) as open_case:
        closing.close(account)
    account.refresh_from_db()
    assert account.is_active
    assert open_case.value.code == "account-needed"


def test_after_the_withdrawal_it_closes(account):
    case = make.submitted(account_=account)
    cases.withdraw(case, account=account, reason="")

    closing.close(account)

    account.refresh_from_db()
    assert account.closed_at is not None


def test_an_officers_account_is_not_closed_by_the_officer():
    officer = make.officer("dept_reviewer")

    with pytest.raises(NotAllowed):
        closing.close(officer.account)


def test_twice_is_once(account):
    closing.close(account)
    erased = Erasure.objects.count()

    closing.close(account)

    assert Erasure.objects.count() == erased


def test_the_person_can_begin_again(account):
    make.submitted(account_=account)
    person = account.person
    case = person.cases.get()
    cases.withdraw(case, account=account, reason="")
    closing.close(account)

    again = make.account(Person.objects.get(pk=person.pk), login="again@example.org")

    assert again.person.cases.get() == case


def test_a_company_nobody_else_acts_for_is_named(account):
    company = make.company(of=account.person)

    assert closing.left_alone(account) == [company]


# -- by time


def call_of(person, at):
    resource = Resource.objects.get_or_create(slug="r", defaults={"name": {}, "provider": "PSB", "share": "none"})[0]
    return Call.objects.create(
        resource=resource, of_party=person, matter="m", purpose="prefill", outcome="found", at=at
    )


def test_what_has_served_its_time_goes_and_the_day_before_stays(account):
    now = timezone.now()
    days = holdings.rows()["registers.Call"].erase_days
    over = call_of(account.person, now - datetime.timedelta(days=days, minutes=1))
    held = call_of(account.person, now - datetime.timedelta(days=days - 1))

    erasing.erase_expired(now)

    assert list(Call.objects.all()) == [held] and over.pk != held.pk
    logged = Erasure.objects.get()
    assert (logged.table, logged.rows, logged.why) == ("registers.Call", 1, "retention")


def test_the_log_of_what_was_erased_names_nobody(account):
    call_of(account.person, timezone.now() - datetime.timedelta(days=4000))
    erasing.erase_expired(timezone.now())

    assert {field.name for field in Erasure._meta.concrete_fields} == {"id", "table", "rows", "why", "before", "at"}


def test_more_than_one_round_is_erased(account, monkeypatch):
    monkeypatch.setattr(erasing, "AT_A_TIME", 2)
    for _number in range(5):
        call_of(account.person, timezone.now() - datetime.timedelta(days=4000))

    assert erasing.erase_expired(timezone.now()) == 5


def test_when_the_clock_was_moved_nothing_is_erased(account, monkeypatch):
    call_of(account.person, timezone.now() - datetime.timedelta(days=4000))
    monkeypatch.setattr(erasing, "clock_jumped", lambda: 3600.0)
    assert erasing.erase_expired() == 0
    assert Call.objects.exists()

    monkeypatch.setattr(erasing, "clock_jumped", lambda: 0.0)
    assert erasing.erase_expired() == 1


def test_a_message_nobody_has_read_is_not_erased(account):
    notices.tell(account.person, "result_ready", params={"matter": "x", "number": "1"}, once="m")
    Message.objects.update(at=timezone.now() - datetime.timedelta(days=4000))

    erasing.erase_expired(timezone.now())

    assert Message.objects.count() == 1
    assert LicenceCheck.objects.count() == 0 and Account.objects.filter(pk=account.pk).exists()


def test_with_the_account_go_its_codes_and_who_read_them(account):
    at = timezone.now()
    card = holding.code_of(account, account.person, at)
    CodeCheck.objects.create(code=card, good=True, place="City library", at=at)
    other = make.account()
    stays = holding.code_of(other, other.person, at)

    closing.close(account)

    assert list(IdentityCode.objects.all()) == [stays] and not CodeCheck.objects.exists()
