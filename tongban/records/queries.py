"""Until when an application is kept, what stops its end, and what is due. Lists go by index and page by page, never counted as a whole."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import (
    Appeal,
    BrokenPromise,
    Case,
    CaseMaterial,
    Consultation,
    Hearing,
    Promise,
    PublicObjection,
    Tolerance,
)
from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.evaluations.models import FollowUp
from tongban.lib.composed import composed, composed_of_several
from tongban.licences.models import Licence, Proceeding
from tongban.matters import retention
from tongban.matters.models import MatterVersion
from tongban.parties.models import Party
from tongban.payments.models import Bill, Refund
from tongban.records import owned, rules
from tongban.records.models import Destruction, DestructionLine, Handover, Hold, Keeping
from tongban.registers.models import Dispute
from tongban.registers.states import RUNNING
from tongban.rights.models import Review


@dataclass(frozen=True)
class Stop:
    """One reason why an application is kept longer than its time. `hold`: placed by somebody, and to be lifted by somebody."""

    sentence: Any
    until: datetime.date | None = None
    hold: Hold | None = None


def family(case: Case) -> list[Case]:
    """A bundle ends as a whole: itself and its members. Anything else is alone."""
    rows = Case.objects.select_related("version", "matter", "department", "applicant", "account")
    top = case.parent_id or case.pk
    return list(rows.filter(Q(pk=top) | Q(parent=top)).order_by("pk"))


TO_KEEP = (
    "parent",
    "state",
    "ended_at",
    "decided_at",
    "updated_at",
    "version",
    "matter",
    "department",
)  # what a last day is found from


def members_of(cases: list[Case]) -> dict[int, list[Case]]:
    """The members of each bundle among these."""
    found: dict[int, list[Case]] = {}
    for one in Case.objects.only(*TO_KEEP).filter(parent__in=[case.pk for case in cases]).order_by("pk"):
        found.setdefault(one.parent_id or 0, []).append(one)
    return found


def with_their_rules(cases: list[Case]) -> None:
    """Give each its version, of which only what keeping asks is read, and each version once: a guide is large, its line here short."""
    needed = MatterVersion.objects.only("type", "retention").in_bulk({case.version_id for case in cases})
    for case in cases:
        case.version = needed[case.version_id]


def stops(cases: list[Case], today: datetime.date) -> list[Stop]:
    """Everything that is open about these applications, asked of the rows as they stand now."""
    ids = [case.pk for case in cases]
    subjects = [case.subject for case in cases]
    found: list[Stop] = []
    if any(rules.outcome_of(case) is None for case in cases):
        found.append(Stop(_("the application is not finished")))
    for hold in holds(cases).filter(Q(until__isnull=True) | Q(until__gte=today), lifted_at__isnull=True):
        found.append(Stop(hold.get_why_display(), hold.until, hold))
    open_now: list[tuple[QuerySet, Any]] = [
        (Appeal.objects.filter(case__in=ids, state="asked"), _("its decision is being looked at again")),
        (Hearing.objects.filter(case__in=ids, state__in=["offered", "asked", "invited"]), _("a hearing is open")),
        (
            PublicObjection.objects.filter(notice__case__in=ids, answered_at__isnull=True, taken_back_at__isnull=True),
            _("an objection is not answered"),
        ),
        (
            Consultation.objects.filter(case__in=ids, answered_at__isnull=True, recalled_at__isnull=True),
            _("another department still owes its opinion"),
        ),
        (
            Promise.objects.filter(case__in=ids, state__in=["to_check", "put_right", "false"]),
            _("a promise is still to be checked"),
        ),
        (
            BrokenPromise.objects.filter(promise__case__in=ids, lifted_at__isnull=True),
            _("a broken promise stands in the credit record"),
        ),
        (Tolerance.objects.filter(case__in=ids, settled=""), _("a document is still to come")),
        (Review.objects.filter(case__in=ids, state="open"), _("a person is looking at what a machine decided")),
        (FollowUp.objects.filter(rating__case__in=ids).exclude(state="closed"), _("a complaint is being put right")),
        (
            Dispute.objects.filter(
                of_party__in={case.applicant_id for case in cases}, about__in=subjects, state__in=RUNNING
            ),
            _("a value of a register is disputed"),
        ),
        (Bill.objects.filter(about__in=subjects, state="open"), _("a bill is not paid")),
        (
            Refund.objects.filter(share__bill__about__in=subjects, state__in=["proposed", "sent", "failed"]),
            _("money is on its way back"),
        ),
    ]
    found += [Stop(sentence) for rows, sentence in open_now if rows.exists()]
    licences = _licences(cases).filter(state__in=["valid", "suspended"])
    in_force = licences.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=today)).order_by("-valid_to").first()
    if in_force is not None:
        found.append(Stop(_("the licence is still valid"), in_force.valid_to))
    if Proceeding.objects.filter(licence__in=_licences(cases), state="open").exists():
        found.append(Stop(_("the holder of the licence is being heard")))
    return found


def _licences(cases: list[Case]) -> QuerySet[Licence]:
    return Licence.objects.filter(
        Q(pk__in=[case.licence_id for case in cases if case.licence_id])
        | Q(holder__in={case.applicant_id for case in cases}, decision__in=[case.subject for case in cases])
    )


def holds(cases: list[Case]) -> QuerySet[Hold]:
    return Hold.objects.select_related("placed_by__department", "lifted_by__department").filter(case__in=cases)


@dataclass(frozen=True)
class Kept:
    """How long an application is kept, for whoever looks at it."""

    rule: retention.Rule
    running: bool
    until: datetime.date | None
    stops: list[Stop]
    handover: Handover | None = None
    anonymised_at: datetime.datetime | None = None

    @property
    def over(self) -> bool:
        return self.until is not None and self.until < timezone.localdate()


def kept(case: Case) -> Kept:
    """Computed from what stands there now: no row is needed, so a page of any old case says it too."""
    row = next(iter(_keeping(case=case.parent_id or case.pk)), None)
    if row is not None and row.anonymised_at is not None:
        given = Handover.objects.filter(case=case.parent_id or case.pk).first()
        return Kept(retention.of_stored(row.rule), False, row.until, [], given, row.anonymised_at)
    if rules.outcome_of(case) is None:
        return Kept(rules.expected(case, papers_in([case]).get(case.pk, ())), True, None, [])
    cases = family(case)
    rule, _ended, until = deciding(cases)
    return Kept(rule, False, until, [one for one in stops(cases, timezone.localdate()) if one.sentence])


@composed(case=BigIntegerField())
def _keeping(case):
    return Keeping.objects.filter(pk=case)


Papers = Mapping[int, list[retention.PaperRule]]
KEPT_PAPERS = (CaseMaterial.How.UPLOAD, CaseMaterial.How.PAPER, CaseMaterial.How.GENERATED)


def papers_in(cases: Iterable[Case]) -> Papers:
    """Of each application the papers in it whose kind has a time of its own, for all of them in one question."""
    found: dict[int, list[retention.PaperRule]] = {}
    for case, name, row in _with_a_time_of_their_own(case.pk for case in cases):
        if (rule := retention.of_kind(name, row)) is not None:
            found.setdefault(case, []).append(rule)
    return found


@composed_of_several(BigIntegerField())
def _with_a_time_of_their_own(cases):
    rows = CaseMaterial.objects.filter(case__id__in=cases, how__in=KEPT_PAPERS).exclude(type__retention={})
    return rows.values_list("case", "type__name", "type__retention")


def deciding(
    cases: list[Case], papers: Papers | None = None
) -> tuple[retention.Rule, datetime.date, datetime.date | None]:
    """The rule that keeps a whole longest, the day from which it counts, and its last day. `papers`: as `papers_in` found them for many."""
    papers = papers_in(cases) if papers is None else papers
    found = []
    for case in cases:
        rule, ended = rules.expected(case, papers.get(case.pk, ())), rules.ended_on(case)
        found.append((rule, ended, rule.until(ended)))
    return max(found, key=lambda one: one[2] or datetime.date.max)


# -- lists for the office


AT_A_TIME = 200
SHOWN = 50


def due(
    department: str | None,
    by: datetime.date,
    after: tuple[datetime.date, int] | None = None,
    since: datetime.date | None = None,
) -> list[Keeping]:
    """Whose last day is before `by` and not before `since`, the oldest first: one page by the index of a department."""
    rows = Keeping.objects.filter(state="kept", until__lt=by)
    if since is not None:
        rows = rows.filter(until__gte=since)
    if department is not None:
        rows = rows.filter(department__code=department)
    if after is not None:
        rows = rows.filter(Q(until__gt=after[0]) | Q(until=after[0], pk__gt=after[1]))
    return list(rows.select_related("case__version", "department").order_by("until", "case")[: SHOWN + 1])


def _to_do(today: datetime.date) -> Q:
    """Without what something stopped when it was looked at a few days ago."""
    return Q(put_off__isnull=True) | Q(put_off__lte=today)


A_LOOK = 100


def due_in(
    department: Department,
    by: datetime.date,
    today: datetime.date,
    after: tuple[datetime.date | None, int] | None = None,
) -> list[Keeping]:
    """Some of what is to be looked at for a list, the oldest first."""
    rows = Keeping.objects.select_related("case").filter(
        _to_do(today), department=department, state="kept", until__lt=by
    )
    if after is not None:
        rows = rows.filter(Q(until__gt=after[0]) | Q(until=after[0], pk__gt=after[1]))
    return list(rows.order_by("until", "case")[:A_LOOK])


def departments_with_due(by: datetime.date, since: datetime.date = datetime.date.min) -> list[tuple[Any, int, bool]]:
    """Each department with how many are due, counted up to what one list can hold; True when there are more."""
    from_index = []
    due = Keeping.objects.filter(_to_do(timezone.localdate()), state="kept", until__gte=since, until__lt=by)
    for row in departments.departments():
        number = due.filter(department=row).order_by("until", "case").values("pk")[: AT_A_TIME + 1].count()
        if number:
            from_index.append((row, min(number, AT_A_TIME), number > AT_A_TIME))
    return from_index


def lists_for(officer: Officer, before: int | None = None) -> list[Destruction]:
    rows = Destruction.objects.select_related("department", "proposed_by", "decided_by")
    if not {"coordinator", "supervisor", "auditor"} & set(officer.roles):
        rows = rows.filter(department=officer.department)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-id")[: SHOWN + 1])


def lines_of(row: Destruction) -> list[DestructionLine]:
    return list(row.lines.order_by("id"))


def listed(row: Destruction, after: int = 0) -> list[Keeping]:
    rows = Keeping.objects.filter(destruction=row, state="listed", pk__gt=after)
    return list(rows.select_related("case__version", "case__department").order_by("case")[: SHOWN + 1])


def handed_over(row: Destruction) -> list[Handover]:
    """What the archive received of a list: numbers of packages and receipts, at most as many as a list holds."""
    rows = Handover.objects.filter(case__keeping__destruction=row, state="received")
    return list(rows.defer("file").order_by("name")[:AT_A_TIME])


@dataclass(frozen=True)
class WouldGo:
    """A list before anybody confirms it: how much it is, without touching anything."""

    cases: int
    archive: int
    papers: int


def would_go(row: Destruction) -> WouldGo:
    listed = list(Keeping.objects.filter(destruction=row, state="listed").values_list("case", "rule"))
    ids = [case for case, _rule in listed]
    members = list(Case.objects.filter(parent__in=ids).values_list("pk", flat=True))
    to_archive = sum(rule["then"] == retention.ARCHIVE for _case, rule in listed)
    return WouldGo(len(listed), to_archive, len(owned.papers_of([*ids, *members])))


ENDS_SHOWN = 10


def kept_of(party: Party) -> list[tuple[Case, Kept]]:
    """The newest applications of a party that ended, with their last days; what is open about each is said on its own page."""
    rows = Case.objects.select_related("version", "matter", "department").filter(
        applicant=party, parent__isnull=True, state__in=list(rules.OUTCOME_OF)
    )
    found = []
    shown = list(rows.order_by("-id")[:ENDS_SHOWN])
    members = members_of(shown)
    inside = [one for whole in members.values() for one in whole]
    with_their_rules(inside)
    papers = papers_in([*shown, *inside])
    for case in shown:
        rule, _ended, until = deciding([case, *members.get(case.pk, [])], papers)
        found.append((case, Kept(rule, False, until, [])))
    return found
