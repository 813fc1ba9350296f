"""The acts beside the ordinary way of a case: taking a request back, slips put right, hearings, opinions, checks of promises, papers that follow."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tongban.cases import correction, hearings, promising, rules, services
from tongban.cases.models import Case, Hearing
from tongban.cases.permission import handler_of
from tongban.cases.procedure_states import (
    HEARING_REQUEST_DAYS,
    HEARING_TOLD_BEFORE,
    OPINION_DAYS,
    PUT_RIGHT_AT_MOST,
    HearingState,
    PromiseState,
)
from tongban.cases.services import tolerating
from tongban.cases.services.consulting import MOST_DAYS
from tongban.cases.services.hearing import offer_before_revoking
from tongban.cases.states import IN_REVIEW, CaseState
from tongban.channels.office import acts
from tongban.channels.office.acts import GROUND, REASON, Act, Ask, _day, _due, _filled, _text, _whole
from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, worded

GRANTED_AND_OVER = {CaseState.DELIVERED, CaseState.CLOSED}
FOUND = [
    ("kept", gettext_lazy("as promised")),
    ("put_right", gettext_lazy("not as promised, can be put right")),
    ("false", gettext_lazy("the promise was false")),
]
CAME = [("1", gettext_lazy("came")), ("0", gettext_lazy("did not come"))]


# -- what the questions offer


def _slips(case: Case, officer: Officer) -> list:
    values = rules.plain_values(case.values)
    return [
        (one.id, f"{say(one.label)}: {one.display(values.get(one.id))}") for one in correction.staff_may_change(case)
    ]


def _leaders(case: Case, officer: Officer) -> list:
    return [(one.pk, f"{one.shown_name} ({one.department.shown_name})") for one in hearings.who_may_lead(case)]


def _others(case: Case, officer: Officer) -> list:
    return [(one.code, one.shown_name) for one in departments.departments() if one.pk != case.department_id]


def _shown(case: Case, officer: Officer) -> list:
    values = rules.plain_values(case.values)
    fields = [
        (f"field-{one.id}", say(one.label)) for one in rules.form_of(case).visible(values) if one.type != "consent"
    ]
    papers = [
        (f"material-{row.type.slug}", worded(_("Document: %(name)s"), name=row.type.shown_name))
        for row in case.materials.select_related("type")
        if row.document_id
    ]
    return [*papers, *fields]


def _owed(case: Case, officer: Officer) -> list:
    return [(row.pk, row.material.type.shown_name) for row in tolerating.open_ones(case)]


# -- what is done


def _slip(case: Case, officer: Officer, data):
    given = _filled(data, "field", "value", "reason")
    asked = rules.form_of(case)
    one = next((one for one in asked if one.id == given["field"]), None)
    value: object = given["value"]
    if one is not None and one.options:  # typed in words, or as the code of the option
        said = {code.lower(): code for code in one.options}
        said |= {str(words).strip().lower(): code for code, label in one.labels.items() for words in label.values()}
        parts = [part.strip().lower() for part in given["value"].replace("、", ",").split(",")]
        value = [said.get(part, part) for part in parts] if one.type == "multi" else said.get(parts[0], given["value"])
    try:
        return services.change_answer(
            case, given["field"], {given["field"]: value}, officer=officer, reason=given["reason"]
        )
    except Invalid as wrong:
        told = {
            "value": wrong.errors.get(f"staff-{given['field']}", []),
            "reason": wrong.errors.get("staff-reason", []),
        }
        raise Invalid(wrong.code, wrong.sentence, errors={name: why for name, why in told.items() if why}) from wrong


def _moment(data, name: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(_text(data, name))
    except ValueError:
        return None
    return timezone.make_aware(told) if timezone.is_naive(told) else told


def _running(case: Case) -> Hearing:
    row = hearings.running(case)
    if row is None:
        raise Invalid("no-hearing", _("There is no hearing in this case now."))
    return row


def _leader(case: Case, data) -> Officer | None:
    return next((one for one in hearings.who_may_lead(case) if str(one.pk) == _text(data, "leader")), None)


def _ask_opinion(case: Case, officer: Officer, data):
    shown = data.getlist("shown")
    return services.ask_opinion(
        case,
        officer=officer,
        department=Department.objects.filter(code=_text(data, "department")).first(),
        question=_text(data, "question"),
        fields=[one.removeprefix("field-") for one in shown if one.startswith("field-")],
        materials=[one.removeprefix("material-") for one in shown if one.startswith("material-")],
        days=_whole(data, "days"),
    )


def _waive(case: Case, officer: Officer, data):
    chosen = next((row for row in tolerating.open_ones(case) if str(row.pk) == _text(data, "paper")), None)
    if chosen is None:
        raise Invalid("choice-missing", _("Something is still missing."), errors={"paper": [_("Choose.")]})
    return services.waive(chosen, officer=officer, why=_text(data, "why"))


# -- what will happen


def _recalled(case, officer):
    return [
        _("The applicant is told that nothing has to be done."),
        _("The five working days for acceptance begin again today."),
        _("A new request would be the second: a supervisor's, and counted as a fault."),
    ]


def _changed_slip(case, officer):
    return [
        _("The applicant sees what stood there, what stands there now, and your reason."),
        _("Until acceptance the applicant can undo it with one press."),
    ]


def _offered(case, officer):
    return [
        worded(_("The applicant can ask for the hearing until %(day)s."), day=_day(_due(HEARING_REQUEST_DAYS))),
        _("The clock of the decision stands still until the hearing is over, or nobody asked for it."),
        _("Nothing is refused before."),
    ]


def _invited(case, officer):
    row = hearings.running(case)
    said = [worded(_("At least %(days)s days before; on a working day."), days=HEARING_TOLD_BEFORE)]
    if row is not None and row.hold_by:
        said.append(worded(_("It must be held by %(day)s."), day=_day(row.hold_by)))
    return said


def _held(case, officer):
    said = [_("The record is a paper of the case; the applicant can read it.")]
    if case.state == CaseState.SUSPENDED:
        said.append(_("The clock of the decision goes on."))
    return said


def _opinion_asked(case, officer):
    due, promised = _due(OPINION_DAYS), case.promised_due
    late = promised is not None and due is not None and timezone.localdate() < promised < due
    return [
        worded(_("The department answers by %(day)s, if you name no other number of days."), day=_day(due)),
        *([worded(_("That is after the promised day, %(day)s: name fewer days."), day=_day(promised))] if late else []),
        _("It sees only what you tick, and every look is written down."),
        _("The clock of the decision runs on. Only an expert review by law stops it: use “Stop the clock” for that."),
    ]


def _checked(case, officer):
    return [
        _("As promised: the check is done."),
        _("Can be put right: the applicant has the days you name, then it is looked at again."),
        _("False: the holder is heard first, then the approver revokes; it goes on the credit record."),
    ]


def _before_revoking(case, officer):
    return [
        worded(_("The holder can ask for the hearing until %(day)s."), day=_day(_due(HEARING_REQUEST_DAYS))),
        _("Nothing is revoked before."),
    ]


WHY = Ask("why", gettext_lazy("Reason, told to the applicant"), "lines")

PROCEDURES: dict[str, Act] = {
    act.name: act
    for act in [
        Act(
            "recall_correction", gettext_lazy("Take the request back"), gettext_lazy("Take the request back"),
            lambda case, officer, data: services.recall_correction(case, officer=officer, why=_text(data, "why")),
            icon="undo", asks=(WHY,), happens=_recalled, paper="correction_recalled", told=True,
            done=gettext_lazy("Taken back; the applicant is told."), moves=("correct",),
        ),
        Act(
            "staff_change", gettext_lazy("Put a slip right"), gettext_lazy("Correct the slip"), _slip,
            icon="edit",
            asks=(
                Ask("field", gettext_lazy("Answer"), "choice", options=_slips),
                Ask("value", gettext_lazy("What should stand there"), hint=gettext_lazy("For a choice: one of its words.")),
                Ask("reason", gettext_lazy("Reason, told to the applicant"), "lines"),
            ),
            happens=_changed_slip, paper="staff_change_notice", told=True, done=gettext_lazy("Put right; the applicant sees it."),
        ),
        Act(
            "offer_hearing", gettext_lazy("Offer a hearing"), gettext_lazy("Offer the hearing"),
            lambda case, officer, data: services.offer_hearing(
                case, officer=officer, reason=_text(data, "reason"), ground=_text(data, "ground")
            ),
            icon="people", asks=(Ask("reason", gettext_lazy("Why it is going to be refused"), "lines"), GROUND),
            happens=_offered, paper="hearing_notice", told=True, done=gettext_lazy("Offered; the clock stands still."),
        ),
        Act(
            "offer_before_revoking", gettext_lazy("Offer a hearing before revoking"), gettext_lazy("Offer the hearing"),
            lambda case, officer, data: offer_before_revoking(
                case, officer=officer, reason=_text(data, "reason"), ground=_text(data, "ground")
            ),
            icon="people", asks=(REASON, GROUND), happens=_before_revoking, paper="hearing_notice", told=True,
            done=gettext_lazy("Offered."), moves=("offer_hearing",),
        ),
        Act(
            "invite_hearing", gettext_lazy("Set day and place of the hearing"), gettext_lazy("Send the invitation"),
            lambda case, officer, data: services.invite_to_hearing(
                _running(case), officer=officer, meets_at=_moment(data, "meets_at"), place=_text(data, "place"),
                leader=_leader(case, data), participants=_text(data, "participants"),
            ),
            icon="calendar",
            asks=(
                Ask("meets_at", gettext_lazy("Day and hour"), "moment"),
                Ask("place", gettext_lazy("Place")),
                Ask("leader", gettext_lazy("Who leads it"), "choice", options=_leaders,
                    hint=gettext_lazy("Somebody who did not handle the case.")),
                Ask("participants", gettext_lazy("Who takes part"), "lines"),
            ),
            happens=_invited, paper="hearing_invitation", told=True, variant="primary", done=gettext_lazy("The invitation was sent."),
        ),
        Act(
            "hold_hearing", gettext_lazy("Write down the hearing"), gettext_lazy("Keep the record"),
            lambda case, officer, data: services.hold_hearing(
                _running(case), officer=officer, came={"1": True, "0": False}.get(_text(data, "came")), record=_text(data, "record"),
                result=_text(data, "result"),
            ),
            icon="pen-sign",
            asks=(
                Ask("came", gettext_lazy("The applicant"), "choice", options=lambda case, officer: CAME),
                Ask("record", pgettext_lazy("hearing", "What was said"), "lines"),
                Ask("result", gettext_lazy("Result"), "choice", options=lambda case, officer: list(Hearing.Result.choices)),
            ),
            happens=_held, paper="hearing_record", told=True, variant="primary", done=gettext_lazy("The record is kept."),
        ),
        Act(
            "ask_opinion", gettext_lazy("Ask for an opinion"), pgettext_lazy("opinion", "Send the question"), _ask_opinion,
            icon="help",
            asks=(
                Ask("department", gettext_lazy("Department"), "choice", options=_others),
                Ask("question", gettext_lazy("Question"), "lines"),
                Ask("days", gettext_lazy("Working days to answer"), "number", least=1, most=MOST_DAYS),
                Ask("shown", gettext_lazy("What the department may see"), "many", options=_shown,
                    hint=gettext_lazy("Only what it needs for its answer.")),
            ),
            happens=_opinion_asked, done=gettext_lazy("Asked."),
        ),
        Act(
            "decide_without_paper", gettext_lazy("Decide without a paper"), gettext_lazy("Decide without it"), _waive,
            icon="document",
            asks=(
                Ask("paper", gettext_lazy("Paper still to come"), "choice", options=_owed),
                Ask("why", gettext_lazy("Why it is not needed"), "lines"),
            ),
            done=gettext_lazy("It is decided without this paper."),
        ),
        Act(
            "check_promise", gettext_lazy("Record the check of the promise"), gettext_lazy("Keep what was found"),
            lambda case, officer, data: services.check_promise(
                case, officer=officer, found=_text(data, "found"), seen=_text(data, "observed"), place=_text(data, "place"),
                put_right_days=_whole(data, "put_right_days"), ground=_text(data, "ground"),
            ),
            icon="footsteps",
            asks=(
                Ask("found", gettext_lazy("What was found"), "choice", options=lambda case, officer: FOUND),
                Ask("place", gettext_lazy("Place")),
                Ask("observed", gettext_lazy("What was seen"), "lines", hint=gettext_lazy("The applicant reads it.")),
                Ask("put_right_days", gettext_lazy("Working days to put it right"), "number", least=1, most=PUT_RIGHT_AT_MOST,
                    hint=gettext_lazy("Only where it can be put right.")),
                Ask("ground", gettext_lazy("Legal ground"), hint=gettext_lazy("Only where the promise was false.")),
            ),
            happens=_checked, told=True, variant="primary", done=gettext_lazy("What was found is kept, and told."),
            moves=("promise_kept", "promise_put_right", "promise_false"),
        ),
        Act(
            "true_after_all", gettext_lazy("Leave the decision as it is"), gettext_lazy("Leave it"),
            lambda case, officer, data: services.true_after_all(case, officer=officer, why=_text(data, "why")),
            icon="check", asks=(WHY,), told=True, paper="promise_check", done=gettext_lazy("The decision stays as it is."),
            moves=("promise_kept",),
        ),
    ]
}  # fmt: skip
EVERY_ACT: dict[str, Act] = {**acts.ACTS, **PROCEDURES}


def open_to(officer: Officer, case: Case) -> list[Act]:
    """The acts this officer may do now, those of the ordinary way first."""
    usual = acts.open_to(officer, case)
    beside = _beside(officer, case)
    return [*usual, *(PROCEDURES[name] for name in PROCEDURES if name in beside)]


def _beside(officer: Officer, case: Case) -> set[str]:
    handler = handler_of(officer)
    if not handler.active or case.applicant_id in handler.parties:
        return set()
    roles, found = handler.roles, set()
    here = handler.department == case.department.code and bool({"*", case.matter.slug} & handler.certified)
    if case.state == CaseState.CORRECTION_REQUESTED and roles & {"window_officer", "supervisor"}:
        found.add("recall_correction")
    if case.state in correction.STAFF_MAY_CHANGE_IN and roles & {"window_officer", "pre_reviewer"}:
        found.add("staff_change")
    if not here:
        return found
    row = hearings.running(case) if case.state in {CaseState.SUSPENDED, *GRANTED_AND_OVER} else None
    if row is not None and roles & {"dept_reviewer", "dept_approver"}:
        if row.state in {HearingState.ASKED, HearingState.INVITED}:
            found.add("invite_hearing")
        if row.state == HearingState.INVITED and row.meets_at is not None and row.meets_at <= timezone.now():
            found.add("hold_hearing")
    if "dept_reviewer" in roles and case.state in IN_REVIEW:
        found.add("ask_opinion")
        if case.state == CaseState.UNDER_REVIEW and hearings.of(case, "refusal") is None:
            found.add("offer_hearing")
        if tolerating.open_ones(case).exists():
            found.add("decide_without_paper")
    promise = promising.promise_of(case) if case.decided_at and promising.rests_on_one(case) else None
    if promise is not None and promise.state in promising.CHECKED_IN and promising.may_check(officer, case):
        found.add("check_promise")
    if "dept_approver" in roles and case.state in GRANTED_AND_OVER:
        if hearings.of(case, "revocation") is None and promise is None:
            found.add("offer_before_revoking")
        if promise is not None and promise.state == PromiseState.FALSE and hearings.is_over(case, "revocation"):
            found.add("true_after_all")
    return found
