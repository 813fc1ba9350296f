"""A matter that takes only one application: for whom it counts, when it is said, and who makes an exception."""

import datetime
import uuid

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from tests import doors, make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import only_one, services
from tongban.cases.models import Case, Mark, OneMore
from tongban.cases.services import excepting
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters import repeating
from tongban.matters.editing import checking, elements
from tongban.parties.models import Membership

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

BICYCLE = [
    *make.SMALL_FORM,
    {"id": "frame_no", "zh": "车架号", "en": "Frame number", "type": "text", "required": True},
    {"id": "address", "zh": "地址", "en": "Address", "type": "address"},
    {"id": "mine_no", "zh": "证件号", "en": "My number", "type": "text", "prefill": "user.id_no"},
    {"id": "post_address", "zh": "邮寄地址", "en": "Postal address", "type": "address"},
]  # fmt: skip


def one(rule="open", **more) -> dict:
    return make.matter(only_one={"rule": rule, **more})


def send(case: Case) -> Case:
    return services.submit(case, account=case.account, level=3, key=uuid.uuid4().hex)


def refusal(act, *given, **more) -> only_one.TakesOnlyOne:
    with pytest.raises(only_one.TakesOnlyOne) as refused:
        act(*given, **more)
    return refused.value


def test_while_one_is_open_no_other_is_begun_and_the_sentence_leads_to_it():
    matter, account = one(), make.account()
    first = make.submitted(matter, account_=account)

    said = refusal(services.begin, matter, party=account.person, account=account)

    day = date_format(timezone.localdate(first.submitted_at), "DATE_FORMAT")
    assert str(said.sentence) == (
        f"An application for “Demo matter” is being handled already: {first.number}, sent on {day}."
    )
    assert (said.code, said.against.where) == ("only-one", f"/my/cases/{first.ref}/")


def test_two_drafts_may_stand_beside_each_other_and_one_of_them_is_sent():
    matter, account = one(), make.account()
    drafts = [make.draft(matter, account_=account) for _number in range(2)]

    first = send(drafts[0])
    said = refusal(send, drafts[1])

    assert said.against.case == first
    assert str(said.kept) == "Your draft is kept."
    assert Case.objects.get(pk=drafts[1].pk).state == "draft"


@pytest.mark.parametrize("state", ["withdrawn", "not_accepted", "refused", "ready", "closed"])
def test_what_is_over_stands_against_nothing_where_one_at_a_time_is_taken(state):
    account = make.account()
    make.licence_type("residence-permit")
    matter = make.matter(only_one={"rule": "open"}, result={"kind": "e_licence", "ref": "residence-permit"})
    ways.bring(state, matter, account_=account)

    assert services.begin(matter, party=account.person, account=account).state == "draft"


def test_a_licence_stands_against_another_as_long_as_it_is_in_force():
    account = make.account()
    make.licence_type("residence-permit")
    matter = make.matter(only_one={"rule": "held"}, result={"kind": "e_licence", "ref": "residence-permit"})
    held = ways.bring("closed", matter, account_=account)

    said = refusal(services.begin, matter, party=account.person, account=account)
    type(held.licence).objects.filter(pk=held.licence.pk).update(state="revoked")

    assert said.against.case == held
    assert services.begin(matter, party=account.person, account=account).state == "draft"


def test_a_licence_that_no_application_here_granted_counts_too():
    account = make.account()
    kind = make.licence_type("residence-permit")
    today = timezone.localdate()
    kind.licences.create(
        identifier="1.2.156.7", holder=account.person, issuer=kind.issuer, serial="7", issued_on=today, valid_from=today,
        valid_to=today, decision="paper:7", token="t" * 32, face={},
    )  # fmt: skip
    matter = make.matter(only_one={"rule": "held"}, result={"kind": "e_licence", "ref": "residence-permit"})

    said = refusal(services.begin, matter, party=account.person, account=account)

    assert str(said.sentence) == f"“Demo licence” is held already and valid until {date_format(today, 'DATE_FORMAT')}."


def test_one_a_year_counts_what_was_granted_this_year_and_says_from_when_the_next_is_possible():
    matter, account = one("year"), make.account()
    granted = ways.bring("approved", matter, account_=account)
    year = timezone.localdate(granted.submitted_at).year

    said = refusal(services.begin, matter, party=account.person, account=account)
    Case.objects.filter(pk=granted.pk).update(
        submitted_at=granted.submitted_at.replace(year=year - 1, month=12, day=28), state="closed"
    )

    assert said.against.running  # granted, and its result is still being made
    assert services.begin(matter, party=account.person, account=account).state == "draft"
    Case.objects.filter(pk=granted.pk).update(submitted_at=granted.submitted_at.replace(month=1, day=2))
    again = refusal(services.begin, matter, party=account.person, account=account)
    assert again.against.again_from == datetime.date(year + 1, 1, 1)


def test_one_within_months_ends_with_them_also_where_a_month_is_short():
    rule = repeating.OnlyOne("months", 6)

    assert rule.since(datetime.date(2026, 8, 31)) == datetime.date(2026, 2, 28)
    assert rule.again_from(datetime.date(2026, 8, 31)) == datetime.date(2027, 2, 28)
    assert repeating.OnlyOne("months", 1).again_from(datetime.date(2025, 12, 31)) == datetime.date(2026, 1, 31)
    assert repeating.OnlyOne("open").since(datetime.date(2026, 1, 1)) is None


def bicycle(frame: str, *, account, matter, **more) -> Case:
    answers = {**make.SMALL_ANSWERS, "frame_no": frame, **more}
    return make.draft(matter, account_=account, answers=answers)


def test_one_vehicle_is_registered_once_whoever_applies_and_nothing_is_said_of_the_other():
    matter = make.matter(form=BICYCLE, only_one={"rule": "held", "field": "frame_no"})
    mine, theirs = make.account(), make.account()
    first = send(bicycle("HX 2026-0815", account=mine, matter=matter))
    same = bicycle("hx20260815", account=theirs, matter=matter)
    other = bicycle("HX 2026-0816", account=theirs, matter=matter)

    said = refusal(send, same)

    assert str(said.sentence) == (
        "For this answer to “Frame number” there is an application or a licence already: “Demo matter” takes one."
    )
    assert first.number not in str(said) and said.against.where == ""
    assert send(other).state == "submitted"


def test_marks_are_blind_and_leave_out_what_is_the_applicants_own():
    matter = make.matter(form=BICYCLE, only_one={"rule": "open", "field": "frame_no"})
    account = make.account()

    case = send(bicycle("HX1", account=account, matter=matter, address="示范路1号", post_address="示范路2号"))

    marks = dict(Mark.objects.filter(case=case).values_list("field", "index"))
    assert set(marks) == {"frame_no", "address"}
    assert all("HX1" not in index and len(index) == 64 for index in marks.values())


def test_an_answer_changed_after_it_was_given_back_is_counted_anew():
    matter = make.matter(form=BICYCLE, only_one={"rule": "open", "field": "frame_no"})
    account, other = make.account(), make.account()
    send(bicycle("HX1", account=other, matter=matter))
    case = services.start_pre_review(send(bicycle("HX2", account=account, matter=matter)))
    case = services.return_from_pre_review(
        case, [{"field": "frame_no", "text": "look again"}], officer=ways.hall("pre_reviewer")
    )
    case = services.save(case, {"frame_no": "HX1"}, revision=case.revision, account=account)

    refusal(services.resubmit, case, account=account, level=3)

    assert Case.objects.get(pk=case.pk).state == "pre_review_returned"
    case = services.save(Case.objects.get(pk=case.pk), {"frame_no": "HX3"}, revision=case.revision, account=account)
    assert services.resubmit(case, account=account, level=3).state == "submitted"


def test_what_somebody_does_for_a_company_or_another_counts_for_the_one_represented():
    matter = make.matter(objects_served=["company", "person"], only_one={"rule": "open"})
    owner, clerk = make.account(), make.account()
    company = make.company(of=owner.person)
    Membership.objects.create(person=clerk.person, company=company, role="clerk", since=datetime.date(2020, 1, 1))
    make.submitted(matter, account_=owner, party=company)

    refusal(services.begin, matter, party=company, account=clerk)

    assert make.submitted(matter, account_=clerk).state == "submitted"  # their own
    assert make.submitted(matter, account_=owner).state == "submitted"


def test_the_window_meets_the_same_rule():
    matter, account = one(), make.account()
    make.submitted(matter, account_=account)
    visit = services.begin_visit(
        account.person, officer=ways.hall("window_officer"), id_kind="id_card", proof="compared"
    )

    refusal(services.begin_at_window, matter, party=account.person, visit=visit)
    wish = excepting.ask_at_window(matter, party=account.person, officer=visit.officer, words="For my second shop.")
    reviewer = make.officer("dept_reviewer", of=matter.department)
    excepting.answer_one_more(wish, officer=reviewer, allowed=True, reason="Two shops.")
    assert services.begin_at_window(matter, party=account.person, visit=visit).state == "draft"


def test_an_exception_is_asked_for_allowed_once_and_used_up():
    matter, account = one(), make.account()
    make.submitted(matter, account_=account)
    reviewer = make.officer("dept_reviewer", of=matter.department)

    wish = excepting.ask_for_one_more(matter, party=account.person, account=account, words="A second home.")
    again = excepting.ask_for_one_more(matter, party=account.person, account=account, words="A second home, rented.")
    assert (again.pk, excepting.waiting_for(reviewer)) == (wish.pk, [wish])
    excepting.answer_one_more(wish, officer=reviewer, allowed=True, reason="Two homes, two permits.")
    second = make.submitted(matter, account_=account)

    wish.refresh_from_db()
    assert (wish.case, wish.words, excepting.waiting_for(reviewer)) == (second, "A second home, rented.", [])
    refusal(services.begin, matter, party=account.person, account=account)


def test_an_exception_that_is_declined_says_why_and_opens_nothing():
    matter, account = one(), make.account()
    make.submitted(matter, account_=account)
    reviewer = make.officer("dept_reviewer", of=matter.department)
    wish = excepting.ask_for_one_more(matter, party=account.person, account=account, words="I want two.")

    with pytest.raises(Invalid):
        excepting.answer_one_more(wish, officer=reviewer, allowed=False, reason=" ")
    excepting.answer_one_more(wish, officer=reviewer, allowed=False, reason="One is enough for one home.")
    with pytest.raises(NotAllowed):
        excepting.answer_one_more(wish, officer=reviewer, allowed=True, reason="after all")

    ways.work()
    refusal(services.begin, matter, party=account.person, account=account)
    message = account.messages.get(kind="one_more_declined")
    assert "One is enough for one home." in message.body["en"]


def test_only_the_department_answers_and_nobody_their_own():
    matter, account = one(), make.account()
    make.submitted(matter, account_=account)
    wish = excepting.ask_for_one_more(matter, party=account.person, account=account, words="I want two.")
    own = make.officer("dept_reviewer", of=matter.department)
    type(own.account).objects.filter(pk=own.account_id).update(person=make.person())
    own.account.refresh_from_db()
    OneMore.objects.filter(pk=wish.pk).update(party=own.account.person_id)
    wish.refresh_from_db()

    for officer in (own, make.officer("dept_reviewer", of=make.department("HRB")), ways.hall("window_officer")):
        with pytest.raises(NotAllowed):
            excepting.answer_one_more(wish, officer=officer, allowed=True, reason="yes")
        assert excepting.waiting_for(officer) == []
    assert OneMore.objects.get().allowed is None


def test_a_member_of_a_bundle_is_counted_with_what_was_applied_for_alone():
    matter = shop.bundle()
    account = make.account()
    whole = shop.received(matter, account=account)
    member = shop.of(whole, "food")
    type(member.version).objects.filter(pk=member.version_id).update(only_one={"rule": "open"})
    second = shop.draft(matter, account=account)

    found = only_one.stands_against(
        type(member.version).objects.select_related("matter").get(pk=member.version_id), whole.applicant,
        today=timezone.localdate(),
    )  # fmt: skip

    assert found is not None and found.case == member and found.where == f"/my/cases/{whole.ref}/"
    assert refusal(send, second).against.case == member


def test_the_editor_writes_the_rule_and_is_told_what_it_lacks():
    part = elements.BY_SLUG["conditions"]
    options = {"form_fields": [("frame_no", "Frame number")], "departments": []}

    found = elements.read(
        part, {"only_one.rule": "months", "only_one.months": "6", "only_one.field": "frame_no"}, {}, options
    )
    nothing = elements.read(part, {"only_one.rule": ""}, {"only_one": found["only_one"]}, options)

    assert found["only_one"] == {"rule": "months", "months": 6, "field": "frame_no"}
    assert nothing["only_one"] is None
    said = [one.code for one in checking._only_one({"only_one": {"rule": "months", "field": "gone"}, "form": BICYCLE})]
    assert said == ["no-months", "no-answer"]


def test_the_guide_says_it_in_words():
    plain = make.matter().versions.get()
    often = make.matter(form=BICYCLE, only_one={"rule": "months", "months": 3, "field": "frame_no"}).versions.get()

    assert repeating.in_words(plain) == ""
    assert repeating.in_words(often) == ("One within 3 months for the same answer to “Frame number”, whoever sends it.")


def test_what_somebody_else_applied_for_is_not_found_out_by_filling_in_a_draft(client):
    matter = make.matter(form=BICYCLE, only_one={"rule": "held", "field": "frame_no"})
    send(bicycle("HX1", account=make.account(), matter=matter))
    asker = make.account()
    same = bicycle("HX1", account=asker, matter=matter)
    today = timezone.localdate()
    here = doors.enter(client, asker, present=True)

    seen_before = only_one.before_sending(same, today)
    page = here.get(f"/apply/{same.ref}/check/").content.decode()
    sent = here.post(f"/apply/{same.ref}/submit", {"sign": "1", "key": "k"})

    assert seen_before is None and "only-one-panel" not in page
    assert sent.status_code == 409 and "I need another one all the same" in sent.content.decode()
    excepting.ask_for_one_more(matter, party=asker.person, account=asker, words="It is another frame.")
    assert (
        only_one.before_sending(same, today) is not None
    )  # who explained it to the department sees it beside the draft


def test_of_a_bundle_each_matter_uses_an_exception_of_its_own():
    matter, account = shop.bundle(), make.account()
    whole = shop.received(matter, account=account)
    for key in ("food", "fire"):
        member = shop.of(whole, key)
        type(member.version).objects.filter(pk=member.version_id).update(only_one={"rule": "open"})
        excepting.allow_one_more(
            member.matter, party=account.person, officer=make.officer("dept_reviewer", of=member.matter.department), reason="two shops"
        )  # fmt: skip
    second = shop.draft(matter, account=account)

    assert send(second).state == "submitted"
    assert set(OneMore.objects.values_list("case", flat=True)) == {second.pk}
    assert refusal(send, shop.draft(matter, account=account)).against.case is not None  # both are used up
