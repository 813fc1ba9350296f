"""What is asked about cases, each from somebody's eyes. Lists go by keyset: pass the last row's key to go on."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from tongban.cases import bundles, clocks, hearings, planning, rules
from tongban.cases.models import Case, CaseMaterial, Escalation, Hand, Promise, Step, Tolerance, Visit
from tongban.cases.narrowing import LOOKED_AT
from tongban.cases.narrowing import Wanted as Wanted
from tongban.cases.permission import handler_of, reasons_against_step
from tongban.cases.procedure_states import HEARING_OVER, AppealState, PromiseState
from tongban.cases.states import (
    EDITABLE,
    ENDED,
    IN_REVIEW,
    MOVES,
    OPEN,
    WITH_APPLICANT,
    WITH_OFFICE,
    CaseState,
    ClockKind,
)
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.composed import composed, composed_of_several
from tongban.lib.moves import Move
from tongban.lib.workdays import light
from tongban.materials.models import Page
from tongban.matters.models import Matter
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party
from tongban.parties.states import Act

PAGE = 25
TOGETHER = ("matter", "version", "department", "applicant")
WITH_RESULT = (*TOGETHER, "licence", "licence__type", "account")


def of(party: Party) -> QuerySet[Case]:
    """A party's own cases that were sent, newest first; the members of a bundle stand inside it."""
    return _sent(**_of_all_records(party))


def _sent(**whose) -> QuerySet[Case]:
    rows = Case.objects.filter(bundles.NOT_A_MEMBER, **whose)
    return _own_lines(rows.exclude(state=CaseState.DRAFT)).order_by("-id")


def of_record(party: Party) -> QuerySet[Case]:
    """The same under this one record alone."""
    return _own_lines(
        Case.objects.filter(bundles.NOT_A_MEMBER, applicant=party).exclude(state=CaseState.DRAFT)
    ).order_by("-id")


def drafts(party: Party) -> QuerySet[Case]:
    """A party's drafts, the one worked on last first."""
    return _drafts(**_of_all_records(party))


def running(party: Party, matter: Matter) -> QuerySet[Case]:
    """What was sent of this matter and is not decided yet: whoever begins or sends one more may not remember it."""
    return of(party).filter(matter=matter, state__in=WITH_OFFICE | WITH_APPLICANT)


def sent_before(case: Case, rows: Iterable[CaseMaterial]) -> dict[int, datetime]:
    """Papers of a draft whose pages this applicant has sent as the same paper before: {row: when last}. They may be out of date."""
    held = {row.document_id: row.pk for row in rows if row.how == CaseMaterial.How.UPLOAD and row.document_id}
    if case.state != CaseState.DRAFT or not held:
        return {}
    before = CaseMaterial.objects.filter(
        case__applicant=OuterRef("document__case_materials__case__applicant"),
        case__submitted_at__isnull=False,
        type=OuterRef("document__case_materials__type"),
        document__pages__sha256=OuterRef("sha256"),
    ).order_by("-case__submitted_at")
    pages = Page.objects.filter(document__in=held, document__case_materials__case=case)
    last = pages.annotate(last=Subquery(before.values("case__submitted_at")[:1])).exclude(last=None)
    found: dict[int, datetime] = {}
    for document, at in last.order_by("last").values_list("document", "last"):
        found[held[document]] = at
    return found


def _drafts(**whose) -> QuerySet[Case]:
    return _own_lines(Case.objects.filter(**whose, state=CaseState.DRAFT)).order_by("-saved_at", "-id")


def _of_all_records(party: Party) -> dict[str, int | list[int]]:
    """This applicant, also under another record of the same person; for nearly everybody there is one, and the index takes `=`."""
    keys = parties.identities(party)
    return {"applicant_id": keys[0]} if len(keys) == 1 else {"applicant_id__in": keys}


def _own_lines(rows: QuerySet[Case]) -> QuerySet[Case]:
    """What a line of a party's own lists says and no more: answers stay encrypted, the guide's content stays where it is."""
    return rows.select_related("version", "department", "applicant").only(
        "ref", "number", "state", "step", "saved_at", "expires_at", "submitted_at", "received_on", "accepted_at", "decided_at",
        "promised_due", "statutory_due", "next_due", "provisional", "warn_on", "version__name", "department__name",
        "applicant__kind", "applicant__name", "applicant__name_en",
    )  # fmt: skip


def own(*parties: Party) -> QuerySet[Case]:
    """Everything of these parties, draft or sent: what an address with a `ref` is looked up in."""
    rows = Case.objects.filter(applicant_id__in=[party.pk for party in parties])
    return rows.select_related(*WITH_RESULT)


def own_one(parties: Iterable[Party], ref: str) -> Case | None:
    """The one with this `ref`, if it is of one of these parties."""
    keys = {party.pk for party in parties}
    return next((row for row in _by_ref(ref=ref) if row.applicant_id in keys), None)


def begun_by(account: Account, ref: str) -> Case | None:
    """The one with this `ref` if this account began it, for whomever: no word of what stands in it."""
    return Case.objects.filter(ref=ref, account=account).only("applicant").first()


def subject_of(ref: str) -> str:
    """What events about the case with this ref carry, without reading the case. If there is none, one that no case has: whoever asks on
    with it asks as often as for a case of somebody else."""
    return f"case:{next(iter(_keys(ref=ref)), 0)}"


@composed(ref=CharField())
def _keys(ref):
    return Case.objects.filter(ref=ref).values_list("pk", flat=True)


@composed(ref=CharField())
def _by_ref(ref):
    return Case.objects.filter(ref=ref).select_related(*WITH_RESULT)


def within(rows: QuerySet[Case], held: Iterable[parties.Power], account: Account) -> QuerySet[Case]:
    """Of these rows what somebody sees by the powers they hold over the party: all of them, those of the matters named, or of
    those only what they began themselves, or what is ready to be received."""
    held = list(held)
    if any(power.full for power in held):
        return rows
    seen = Q(pk__in=())
    for power in held:
        scope = (
            Q()
            if power.matters is None
            else Q(matter__slug__in=power.matters) | Q(parent__matter__slug__in=power.matters)
        )
        if Act.SEE in power.acts:
            seen |= Q(pk__isnull=False) & scope
        elif {Act.PREPARE, Act.SUBMIT} & power.acts:
            seen |= scope & Q(account=account)
        if Act.RECEIVE in power.acts:
            seen |= scope & Q(state__in=[CaseState.READY, CaseState.DELIVERED, CaseState.CLOSED])
    return rows.filter(seen)


def lines_of(keys: Iterable[int]) -> dict[str, Case]:
    """{subject: line of a case}, for whoever was told of these cases already."""
    return {case.subject: case for case in _own_lines(Case.objects.filter(pk__in=list(keys)))}


def needing(party: Party) -> QuerySet[Case]:
    """Cases that wait for the party itself, also by one member of a bundle."""
    return _needing(of(party))


def _needing(sent: QuerySet[Case]) -> QuerySet[Case]:
    still_to_come = Q(state__in=IN_REVIEW) & Exists(
        Tolerance.objects.filter(case=OuterRef("pk"), settled__in=["", Tolerance.Settled.LATE])
    )
    theirs = Q(state__in=WITH_APPLICANT | {CaseState.READY}) | bundles.asks_for_an_answer()
    return sent.filter(theirs | still_to_come | hearings.may_be_asked_for())


def page_of(rows: QuerySet[Case], *, before: int | None = None, limit: int = PAGE) -> tuple[list[Case], int | None]:
    """One page of a newest-first list, and where the next begins (None at the end)."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


# The short lists of the pages opened most, each composed once: of one record, seen without limits. All others are asked as they come.

_of_one = composed(applicant=BigIntegerField(), before=BigIntegerField())
_first_sent = _of_one(lambda applicant: _sent(applicant_id=applicant)[: PAGE + 1])
_more_sent = _of_one(lambda applicant, before: _sent(applicant_id=applicant).filter(pk__lt=before)[: PAGE + 1])
_first_needing = _of_one(lambda applicant, limit: _needing(_sent(applicant_id=applicant))[:limit])
_first_drafts = _of_one(lambda applicant, limit: _drafts(applicant_id=applicant)[:limit])


def _alone(party: Party, held: Iterable[parties.Power]) -> int | None:
    """The key of a party with one record, for somebody who sees all of it."""
    if not any(power.full for power in held):
        return None
    keys = parties.identities(party)
    return keys[0] if len(keys) == 1 else None


def own_page(
    party: Party, held: list[parties.Power], account: Account, *, before: int | None = None
) -> tuple[list[Case], int | None]:
    """One page of what was sent, as far as these powers reach."""
    one = _alone(party, held)
    if one is None:
        return page_of(within(of(party), held, account), before=before)
    page = _first_sent(applicant=one) if before is None else _more_sent(applicant=one, before=before)
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None


def own_needing(party: Party, held: list[parties.Power], account: Account, limit: int) -> list[Case]:
    """The first few that wait for the party, as far as these powers reach."""
    one = _alone(party, held)
    if one is None:
        return list(within(needing(party), held, account)[:limit])
    return _first_needing(applicant=one, limit=limit)


def own_drafts(party: Party, held: list[parties.Power], account: Account, limit: int) -> list[Case]:
    """The drafts worked on last, as far as these powers reach."""
    one = _alone(party, held)
    if one is None:
        return list(within(drafts(party), held, account)[:limit])
    return _first_drafts(applicant=one, limit=limit)


def draft_of(ref: str) -> Case | None:
    """A draft by the code its applicant reads out at a window."""
    return Case.objects.filter(ref=ref, state=CaseState.DRAFT).select_related(*TOGETHER, "account").first()


def by_number(number: str, query_code: str) -> Case | None:
    """A case for somebody who holds its number and query code; both must fit."""
    return (
        Case.objects.filter(number=number.replace(" ", ""), query_code=query_code.strip())
        .select_related(*TOGETHER)
        .first()
    )


# -- other hands


def is_own(account: Account, case: Case) -> bool:
    """Is the applicant this person, or somebody they act for today?"""
    return bool(parties.over(account, case.applicant_id, timezone.localdate()))


def visit_of(officer: Officer) -> Visit | None:
    """Who stands at this officer's window now."""
    rows = Visit.objects.filter(officer=officer, ended_at__isnull=True, until__gt=timezone.now())
    return rows.select_related("person", "officer", "officer__account", "officer__department").order_by("-id").first()


def hands_at_work(case: Case) -> QuerySet[Hand]:
    """Whoever may work in this application at this moment beside the applicant."""
    rows = case.hands.filter(taken_at__isnull=False, ended_at__isnull=True, until__gt=timezone.now())
    return rows.select_related("officer", "officer__department", "account", "account__person")


def hands_of(case: Case) -> QuerySet[Hand]:
    """Everybody who ever worked in it beside the applicant, the last one first."""
    rows = case.hands.filter(taken_at__isnull=False).order_by("-id")
    return rows.select_related("officer", "officer__department", "account", "account__person")


def helped_by(account: Account) -> QuerySet[Hand]:
    """What this helper may work on now."""
    rows = Hand.objects.filter(
        account=account, kind=Hand.Kind.HELPER, taken_at__isnull=False, ended_at__isnull=True, until__gt=timezone.now(),
        case__state__in=EDITABLE,
    )  # fmt: skip
    return rows.select_related(
        "case", "case__matter", "case__version", "case__department", "case__applicant", "case__account"
    ).order_by("-id")


# -- the office

TABS: dict[str, set[CaseState]] = {
    "pre_review": {CaseState.SUBMITTED, CaseState.PRE_REVIEW},
    "intake": {CaseState.RECEIVED},
    "review": {CaseState.ACCEPTED, CaseState.UNDER_REVIEW},
    "decision": {CaseState.UNDER_REVIEW},
    "inspection": {CaseState.SITE_INSPECTION},
    "waiting": {
        CaseState.CORRECTION_REQUESTED,
        CaseState.PRE_REVIEW_RETURNED,
        CaseState.SUSPENDED,
        CaseState.PUBLIC_NOTICE,
    },
    "issuing": {CaseState.APPROVED, CaseState.ISSUING, CaseState.READY},
    "done": set(ENDED) | {CaseState.DELIVERED},
}
ALL = "all"  # everything in the officer's queues that is not over, in one list
NOT_AT_WORK = {"waiting", "done", ALL}
TABS_OF_ROLE = {
    "pre_reviewer": ["pre_review"],
    "window_officer": ["intake", "waiting"],
    "dept_reviewer": ["review", "waiting"],
    "dept_approver": ["decision"],
    "inspector": ["inspection"],
    "issuing_officer": ["issuing"],
    "supervisor": ["pre_review", "intake", "waiting", "issuing"],
    "coordinator": list(TABS),
    "auditor": list(TABS),
}


def tabs_of(officer: Officer) -> list[str]:
    """The queues this officer works from, in the order a case passes them, and what is done."""
    held = {tab for role in officer.roles for tab in TABS_OF_ROLE.get(role, ())} | {"done"}
    return [tab for tab in TABS if tab in held]


def states_of(officer: Officer, tab: str) -> set[CaseState]:
    """The states a case can have in this queue, or in all of the officer's."""
    return set().union(*(TABS[one] for one in _queues_behind(officer, tab)))


def _queues_behind(officer: Officer, tab: str) -> list[str]:
    return [one for one in tabs_of(officer) if one != "done"] or ["done"] if tab == ALL else [tab]


def visible_to(officer: Officer, *, handler: rules.Handler | None = None) -> QuerySet[Case]:
    """What an officer may see at all: the hall's roles every sent case, others their department's; never their own.

    Whoever asks several times for one page passes `handler_of` the officer.
    """
    handler = handler or handler_of(officer)
    return _seen_in(officer.department_id, everywhere=_sees_all(handler), own=handler.parties)


def one_visible_to(officer: Officer, ref: str) -> Case | None:
    """The same of one case, with whoever began it and the kind of its licence."""
    handler = handler_of(officer)
    found = _one_sent_to(department=officer.department_id, everywhere=_sees_all(handler), ref=ref)
    return next((row for row in found if row.applicant_id not in handler.parties), None)


def _sees_all(handler: rules.Handler) -> bool:
    return bool(handler.roles & (rules.HALL_ROLES | rules.READING_ROLES))


def _seen_in(department: int, *, everywhere: bool, own: Iterable[int]) -> QuerySet[Case]:
    rows = _sent_to(department, everywhere=everywhere)
    return rows.exclude(applicant__id__in=list(own)) if own else rows


def _sent_to(department: int, *, everywhere: bool) -> QuerySet[Case]:
    rows = Case.objects.exclude(state=CaseState.DRAFT)
    if not everywhere:
        # need to know: a department sees its own members of a bundle, the front desk the whole
        rows = rows.filter(department_id=department).exclude(matter__in=bundles.wholes())
    return rows.select_related(*TOGETHER, "claimed_by", "reviewer", "approver", "licence")


@composed(department=BigIntegerField(), ref=CharField())
def _one_sent_to(department, everywhere, ref):
    return _sent_to(department, everywhere=everywhere).select_related("account", "licence__type").filter(ref=ref)


def concerns(officer: Officer, case: Case) -> bool:
    """May this officer open it without saying why: it is on their desk, they handled it, or it waits where they work?

    Reading roles and the coordinator work on no queue of their own: they say why, as everybody does about what is over.
    """
    if officer.pk in {case.claimed_by_id, case.reviewer_id, case.approver_id}:
        return True
    roles = set(officer.roles) - rules.READING_ROLES - {"coordinator"}
    here = case.department_id == officer.department_id and case.state in OPEN
    if here and (roles & rules.HALL_ROLES if planning.is_bundle(case) else roles):
        return True
    waits_in = {tab for role in roles & rules.HALL_ROLES for tab in TABS_OF_ROLE.get(role, ())}
    if any(case.state in TABS[tab] for tab in waits_in):
        return True
    if case.steps.filter(officer=officer).exists():
        return True
    return _runs_beside(officer, case, roles)


def _runs_beside(officer: Officer, case: Case, roles: set[str]) -> bool:
    """Something runs beside a case that is over: a promise to check or a hearing in its department, reconsideration in the service office."""
    if "coordinator" in officer.roles and case.appeals.filter(state=AppealState.ASKED).exists():
        return True
    if not roles or case.department_id != officer.department_id:
        return False
    to_check = {PromiseState.TO_CHECK, PromiseState.PUT_RIGHT, PromiseState.FALSE}
    return (
        Promise.objects.filter(case=case, state__in=to_check).exists()
        or case.hearings.exclude(state__in=HEARING_OVER).exists()
    )


def looked_at(officer: Officer, ref: str) -> Case | None:
    """A case that this officer may not see by their work, for whoever has given a reason; one's own is never there."""
    rows = Case.objects.exclude(state=CaseState.DRAFT).exclude(applicant_id__in=handler_of(officer).parties)
    return rows.select_related(*TOGETHER, "claimed_by", "reviewer", "approver", "licence").filter(ref=ref).first()


def numbers_of(subjects: Iterable[str]) -> dict[str, str]:
    """{subject: case number} of those that are cases."""
    keys = [subject.removeprefix("case:") for subject in subjects if subject.startswith("case:")]
    found = Case.objects.filter(pk__in=[key for key in keys if key.isdigit()]).values_list("pk", "number")
    return {f"case:{pk}": number or "" for pk, number in found}


def sent_by_number(number: str) -> Case | None:
    return Case.objects.exclude(state=CaseState.DRAFT).select_related(*TOGETHER).filter(number=number).first()


def waiting_for(officer: Officer, tab: str, *, among: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """One queue of an officer, in no order; `among` what the officer may see, when that was asked already."""
    return _of_queue(visible_to(officer) if among is None else among, tab, officer.pk)


def _of_queue(rows: QuerySet[Case], tab: str, officer: int) -> QuerySet[Case]:
    first, *more = TABS[tab]
    rows = (
        rows.filter(state__in=TABS[tab]) if more else rows.filter(state=first)
    )  # SQLite proves a partial index by "=" alone
    if tab == "intake":
        return rows.filter(bundles.AT_THE_FRONT_DESK)
    if tab == "waiting":
        return rows.exclude(bundles.WAITS_WITH_THE_WHOLE)
    if tab == "issuing":
        return rows.filter(bundles.HANDED_OUT_BY_ITSELF)
    if tab in {"review", "decision", "inspection"}:
        rows = rows.exclude(matter__in=bundles.wholes())
    if tab == "review":
        return rows.filter(Q(opinion="") | Q(reviewer__isnull=True))
    if tab == "decision":
        return rows.exclude(opinion="").exclude(reviewer_id=officer)
    return rows


LONGEST_KEY = 18  # digits: what a database takes as a number of a row


@dataclass(frozen=True)
class QueueKey:
    """Where a page of a queue ended: the due day (None behind all that have one) and the row."""

    due: date | None
    pk: int

    @classmethod
    def read(cls, text: str) -> "QueueKey | None":
        day, _dot, pk = (text or "").partition(".")
        if not pk.isdecimal() or len(pk) > LONGEST_KEY:
            return None
        try:
            return cls(date.fromisoformat(day) if day != "none" else None, int(pk))
        except ValueError:
            return None

    def __str__(self):
        return f"{self.due.isoformat() if self.due else 'none'}.{self.pk}"

    @property
    def place(self) -> tuple:
        return (self.due is None, self.due or clocks.FAR_AWAY, self.pk)


def queue_page(
    officer: Officer,
    tab: str,
    *,
    wanted: Wanted | None = None,
    after: QueueKey | None = None,
    limit: int = PAGE,
    today: date | None = None,
    handler: rules.Handler | None = None,
) -> tuple[list[Case], QueueKey | None]:
    """One page of a queue after a key, and the key of its end (None at the last page).

    What is due first stands first, what has no day last; of what is done the newest. Each state is read along its own index
    and the heads are merged: a page costs the same however many cases wait.
    """
    today, wanted = today or timezone.localdate(), wanted or Wanted()
    newest_first = tab == "done"
    handler = handler or handler_of(officer)
    heads: set[QueueKey] = set()
    if wanted == Wanted() and len(handler.parties) <= len(OWN):
        heads = _heads_of_whole(officer, handler, tab, after, limit + 1)
    else:
        among = visible_to(officer, handler=handler).select_related(None)
        asked = wanted.stretch(today) & wanted.question(today, officer)
        for _state, rows in _stretches(officer, tab, wanted, among=among):
            of_state = rows.filter(asked)
            heads |= set(
                _newest(of_state, after, limit + 1) if newest_first else _due_first(of_state, after, limit + 1)
            )
    ordered = sorted(heads, key=lambda key: -key.pk if newest_first else key.place)
    page = ordered[:limit]
    found = {row.pk: row for row in _lines_of([key.pk for key in page])}
    following = page[-1] if len(ordered) > limit else None
    return [found[key.pk] for key in page if key.pk in found], following


def _stretches(
    officer: Officer, tab: str, wanted: Wanted, *, among: QuerySet[Case] | None = None
) -> Iterator[tuple[CaseState, QuerySet[Case]]]:
    """A queue, or all of an officer's, state by state: each is read along an index of its own."""
    visible = visible_to(officer).select_related(None) if among is None else among
    for queue in _queues_behind(officer, tab):
        rows = waiting_for(officer, queue, among=visible)
        for state in sorted(TABS[queue] & {wanted.state} if wanted.state else TABS[queue]):
            yield state, rows.filter(state=state)


# -- a whole queue, asked by everybody who opens it: its SQL is made once

OWN = (
    "own0",
    "own1",
    "own2",
    "own3",
)  # an officer's own records as an applicant; who has more is asked about each time anew
STRETCHES: dict[str, Callable[[QuerySet[Case], Any, Any], QuerySet[Case]]] = {
    "dated": lambda rows, due, pk: rows.filter(next_due__isnull=False).order_by("next_due", "pk"),
    "undated": lambda rows, due, pk: rows.filter(next_due__isnull=True).order_by("next_due", "pk"),
    "undated after": lambda rows, due, pk: rows.filter(next_due__isnull=True, pk__gt=pk).order_by("next_due", "pk"),
    "rest of the day": lambda rows, due, pk: rows.filter(next_due=due, pk__gt=pk).order_by("next_due", "pk"),
    "days after": lambda rows, due, pk: rows.filter(next_due__gt=due).order_by("next_due", "pk"),
    # who is over has no due day: said so, the index of queues leads to its number within its state
    "newest": lambda rows, due, pk: rows.filter(next_due__isnull=True).order_by("-next_due", "-pk"),
    "newest before": lambda rows, due, pk: rows.filter(next_due__isnull=True, pk__lt=pk).order_by("-next_due", "-pk"),
    "late": lambda rows, due, pk: rows.filter(next_due__lt=due),
    "today": lambda rows, due, pk: rows.filter(next_due=due),
}  # fmt: skip


@composed(
    department=BigIntegerField(), officer=BigIntegerField(), due=DateField(), pk=BigIntegerField(),
    **dict.fromkeys(OWN, BigIntegerField()),
)  # fmt: skip
def _keys_of_stretch(department, officer, due, pk, everywhere, queue, state, stretch, limit, **own):
    rows = _of_queue(_seen_in(department, everywhere=everywhere, own=own.values()).select_related(None), queue, officer)
    rows = rows.filter(state=state) if state else rows
    return STRETCHES[stretch](rows, due, pk).values_list("next_due", "pk")[:limit]


def _of_stretch(
    officer: Officer, handler: rules.Handler, queue: str, state: str, stretch: str, limit: int, *, due=None, pk=0
) -> list[QueueKey]:
    """The first keys of one stretch of an index of queues; `state` empty: of all states of this queue."""
    keys = _keys_of_stretch(
        department=officer.department_id, officer=officer.pk, due=due, pk=pk, everywhere=_sees_all(handler), queue=queue,
        state=state, stretch=stretch, limit=limit, **dict(zip(OWN, sorted(handler.parties), strict=False)),
    )  # fmt: skip
    return [QueueKey(*key) for key in keys]


def _heads_of_whole(
    officer: Officer, handler: rules.Handler, tab: str, after: QueueKey | None, limit: int
) -> set[QueueKey]:
    """What `_due_first` and `_newest` find of each state where nothing is narrowed."""
    if tab == "done":
        stretches = ["newest" if after is None else "newest before"]
    elif after is None:
        stretches = ["dated", "undated"]
    elif after.due is None:
        stretches = ["undated after"]
    else:
        stretches = ["rest of the day", "days after", "undated"]
    due, pk = (after.due, after.pk) if after is not None else (None, 0)
    heads: set[QueueKey] = set()
    for queue in _queues_behind(officer, tab):
        for state in sorted(TABS[queue]):
            found: list[QueueKey] = []
            for stretch in stretches:
                if len(found) < limit:
                    found += _of_stretch(officer, handler, queue, state, stretch, limit, due=due, pk=pk)
            heads |= set(found)
    return heads


class Counter:
    """How many each of several narrowed queues of an officer holds: what all of them ask is asked once."""

    def __init__(self, officer: Officer, *, today: date | None = None):
        self.officer, self.today = officer, today or timezone.localdate()
        self.visible = visible_to(officer).select_related(None)
        everywhere = set(officer.roles) & (rules.HALL_ROLES | rules.READING_ROLES)
        self.indexed = Case.objects.filter(**({} if everywhere else {"department": officer.department}))
        self.first_parts: dict[tuple, tuple[list[Q], bool]] = {}

    def of(self, tab: str, wanted: Wanted) -> tuple[int, bool]:
        """Up to MANY, and whether that is all: of a long queue only its first part is looked at."""
        count, all_of_it = 0, True
        stretch, question = wanted.stretch(self.today), wanted.question(self.today, self.officer)
        along_the_index = wanted.department, wanted.matter, wanted.state, wanted.light
        for state, rows in _stretches(self.officer, tab, wanted, among=self.visible):
            rows = rows.filter(stretch)
            parts = [Q()]
            if wanted.looks_at_rows:
                key = (state, *along_the_index)
                if key not in self.first_parts:
                    self.first_parts[key] = _first_part(self.indexed.filter(stretch, state=state))
                parts, whole = self.first_parts[key]
                all_of_it = all_of_it and whole
            for part in parts:
                count += len(rows.filter(part, question).values_list("pk", flat=True)[: MANY - count])
                if count >= MANY:
                    return MANY, False
        return count, all_of_it


def count_wanted(officer: Officer, tab: str, wanted: Wanted, *, today: date | None = None) -> tuple[int, bool]:
    return Counter(officer, today=today).of(tab, wanted)


def _first_part(rows: QuerySet[Case]) -> tuple[list[Q], bool]:
    """The first LOOKED_AT of a stretch of an index that have a due day, and of those that have none; and whether that is all."""
    parts, whole = [], True
    for undated in (False, True):
        along = rows.filter(next_due__isnull=undated).order_by("next_due", "pk").values_list("next_due", "pk")
        if end := along[LOOKED_AT : LOOKED_AT + 1]:
            (due, pk), whole = end[0], False
            until = Q(pk__lt=pk) if undated else Q(next_due__lte=due) & (Q(next_due__lt=due) | Q(pk__lt=pk))
            parts.append(Q(next_due__isnull=undated) & until)
        elif along[:1]:
            parts.append(Q(next_due__isnull=undated))
    return parts, whole


@composed_of_several(BigIntegerField())
def _lines_of(keys):
    return _lines(Case.objects.filter(pk__in=keys))


def _lines(rows: QuerySet[Case]) -> QuerySet[Case]:
    """What a line of a list says and no more: nothing encrypted is opened for a list."""
    return rows.select_related(*TOGETHER, "claimed_by").only(
        "ref", "number", "state", "next_due", "warn_on", "promised_due", "statutory_due", "received_on", "accepted_at",
        "decided_at", "corrections", "sampled", "proposal", "claimed_at", "matter__slug", "version__name", "department__code",
        "department__name", "applicant__kind", "applicant__name", "applicant__name_en", "claimed_by__name",
        "claimed_by__staff_no",
    )  # fmt: skip


def _due_first(rows: QuerySet[Case], after: QueueKey | None, limit: int) -> list[QueueKey]:
    """The rest of the day on which the last page ended, then later days, then what has no day: each one stretch of an index."""
    dated = rows.filter(next_due__isnull=False).order_by("next_due", "pk")
    undated = rows.filter(next_due__isnull=True).order_by("next_due", "pk")
    if after is None:
        stretches = [dated, undated]
    elif after.due is None:
        stretches = [undated.filter(pk__gt=after.pk)]
    else:
        stretches = [dated.filter(next_due=after.due, pk__gt=after.pk), dated.filter(next_due__gt=after.due), undated]
    keys: list[QueueKey] = []
    for stretch in stretches:
        if len(keys) < limit:
            keys += [QueueKey(*key) for key in stretch.values_list("next_due", "pk")[: limit - len(keys)]]
    return keys


def _newest(rows: QuerySet[Case], after: QueueKey | None, limit: int) -> list[QueueKey]:
    """A case that is over has no due day: said so, the index of queues leads to its number within its state."""
    rows = rows.filter(next_due__isnull=True)
    if after is not None:
        rows = rows.filter(pk__lt=after.pk)
    rows = rows.order_by("-next_due", "-pk")  # the first says nothing, but so the index of queues gives the order
    return [QueueKey(None, pk) for pk in rows.values_list("pk", flat=True)[:limit]]


MANY = 100  # counted no further: people read "99+"


def pressing(
    officer: Officer, tabs: list[str], today: date | None = None, *, handler: rules.Handler | None = None
) -> dict[str, int]:
    """How much of the office's own work is late and due today, counted up to MANY; whose clock is the applicant's is not."""
    today, handler = today or timezone.localdate(), handler or handler_of(officer)
    count = {"late": 0, "today": 0}
    for tab in tabs:
        if tab in NOT_AT_WORK:
            continue
        for light_ in count:
            if count[light_] < MANY:
                count[light_] += _number_of(officer, handler, tab, light_, today)
    return {name: min(number, MANY) for name, number in count.items()}


def _number_of(officer: Officer, handler: rules.Handler, tab: str, light_: str, today: date) -> int:
    if len(handler.parties) <= len(OWN):
        return len(_of_stretch(officer, handler, tab, "", light_, MANY, due=today))
    rows = waiting_for(officer, tab, among=visible_to(officer, handler=handler).select_related(None))
    return len(Wanted(light=light_).of(rows, today).values_list("pk", flat=True)[:MANY])


DESK_PAGE = 50


def desk(officer: Officer, *, after: QueueKey | None = None) -> tuple[list[Case], QueueKey | None]:
    """A page of what lies on an officer's own desk and is not over, due first, and the key of its end (None at the last page)."""
    keys = _due_first(_on_desk(officer), after, DESK_PAGE + 1)
    found = {row.pk: row for row in _lines_of([key.pk for key in keys[:DESK_PAGE]])}
    following = keys[DESK_PAGE - 1] if len(keys) > DESK_PAGE else None
    return [found[key.pk] for key in keys[:DESK_PAGE] if key.pk in found], following


def count_on_desk(officer: Officer) -> int:
    """Counted up to MANY."""
    return len(_lying_with(officer=officer.pk))


@composed(officer=BigIntegerField())
def _lying_with(officer):
    return Case.objects.filter(claimed_by_id=officer, state__in=OPEN).values_list("pk", flat=True)[:MANY]


class _Number(Subquery):
    """How many rows the inner question answers, which has a limit of its own."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) lying)"
    output_field = IntegerField()


def count_on_desks(officers: Iterable[Officer]) -> dict[int, int]:
    """{officer: how many lie there}, counted up to MANY, in one question."""
    lying = Case.objects.filter(claimed_by=OuterRef("pk"), state__in=OPEN).order_by().values("pk")[:MANY]
    rows = Officer.objects.filter(pk__in=[one.pk for one in officers])
    return dict(rows.annotate(lying=_Number(lying)).values_list("pk", "lying"))


def _on_desk(officer: Officer) -> QuerySet[Case]:
    return Case.objects.filter(claimed_by=officer, state__in=OPEN)


def after_this(officer: Officer, case: Case) -> Case | None:
    """The case to go on with after this one: the first of the officer's queues that nobody else has on the desk."""
    for tab in tabs_of(officer):
        if tab in NOT_AT_WORK:
            continue
        page, _following = queue_page(officer, tab, limit=10)
        for row in page:
            if row.pk != case.pk and row.claimed_by_id in {None, officer.pk} and moves_for(officer, row):
                return row
    return None


def light_of(case: Case, today: date | None = None) -> str:
    """green, yellow, red or black (domain.md 5.1.6); grey when no clock of an office runs, or it stands still as long as was said."""
    if case.state in ENDED or case.next_due in {None, clocks.FAR_AWAY} or case.state in WITH_APPLICANT:
        return "grey"
    today = today or timezone.localdate()
    if case.state == CaseState.SUSPENDED:  # the planned end was told in writing
        return "red" if case.next_due < today else "grey"
    in_review = case.state in IN_REVIEW
    started = (
        timezone.localtime(case.accepted_at).date() if in_review and case.accepted_at else case.received_on
    ) or today
    promised = case.promised_due if in_review else case.next_due
    if case.decided_at is not None:  # the limits of the decision are behind it: what counts now is making the result
        return light(today, case.next_due, None, timezone.localtime(case.decided_at).date(), departments.calendar())
    shown = light(today, promised or case.next_due, case.statutory_due, started, departments.calendar())
    if shown in {"green", "yellow"} and case.warn_on is not None:  # as the clock itself says it, which knows its pauses
        return "yellow" if today >= case.warn_on or today == case.next_due else "green"
    return shown


def moves_for(officer: Officer, case: Case) -> list[Move]:
    """The moves this officer could make now, as far as state, role, department and certificate say."""
    handler = handler_of(officer)
    found = []
    for step in MOVES:
        role = rules.role_for(handler, step)
        if not role or not step.may_start_from(case.state):
            continue
        if not rules.reasons_against_handling(handler, case, role=role) and not reasons_against_step(case, step):
            found.append(step)
    return found


# -- limits brought up


def brought_up(officer: Officer, *, after: int = 0, limit: int = PAGE) -> tuple[list[Escalation], int | None]:
    """What waits for this officer's answer, the oldest first, and where the next page begins. Of one's own cases nothing."""
    rows = _brought_up(officer).filter(pk__gt=after).order_by("id")
    rows = rows.select_related(
        "clock", "department", "case", "case__version", "case__applicant", "case__department", "case__claimed_by"
    ).only(
        "level", "role", "at", "clock__kind", "clock__due", "clock__started_on", "department__code", "department__name",
        "case__ref", "case__number", "case__state", "case__promised_due", "case__statutory_due", "case__next_due",
        "case__claimed_at",
        "case__version__name", "case__applicant__kind", "case__applicant__name", "case__applicant__name_en",
        "case__department__code", "case__claimed_by__name", "case__claimed_by__staff_no",
    )  # fmt: skip
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def count_brought_up(officer: Officer, *, handler: rules.Handler | None = None) -> int:
    """Counted up to MANY."""
    handler = handler or handler_of(officer)
    if len(handler.parties) > len(OWN):
        return len(_brought_up(officer).values_list("pk", flat=True)[:MANY])
    return len(
        _brought_before(
            department=officer.department_id,
            roles=tuple(sorted(officer.roles)),
            **dict(zip(OWN, sorted(handler.parties), strict=False)),
        )
    )


@composed(department=BigIntegerField(), **dict.fromkeys(OWN, BigIntegerField()))
def _brought_before(department, roles, **own):
    return _brought_up_in(department, roles, own.values()).values_list("pk", flat=True)[:MANY]


def is_brought_before(officer: Officer, row: Escalation) -> bool:
    """Does it stand before this officer, answered or not?"""
    here = row.role in rules.HALL_ROLES or row.department_id == officer.department_id
    return row.role in officer.roles and here and row.case.applicant_id not in handler_of(officer).parties


def _brought_up(officer: Officer) -> QuerySet[Escalation]:
    return _brought_up_in(officer.department_id, officer.roles, handler_of(officer).parties)


def _brought_up_in(department: int, roles: Iterable[str], own: Iterable[int]) -> QuerySet[Escalation]:
    everywhere = [role for role in roles if role in rules.HALL_ROLES]
    here = [role for role in roles if role not in rules.HALL_ROLES]
    mine = Q(role__in=everywhere) | Q(role__in=here, department_id=department)
    rows = Escalation.objects.filter(mine, over_at__isnull=True)
    return rows.exclude(case__applicant__id__in=list(own)) if own else rows


# -- one case


def timeline(case: Case) -> list:
    """What happened, oldest first."""
    found = _steps(case=case.pk)
    for row in found:
        row.case = case
    return found


@composed(case=BigIntegerField())
def _steps(case):
    return Step.objects.filter(case_id=case).select_related("officer", "officer__department", "account__person")


def materials_beside(case: Case) -> list[CaseMaterial]:
    """Everything handed in or taken over, as pages show it: with kinds, licences and pages."""
    found = _materials_of(case=case.pk)
    for row in found:
        row.case = case
    return found


@composed(case=BigIntegerField())
def _materials_of(case):
    rows = CaseMaterial.objects.filter(case_id=case)
    return rows.select_related("type", "licence", "licence__type", "document").prefetch_related("document__pages")


def mark_of(case: Case) -> str:
    """How a case stood when a page showed it: changes with every move, every opinion and every answer."""
    last = case.steps.order_by("-id").values_list("pk", flat=True).first()
    opinion = hashlib.sha256(f"{case.reviewer_id}|{case.proposal}|{case.opinion}".encode()).hexdigest()[:8]
    return f"{last}.{case.revision}.{opinion}"


def running_clock(case: Case):
    """The clock that counts now: (clock, day it ends or None while it stands still)."""
    running = {clock.kind: clock for clock in case.clocks.all() if clock.stopped_on is None}
    for kind in clocks.SHOWN_FIRST:
        if kind in running:
            clock = running[kind]
            return clock, None if clock.due == clocks.FAR_AWAY else clock.due
    return None, None


def days_left(case: Case, today: date | None = None, *, until: date | None = None) -> int | None:
    """Working days left until the next due day, or a day given; negative when it is over; None when nothing runs.

    The applicant's time to correct is given in calendar days, and is said so.
    """
    if case.next_due is None or case.next_due == clocks.FAR_AWAY:
        return None
    today, until = today or timezone.localdate(), until or case.next_due
    if case.state == CaseState.CORRECTION_REQUESTED:
        return (until - today).days
    calendar = departments.calendar()
    if until >= today:
        return calendar.working_days_between(today, until)
    return min(-1, -calendar.working_days_between(until, today))  # over is over, also on the Sunday after


def open_findings(case: Case) -> list:
    """The points of the last round that the applicant has not answered yet, and those answered since, in order."""
    last = case.findings.order_by("-round").values_list("round", flat=True).first()
    return list(case.findings.filter(round=last)) if last else []


def as_it_stood(case: Case) -> dict:
    """What a notice keeps of the application it is about, so that later it can be said what was changed since."""
    return {
        "values": rules.plain_values(case.values),
        "materials": {row.type.slug: _shape(row) for row in case.materials.select_related("type")},
    }


def _shape(row) -> list:
    return [row.how, row.document_id, row.licence_id, row.document.pages.count() if row.document_id else 0]


def changed_since(case: Case) -> dict:
    """What the applicant changed since the last notice: {"at", "fields": {field: value then}, "materials": {slugs}}; {} without one."""
    notices = case.documents.filter(kind__in=["correction_notice", "pre_review_notice"])
    notice = notices.order_by("-id").first()
    before = notice.content.get("before") if notice is not None else None
    if not before or case.state in WITH_APPLICANT:
        return {}
    now = as_it_stood(case)
    fields = {
        field: before["values"].get(field)
        for field in {*before["values"], *now["values"]}
        if before["values"].get(field) != now["values"].get(field)
    }
    slugs = {slug for slug, shape in now["materials"].items() if before["materials"].get(slug) != shape}
    return {"at": notice.made_at, "fields": fields, "materials": slugs}


def statutory_clock(case: Case):
    return case.clocks.filter(kind=ClockKind.DECISION_STATUTORY).first()


def of_account(account: Account) -> QuerySet[Case]:
    return Case.objects.filter(account=account)
