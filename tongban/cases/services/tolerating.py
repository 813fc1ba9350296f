"""Accepting although a paper that may follow is missing: with a day of its own, before the decision; and what happens if it does not come."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, papers, promising, standing
from tongban.cases.models import Case, CaseMaterial, Tolerance
from tongban.cases.moving import acting, again
from tongban.cases.noting import note
from tongban.cases.permission import permit_to_work
from tongban.cases.procedure_states import SUPPLY_DAYS
from tongban.cases.states import IN_REVIEW, ClockKind
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.materials import services as documents
from tongban.materials.models import Document
from tongban.parties.models import Account
from tongban.parties.states import Act


def later(case: Case) -> list[CaseMaterial]:
    """The required papers that were sent as "later"."""
    return list(case.materials.select_related("type").filter(how=CaseMaterial.How.LATER, required=True))


def unsettled(case: int) -> QuerySet[Tolerance]:
    return Tolerance.objects.filter(case_id=case, settled__in=["", Tolerance.Settled.LATE])


def open_ones(case: Case) -> QuerySet[Tolerance]:
    """What has still to come, or did not come, and nobody has settled."""
    return unsettled(case.pk).select_related("material", "material__type").order_by("id")


def most_days(case: Case) -> int:
    """A paper has to come before the decision is due."""
    days = promising.decided_within(case) or case.version.statutory_days or 20
    return max(1, days - 1)


def tolerate(case: Case, *, officer: Officer | None, days: int, now: datetime) -> None:
    """With acceptance: a day by which what is missing has to come. Inside the act of accepting."""
    rows = later(case)
    if not rows:
        return
    most = most_days(case)
    days = days or min(SUPPLY_DAYS, most)
    if not 1 <= days <= most:
        sentence = worded(_("Between 1 and %(most)s working days: before the decision."), most=most)
        raise Invalid("supply-days", sentence, errors={"supply_days": [sentence]})
    today = clocks.local_day(now)
    clock = clocks.start(case, ClockKind.SUPPLY, today, days)
    for row in rows:
        Tolerance.objects.create(case=case, material=row, officer=officer, at=now, due=clock.due)
    names = _names(rows)
    papers.make(
        case, "supply_notice", now=now,
        paragraphs=[
            {"zh": f"您的申请已容缺受理。请在期限内补交：{names['zh']}。补交前不作决定；逾期未补交的，依法不予准许或者终止办理。",
             "en": f"Your application is accepted although something is missing. Please supply: {names['en']}. Nothing is decided before; if it does not come, the application is refused or ended as the law says."}
        ],
        rows=[({"zh": "补交截止", "en": "Please supply by"}, clock.due.isoformat())],
    )  # fmt: skip
    journal.record(
        events.PaperTolerated(case=case.pk, due=clock.due.isoformat()),
        subject=case.subject,
        actor=acting(officer, "window_officer") if officer is not None else PLATFORM,
    )


def supply(row: Tolerance, document: Document, *, account: Account, now: datetime | None = None) -> Case:
    """The paper has come: handed in at once, and compared by the machine like any other. Late is better than never, until the decision."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(row.case)
        row = Tolerance.objects.select_for_update(of=("self",)).select_related("material__type").get(pk=row.pk)
        if case.state not in IN_REVIEW or row.settled in {Tolerance.Settled.SUPPLIED, Tolerance.Settled.WAIVED}:
            raise NotAllowed(
                "nothing-to-supply",
                _("Nothing is waited for any more in this case."),
                kept=_("What you sent is kept in your papers."),
            )
        if document.owner_id not in {case.applicant_id, account.person_id}:
            raise NotAllowed("not-your-document", _("This document was not found."))
        material = row.material
        material.how, material.document, material.trust = CaseMaterial.How.UPLOAD, document, "C"
        material.save()
        actor = standing.act_as_applicant(account, case, Act.PREPARE, "supply", now)
        documents.hand_in(document, actor=actor)
        documents.ask_reading(document)
        _settle(case, row, Tolerance.Settled.SUPPLIED, now)
        note(
            case, "supply_paper", actor=actor, account=account, now=now,
            what=events.ToleratedPaperSettled(case=case.pk, tolerance=row.pk, how="supplied"),
        )  # fmt: skip
    return case


def over(row: Tolerance, *, now: datetime) -> Case:
    """The day is over and nothing came (a duty of the worker): the applicant is told what follows. The case waits for people."""
    with transaction.atomic():
        case = again(row.case)
        row = Tolerance.objects.select_for_update(of=("self",)).select_related("material__type").get(pk=row.pk)
        if row.settled or case.state not in IN_REVIEW:
            return case
        if clocks.local_day(now) <= row.due:
            raise NotAllowed("too-early", _("The day for supplying it is not over yet."))
        _settle(case, row, Tolerance.Settled.LATE, now)
        names = _names([row.material])
        papers.make(
            case, "supply_over_notice", now=now,
            paragraphs=[
                {"zh": f"您未在期限内补交：{names['zh']}。在作出决定前您仍可补交；未补交的，我们将依法作出不予准许的决定或者终止办理。",
                 "en": f"This did not come in time: {names['en']}. Until the decision you can still supply it; without it the application is refused or ended as the law says."}
            ],
        )  # fmt: skip
        note(
            case, "paper_not_supplied", actor=PLATFORM, now=now,
            what=events.ToleratedPaperSettled(case=case.pk, tolerance=row.pk, how="late"),
        )  # fmt: skip
    return case


def waive(row: Tolerance, *, officer: Officer, why: str, now: datetime | None = None) -> Case:
    """The department decides without it, and says why."""
    now = now or timezone.now()
    handler = permit_to_work(officer, row.case)
    why = why.strip()[:1000]
    if "dept_reviewer" not in handler.roles or handler.department != row.case.department.code:
        raise NotAllowed("not-your-case", _("This is the reviewer's of the department."), status=403)
    if len(why) < 5:
        raise Invalid("reason-missing", _("Say the reason."), errors={"why": [_("Say the reason.")]})
    with transaction.atomic():
        case = again(row.case)
        row = Tolerance.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if row.settled == Tolerance.Settled.SUPPLIED:
            raise NotAllowed("is-there", _("This paper has come meanwhile."))
        if case.state not in IN_REVIEW:
            raise NotAllowed("not-in-this-state", _("This case is not under review now."))
        row.settled_by, row.why = officer, why
        _settle(case, row, Tolerance.Settled.WAIVED, now)
        note(
            case, "decide_without_paper", actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=why,
            what=events.ToleratedPaperSettled(case=case.pk, tolerance=row.pk, how="waived"),
        )  # fmt: skip
    return case


def _settle(case: Case, row: Tolerance, how: str, now: datetime) -> None:
    row.settled, row.settled_at = how, now
    row.save(update_fields=["settled", "settled_at", "settled_by", "why"])
    if not case.tolerances.filter(settled="").exists():
        clocks.stop(case, ClockKind.SUPPLY, clocks.local_day(now))


def wait_for_papers(case: Case, *, granting: bool) -> None:
    """Nobody decides while a paper may still come in time; without one that did not come nobody grants."""
    for row in open_ones(case):
        if row.settled == "" or granting:
            raise NotAllowed(
                "paper-to-come",
                worded(
                    _("“%(name)s” has still to be supplied (by %(day)s)."),
                    name=row.material.type.shown_name,
                    day=row.due.isoformat(),
                ),
                kept=_("Nothing was changed."),
                next_step=_("Wait for it, or let the reviewer decide without it and say why."),
            )


def days_left(row: Tolerance, today) -> int:
    calendar = departments.calendar()
    return (
        calendar.working_days_between(today, row.due)
        if row.due >= today
        else min(-1, -calendar.working_days_between(row.due, today))
    )


def _names(rows: list[CaseMaterial]) -> dict[str, str]:
    names = [row.type.name for row in rows]
    return {
        "zh": "、".join(one.get("zh") or one.get("en", "") for one in names),
        "en": ", ".join(one.get("en") or one.get("zh", "") for one in names),
    }
