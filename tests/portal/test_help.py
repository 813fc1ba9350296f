"""Being rung up: asked once, promised for an hour of service, rung by an officer, and forgotten after a month."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tests.office.desks import at_the_desk, officer_for
from tongban.journal.models import ReadEntry
from tongban.notices import services
from tongban.notices.models import CallBack, Message

pytestmark = pytest.mark.django_db

ASKED = {"name": "王奶奶", "phone": "138 0013 8000", "about": "养老金", "key": "k1"}


@pytest.fixture(autouse=True)
def _calendar():
    make.calendar()


def signed_in(account) -> Client:
    return doors.enter(Client(), account)


def test_a_stranger_asks_and_is_told_by_when():
    client = Client()

    answer = client.post("/help/", ASKED, follow=True)

    row = CallBack.objects.get()
    assert (row.name, row.phone, row.about, row.language, row.account) == (
        "王奶奶",
        "13800138000",
        "养老金",
        "zh",
        None,
    )
    assert timezone.localtime(row.due_at).strftime("%H:%M") in answer.content.decode()


def test_the_promise_is_an_hour_of_service():
    friday_evening = datetime.datetime(2026, 11, 20, 16, 30, tzinfo=timezone.get_default_timezone())

    row = services.ask_for_a_call(**ASKED, account=None, language="zh-hans", now=friday_evening)

    assert timezone.localtime(row.due_at).strftime("%A %H:%M") == "Monday 09:30"


def test_asking_twice_is_asking_once():
    account = make.account()
    client = signed_in(account)

    for key in ("k1", "k1", "k2"):
        client.post("/help/", {**ASKED, "key": key})

    assert CallBack.objects.count() == 1
    assert (
        "<form" not in client.get("/help/").content.decode().partition('id="call-back"')[2].partition("</section>")[0]
    )


@pytest.mark.parametrize(("field", "typed"), [("name", "  "), ("phone", "12"), ("phone", "<script>")])
def test_what_cannot_be_rung_is_said_at_its_field_and_kept(field, typed):
    answer = Client().post("/help/", {**ASKED, field: typed})

    page = answer.content.decode()
    assert answer.status_code == 422 and 'aria-invalid="true"' in page and "养老金" in page
    assert not CallBack.objects.exists()


def test_an_officer_rings_and_the_reading_is_written_down():
    account = make.account(make.person(name="李奶奶"))
    signed_in(account).post("/help/", ASKED)
    row = CallBack.objects.get()
    desk = at_the_desk(officer_for("window_officer"))
    listed = desk.get("/office/call-backs/").content.decode()
    assert "王奶奶" not in listed and "13800138000" not in listed  # only when it is opened

    opened = desk.get(f"/office/call-backs/{row.pk}/").content.decode()
    assert 'href="tel:13800138000"' in opened
    assert ReadEntry.objects.filter(of_party=account.person_id, about=f"call-back:{row.pk}").exists()
    assert desk.post(f"/office/call-backs/{row.pk}/", {"reached": "yes"}).status_code == 422
    assert desk.post(f"/office/call-backs/{row.pk}/", {"reached": "yes", "note": "Pension."}).status_code == 302

    row.refresh_from_db()
    assert (row.state, row.note, row.tries) == ("called", "Pension.", 1)


def test_after_three_calls_nobody_took_it_is_told_in_writing():
    account = make.account()
    signed_in(account).post("/help/", ASKED)
    row = CallBack.objects.get()
    desk = at_the_desk(officer_for("coordinator"))

    for number in (1, 2, 3):
        assert not Message.objects.exists()
        assert desk.post(f"/office/call-backs/{row.pk}/", {"reached": "no"}).status_code == 302, number

    row.refresh_from_db()
    assert (row.state, row.tries) == ("given_up", 3)
    assert Message.objects.get().kind == "call_back_missed"
    assert desk.post(f"/office/call-backs/{row.pk}/", {"reached": "no"}).status_code == 409


def test_a_month_after_the_call_nothing_is_kept():
    row = services.ask_for_a_call(**ASKED, account=None, language="zh-hans")
    at_the_desk(officer_for("helper")).post(f"/office/call-backs/{row.pk}/", {"reached": "yes", "note": "Done."})
    later = timezone.now() + datetime.timedelta(days=31)

    assert services.forget_calls(timezone.now()) == 0
    assert services.forget_calls(later) == 1
    assert not CallBack.objects.exists()


def test_others_do_not_ring():
    assert at_the_desk(officer_for("dept_approver")).get("/office/call-backs/").status_code == 403
