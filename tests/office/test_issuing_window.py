"""The unified issuing window as pages: prepare, scan, compare, hand over, print; and the applicant's own page beside it."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.cases.test_delivering import HOME, PAPER, STROKES
from tongban.cases.gateways import simulated
from tongban.cases.models import Collection, Delivery, TrackingEvent, TwinParcel
from tongban.cases.services import delivering, packing
from tongban.journal import services as journal
from tongban.journal.models import ReadEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def issuing():
    return make.officer("issuing_officer", of=make.department("DSO"))


@pytest.fixture
def desk(client, issuing):
    doors.enter(client, issuing.account)
    return client


def granted(of=None, account=None):
    case = make.case("approved", of, answers=PAPER, **({"account_": account} if account else {}))
    journal.work_once(50)
    case.refresh_from_db()
    return case


def at(name: str, *args) -> str:
    return reverse(f"office:{name}", args=args)


def citizen(case) -> Client:
    made = Client(headers={"accept-language": "en"})
    doors.enter(made, case.account, present=True)
    return made


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_one_scan_hands_over_everything_of_one_person_against_document_and_signature(desk, issuing):
    account = make.account()
    cases = [granted(account=account), granted(make.matter(department=make.department("HRB")), account)]
    rows = [Delivery.objects.get(case=case) for case in cases]
    for row in rows:
        assert desk.get(at("issuing_print", row.ref, row.items.get().pk))["Content-Type"] == "application/pdf"
        assert desk.post(at("issuing_act", row.ref, "lay-out")).status_code == 302
    code = Delivery.objects.get(pk=rows[0].pk).code
    shown = citizen(cases[0]).get(f"/my/cases/{cases[0].ref}/")
    assert packing.in_groups(code) in text_of(shown)
    assert 'class="qr"' in shown.content.decode()

    found = desk.post(at("issuing_find"), {"code": code.upper()})
    assert found["Location"] == at("issuing_package", rows[0].ref)
    page = desk.get(found["Location"])
    assert code not in page.content.decode().lower()
    assert all(case.number in text_of(page) for case in cases)
    said = {
        "item": [row.items.get().pk for row in rows], "taker": f"p{account.person_id}", "id_end": "0000",
        "signed": "glass", "strokes": json.dumps(STROKES),
    }  # fmt: skip
    wrong = desk.post(at("issuing_hand_over", rows[0].ref), said)
    assert (wrong.status_code, Collection.objects.count()) == (422, 0)
    assert "This is not what stands at the end of the document" in text_of(wrong)
    assert "Tick what is handed over." not in text_of(wrong)
    nothing = desk.post(at("issuing_hand_over", rows[0].ref), {**said, "item": []})
    assert (nothing.status_code, "Tick what is handed over." in text_of(nothing)) == (422, True)

    done = desk.post(at("issuing_hand_over", rows[0].ref), {**said, "id_end": account.person.id_no[-4:]})

    made = Collection.objects.get()
    assert done["Location"] == at("issuing_collection", made.ref)
    proof = desk.get(done["Location"])
    assert "<polyline" in proof.content.decode()
    receipts = [case.documents.get(kind="delivery_proof") for case in cases]
    assert desk.get(at("issuing_receipt", made.ref, receipts[1].pk))["Content-Type"] == "application/pdf"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"handed_over"}
    assert ReadEntry.objects.filter(of_party=account.person_id, purpose="handing over").exists()
    gone = desk.post(at("issuing_find"), {"code": code})
    assert (gone.status_code, "a code is good for one hand-over" in text_of(gone)) == (422, True)


def test_the_code_is_for_whoever_receives_and_no_officer_sees_it(desk, issuing):
    case = granted()
    row = delivering.lay_out(Delivery.objects.select_related("case").get(case=case), officer=issuing)

    for page in (at("issuing"), at("issuing") + "?tab=waiting", at("issuing_package", row.ref)):
        answer = desk.get(page)
        assert answer.status_code == 200
        assert row.code not in answer.content.decode().lower().replace(" ", "")


def test_the_lists_cost_the_same_with_one_and_with_three(desk, django_assert_num_queries):
    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as asked:
            assert desk.get(at("issuing")).status_code == 200
        return len(asked)

    granted()
    desk.get(at("issuing"))
    one = count()
    granted()
    granted()

    assert count() == one


def test_a_supervisor_looks_and_hands_nothing_over(client, issuing):
    row = Delivery.objects.get(case=granted())
    doors.enter(client, make.officer("supervisor", of=make.department("DSO")).account)

    assert client.get(at("issuing_package", row.ref)).status_code == 200
    assert client.post(at("issuing_act", row.ref, "lay-out")).status_code == 403


def test_the_applicant_chooses_and_what_was_typed_stays_when_something_is_missing():
    case = make.case("under_review", make.matter(express=True))
    page, where = citizen(case), f"/my/cases/{case.ref}/getting/"
    assert page.get(where).status_code == 200

    wrong = page.post(where, {"way": "post", **HOME, "phone": "12"})
    assert (wrong.status_code, HOME["address"] in wrong.content.decode()) == (422, True)
    assert page.post(where, {"way": "post", **HOME}).status_code == 302
    assert page.post(where, {"way": "rocket"}).status_code == 422

    assert (Delivery.objects.get().way, Delivery.objects.get().address) == ("post", HOME)
    assert "by post" in text_of(page.get(f"/my/cases/{case.ref}/"))


def test_a_couriers_notice_is_believed_only_with_its_signature(client, issuing):
    case = granted(make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    row = delivering.post(Delivery.objects.select_related("case").get(case=case), officer=issuing)
    parcel = TwinParcel.objects.get()
    content = {"id": "1", "kind": "delivered", "reference": parcel.reference, "at": 1, "where": ""}
    where = reverse("exchange:carrier_notices", args=["simulated-courier"])

    def send(**how):
        body, headers = simulated.notice("simulated-courier", content, timezone.now(), **how)
        return client.post(where, body, content_type="application/json", headers=headers).status_code

    assert [send(forged=True), TrackingEvent.objects.count()] == [400, 0]
    assert [send(), send(), TrackingEvent.objects.count()] == [200, 200, 1]
    row.refresh_from_db()
    assert row.state == "handed_over"


def test_the_simulated_pages_say_that_they_are_and_do_what_is_chosen(client, issuing):
    case = granted(make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    row = delivering.post(Delivery.objects.select_related("case").get(case=case), officer=issuing)
    where = reverse("exchange:simulated_courier", args=[TwinParcel.objects.get().key])
    assert "nothing is sent" in text_of(client.get(where))

    for what in ("out", "forged", "delivered"):
        client.post(where, {"what": what, "twice": "1"})
    assert text_of(client.get(where)).count("has not answered yet") == 5
    journal.work_once(50)

    said = text_of(client.get(where))
    answers = ("answered: taken.", "nothing new in it", "answered: not believed")
    assert [said.count(words) for words in answers] == [2, 2, 1]
    assert list(TrackingEvent.objects.values_list("kind", flat=True)) == ["out", "delivered"]
    row.refresh_from_db()
    assert row.state == "handed_over"
    assert "come to its end" in text_of(client.get(where))
    doors.enter(client, issuing.account)
    seen = text_of(client.get(at("issuing_package", row.ref)))
    assert "The way of the parcel" in seen and row.tracking in seen and "The parcel lies here again" not in seen


def test_the_simulated_locker_opens_with_the_code_and_is_not_guessed(client, issuing):
    case = granted()
    delivering.choose(case, account=case.account, way="locker")
    row = delivering.put_in_locker(Delivery.objects.select_related("case").get(case=case), officer=issuing)
    where = reverse("exchange:simulated_locker", args=[row.hall])

    wrong = client.post(where, {"code": "aaaa 2222"})
    assert (wrong.status_code, "opens no door" in text_of(wrong)) == (422, True)
    assert "Door A01 is open" in text_of(client.post(where, {"code": packing.in_groups(row.code)}))
    codes = [client.post(where, {"code": "aaaa 2222"}).status_code for _try in range(11)]
    assert codes[-1] == 429
