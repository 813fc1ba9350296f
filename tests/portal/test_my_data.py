"""“This is wrong”, my data, the copy, the end of an account, and why a machine decided so: through the pages, without script."""

import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from tests import doors, make
from tests.registers.test_disputing import EMPLOYMENT, FORM, MATTER, RIGHT
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.journal.models import ReadEntry
from tongban.registers import services as registers
from tongban.registers.models import Call, Consent, Dispute
from tongban.rights.models import Export, Review

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    make.calendar()
    return make.account(make.person("王演练", id_no="99000019961120007X"), login="wang", language="en")


@pytest.fixture
def client(account):
    client = doors.enter(Client(), account, present=True)
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def draft(account):
    registers.load_resources([EMPLOYMENT])
    registers.load_grants(MATTER, form=FORM, ground={"zh": "居住证暂行条例", "en": "Residence Permit Regulations"})
    return cases.begin(make.matter(MATTER, form=FORM), party=account.person, account=account)


def page(client, address) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_beside_a_value_of_a_register_stands_this_is_wrong(client, draft):
    html = page(client, f"/apply/{draft.ref}/form/")

    assert f'href="/apply/{draft.ref}/wrong/employer/"' in html
    assert f"/my/data/contact/?next=/apply/{draft.ref}/form/" in html  # the telephone is one's own


def test_said_without_a_word_of_what_is_right_it_is_asked_for(client, draft):
    response = client.post(f"/apply/{draft.ref}/wrong/employer/", {"employer": ""})

    assert response.status_code == 422
    assert "What the register says" in response.content.decode()
    assert not Dispute.objects.exists()


def test_it_is_said_followed_and_seen_in_the_form(client, draft):
    response = client.post(
        f"/apply/{draft.ref}/wrong/employer/", {"employer": RIGHT, "why": "since March", "go_on": "1"}, follow=True
    )
    row = Dispute.objects.get()

    assert response.redirect_chain[-1][0] == f"/apply/{draft.ref}/form/?field=employer#id_employer"
    html = response.content.decode()
    assert RIGHT in html and f"/my/data/disputes/{row.ref}/" in html
    assert f"/apply/{draft.ref}/wrong/employer/" not in html  # it runs already
    assert RIGHT in page(client, f"/my/data/disputes/{row.ref}/")
    assert "Employer" in page(client, "/my/data/disputes/")


def test_of_a_value_nobody_gave_nothing_can_be_said(client, draft):
    assert client.get(f"/apply/{draft.ref}/wrong/truth/").status_code == 404
    assert client.get(f"/apply/{draft.ref}/wrong/no-such/").status_code == 404


def test_somebody_elses_dispute_is_not_there(client, draft):
    client.post(f"/apply/{draft.ref}/wrong/employer/", {"employer": RIGHT})
    row = Dispute.objects.get()
    other = doors.enter(Client(), make.account(), present=True)

    assert other.get(f"/my/data/disputes/{row.ref}/").status_code == 404
    assert other.post(f"/my/data/disputes/{row.ref}/withdraw").status_code == 404


def test_a_steward_answers_and_every_look_is_written_down(client, draft, account):
    client.post(f"/apply/{draft.ref}/wrong/employer/", {"employer": RIGHT})
    row = Dispute.objects.get()
    steward = make.officer("dept_reviewer", of=make.department("HRSS"))
    desk = doors.enter(Client(), steward.account)
    desk.cookies["language"] = "en"

    assert "Employer" in page(desk, "/office/disputes/")
    assert not ReadEntry.objects.filter(reader=steward.account_id).exists()
    assert RIGHT in page(desk, f"/office/disputes/{row.ref}/")
    assert ReadEntry.objects.get(reader=steward.account_id).fields == ["employment-filing.employer"]
    assert desk.post(f"/office/disputes/{row.ref}/uphold", {"answer": ""}).status_code == 422
    assert desk.post(f"/office/disputes/{row.ref}/correct", {"answer": "seen"}).status_code == 302
    while journal.work_once():
        pass
    assert "Corrected" in page(client, f"/my/data/disputes/{row.ref}/")


def test_the_desk_shows_that_it_is_the_applicants_own_statement(client, draft, account):
    client.post(f"/apply/{draft.ref}/wrong/employer/", {"employer": RIGHT, "go_on": "1"})
    draft.refresh_from_db()
    draft = cases.save(draft, {"truth": True}, revision=draft.revision, account=account)
    case = cases.submit(draft, account=account, level=3, key="k")
    desk = doors.enter(Client(), make.officer("pre_reviewer", of=make.department("PSB")).account)
    desk.cookies["language"] = "en"

    html = page(desk, f"/office/cases/{case.ref}/")

    assert "disputed, own statement" in html and RIGHT in html


# -- what is shared


def test_anybody_sees_what_government_asks_whom_for_what(draft):
    reader = Client()
    reader.cookies["language"] = "en"
    html = page(reader, f"/data-sharing/?matter={MATTER}")

    assert all(
        words in html
        for words in ("Employment filings", "to fill in a form for you", "employer", "Residence Permit Regulations")
    )


def test_a_call_outside_the_grant_is_refused_and_the_person_sees_it(client, draft, account):
    registers.read(
        "employment-filing", of=account.person, matter="curious", about="", purpose="prefill", fields=["employer"],
        actor=journal.Actor(kind="officer", role="dept_reviewer"),
    )  # fmt: skip

    html = page(client, "/my/data/calls/")
    assert "refused" in html and "curious" in html


HEALTH = [
    {"id": "exam", "zh": "体检", "en": "Exam", "type": "text", "required": False, "prefill": "medical-exam.passed"},
    *FORM[1:],
]


def test_sensitive_data_is_read_only_with_an_agreement_that_can_be_taken_back(client, account):
    registers.load_resources(
        [
            {
                **EMPLOYMENT,
                "id": "medical-exam",
                "zh": "驾驶人体检",
                "en": "Driver medical exam",
                "fields": ["passed"],
                "sensitive": True,
            }
        ]
    )
    registers.load_grants("driving", form=HEALTH)
    make.matter("driving", form=HEALTH)
    assert "Driver medical exam" in page(client, "/matters/driving/apply/")

    client.post("/matters/driving/apply/", {"for": account.person_id})
    assert Call.objects.get().outcome == "no_consent"
    client.post("/matters/driving/apply/", {"for": account.person_id, "consent": "medical-exam"})
    assert Call.objects.order_by("-id").first().outcome in {"found", "not_found"}
    consent = Consent.objects.get()
    assert "Driver medical exam" in consent.text["en"] and consent.text_version
    assert 'name="consent"' not in page(client, "/matters/driving/apply/")
    assert consent.text["en"].split("“")[1].split("”")[0] in page(client, "/my/data/")

    client.post(f"/my/data/consents/{consent.pk}/revoke")
    client.post("/matters/driving/apply/", {"for": account.person_id})
    assert Call.objects.order_by("-id").first().outcome == "no_consent"


# -- my data


def show_again(client) -> None:
    """The password was typed once more just now, in this session."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session.save()


def test_my_data_says_what_is_held_why_and_how_long(client, draft):
    html = page(client, "/my/data/")

    assert all(words in html for words in ("My applications", "What for", "On which ground", "30 years for permits"))


def test_whoever_has_not_proved_an_identity_sees_the_account_too():
    from tongban.parties.models import Account

    fresh = Account.objects.create_user("fresh", "a good pass phrase")
    client = doors.enter(Client(), fresh)

    assert client.get("/my/data/").status_code == 200
    assert client.post("/my/data/copy").status_code == 302
    assert Export.objects.get().party is None


def test_the_copy_is_asked_for_made_and_fetched_by_its_asker_alone(client, draft, account):
    client.post("/my/data/copy")
    part = f'id="copy-{Export.objects.get().pk}"'
    assert part in page(client, "/my/data/")
    while journal.work_once():
        pass
    row = Export.objects.get()
    address = f"/my/data/copies/{row.name}.zip"

    ready = page(client, "/my/data/")
    assert address in ready[ready.index(part) :]  # in the part that is taken fresh while one waits
    asked = client.get(address).headers["Location"]
    assert asked == "/account/confirm/?next=%2Fmy%2Fdata%2F%23copy"  # back to where the button is
    show_again(client)
    response = client.get(address)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    assert doors.enter(Client(), make.account()).get(address).status_code == 404


def test_own_address_is_changed_and_the_next_form_begins_with_it(client, draft, account):
    assert (
        client.post("/my/data/contact/", {"address": "新路9号", "bank_account": "not an account!"}).status_code == 422
    )
    assert client.post("/my/data/contact/", {"address": "新路9号", "bank_account": ""}).status_code == 302

    account.person.refresh_from_db()
    assert account.person.address == "新路9号"


def test_whoever_does_not_want_to_be_asked_is_not(client, account):
    client.post("/my/data/objections", {"rating": "1"})
    case = make.case("approved", account_=account)
    from tongban.evaluations import services as evaluations

    assert evaluations.invite(Case.objects.get(pk=case.pk)) is None
    client.post("/my/data/objections", {})
    assert evaluations.invite(Case.objects.get(pk=case.pk)) is not None


def test_the_account_is_closed_only_when_it_is_meant(client, account):
    assert client.post("/my/data/close/", {"sure": "true"}).headers["Location"].startswith("/account/confirm/")
    show_again(client)
    assert client.post("/my/data/close/").status_code == 422
    assert client.post("/my/data/close/", {"sure": "true"}).headers["Location"] == "/closed/"

    account.refresh_from_db()
    assert not account.is_active
    assert client.get("/my/").status_code == 302
    assert page(client, "/closed/")


# -- why


@pytest.fixture
def decided(account):
    case = make.case("approved", account_=account)
    trace = {
        "rules_version": "3", "at": "2026-11-20T10:00:00+08:00", "result": True, "facts": {"age": 30, "employment.active": True},
        "lines": [{"text": {"zh": "年满18岁", "en": "Is 18 or older"}, "result": True, "left": 30, "right": 18}],
    }  # fmt: skip
    Case.objects.filter(pk=case.pk).update(decided_by_machine=True)
    case.refresh_from_db()
    case.rules_trace = trace
    case.save(update_fields=["rules_trace"])
    return case


def test_a_decision_of_the_machine_is_explained_and_a_person_looks_at_it(client, decided):
    html = page(client, f"/my/cases/{decided.ref}/why/")
    assert all(words in html for words in ("Is 18 or older", "Age", "30", "Ask a person"))

    client.post(f"/my/cases/{decided.ref}/why/", {"text": "please look"})
    review = Review.objects.get()
    desk = doors.enter(Client(), make.officer("dept_reviewer", of=decided.department).account)
    desk.cookies["language"] = "en"
    assert "please look" in page(desk, "/office/reviews/")
    assert desk.post(f"/office/reviews/{review.pk}/stands", {"answer": ""}).status_code == 422
    desk.post(f"/office/reviews/{review.pk}/stands", {"answer": "all is right"})
    assert "all is right" in page(client, f"/my/cases/{decided.ref}/why/")


def test_what_people_decided_has_no_such_page(client, account):
    case = make.case("approved", account_=account)

    assert client.get(f"/my/cases/{case.ref}/why/").status_code == 404


def test_another_departments_reviews_are_not_there(client, decided):
    client.post(f"/my/cases/{decided.ref}/why/", {"text": ""})
    stranger = doors.enter(Client(), make.officer("dept_reviewer", of=make.department("AMR")).account)

    assert stranger.post(f"/office/reviews/{Review.objects.get().pk}/stands", {"answer": "x"}).status_code == 404


# -- figures


def test_heads_see_figures_and_the_cases_behind_them():
    make.submitted()
    while journal.work_once():
        pass
    head = doors.enter(Client(), make.officer("dept_approver", of=make.department("PSB")).account)
    head.cookies["language"] = "en"
    slug = Case.objects.get().matter.slug

    assert "not enough: 1 case" in page(head, "/office/figures/")
    assert Case.objects.get().number in page(head, f"/office/figures/{slug}/prefilled/")
    stranger = doors.enter(Client(), make.officer("dept_approver", of=make.department("AMR")).account)
    assert stranger.get(f"/office/figures/{slug}/prefilled/").status_code == 404
    assert head.get(f"/office/figures/{slug}/nonsense/").status_code == 404


def test_the_stewards_list_asks_as_much_for_three_as_for_one(draft, account, django_assert_max_num_queries):
    steward = doors.enter(Client(), make.officer("dept_reviewer", of=make.department("HRSS")).account)
    cases.dispute(draft, "employer", account=account, says=RIGHT)
    with django_assert_max_num_queries(40) as one:
        steward.get("/office/disputes/")
    for _number in range(2):
        other = make.account(make.person())
        row = Dispute.objects.first()
        row.pk, row.ref, row.of_party_id, row.account = None, f"x{_number}", other.person_id, other
        row.save(force_insert=True)
    with django_assert_max_num_queries(len(one)):
        steward.get("/office/disputes/")
