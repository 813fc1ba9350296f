"""What an officer can do with a case: for each act its words, its questions, what will happen, and the service that does it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import clocks, correction, hearings, promising, rules, services
from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.papers import TITLES
from tongban.cases.services.publishing import notice_ends
from tongban.cases.services.reviewing import extension_at_most
from tongban.cases.states import (
    ACCEPTANCE_DAYS,
    EXCLUDED_STEPS,
    ISSUANCE_DAYS,
    JOINT_EXTENSION_DAYS_AT_MOST,
    ClockKind,
)
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, worded
from tongban.licences.models import LicenceType
from tongban.matters import promises

STEP_WORDS = {
    "hearing": gettext_lazy("hearing"),
    "bidding": gettext_lazy("bidding"),
    "auction": gettext_lazy("auction"),
    "inspection_testing": gettext_lazy("inspection or testing"),
    "quarantine": gettext_lazy("quarantine"),
    "appraisal": gettext_lazy("appraisal"),
    "expert_review": gettext_lazy("expert review"),
}
PROOFS = [
    ("code checked", gettext_lazy("pick-up code checked")),
    ("identity checked", gettext_lazy("identity checked")),
    ("post signed for", gettext_lazy("post signed for")),
]


@dataclass(frozen=True)
class Ask:
    """One question of an act's form. `kind`: text, lines, number, choice or tick."""

    name: str
    label: Any
    kind: str = "text"
    hint: Any = ""
    options: Callable[[Case, Officer], list] | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Act:
    """`happens` says in sentences what follows; `paper` is the notice it makes; `told`: the applicant gets a message.

    `plain` acts are one press: nothing is asked and they bind nobody. `final` ones cannot be taken back.
    """

    name: str
    label: Any
    button: Any
    do: Callable
    icon: str = "check"
    asks: tuple[Ask, ...] = ()
    happens: Callable[[Case, Officer], list] = lambda case, officer: []
    paper: str = ""
    told: bool = False
    plain: bool = False
    final: bool = False
    marks: bool = False
    color: str = "accent"
    variant: str = "secondary"
    done: Any = ""
    moves: tuple[str, ...] = field(default=())

    @property
    def paper_title(self) -> str:
        return say(TITLES[self.paper]) if self.paper else ""


def _text(data, name: str) -> str:
    return data.get(name, "").strip()


def _whole(data, name: str) -> int:
    text = _text(data, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def findings_of(data) -> list[dict]:
    """Everything marked on the page: `wrong-field-<id>`, `wrong-material-<slug>`, `wrong-page-<n>-<slug>`, each with its `text-...`."""
    found = []
    for name in data:
        if not name.startswith("wrong-"):
            continue
        kind, _dash, what = name.removeprefix("wrong-").partition("-")
        page = None
        if kind == "page":
            number, _dash, what = what.partition("-")
            page = int(number) if number.isascii() and number.isdigit() else None
        text = _text(data, f"text-{name.removeprefix('wrong-')}")
        found.append(
            {
                "mark": name.removeprefix("wrong-"),
                "field" if kind == "field" else "material": what,
                "page": page,
                "text": text,
            }
        )
    return found


def marked(data) -> list[dict]:
    """As `findings_of`; a mark without words is not sent."""
    found = findings_of(data)
    silent = [one["mark"] for one in found if not one["text"]]
    if silent:
        raise Invalid(
            "mark-without-words",
            _("Say in words what is wrong at every mark."),
            errors={f"text-{mark}": [_("Say what is wrong.")] for mark in silent},
        )
    return found


# -- what will happen, in sentences with their dates


def _day(value) -> str:
    return day_words(value) if value else _("a day that is not known yet")


def _today():
    return clocks.local_day(timezone.now())


def _due(days: int, since=None):
    return departments.calendar().due(since or _today(), days).day


def _passed(case, officer):
    since = clocks.day_of_act(case, timezone.now())
    return [
        worded(
            _("The application counts as received. It must be accepted or answered by %(day)s."),
            day=_day(_due(ACCEPTANCE_DAYS, since)),
        )
    ]


def _returned(case, officer):
    return [_("The clock stops until the applicant sends the application again.")]


def _corrected(case, officer):
    last = clocks.last_day_to_correct(_today())
    once = _("This can be asked once only: whatever is not marked now cannot be asked for later.")
    if case.corrections:
        once = _("This is the second request. It is a fault of ours: it is counted, and whoever supervises is told.")
    return [
        worded(
            _("The applicant has until %(day)s to supply everything; the clock of acceptance stops."), day=_day(last)
        ),
        _("After that the five working days for acceptance begin again."),
        once,
        _("It can be taken back until the applicant begins to answer."),
    ]


def _accepted(case, officer):
    said, due = [], clocks.expected(case, sent=timezone.now(), counted_from=_today())
    if due["promised"] is not None:
        said.append(worded(_("The decision is promised by %(day)s."), day=_day(due["promised"].day)))
    if due["statutory"] is not None:
        said.append(worded(_("By law it is due on %(day)s at the latest."), day=_day(due["statutory"].day)))
    said.append(worded(_("%(department)s reviews it next."), department=case.department.shown_name))
    return said


def _not_accepted(case, officer):
    return [_("The application ends here."), _("The decision names the ways of appeal.")]


def _concluded(case, officer):
    approvers = [
        one.shown_name for one in departments.officers(case.department, "dept_approver") if one.pk != officer.pk
    ]
    said = [_("The case goes to another person for the decision.")]
    if approvers:
        said = [worded(_("The case goes to an approver: %(names)s."), names=_(", ").join(approvers[:4]))]
    return [*said, _("Until the decision you may write your opinion anew.")]


def _approved(case, officer):
    said = [_("The application is granted today.")]
    result = case.version.result or {}
    kind = LicenceType.objects.filter(slug=result.get("ref")).first() if result.get("kind") == "e_licence" else None
    if kind is not None:
        _first, ends = rules.licence_term(case, kind.validity, _today())
        said.append(
            worded(
                _("“%(name)s” is issued and sealed at once, valid until %(day)s."), name=kind.shown_name, day=_day(ends)
            )
            if ends
            else worded(_("“%(name)s” is issued and sealed at once, without an end."), name=kind.shown_name)
        )
    if (case.version.fee or {}).get("charged"):
        said.append(_("A fee is due: the applicant gets the bill at once, and the result is made when it is paid."))
    else:
        said.append(
            worded(_("The result is ready within moments, at the latest by %(day)s."), day=_day(_due(ISSUANCE_DAYS)))
        )
    return said


def _refused(case, officer):
    return [_("The application ends here."), _("The decision names the ways of appeal.")]


def _inspected(case, officer):
    names = [one.shown_name for one in departments.officers(case.department, "inspector")]
    said = [_("The inspection counts in the time limit.")]
    return [worded(_("Two inspectors go: %(names)s."), names=_(", ").join(names)), *said] if names else said


def _stands_still(case, officer):
    said = [
        worded(_("The clock of the decision stands still from %(day)s."), day=_day(_today())),
        _("It goes on with the days that are left when you enter the result of the step."),
    ]
    if case.parent_id is not None:
        said.append(
            _(
                "The whole it belongs to is promised with its last part: its date stands still too, and the applicant is told."
            )
        )
    return said


def _goes_on(case, officer):
    clock = case.clocks.filter(kind=ClockKind.DECISION_PROMISED, stopped_on__isnull=True).first()
    if clock is None:
        return [_("The clock of the decision goes on.")]
    today = _today()
    pauses = [(begin, end or today) for begin, end in clock.pauses_as_dates()]
    due = departments.calendar().due_with_pauses(clock.started_on, clock.limit + clock.extended_by, pauses)
    return [worded(_("The clock goes on; the decision is then promised by %(day)s."), day=_day(due.day))]


def _extended(case, officer):
    clock = case.clocks.filter(kind=ClockKind.DECISION_PROMISED, stopped_on__isnull=True).first()
    said = [_("A case is extended once only.")]
    if clock is None:
        return said
    calendar = departments.calendar()
    limit = clock.limit + clock.extended_by
    moved = [
        worded(
            _("%(days)s days: %(day)s"),
            days=days,
            day=_day(calendar.due_with_pauses(clock.started_on, limit + days, clock.pauses_as_dates()).day),
        )
        for days in (5, extension_at_most(case))
    ]
    now = worded(_("Promised now by %(day)s."), day=_day(case.promised_due))
    return [now, *moved, *said]


def _published(case, officer):
    ends = notice_ends(case, timezone.now())
    return [worded(_("The notice stands until %(day)s; then the review goes on by itself."), day=_day(ends))]


def _issued(case, officer):
    return [_("The result is made ready; the applicant can open or collect it.")]


def _handed_over(case, officer):
    return [_("The case closes, and the applicant is invited to rate it.")]


def _terminated(case, officer):
    return [_("All clocks stop and the application ends here."), _("The notice names the ways of appeal.")]


def _revoked(case, officer):
    said = [_("The decision is taken back.")]
    if case.licence_id:
        said.append(
            worded(
                _("Licence %(number)s is revoked at once: whoever verifies it sees that."),
                number=case.licence.identifier,
            )
        )
    return [*said, _("The decision names the ways of appeal.")]


# -- the acts


REASON = Ask("reason", gettext_lazy("Reason, in words the applicant understands"), "lines")
GROUND = Ask("ground", gettext_lazy("Legal ground"), hint=gettext_lazy("Law and article."))
NOT_TRANSLATED = gettext_lazy("May stay empty: the English letter then says that it was written in Chinese only.")
REASON_EN = Ask("reason_en", gettext_lazy("The reason in English"), "lines", hint=NOT_TRANSLATED)
GROUND_EN = Ask("ground_en", gettext_lazy("The legal ground in English"), hint=NOT_TRANSLATED)
WHY_EN = Ask("why_en", gettext_lazy("The reason in English"), "lines", hint=NOT_TRANSLATED)

ACTS: dict[str, Act] = {
    act.name: act
    for act in [
        Act(
            "pre_review_start", gettext_lazy("Begin the check before acceptance"), gettext_lazy("Begin"),
            lambda case, officer, data: services.start_pre_review(case, officer=officer),
            plain=True, variant="primary", done=gettext_lazy("The check before acceptance has begun."),
        ),
        Act(
            "pre_review_pass", gettext_lazy("Pass"), gettext_lazy("Pass: everything is there"),
            lambda case, officer, data: services.pass_pre_review(case, officer=officer),
            happens=_passed, variant="primary", done=gettext_lazy("Passed. The window decides on acceptance."),
        ),
        Act(
            "pre_review_return", gettext_lazy("Give back"), gettext_lazy("Give back with everything marked"),
            lambda case, officer, data: services.return_from_pre_review(case, marked(data), officer=officer),
            icon="undo", happens=_returned, paper="pre_review_notice", told=True, marks=True, color="persimmon",
            done=gettext_lazy("Given back with everything you marked."),
        ),
        Act(
            "accept", gettext_lazy("Accept"), gettext_lazy("Accept the application"),
            lambda case, officer, data: services.accept(case, officer=officer, supply_days=_whole(data, "supply_days")),
            asks=(Ask("supply_days", gettext_lazy("Working days for the papers that may follow"), "number", least=1, most=60),),
            happens=_accepted, paper="acceptance_notice", told=True, variant="primary",
            done=gettext_lazy("Accepted. The clock of the decision runs."),
        ),
        Act(
            "request_correction", gettext_lazy("Ask for correction"), gettext_lazy("Send the correction notice"),
            lambda case, officer, data: services.request_correction(
                case, marked(data), officer=officer, only_marked=data.get("only_marked") == "1",
                why_again=_text(data, "why_again"),
            ),
            icon="flag", happens=_corrected, paper="correction_notice", told=True, marks=True,
            color="persimmon", done=gettext_lazy("The correction notice was sent."),
        ),
        Act(
            "not_accept", gettext_lazy("Do not accept"), gettext_lazy("Decide not to accept"),
            lambda case, officer, data: services.not_accept(
                case, officer=officer, reason=_text(data, "reason"), ground=_text(data, "ground"),
                english=_english(data, "reason", "ground"),
            ),
            icon="close-circle", asks=(REASON, REASON_EN, GROUND, GROUND_EN), happens=_not_accepted, paper="non_acceptance", told=True,
            final=True, color="danger", done=gettext_lazy("Not accepted; the decision was sent."),
        ),
        Act(
            "start_review", gettext_lazy("Begin the review"), gettext_lazy("Begin"),
            lambda case, officer, data: services.start_review(case, officer=officer),
            plain=True, variant="primary", done=gettext_lazy("The review has begun."),
        ),
        Act(
            "conclude", gettext_lazy("Conclude the review"), gettext_lazy("Give my opinion"),
            lambda case, officer, data: services.conclude(
                case, officer=officer, proposal=_text(data, "proposal"), opinion=_text(data, "opinion")
            ),
            icon="pen-sign",
            asks=(
                Ask("proposal", gettext_lazy("Proposal"), "choice", options=lambda case, officer: [
                    ("approve", _("propose to grant")), ("refuse", _("propose to refuse"))]),
                Ask("opinion", gettext_lazy("Opinion"), "lines", hint=gettext_lazy("For the approver; the applicant does not see it.")),
            ),
            happens=_concluded, variant="primary", done=gettext_lazy("Your opinion is with the approver."),
            moves=("suspend",),  # the same role and certificate as a reviewer's other moves
        ),
        Act(
            "approve", gettext_lazy("Grant"), gettext_lazy("Grant the application"),
            lambda case, officer, data: services.approve(case, officer=officer),
            happens=_approved, paper="decision", told=True, final=True, variant="primary",
            done=gettext_lazy("Granted."),
        ),
        Act(
            "refuse", gettext_lazy("Refuse"), gettext_lazy("Refuse the application"),
            lambda case, officer, data: services.refuse(
                case, officer=officer, reason=_text(data, "reason"), ground=_text(data, "ground"),
                english=_english(data, "reason", "ground"),
            ),
            icon="close-circle", asks=(REASON, REASON_EN, GROUND, GROUND_EN), happens=_refused, paper="refusal", told=True, final=True,
            color="danger", done=gettext_lazy("Refused; the decision was sent."),
        ),
        Act(
            "order_inspection", gettext_lazy("Order a site inspection"), gettext_lazy("Order the inspection"),
            lambda case, officer, data: services.order_inspection(case, officer=officer, **_filled(data, "why")),
            icon="footsteps", asks=(Ask("why", gettext_lazy("What should be looked at"), "lines"),),
            happens=_inspected, paper="inspection_notice", done=gettext_lazy("The inspection is ordered."),
        ),
        Act(
            "suspend", gettext_lazy("Stop the clock"), gettext_lazy("Stop the clock"),
            lambda case, officer, data: services.suspend(
                case, officer=officer,
                **{**_filled(data, "kind", "planned_days", "why"), "planned_days": _whole(data, "planned_days")},
                english=_english(data, "why"),
            ),
            icon="pause",
            asks=(
                Ask("kind", gettext_lazy("Step that the law does not count"), "choice",
                    options=lambda case, officer: [(name, STEP_WORDS[name]) for name in EXCLUDED_STEPS if name != "hearing"]),
                Ask("planned_days", gettext_lazy("Planned working days"), "number", least=1, most=180),
                Ask("why", gettext_lazy("Reason, told to the applicant"), "lines"),
                WHY_EN,
            ),
            happens=_stands_still, paper="special_procedure_notice", told=True,
            done=gettext_lazy("The clock stands still."),
        ),
        Act(
            "resume", gettext_lazy("Go on"), gettext_lazy("Let the clock run"),
            lambda case, officer, data: services.resume(case, officer=officer, result=_text(data, "result")),
            icon="refresh", asks=(Ask("result", gettext_lazy("Result of the step"), "lines"),),
            happens=_goes_on, told=True, variant="primary", done=gettext_lazy("The clock runs again."),
        ),
        Act(
            "extend", gettext_lazy("Extend the limit"), gettext_lazy("Extend the limit"),
            lambda case, officer, data: services.extend(
                case, officer=officer, **{**_filled(data, "days", "why"), "days": _whole(data, "days")},
                english=_english(data, "why"),
            ),
            icon="calendar",
            asks=(
                Ask("days", gettext_lazy("Working days, at most 10 (15 where several departments handle it jointly)"), "number",
                    least=1, most=JOINT_EXTENSION_DAYS_AT_MOST),
                Ask("why", gettext_lazy("Reason, told to the applicant"), "lines"),
                WHY_EN,
            ),
            happens=_extended, paper="extension_notice", told=True, final=True, done=gettext_lazy("The limit is extended."),
        ),
        Act(
            "publish_notice", gettext_lazy("Publish a notice"), gettext_lazy("Publish"),
            lambda case, officer, data: services.publish_notice(case, officer=officer, **_filled(data, "text")),
            icon="globe", asks=(Ask("text", gettext_lazy("Text of the notice"), "lines"),), happens=_published,
            paper="public_notice", final=True, done=gettext_lazy("The notice is published."),
        ),
        Act(
            "issue", gettext_lazy("Make the result"), gettext_lazy("Go on to the result"),
            lambda case, officer, data: services.issue(case, officer=officer),
            icon="seal", happens=_issued, told=True, variant="primary", done=gettext_lazy("The result is being made."),
        ),
        Act(
            "result_ready", gettext_lazy("The result is ready"), gettext_lazy("Tell the applicant"),
            lambda case, officer, data: services.result_ready(case, officer=officer),
            icon="seal", happens=_issued, paper="collection_notice", told=True, variant="primary",
            done=gettext_lazy("The applicant can have the result."),
        ),
        Act(
            "deliver", gettext_lazy("Hand over"), gettext_lazy("Handed over"),
            lambda case, officer, data: services.hand_over(case, officer=officer, how=_one_of(data, "how", PROOFS)),
            icon="send", asks=(Ask("how", gettext_lazy("How it was proved"), "choice", options=lambda case, officer: PROOFS),),
            happens=_handed_over, paper="delivery_proof", final=True, variant="primary", done=gettext_lazy("Handed over."),
        ),
        Act(
            "terminate", gettext_lazy("Terminate"), gettext_lazy("Terminate for a legal reason"),
            lambda case, officer, data: services.terminate(
                case, officer=officer, reason=_text(data, "reason"), english=_english(data, "reason")
            ),
            icon="close", asks=(Ask("reason", gettext_lazy("Reason, in words the applicant understands"), "lines",
                hint=gettext_lazy("The person died, the company ended, or the object no longer exists.")), REASON_EN),
            happens=_terminated, paper="termination_notice", told=True, final=True, color="danger",
            done=gettext_lazy("Terminated; the notice was sent."),
        ),
        Act(
            "revoke", gettext_lazy("Revoke the decision"), gettext_lazy("Revoke the decision"),
            lambda case, officer, data: services.revoke(
                case, officer=officer, reason=_text(data, "reason"), ground=_text(data, "ground"), heard=_heard(case, data),
                english=_english(data, "reason", "ground"),
            ),
            icon="trash", asks=(REASON, REASON_EN, GROUND, GROUND_EN, Ask("heard", gettext_lazy("The holder was heard"), "tick")),
            happens=_revoked, paper="revocation", told=True, final=True, color="danger",
            done=gettext_lazy("Revoked; the decision was sent."),
        ),
    ]
}  # fmt: skip


def _english(data, *names: str) -> dict[str, str]:
    """What the officer wrote in English, too."""
    return {name: text[:2000] for name in names if (text := _text(data, f"{name}_en"))}


def _filled(data, *names: str) -> dict[str, Any]:
    """These answers, none of them empty; all that are, are named at once."""
    given = {name: _text(data, name) for name in names}
    empty = {name: [_("Please fill this in.")] for name, text in given.items() if not text}
    if empty:
        raise Invalid("words-missing", _("Something is still missing."), errors=empty)
    return given


def _one_of(data, name: str, options) -> str:
    chosen = _text(data, name)
    if chosen not in {value for value, _words in options}:
        raise Invalid("choice-missing", _("Something is still missing."), errors={name: [_("Choose.")]})
    return chosen


def _heard(case: Case, data) -> bool:
    if hearings.of(case, "revocation") is None and data.get("heard") != "1":  # else the hearing itself says so
        sentence = _("The holder must be heard before a decision is revoked.")
        raise Invalid("not-heard", sentence, errors={"heard": [sentence]})
    return True


def open_to(officer: Officer, case: Case) -> list[Act]:
    """The acts this officer may do now, the usual one first."""
    moves = {step.name for step in cases.moves_for(officer, case)}
    if case.state == "under_review" and "suspend" in moves:
        moves.add("conclude")
    if case.state == "under_review" and rules.reasons_against_approving(case, officer.pk):
        moves -= {"approve", "refuse"}
    version = case.version
    lacking = {
        "order_inspection": "order_inspection" in moves
        and (promising.rests_on_one(case) or not promises.inspected(version, case.situation)),
        "publish_notice": not version.public_notice,
        "extend": bool(case.extended_days) or bool(case.statutory_due and _today() > case.statutory_due),
        "request_correction": not correction.may_ask(case, officer),
        "refuse": hearings.wanted_by_law(case) and not hearings.is_over(case, "refusal"),
        "revoke": hearings.of(case, "revocation") is not None and not hearings.is_over(case, "revocation"),
        "resume": case.state == "suspended" and hearings.running(case) is not None,
        "result_ready": case.licence is not None and case.licence.sealed_at is None,
        "issue": case.state == "approved" and services.owes(case),
    }
    return [act for name, act in ACTS.items() if name in moves and not lacking.get(name)]
