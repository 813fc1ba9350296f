"""Bad ratings at the desks of the service office: who may, what is kept when something is missing."""

import pytest
from django.utils import timezone

from tests.office.desks import at_the_desk, case_in, officer_for
from tongban.evaluations import services
from tongban.evaluations.models import FollowUp

pytestmark = pytest.mark.django_db


def bad_rating() -> FollowUp:
    case = case_in("delivered")
    services.rate(case, account=case.account, grade=5, reasons=["late"], text="Too late.", key="k", now=timezone.now())
    return FollowUp.objects.get()


def test_a_bad_rating_is_contacted_put_right_and_called_back():
    row = bad_rating()
    client = at_the_desk(officer_for("coordinator"))
    assert "Too late." in client.get("/office/follow-ups/").content.decode()

    for move, data in (("contact", {"note": "Rang."}), ("rectify", {"explanation": "Sorry."}), ("call_back", {})):
        assert client.post(f"/office/follow-ups/{row.pk}/{move}", data).status_code == 302

    row.refresh_from_db()
    assert row.state == "closed"


def test_what_is_missing_is_said_at_the_rating_it_is_about():
    row = bad_rating()

    answer = at_the_desk(officer_for("supervisor")).post(f"/office/follow-ups/{row.pk}/contact", {"note": "x" * 2001})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page and "x" * 2001 in page
    row.refresh_from_db()
    assert row.state == "received"


@pytest.mark.parametrize("role", ["window_officer", "dept_approver", "auditor", "helper"])
def test_others_do_not_follow_up(role):
    row = bad_rating()

    answer = at_the_desk(officer_for(role)).post(f"/office/follow-ups/{row.pk}/contact", {"note": "Rang."})

    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.state == "received"


def test_the_call_back_is_the_service_offices():
    row = bad_rating()
    client = at_the_desk(officer_for("supervisor"))
    client.post(f"/office/follow-ups/{row.pk}/contact", {"note": "Rang."})
    client.post(f"/office/follow-ups/{row.pk}/rectify", {"explanation": "Sorry."})

    answer = client.post(f"/office/follow-ups/{row.pk}/call_back")

    row.refresh_from_db()
    assert (answer.status_code, row.state) == (409, "rectified")
