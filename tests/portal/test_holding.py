"""What a party holds and was told: licences, messages, ratings."""

import pytest

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.evaluations.models import FollowUp, Rating
from tongban.licences.models import Licence
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def applicant(client):
    account = make.account()
    enter(client, account, present=True)
    client.cookies["language"] = "en"
    return account


def test_a_licence_is_in_the_wallet_with_its_sealed_file_and_its_code(client, applicant):
    case = ways.bring("closed", account_=applicant)

    wallet = client.get("/my/licences/")
    page = client.get(f"/my/licences/{case.licence_id}/")
    sealed = client.get(f"/my/licences/{case.licence_id}/licence.pdf")

    assert [one.pk for one in wallet.context["in_force"]] == [case.licence_id]
    assert f"/verify/{case.licence.token}" in page.content.decode() and "<svg" in page.content.decode()
    assert sealed.content.startswith(b"%PDF") and "no-store" in sealed["Cache-Control"]


def test_a_licence_that_is_over_stands_apart_and_is_not_gone(client, applicant):
    case = ways.bring("revoked", account_=applicant)

    wallet, over = client.get("/my/licences/"), client.get("/my/licences/?shelf=over")

    assert (wallet.context["in_force"], [one.pk for one in over.context["others"]]) == ([], [case.licence_id])
    assert "shelf=over" in wallet.content.decode()


def test_other_peoples_licences_are_not_found(client, applicant):
    other = ways.bring("ready").licence_id

    answers = [client.get(f"/my/licences/{pk}/{rest}") for pk in (other, 10**9) for rest in ("", "licence.pdf")]

    assert {answer.status_code for answer in answers} == {404}


def test_a_licence_of_ones_company_leads_into_the_companys_space(client):
    person = make.person()
    account, company = make.account(person), make.company(of=person)
    licence = ways.bring("ready").licence
    Licence.objects.filter(pk=licence.pk).update(holder=company)
    enter(client, account, space=person)

    page = client.get(f"/my/licences/{licence.pk}/")

    assert page.status_code == 200
    assert client.session["space"] == company.pk


def test_a_message_is_opened_once_and_leads_to_its_case(client, applicant):
    case = ways.bring("correction_requested", account_=applicant)
    ways.work()
    message = Message.objects.get(party=case.applicant, kind="correction_requested")

    before = client.get("/my/inbox/").content.decode()
    opened = client.post(f"/my/inbox/{message.pk}/open")

    assert "data-unread" in before
    assert opened["Location"] == f"/my/cases/{case.ref}/"
    message.refresh_from_db()
    stranger = enter(type(client)(), make.account())
    assert stranger.post(f"/my/inbox/{message.pk}/open").status_code == 404
    assert client.post("/my/inbox/read").status_code == 302
    assert "data-unread" not in client.get("/my/inbox/").content.decode()


def invited(account):
    case = ways.bring("closed", account_=account)
    ways.work()
    return case


def test_a_rating_is_given_once_and_stands(client, applicant):
    case = invited(applicant)
    address = f"/my/cases/{case.ref}/rate/"

    first = client.post(address, {"grade": "5", "text": "quick", "key": "one"})
    double = client.post(address, {"grade": "5", "text": "quick", "key": "one"})
    later = client.post(address, {"grade": "1", "text": "changed my mind", "reasons": "late", "key": "two"})

    assert (first.status_code, double.status_code, later.status_code) == (302, 302, 409)
    rating = Rating.objects.get(case=case)
    assert (rating.text, rating.named) == ("quick", False)
    assert 'name="grade"' not in client.get(address).content.decode()
    assert not FollowUp.objects.exists()


def test_a_bad_rating_opens_a_follow_up(client, applicant):
    case = invited(applicant)

    client.post(f"/my/cases/{case.ref}/rate/", {"grade": "1", "text": "three trips", "reasons": "late", "key": "one"})

    assert FollowUp.objects.filter(rating__case=case).count() == 1


@pytest.mark.parametrize("grade", ["", "0", "6", "good"])
def test_a_rating_without_a_grade_is_asked_for_again_and_keeps_its_words(client, applicant, grade):
    case = invited(applicant)

    answer = client.post(f"/my/cases/{case.ref}/rate/", {"grade": grade, "text": "long words", "key": "one"})

    assert answer.status_code == 422
    assert "long words" in answer.content.decode()
    assert not Rating.objects.exists()
