"""A guest at an entrance that asks for a test shows a certificate: judged at once, kept nowhere, and the guard compares the name."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.codes import health_passes as issuer
from tests.codes import venues
from tests.doors import enter as sign_in
from tongban.codes.models import EntranceCount
from tongban.codes.services import passes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def signer():
    now = timezone.now()
    der = issuer.certificate(begins=now - timedelta(days=9), ends=now + timedelta(days=90))
    passes.trust_signers(passes.load_signers("health-pass", der, origin="tests", officer=None), officer=None)
    return der


@pytest.fixture
def guest(client, signer):
    """Somebody without an account, told that the guard needs to see more."""
    row = venues.venue()
    venues.order(entry_rules={"wet market": "test_48h"})
    venues.rule("test_48h")
    token = venues.token(venues.poster(row))
    client.get(reverse("portal:at", args=[token]))
    client.post(reverse("portal:enter", args=[token]))
    return client


def of_test(signer, hours=10, **changes):
    now = timezone.now()
    sampled = (now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return issuer.pass_of("t", der=signer, sc=sampled, iat=now - timedelta(days=4), exp=now + timedelta(days=4), **changes)  # fmt: skip


def shown(guest, text) -> str:
    answer = guest.post("/entered/health-pass", {"qr_text": text}, follow=True)
    return answer.content.decode()


def test_a_recent_negative_test_leads_to_the_guards_look_at_the_name(guest, signer):
    before = guest.get("/entered/").content.decode()
    assert "Show a health pass" in before and "tb-pass" not in before

    page = shown(guest, of_test(signer))

    assert "Now show the guard your identity card" in page
    assert "Erika Mustermann" in page and "10 hours ago" in page
    assert "<tb-pass" in page  # with word and clock of the minute: a picture of it is worth nothing
    assert 'data-verdict="warn"' in page  # never green by itself: whose pass it is, only a document says


def test_nothing_of_the_pass_is_kept(guest, signer):
    text = of_test(signer)
    rows = lambda: {model._meta.label: model._base_manager.count() for model in apps.get_models()}  # noqa: E731
    before, counted = rows(), list(EntranceCount.objects.values())

    shown(guest, text)

    assert rows() == before
    assert list(EntranceCount.objects.values()) == counted


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ({"tr": issuer.POSITIVE}, "Your last test was positive"),
        ({"hours": 49}, "older than this place allows"),
        ({"hours": -3}, "not known yet"),
        ({"tr": "x"}, "not known yet"),
    ],
)
def test_what_is_not_enough_is_refused_with_its_reason(guest, signer, made, wanted):
    page = shown(guest, of_test(signer, **made))

    assert wanted in page
    assert "<tb-pass" not in page and "Erika" not in page


def test_a_forged_pass_and_one_without_a_test_say_so_and_another_may_follow(guest, signer):
    now = timezone.now()
    life = {"iat": now - timedelta(days=1), "exp": now + timedelta(days=9)}
    vaccination = issuer.pass_of("v", der=signer, **life)
    stranger = issuer.pass_of("t", private_key=issuer.key("another"), der=signer, **life)

    assert "This pass cannot be taken" in shown(guest, stranger)
    assert "This pass holds no test" in shown(guest, vaccination)
    assert "Now show the guard" in shown(guest, of_test(signer))


def test_without_a_pass_of_the_entrance_or_where_no_test_is_asked_for_nothing_is_read(client, signer):
    assert "Now show the guard" not in shown(client, of_test(signer))  # no entrance was scanned here

    token = venues.token(venues.poster(venues.venue()))
    client.get(reverse("portal:at", args=[token]))
    client.post(reverse("portal:enter", args=[token]))
    assert "Show a health pass" not in client.get("/entered/").content.decode()
    assert "Come in" in shown(client, of_test(signer))


def test_whom_we_know_is_judged_by_the_account_and_not_by_what_is_held_out(guest, signer):
    person = make.account()
    row = venues.venue(name="另一市场")
    token = venues.token(venues.poster(row))
    sign_in(guest, person)
    guest.get(reverse("portal:at", args=[token]))
    guest.post(reverse("portal:enter", args=[token]))

    assert "Show a health pass" not in guest.get("/entered/").content.decode()
    assert "Now show the guard" not in shown(guest, of_test(signer))


def test_an_empty_field_is_a_sentence_beside_it(guest):
    answer = guest.post("/entered/health-pass", {"qr_text": " "})

    assert answer.status_code == 422
    assert "Scan the code of the pass first" in answer.content.decode()
