"""My health passes: kept when valid, sealed, shown, deleted; what is kept and what the register says is the latest test."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tests import doors, make
from tests.codes import health_passes as issuer
from tests.exchange.test_passes import picture
from tongban.codes.models import KeptPass, KnownTest
from tongban.codes.services import passes
from tongban.codes.test_results import latest_test, latest_tests
from tongban.journal.models import ReadEntry
from tongban.registers import consenting
from tongban.registers import services as registers
from tongban.registers.models import Call

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def at_that_time():
    """However late in a run: what is done by the clock and what is asked at NOW are of the same minute."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def signer(db):
    der = issuer.certificate(begins=NOW - timedelta(days=9), ends=NOW + timedelta(days=90))
    passes.trust_signers(passes.load_signers("health-pass", der, origin="tests", officer=None), officer=None)
    return der


@pytest.fixture
def account(db):
    return make.account(make.person("王演练"), login="wang")


@pytest.fixture
def page(client, account, in_english):
    doors.enter(client, account)
    return client


def a_pass(der, kind="t", **changes):
    if kind == "t":
        changes = {"sc": (NOW - timedelta(hours=5)).isoformat()} | changes
    return issuer.pass_of(kind, der=der, iat=NOW - timedelta(hours=4), exp=NOW + timedelta(days=20), **changes)


def test_a_valid_pass_is_kept_shown_with_its_code_and_deleted(page, signer, account):
    kept = page.post("/my/passes/", {"qr_text": a_pass(signer)}, follow=True)
    row = KeptPass.objects.get()

    assert kept.redirect_chain == [(f"/my/passes/{row.ref}/", 302)]
    text = kept.content.decode()
    assert "May pass" in text
    assert "可以通行" in text
    assert "Erika Mustermann" in text
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="qr"' in text
    assert "Hall of tests" in page.get("/my/passes/").content.decode()

    page.post(f"/my/passes/{row.ref}/delete")

    assert not KeptPass.objects.exists()
    assert not KnownTest.objects.exists()
    assert "No pass is kept here yet" in page.get("/my/passes/").content.decode()


def test_the_same_pass_is_kept_once(page, signer):
    text = a_pass(signer)

    first, second = (page.post("/my/passes/", {"qr_text": f" {text}\n"}) for _each in range(2))

    assert first["Location"] == second["Location"]
    assert KeptPass.objects.count() == 1


def test_a_picture_of_the_code_is_taken_too(page, signer):
    file = io.BytesIO(picture(a_pass(signer, "v")))
    file.name = "pass.png"

    assert page.post("/my/passes/", {"picture": file}).status_code == 302
    assert KeptPass.objects.get().facts["kind"] == "v"
    assert not KnownTest.objects.exists()


@pytest.mark.parametrize("text", ["", "hello", "HC1:hello"])
def test_what_is_not_valid_is_not_kept(page, signer, text):
    answered = page.post("/my/passes/", {"qr_text": text})

    assert answered.status_code in (409, 422)
    assert not KeptPass.objects.exists()


def test_nothing_of_a_kept_pass_stands_in_clear_in_the_database(page, signer):
    page.post("/my/passes/", {"qr_text": (text := a_pass(signer))})

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM codes_keptpass")
        raw = repr(cursor.fetchall())
        cursor.execute("SELECT * FROM codes_knowntest")
        raw += repr(cursor.fetchall())
    for clear in ("Mustermann", text[:30], issuer.NEGATIVE, "negative", "Hall of tests"):
        assert clear not in raw


def test_somebody_elses_pass_is_not_there(page, signer):
    other = make.account(make.person("李示例"), login="li")
    row = passes.keep(a_pass(signer), person=other.person, account=other)

    assert page.get(f"/my/passes/{row.ref}/").status_code == 404
    assert page.post(f"/my/passes/{row.ref}/delete").status_code == 404
    assert KeptPass.objects.count() == 1


def test_looking_at_ones_pass_is_written_down(page, signer, account):
    page.post("/my/passes/", {"qr_text": a_pass(signer)}, follow=True)

    entry = ReadEntry.objects.filter(purpose="own health passes").order_by("id").last()
    assert (entry.of_party, entry.reader) == (account.person_id, account.pk)


def test_a_company_is_led_to_its_own_space(client, account, in_english):
    doors.enter(client, account, space=make.company(of=account.person))

    assert "kept by persons" in client.get("/my/passes/").content.decode()


# -- the latest test


def seen(person, at=NOW):
    found = latest_test(person.pk, at)
    return found and (found.result, found.source, found.centre)


def test_the_latest_test_is_that_of_the_newest_pass_at_the_moment_asked_for(signer, account):
    person = account.person
    for hours, result in ((50, issuer.POSITIVE), (5, issuer.NEGATIVE)):
        sampled = (NOW - timedelta(hours=hours)).isoformat()
        passes.keep(a_pass(signer, sc=sampled, tr=result), person=person, account=account)

    assert seen(person) == ("negative", "pass", "Hall of tests")
    assert seen(person, NOW - timedelta(hours=10)) == ("positive", "pass", "Hall of tests")
    assert seen(person, NOW - timedelta(hours=60)) is None


def test_of_two_tests_of_one_moment_the_positive_one_counts(signer, account):
    for result in (issuer.POSITIVE, issuer.NEGATIVE):
        passes.keep(a_pass(signer, tr=result), person=account.person, account=account)

    assert seen(account.person)[0] == "positive"


def test_many_persons_are_asked_in_one_query(signer, django_assert_num_queries):
    accounts = [make.account(make.person(f"某{n}"), login=f"p{n}") for n in range(3)]
    for one in accounts:
        passes.keep(a_pass(signer), person=one.person, account=one)

    for some in (accounts[:1], accounts):
        ids = [one.person_id for one in some]
        with django_assert_num_queries(1):
            assert set(latest_tests([*ids, 987_654], NOW)) == set(ids)
    assert latest_tests([], NOW) == {}


# -- the register of tests


class Register:
    """The authority's answer, as the demonstration's twin gives it."""

    def __init__(self, **held):
        self.held = held

    def read(self, resource, subject, fields, reference):
        return {name: self.held.get(name) for name in fields}


@pytest.fixture
def register(db, monkeypatch):
    row = {"id": "test-result", "zh": "检测结果", "en": "Test results", "provider": "HC", "share": "conditional", "sensitive": True,
           "fields": ["sampled_at", "result", "hours_old"]}  # fmt: skip
    registers.load_resources([row])
    passes.share_register()
    says = Register(sampled_at="2026-11-20", result="阳性", hours_old=12)
    monkeypatch.setattr("tongban.registers.services.authority", lambda: says)
    return says


def test_the_register_is_asked_only_after_the_person_agreed(page, register, account):
    assert "from “Test results”" in page.get("/my/passes/").content.decode()
    page.post("/my/passes/register")
    assert seen(account.person) is None
    assert not Call.objects.exists()

    page.post("/my/passes/register", {"agree": "true"})

    assert latest_test(account.person_id, timezone.now()).result == "positive"
    assert Call.objects.get().outcome == "found"
    assert consenting.in_force(account.person).count() == 1
    page_now = page.get("/my/passes/").content.decode()
    assert "from the register of tests" in page_now
    assert "positive" in page_now


def test_consent_taken_back_stops_the_asking(page, register, account):
    page.post("/my/passes/register", {"agree": "true"})
    consenting.revoke(consenting.in_force(account.person).get(), account=account)

    heard = passes.ask_register(account.person, account=account)

    assert heard.outcome == "no_consent"
    assert not KnownTest.objects.exists()


def test_when_consent_is_taken_back_what_rested_on_it_goes_by_itself(page, register, account):
    page.post("/my/passes/register", {"agree": "true"})
    consent = consenting.revoke(consenting.in_force(account.person).get(), account=account)
    again = consenting.give(
        passes.consent_wanted(account.person), party=account.person, account=account, matter_name={}
    )

    passes.consent_revoked(again.pk)
    assert KnownTest.objects.exists()
    passes.consent_revoked(consent.pk)
    assert not KnownTest.objects.exists()


def test_the_register_says_one_test_and_the_next_answer_follows_it(page, register, account):
    page.post("/my/passes/register", {"agree": "true"})
    register.held = {"sampled_at": "2026-11-21", "result": "阴性", "hours_old": 1}
    page.post("/my/passes/register")

    assert KnownTest.objects.count() == 1
    assert latest_test(account.person_id, timezone.now()).result == "negative"


@pytest.mark.parametrize("held", [{}, {"sampled_at": "soon"}, {"hours_old": -5}])
def test_an_answer_without_a_time_is_no_test(register, account, held):
    passes.agree(passes.consent_wanted(account.person), person=account.person, account=account)
    register.held = held

    assert passes.ask_register(account.person, account=account).outcome == "not_found"
    assert seen(account.person) is None


def test_where_the_register_is_not_shared_nothing_is_offered(page):
    assert "Ask the register of tests" not in page.get("/my/passes/").content.decode()
