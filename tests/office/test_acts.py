"""Every move an officer makes, through the real pages: the role the law names can, nobody else can, and a second hand is told."""

from datetime import date

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.office.desks import (
    ACTS,
    HALL,
    MARK,
    MOVE,
    REASON,
    ROLES,
    TARGET,
    at_the_desk,
    case_in,
    give_a_reason,
    matter,
    officer_for,
    press,
    services_mark,
    standing,
)
from tongban.cases import services
from tongban.cases.models import Case
from tongban.cases.queries import visible_to
from tongban.cases.states import MOVES, CaseState
from tongban.channels.office.acts import ACTS as OFFERED
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.journal.models import ReadEntry

pytestmark = pytest.mark.django_db

BY_STAFF = set(ROLES)
QUIETLY = {"headers": {"accept": "application/json"}}  # the refusal as a problem document instead of the whole page


def test_every_move_of_the_law_that_staff_make_has_its_page_and_no_other_move_has():
    by_staff = {move.name for move in MOVES if BY_STAFF & set(move.by)}
    # begun in the portal; taken in at the window: tests/office/test_window.py; signed on the spot: tests/office/test_inspections.py
    elsewhere = {"create", "hand_in", "inspection_done", "correct"}  # the last: tests/office/test_procedures.py

    assert set(OFFERED) - {"conclude"} == by_staff - elsewhere
    assert set(ACTS) == set(OFFERED)
    for name, (_state, _data, role) in ACTS.items():
        assert name == "conclude" or role in MOVE[name].by


@pytest.mark.parametrize("act", ACTS)
def test_the_right_role_does_it_and_sees_that_it_was_done(act):
    state, data, role = ACTS[act]
    case = case_in(state)
    client = at_the_desk(officer_for(role))

    offered = client.get(reverse("office:case", args=[case.ref])).content.decode()
    assert reverse("office:act", args=[case.ref, act]) in offered
    answer = press(client, case, act, data)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/office/cases/{case.ref}/?done={act}")
    assert Case.objects.get(pk=case.pk).state == TARGET[act]
    page = client.get(answer.headers["Location"])
    assert 'class="of-done"' in page.content.decode()


@pytest.mark.parametrize("act", ACTS)
def test_every_other_role_is_refused_and_the_case_stays_as_it_was(act):
    state, data, role = ACTS[act]
    case = case_in(state)
    allowed = set(MOVE[act].by) if act in MOVE else {role}
    mark, before = services_mark(case), standing(case)
    second = make.officer("inspector", of=case.department).pk

    got = {}
    for other in set(ROLES) - allowed:
        client = at_the_desk(officer_for(other))
        got[other] = press(client, case, act, {**data, "second": second}, mark=mark, **QUIETLY).status_code
        offered = client.get(reverse("office:case", args=[case.ref])).content.decode()
        if reverse("office:act", args=[case.ref, act]) in offered:
            got[other] = "offered"
    assert got == dict.fromkeys(got, 403)
    assert standing(case) == before


@pytest.mark.parametrize("act", ACTS)
def test_an_act_starts_from_its_own_states_only(act):
    state, data, role = ACTS[act]
    case = case_in(state)
    client = at_the_desk(officer_for(role))
    second = make.officer("inspector", of=case.department).pk
    sources = MOVE[act].sources if act in MOVE else {"under_review"}
    reached = {}
    for other in sorted(set(CaseState.values) - set(sources) - {"draft"}):
        Case.objects.filter(pk=case.pk).update(state=other, decision="granted", decided_at=timezone.now())
        before = standing(case)
        reached[other] = press(client, case, act, {**data, "second": second}, **QUIETLY).status_code
        assert standing(case) == before, other

    assert set(reached.values()) <= {409, 403}


@pytest.mark.parametrize("act", sorted({move.name for move in MOVES} - set(OFFERED)))
def test_what_applicants_or_the_platform_do_has_no_act_here(act):
    case = case_in("received")
    everything = make.officer(*ROLES, of=make.department("PSB"))
    before = standing(case)

    answer = at_the_desk(everything).post(reverse("office:act", args=[case.ref, act]), {"seen": services_mark(case)})

    assert answer.status_code == 404
    assert standing(case) == before


@pytest.mark.parametrize("act", [act for act in ACTS if ACTS[act][2] not in HALL])
def test_for_an_officer_of_another_department_the_case_is_not_there(act):
    state, data, role = ACTS[act]
    case = case_in(state)
    before = standing(case)
    client = at_the_desk(officer_for(role, department="HRB"))

    assert press(client, case, act, data).status_code == 404
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 404
    assert client.get(reverse("office:find"), {"number": case.number}).status_code == 404
    assert standing(case) == before


def test_an_officer_without_a_certificate_for_the_matter_is_refused():
    case = case_in("received")
    before = standing(case)
    client = at_the_desk(make.officer("window_officer", of=make.department("DSO"), certified=("another-matter",)))

    assert press(client, case, "accept", {}).status_code == 403
    assert standing(case) == before


@pytest.mark.parametrize("way", ["as the applicant", "for the company"])
def test_ones_own_case_is_not_there(way):
    who = make.person()
    everything = make.officer(*ROLES, of=make.department("PSB"), person=who)
    party = who if way == "as the applicant" else make.company(of=who)
    case = make.submitted(matter(objects_served=["person", "company"]), account_=everything.account, party=party)
    client = at_the_desk(everything)

    assert not visible_to(everything).filter(pk=case.pk).exists()
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 404
    assert press(client, case, "pre_review_start", {}).status_code == 404
    assert client.post(reverse("office:claim", args=[case.ref])).status_code == 404


def test_the_auditor_reads_everything_and_does_nothing():
    case = case_in("received")
    client = at_the_desk(officer_for("auditor"))
    tabs = client.get("/office/").content.decode()

    assert tabs.count("?tab=") >= 8
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 403
    give_a_reason(client, case)
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 200
    before = standing(case)
    for name in ("claim", "answer"):
        assert client.post(reverse(f"office:{name}", args=[case.ref]), {"text": "hello"}).status_code == 403
    assert client.post(reverse("office:release", args=[case.ref])).status_code == 302
    assert standing(case) == before


def test_a_post_without_the_token_of_the_page_is_refused():
    case = case_in("received")
    before = standing(case)
    client = at_the_desk(officer_for("window_officer"), enforce_csrf_checks=True)

    assert press(client, case, "accept", {}).status_code == 403
    assert client.post(reverse("office:claim", args=[case.ref])).status_code == 403
    assert standing(case) == before


def test_an_officer_without_second_factor_is_led_to_it():
    case = case_in("received")
    client = doors.enter(Client(), officer_for("window_officer").account, second_factor=False)

    assert press(client, case, "accept", {}).headers["Location"].startswith("/account/second-factor/")


# -- two officers at once


def test_the_second_of_two_officers_is_told_who_what_and_when_and_keeps_what_was_typed():
    case = case_in("received")
    first, second = officer_for("window_officer"), officer_for("window_officer")
    mark = services_mark(case)
    at_the_desk(second).get(reverse("office:case", args=[case.ref]))
    press(at_the_desk(first), case, "accept", {}, mark=mark)

    answer = press(at_the_desk(second), case, "not_accept", {**REASON, "reason": "Not for this district."}, mark=mark)

    page = answer.content.decode()
    step = case.steps.get(move="accept")
    assert answer.status_code == 409
    assert first.shown_name in page
    assert timezone.localtime(step.at).strftime("%Y-%m-%d %H:%M") in page
    assert "Not for this district." in page
    assert Case.objects.get(pk=case.pk).decision == ""


def test_a_second_opinion_does_not_silently_replace_the_first():
    case = case_in("under_review")
    first, second = officer_for("dept_reviewer"), officer_for("dept_reviewer")
    mark = services_mark(case)
    press(at_the_desk(first), case, "conclude", {"proposal": "approve", "opinion": "In order."}, mark=mark)

    answer = press(at_the_desk(second), case, "conclude", {"proposal": "refuse", "opinion": "Not in order."}, mark=mark)

    case.refresh_from_db()
    assert answer.status_code == 409
    assert first.shown_name in answer.content.decode()
    assert (case.reviewer, case.opinion) == (first, "In order.")


def test_control_without_the_mark_of_the_page_the_first_opinion_would_be_lost():
    case = case_in("under_review")
    first, second = officer_for("dept_reviewer"), officer_for("dept_reviewer")
    services.conclude(case, officer=first, proposal="approve", opinion="In order.")
    services.conclude(case, officer=second, proposal="refuse", opinion="Not in order.")

    assert Case.objects.get(pk=case.pk).reviewer == second


def test_an_approver_decides_on_the_opinion_that_was_read():
    case = case_in("reviewed")
    mark = services_mark(case)
    services.conclude(case, officer=case.reviewer, proposal="refuse", opinion="I looked again: not in order.")

    answer = press(at_the_desk(officer_for("dept_approver")), case, "approve", {}, mark=mark)

    assert answer.status_code == 409
    assert Case.objects.get(pk=case.pk).decision == ""


def test_the_reviewer_is_not_offered_the_decision_and_cannot_take_it():
    case = case_in("under_review")
    both = make.officer("dept_reviewer", "dept_approver", of=case.department)
    client = at_the_desk(both)
    press(client, case, "conclude", {"proposal": "approve", "opinion": "In order."})

    assert (
        reverse("office:act", args=[case.ref, "approve"])
        not in client.get(f"/office/cases/{case.ref}/").content.decode()
    )
    assert press(client, case, "approve", {}).status_code == 403
    assert Case.objects.get(pk=case.pk).decision == ""


def test_a_case_on_one_desk_cannot_be_taken_by_another():
    case = case_in("received")
    first, second = officer_for("window_officer"), officer_for("window_officer")
    at_the_desk(first).post(reverse("office:claim", args=[case.ref]))

    answer = at_the_desk(second).post(reverse("office:claim", args=[case.ref]))

    assert answer.status_code == 409
    assert first.shown_name in answer.content.decode()
    assert Case.objects.get(pk=case.pk).claimed_by == first


def test_who_can_do_nothing_with_a_case_cannot_block_it():
    case = case_in("received")

    client = at_the_desk(officer_for("pre_reviewer"))

    assert client.post(reverse("office:claim", args=[case.ref])).status_code == 403
    give_a_reason(client, case)
    assert client.post(reverse("office:claim", args=[case.ref])).status_code == 409
    assert Case.objects.get(pk=case.pk).claimed_by is None


# -- forms


@pytest.mark.parametrize(
    ("act", "lacking", "field"),
    [
        ("not_accept", {"ground": ""}, "ground"),
        ("refuse", {"reason": " "}, "reason"),
        ("conclude", {"opinion": ""}, "opinion"),
        ("suspend", {"planned_days": "400"}, "planned_days"),
        ("suspend", {"kind": "holiday"}, "kind"),
        ("suspend", {"why": ""}, "why"),
        ("extend", {"days": "11"}, "days"),
        ("extend", {"days": "٣"}, "days"),
        ("resume", {"result": ""}, "result"),
        ("deliver", {"how": "<script>"}, "how"),
        ("revoke", {"heard": ""}, "heard"),
        ("terminate", {"reason": ""}, "reason"),
        ("publish_notice", {"text": ""}, "text"),
        ("order_inspection", {"why": ""}, "why"),
    ],
)
def test_what_is_missing_is_said_beside_the_field_and_everything_typed_is_kept(act, lacking, field):
    state, data, role = ACTS[act]
    case = case_in(state)
    before = standing(case)
    given = {**data, **lacking}

    answer = press(at_the_desk(officer_for(role)), case, act, given)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}"' in page
    assert 'aria-invalid="true"' in page or f"{field}-error" in page
    for name, text in given.items():
        assert name == field or not text.strip() or text in page
    assert standing(case) == before


def test_marks_without_words_are_not_sent_and_stay_marked():
    case = case_in("received")
    client = at_the_desk(officer_for("window_officer"))

    answer = press(client, case, "request_correction", {**MARK, "wrong-field-delivery": "1", "text-field-delivery": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="text-field-delivery-error"' in page
    assert "Please say more." in page
    assert Case.objects.get(pk=case.pk).state == "received"


def test_a_notice_is_sent_as_it_was_previewed_and_not_otherwise():
    case = case_in("received")
    client = at_the_desk(officer_for("window_officer"))
    where = reverse("office:act", args=[case.ref, "request_correction"])
    data = {**MARK, "seen": services_mark(case)}

    with time_machine.travel("2025-06-05T10:00:00+08:00", tick=False):  # the thirtieth day is a Saturday
        preview = client.post(where, data)
    assert (preview.status_code, Case.objects.get(pk=case.pk).state) == (200, "received")
    page = preview.content.decode()
    assert "Please say more." in page
    assert page.count(str(day_words(date(2025, 7, 7)))) == 2 and str(day_words(date(2025, 7, 5))) not in page
    other = client.post(where, {**data, "sure": "0" * 16})
    assert (other.status_code, Case.objects.get(pk=case.pk).state) == (200, "received")


def test_a_second_request_without_its_reason_comes_back_with_everything_still_there():
    case = case_in("received")
    press(at_the_desk(officer_for("window_officer")), case, "request_correction", MARK)
    case.refresh_from_db()
    services.answer_finding(case, case.findings.get().pk, account=case.account)
    case = services.correct(case, account=case.account, level=3)
    client = at_the_desk(officer_for("supervisor"))

    answer = press(client, case, "request_correction", MARK)
    page = answer.content.decode()
    press(client, case, "request_correction", {**MARK, "why_again": "The seal was overlooked."})

    assert answer.status_code == 422
    assert 'id="why_again-error"' in page and 'name="sure"' in page and "Please say more." in page
    assert Case.objects.get(pk=case.pk).corrections == 2


def test_every_field_and_page_that_was_marked_is_in_the_notice():
    make.material_type("lease")
    of = matter(requirements=[{"material": "lease", "required": True}])
    account = make.account()
    draft = make.draft(of, account_=account)
    services.attach(draft, "lease", make.document(account.person, by=account, pages=3), account=account)
    case = services.submit(draft, account=account, level=3, key="k")
    case = services.pass_pre_review(services.start_pre_review(case))
    data = {**MARK, "wrong-page-3-lease": "1", "text-page-3-lease": "The seal is missing.", "wrong-page-1-lease": "1",
            "text-page-1-lease": "Cannot be read."}  # fmt: skip

    assert press(at_the_desk(officer_for("window_officer")), case, "request_correction", data).status_code == 302

    found = set(case.findings.values_list("field", "material", "page", "text"))
    assert found == {
        ("reason", "", None, "Please say more."),
        ("", "lease", 3, "The seal is missing."),
        ("", "lease", 1, "Cannot be read."),
    }
    said = " ".join(line["en"] for line in case.documents.get(kind="correction_notice").content["paragraphs"])
    assert "Lease, page 3: The seal is missing." in said and "Reason: Please say more." in said


def test_correction_is_asked_for_once_and_then_not_offered():
    case = case_in("correction_requested")
    Case.objects.filter(pk=case.pk).update(state="received")
    client = at_the_desk(officer_for("window_officer"))

    page = client.get(reverse("office:case", args=[case.ref])).content.decode()
    answer = press(client, case, "request_correction", MARK)

    assert reverse("office:act", args=[case.ref, "request_correction"]) not in page
    assert answer.status_code == 409
    assert case.findings.count() == 1


def test_what_the_applicant_changed_since_the_correction_is_shown():
    case = case_in("received")
    press(at_the_desk(officer_for("window_officer")), case, "request_correction", MARK)
    case.refresh_from_db()
    services.save(case, {"reason": "work and study"}, revision=case.revision, account=case.account)
    for finding in case.findings.all():
        services.answer_finding(case, finding.pk, account=case.account)
    services.correct(case, account=case.account, level=3)

    page = at_the_desk(officer_for("window_officer")).get(reverse("office:case", args=[case.ref]))

    shown = {one["id"]: one for one in page.context["answers"]}
    assert [(name, one["before"]) for name, one in shown.items() if one["since"]] == [("reason", "work")]


def test_a_prefilled_answer_that_was_changed_shows_what_the_source_said():
    form = [
        {"id": "address", "zh": "住址", "en": "Address", "type": "address", "prefill": "user.address"},
        {"id": "reason", "zh": "事由", "en": "Reason", "type": "text"},
    ]
    case = make.submitted(matter(form=form), answers={"address": "新街2号", "reason": "work"})

    page = at_the_desk(officer_for("pre_reviewer")).get(reverse("office:case", args=[case.ref]))

    shown = {one["id"]: one for one in page.context["answers"]}
    assert (shown["address"]["changed"], shown["address"]["given"], shown["reason"]["changed"]) == (
        True,
        "示范路1号",
        False,
    )


def test_irreversible_acts_say_beforehand_what_will_happen():
    case = case_in("received")
    client = at_the_desk(officer_for("window_officer"))

    page = client.get(reverse("office:act", args=[case.ref, "accept"])).content.decode()

    due = make_day(case)
    assert due in page


def make_day(case) -> str:
    from tongban.channels.pages.templatetags.tongban import day
    from tongban.departments import queries as departments

    return day(departments.calendar().due(timezone.localdate(), case.version.promised_days).day)


# -- what is read is written down


def test_identity_numbers_are_covered_and_uncovering_is_written_down():
    form = [
        {"id": "id_no", "zh": "证件号码", "en": "ID number", "type": "id_number", "prefill": "user.id_no", "readonly": True,
         "masked": True},
        {"id": "reason", "zh": "事由", "en": "Reason", "type": "text"},
    ]  # fmt: skip
    who = make.person(id_no="990000199207080045")
    case = make.submitted(matter(form=form), account_=make.account(who), answers={"reason": "work"})
    reader = officer_for("pre_reviewer")
    client = at_the_desk(reader)

    page = client.get(reverse("office:case", args=[case.ref])).content.decode()
    assert who.id_no not in page
    answer = client.post(reverse("office:reveal", args=[case.ref, "id_no"]), headers={"accept": "application/json"})
    assert answer.json() == {"value": who.id_no}
    without_script = client.post(reverse("office:reveal", args=[case.ref, "id_no"]))
    assert who.id_no in without_script.content.decode()

    looked = ReadEntry.objects.filter(of_party=who.pk, reader=reader.account_id, about=case.subject)
    assert [entry.fields for entry in looked if "id_no" in entry.fields] == [["id_no"]] * 2


def test_looking_at_a_case_is_written_down_with_role_and_purpose():
    case = case_in("received")
    window = officer_for("window_officer")
    at_the_desk(window).get(reverse("office:case", args=[case.ref]))

    entry = ReadEntry.objects.get(reader=window.account_id)

    assert (entry.of_party, entry.role, entry.purpose, entry.about) == (
        case.applicant_id, "window_officer", "handling", case.subject,
    )  # fmt: skip


def test_one_document_may_stand_for_two_materials():
    make.material_type("lease")
    make.material_type("plan")
    of = matter(requirements=[{"material": "lease", "required": True}, {"material": "plan", "required": True}])
    account = make.account()
    draft = make.draft(of, account_=account)
    paper = make.document(account.person, by=account)
    for slug in ("lease", "plan"):
        services.attach(draft, slug, paper, account=account)
    case = services.submit(draft, account=account, level=3, key="k")
    client = at_the_desk(officer_for("pre_reviewer"))

    answer = client.get(reverse("office:page", args=[case.ref, paper.pages.get().pk]))

    assert answer.status_code == 410  # found once; its content is not kept in this test
