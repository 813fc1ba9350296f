"""What cases do when something below them happened, and what people are told when a case moved. One consequence, one call each."""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from tongban.cases import circulating, events, standing, told, told_own_words, told_packages
from tongban.cases.circular_states import CircularState
from tongban.cases.models import (
    Appeal,
    Batch,
    BundleMember,
    Case,
    CaseMaterial,
    Circular,
    Hearing,
    Inspection,
    Promise,
    PublicObjection,
    Reissue,
    Step,
)
from tongban.cases.services import following, inspecting, issuing, keeping_duties, keeping_time, machine, pre_reviewing
from tongban.cases.states import ENDED, RESUME, SUSPEND, CaseState
from tongban.departments.events import CalendarChanged
from tongban.journal import services as journal
from tongban.journal.services import on
from tongban.licences.events import LicenceSealed
from tongban.materials.events import DocumentChanged, DocumentRead, PageFoundDamaged
from tongban.materials.models import Page
from tongban.notices import services as notices
from tongban.payments import services as till
from tongban.payments.events import BillSettled

DEEDS = told.DEEDS  # loading it enters what is told when somebody acts for another
PACKAGES = told_packages.KINDS  # and of results on paper
DAYS = keeping_duties.duties.DUTIES  # and what a corrected calendar counts again beside the clocks


@on(events.CaseSubmitted)
def let_the_machine_look(event):
    machine.consider(event.case)


@on(events.CaseAccepted)
def decide_at_the_window(event):
    machine.on_the_spot(event.case)


@on(DocumentRead)
def compare_what_was_read(event):
    """The findings of every case that rests on this document; then the machine goes on where it waited for the reading."""
    waits = {CaseState.SUBMITTED, CaseState.PRE_REVIEW}
    resting = CaseMaterial.objects.filter(document_id=event.document).values("case")
    for case in Case.objects.filter(pk__in=resting).exclude(state__in=ENDED):
        pre_reviewing.look_over(case)
        journal.touch(case.subject)
        if case.state in waits and case.claimed_by_id is None:
            machine.consider(case.pk)


@on(LicenceSealed)
def make_the_result_ready(event):
    case = Case.objects.filter(licence_id=event.licence, state=CaseState.ISSUING).first()
    if case is not None:
        issuing.issue_by_platform(case.pk)


@on(BillSettled)
def go_on_when_paid(event):
    """Paid or waived: the result is made without anybody having to look."""
    room, _colon, key = event.about.partition(":")
    if room == "case":
        issuing.issue_by_platform(int(key))


@on(events.CaseEnded, events.CaseNotAccepted, events.CaseDecided)
def let_go_of_the_fee(event):
    """Of a case that ended without its result nothing is owed; what was paid is proposed to go back."""
    case = Case.objects.get(pk=event.case)
    if case.state in ENDED - {CaseState.CLOSED, CaseState.REVOKED}:
        till.cancel_for(case.subject, why="withdrawn" if case.state == CaseState.WITHDRAWN else "refused")


@on(PageFoundDamaged)
def ask_for_the_page_again(event):
    """Whoever sent it is asked once for each finding; the office sees that the case waits."""
    page = Page.objects.select_related("document").filter(pk=event.page, damaged_at__isnull=False).first()
    if page is None:
        return
    open_cases = Case.objects.filter(materials__document=event.document).exclude(state__in=ENDED)
    for case in open_cases.select_related("department").distinct():
        _tell(
            case.pk,
            "page_damaged",
            once=f"{page.pk}:{page.damaged_at:%Y%m%d%H%M}",
            needs_answer=True,
            page=page.order,
            paper=page.document.name,
        )
        journal.touch(case.subject, f"queue:{case.department.code}")


@on(DocumentChanged)
def show_the_page_again(event):
    """The office sees at once that a damaged page has come again."""
    if event.how == "page sent again":
        for case in Case.objects.filter(materials__document=event.document).select_related("department").distinct():
            journal.touch(case.subject, f"queue:{case.department.code}")


@on(CalendarChanged)
def recount_running_clocks(event):
    journal.enqueue(keeping_time.RECOUNT, after=0, first=event.first, last=event.last)


# What is said once, of the whole: a bundle is one errand.
OF_THE_WHOLE = {"case_received", "case_accepted", "case_with_people", "case_withdrawn", "result_ready"}


def _tell(case_pk: int, kind: str, *, once: str, needs_answer: bool = False, **more) -> None:
    case = Case.objects.select_related("applicant", "version", "parent").get(pk=case_pk)
    if case.parent is not None and kind in OF_THE_WHOLE and case.parent.state not in ENDED:
        return
    notices.tell(
        case.applicant,
        kind,
        about=case.subject,
        link=f"/my/cases/{case.ref}/",
        params={
            "matter": case.version.name,
            "number": case.number or "",
            "due": case.promised_due.isoformat() if case.promised_due else "",
            **more,
        },
        once=f"{kind}:{case_pk}:{once}",
        needs_answer=needs_answer,
        matter=standing.matter_of(case),
    )


@on(events.CaseSubmitted)
def tell_received(event):
    case = Case.objects.select_related("version").get(pk=event.case)
    if (
        not case.decided_by_machine and case.version.decided_by == "none"
    ):  # a machine's answer follows in the same minute
        _tell(event.case, "case_received", once="1")
    told_own_words.say(event.case, "received")


@on(events.MemberReceived)
def tell_member_received(event):
    told_own_words.say(event.case, "received")


@on(events.CaseClosed)
def tell_closed(event):
    told_own_words.say(event.case, "closed")


@on(events.BundleChoiceAsked)
def tell_of_choice(event):
    """An optional part was refused: the applicant says whether to go on without it."""
    member = Case.objects.select_related("version").get(pk=event.member)
    until = BundleMember.objects.filter(case=member.pk).values_list("choose_by", flat=True).first()
    if until is not None:
        _tell(
            event.case, "bundle_choice", once=str(member.pk), needs_answer=True, part=member.version.name,
            until=until.isoformat(),
        )  # fmt: skip


@on(events.BundleMemberDropped)
def tell_dropped(event):
    """Nobody chose in time: the whole goes on without the part, and it is said."""
    if event.why == "time":
        member = Case.objects.select_related("version").get(pk=event.member)
        _tell(event.case, "bundle_dropped", once=str(member.pk), part=member.version.name)


@on(events.CaseDecided)
def stand_in_for_what_was_waited_for(event):
    if event.outcome == Case.Decision.GRANTED:
        following.stand_in(Case.objects.select_related("matter").get(pk=event.case), now=timezone.now())


@on(events.PreReviewReturned)
def tell_returned(event):
    _tell(event.case, "pre_review_returned", once=str(_round(event.case)), needs_answer=True)


@on(events.CorrectionRequested)
def tell_correction(event):
    _tell(event.case, "correction_requested", once=str(event.round), needs_answer=True)
    told_own_words.say(event.case, "correction", str(event.round))


@on(events.CaseAccepted)
def tell_accepted(event):
    case = Case.objects.select_related("version").get(pk=event.case)
    if case.version.decided_by == "none":
        _tell(event.case, "case_accepted", once="1")
    told_own_words.say(event.case, "accepted")


@on(events.CaseNotAccepted)
def tell_not_accepted(event):
    told_own_words.say(event.case, "not_accepted")
    if _ended_with_the_whole(event.case):
        return
    _tell(event.case, "case_not_accepted", once="1")


@on(events.CasePassedToPeople)
def tell_passed_to_people(event):
    _tell(event.case, "case_with_people", once="1")


def _ended_with_the_whole(case_pk: int) -> bool:
    case = Case.objects.select_related("parent").only("state", "parent__state").get(pk=case_pk)
    return case.parent is not None and case.parent.state == case.state


def _said_of_the_whole(case_pk: int) -> bool:
    """A member's refusal is said once: by the choice it asks for, or by the end of the whole that it brought."""
    case = Case.objects.select_related("parent").only("decided_at", "parent__ended_at").get(pk=case_pk)
    if case.parent is None or case.decided_at is None:
        return False
    return case.parent.ended_at is None or case.parent.ended_at >= case.decided_at


@on(events.CaseDecided)
def tell_refused(event):
    if event.outcome == Case.Decision.REFUSED and not _said_of_the_whole(event.case):
        _tell(event.case, "case_refused", once="1")
    told_own_words.say(event.case, "approved" if event.outcome == Case.Decision.GRANTED else "refused")


@on(events.CaseReady)
def tell_ready(event):
    if not told_packages.says_it(event.case):
        _tell(event.case, "result_ready", once="1")
    told_own_words.say(event.case, "ready")


@on(events.CaseEnded)
def tell_ended(event):
    if event.state in {CaseState.LAPSED, CaseState.TERMINATED, CaseState.REVOKED} and not _ended_with_the_whole(
        event.case
    ):
        _tell(event.case, f"case_{event.state}", once="1")


@on(events.QuestionAnswered)
def tell_answered(event):
    _tell(event.case, "question_answered", once=str(event.question))


OWN_WORDS_OF_DATES = {"suspended": SUSPEND.name, "resumed": RESUME.name}


@on(events.CaseDatesChanged, unless={"why": "calendar"})  # the recount tells those itself
def tell_dates(event):
    case = Case.objects.get(pk=event.case)
    steps = Step.objects.filter(Q(case=case.pk) | Q(case__parent=case.pk)).count()  # a whole moves with its parts
    _tell(event.case, f"case_{event.why}", once=f"{case.extended_days}:{steps}")
    if event.why in OWN_WORDS_OF_DATES:
        told_own_words.say(case.pk, event.why, told_own_words.times(case.pk, OWN_WORDS_OF_DATES[event.why]))


def _round(case_pk: int) -> int:
    return Case.objects.get(pk=case_pk).findings.count()


@on(events.CorrectionRecalled)
def tell_recalled(event):
    case = Case.objects.get(pk=event.case)
    _tell(event.case, "correction_recalled", once=str(case.steps.count()))


@on(events.StaffChanged)
def tell_staff_change(event):
    _tell(event.case, "staff_changed", once=str(event.change))


@on(events.PaperTolerated)
def tell_to_supply(event):
    _tell(event.case, "paper_tolerated", once="1", needs_answer=True, due=event.due)


@on(events.ToleratedPaperSettled)
def tell_paper_settled(event):
    if event.how == "late":
        _tell(event.case, "paper_not_supplied", once=str(event.tolerance), needs_answer=True)


@on(events.HearingOffered)
def tell_hearing_offered(event):
    row = Hearing.objects.get(pk=event.hearing)
    _tell(event.case, "hearing_offered", once=str(row.pk), needs_answer=True, due=row.ask_by.isoformat())


@on(events.HearingInvited)
def tell_hearing_day(event):
    row = Hearing.objects.get(pk=event.hearing)
    if row.meets_at is not None:
        day = timezone.localdate(row.meets_at).isoformat()
        _tell(event.case, "hearing_invited", once=f"{row.pk}:{row.meets_at:%Y%m%d%H%M}", needs_answer=True, due=day)


@on(events.HearingOver)
def tell_hearing_over(event):
    if event.state == "held":
        _tell(event.case, "hearing_held", once=str(event.hearing))


@on(events.PromiseToCheck)
def tell_check_to_come(event):
    _tell(event.case, "promise_to_check", once=str(event.promise), due=event.due)


@on(events.PromiseChecked)
def tell_check(event):
    row = Promise.objects.get(pk=event.promise)
    if event.found == "put_right" and row.put_right_by is not None:
        _tell(event.case, "promise_put_right", once=str(row.pk), needs_answer=True, due=row.put_right_by.isoformat())
    elif event.found == "kept":
        _tell(event.case, "promise_kept", once=str(row.pk))


@on(events.AppealAsked)
def tell_appeal_received(event):
    row = Appeal.objects.get(pk=event.appeal)
    _tell(event.case, "appeal_received", once=str(row.pk), due=row.due.isoformat())


@on(events.AppealOver)
def tell_appeal_over(event):
    if event.state != "withdrawn":
        _tell(event.case, "appeal_decided", once=str(event.appeal))


@on(events.PromiseToCheck)
def put_the_check_on_the_list(event):
    case = Case.objects.select_related("department").get(pk=event.case)
    inspecting.platform_order(case, why="", kind=Inspection.Kind.PROMISE, now=timezone.now())


@on(events.PromiseChecked)
def the_check_was_made(event):
    """Nobody goes there any more for a promise that was checked; what has to be put right is looked at again."""
    if event.found != "put_right":
        for row in Inspection.objects.filter(case=event.case, kind=Inspection.Kind.PROMISE, done_at__isnull=True):
            inspecting.call_off(row, now=timezone.now())


@on(events.InspectionPlanned)
def tell_when_they_come(event):
    at = timezone.localtime(datetime.fromisoformat(event.at))
    _tell(
        event.case,
        "inspection_planned",
        once=f"{event.inspection}:{event.at}",
        needs_answer=True,
        due=at.date().isoformat(),
        hour=at.strftime("%H:%M"),
    )


@on(events.CaseEnded, events.CaseDecided)
def nobody_goes_there_any_more(event):
    """A site inspection that was not made before the end is called off; the check of a promise comes after it."""
    for row in Inspection.objects.filter(case=event.case, kind=Inspection.Kind.SITE, done_at__isnull=True):
        inspecting.call_off(row, now=timezone.now())


@on(events.PublicNoticePublished)
def tell_it_is_published(event):
    _tell(event.case, "notice_published", once=str(event.notice), due=event.until)


@on(events.PublicObjectionMade)
def tell_somebody_objected(event):
    _tell(event.case, "notice_objected", once=str(event.objection))


@on(events.PublicObjectionAnswered)
def tell_who_objected(event):
    row = PublicObjection.objects.select_related("party", "notice__case__version").get(pk=event.objection)
    notices.tell(
        row.party,
        "objection_answered",
        about=f"notice:{row.notice.ref}",
        link=f"/notices/{row.notice.ref}/",
        params={"matter": row.notice.case.version.name},
        once=f"objection_answered:{row.pk}",
    )


@on(events.LetterReissued)
def tell_of_a_letter_made_again(event):
    row = Reissue.objects.select_related("document").get(pk=event.reissue)
    _tell(event.case, "letter_reissued", once=str(row.pk), letter=row.document.content["title"])


@on(events.CircularMoved)
def tell_of_a_message_to_many(event):
    """Who may let it go hears that it waits for them, its writer what came of it."""
    kinds = {"ask": "many_to_confirm", "confirm": "many_confirmed", "decline": "many_declined"}
    if event.move not in kinds:
        return
    row = Circular.objects.select_related("department", "officer__account").get(pk=event.circular)
    if event.move == "ask" and row.state != CircularState.ASKED:
        return  # taken back or answered before the worker came to it
    notices.tell_staff(
        circulating.second_persons(row) if event.move == "ask" else [row.officer], kinds[event.move],
        about=f"circular:{row.ref}", link=f"/office/circulars/{row.ref}/",
        params={"title": row.title, "department": row.department.name, "count": row.estimate, "why": row.why or "—"},
        once=f"{kinds[event.move]}:{row.pk}",
    )  # fmt: skip


@on(events.BatchRefused)
def tell_of_a_list_refused(event):
    _tell_of_list(event.batch, "list_refused")


@on(events.BatchLapsed)
def tell_of_a_list_nobody_confirmed(event):
    _tell_of_list(event.batch, "list_lapsed")


def _tell_of_list(batch: int, kind: str) -> None:
    row = Batch.objects.select_related("officer__account").get(pk=batch)
    notices.tell_staff(
        [row.officer], kind, about=row.subject, link=f"/office/batches/{row.ref}/",
        params={"count": row.number}, once=f"{kind}:{row.pk}",
    )  # fmt: skip
