"""A bundle as it stands: its members for the applicant's page, for the office, and for lists, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from tongban.cases import planning
from tongban.cases.models import BundleMember, Case
from tongban.cases.states import ENDED, GRANTED, IN_REVIEW, CaseState
from tongban.departments.models import Department
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed, composed_of_several
from tongban.licences.models import Licence
from tongban.matters.models import Matter

LOST = ENDED - {CaseState.CLOSED}
EVERY_PART_DECIDED = "各事项均已办结 / every part is decided"  # why the whole is granted, whoever decided its parts

NOT_A_MEMBER = Q(parent__isnull=True)
# Before acceptance the front desk handles the whole; a member is there only where it is corrected by itself, with a clock of its own.
AT_THE_FRONT_DESK = Q(parent__isnull=True) | Q(next_due__isnull=False)
# The whole was asked to be corrected, and its members wait with it.
WAITS_WITH_THE_WHOLE = Q(state=CaseState.CORRECTION_REQUESTED, parent__isnull=False, next_due__isnull=True)
# Results are handed over together; a member comes to the window by itself when its fee is asked, or its applicant wanted it earlier.
HANDED_OUT_BY_ITSELF = Q(parent__isnull=True) | Q(state=CaseState.APPROVED) | Q(in_bundle__released_at__isnull=False)


def wholes() -> QuerySet[Any, Any]:
    """The matters whose cases are bundles; as a part of a query it is asked once, and no join misleads the queues' indexes."""
    return Matter.objects.filter(kind=Matter.Kind.BUNDLE).values("pk")


@dataclass
class Part:
    """One member as the whole sees it now."""

    row: BundleMember
    case: Case

    @property
    def granted(self) -> bool:
        return self.row.stood_in_id is not None or (self.case.decision == "granted" and self.case.state in GRANTED)

    @property
    def lost(self) -> bool:
        return self.row.stood_in_id is None and self.case.state in LOST

    @property
    def result(self) -> Case:
        """The case that granted it: its own, or the new one that took its place."""
        return self.row.stood_in or self.case

    @property
    def open(self) -> bool:
        return not self.granted and not self.lost

    @property
    def dropped(self) -> bool:
        return self.row.dropped_at is not None

    @property
    def to_be_chosen(self) -> bool:
        """Refused, optional, and neither dropped nor replaced: the applicant's choice or the new decision is waited for."""
        return self.lost and not self.row.mandatory and not self.dropped

    @property
    def gone(self) -> bool:
        """Nothing will come of it any more."""
        return self.lost and (self.row.mandatory or self.dropped)


# What judging and a page of a bundle need of a member; guides, answers and people stay where they are.
OF_PART = (
    "parent", "slug", "place", "mandatory", "after", "why", "choice", "choose_by", "dropped_at", "released_at", "stood_in",
    *(
        f"case__{name}"
        for name in (
            "ref", "number", "state", "decision", "decided_at", "decided_by_machine", "reason", "ground", "parent", "approver",
            "applicant", "account", "claimed_by", "licence", "received_on", "accepted_at", "promised_due", "statutory_due",
            "provisional", "next_due", "corrections", "channel", "query_code", "ended_at",
            "matter__slug", "matter__kind", "version__name", "version__statutory_days", "version__time_unit",
            "version__decided_by", "version__result", "version__fee", "department__code", "department__name", "department__cutoff",
        )
    ),
)  # fmt: skip


def parts_of(whole: Case | int) -> list[Part]:
    """The members as the database has them at this moment, in one query; hold the whole before you judge by it."""
    return [Part(row, row.case) for row in _rows_of(whole=whole if isinstance(whole, int) else whole.pk)]


@composed(whole=BigIntegerField())
def _rows_of(whole):
    rows = BundleMember.objects.filter(parent_id=whole).select_related(
        "case", "case__matter", "case__version", "case__department"
    )
    return rows.only(*OF_PART).order_by("place")


@composed_of_several(BigIntegerField())
def _licences(keys):
    return Licence.objects.select_related("type", "issuer").filter(pk__in=keys)


def with_results(parts: list[Part]) -> list[Part]:
    """The same with what was granted: licences and, where one stands in, the other case; two more queries for all of them."""
    instead = [part.row.stood_in_id for part in parts if part.row.stood_in_id]
    kept: dict[int, Case] = {}
    if instead:
        kept = Case.objects.select_related("licence__type", "licence__issuer", "version", "department").in_bulk(instead)
    given = {one.pk: one for one in _licences(part.case.licence_id for part in parts if part.case.licence_id)}
    for part in parts:
        if part.case.licence_id:
            part.case.licence = given[part.case.licence_id]
        if part.row.stood_in_id:
            part.row.stood_in = kept[part.row.stood_in_id]
    return parts


# -- as people see it


def members_of(whole: Case) -> list[Part]:
    """Every member with what its applicant may see of it and the licence it gave, in the order of the plan: three queries."""
    return with_results(parts_of(whole))


@dataclass
class Standing:
    """How a bundle stands, said in one line. `with_offices`: who has work to do now; `asks`: something waits for the applicant."""

    members: int = 0
    granted: int = 0
    lost: int = 0
    asks: int = 0
    early: int = 0
    with_offices: list[Bilingual] = field(default_factory=list)
    nearest_limit: date | None = None

    @property
    def open(self) -> int:
        return self.members - self.granted - self.lost

    def late(self, whole: Case, today: date | None = None) -> bool:
        """Late when its own time is over, or the limit by law of any member (demo/bundles.yaml)."""
        today = today or timezone.localdate()
        if whole.state not in IN_REVIEW:
            return False
        over = [day for day in (whole.promised_due, self.nearest_limit) if day is not None]
        return any(day < today for day in over)


def standing_of(wholes: Iterable[Case]) -> dict[int, Standing]:
    """{whole: how it stands} of a page of bundles, in one query; single matters are left out."""
    rows = (
        BundleMember.objects.filter(parent__in=[one.pk for one in wholes])
        .order_by("parent", "place")
        .values_list(
            "parent", "mandatory", "choose_by", "dropped_at", "released_at", "stood_in", "case__state", "case__decision",
            "case__department", "case__next_due", "case__statutory_due", "parent__state",
        )
    )  # fmt: skip
    found: dict[int, Standing] = {}
    offices: dict[int, list[int]] = {}
    for (
        pk,
        mandatory,
        choose_by,
        _dropped,
        released,
        stood_in,
        state,
        decision,
        office,
        due,
        limit,
        whole_state,
    ) in rows:
        assert pk is not None  # asked for by it
        one = found.setdefault(pk, Standing())
        one.members += 1
        granted = stood_in is not None or (decision == "granted" and state in GRANTED)
        one.granted += granted
        one.lost += not granted and state in LOST
        one.asks += (choose_by is not None and not mandatory) or (
            state == CaseState.CORRECTION_REQUESTED and due is not None
        )
        one.early += state == CaseState.READY and released is not None and whole_state in IN_REVIEW
        if state in IN_REVIEW:
            offices.setdefault(pk, []).append(office)
            if limit is not None and (one.nearest_limit is None or limit < one.nearest_limit):
                one.nearest_limit = limit
    if offices:
        names = dict(
            Department.objects.filter(pk__in={each for pks in offices.values() for each in pks}).values_list(
                "pk", "name"
            )
        )
        for pk, pks in offices.items():
            found[pk].with_offices = [names[each] for each in dict.fromkeys(pks)]
    return found


def standing(whole: Case) -> Standing:
    return standing_of([whole]).get(whole.pk, Standing())


@dataclass(frozen=True)
class Sibling:
    """What a department sees of the other members: what they are and how they stand, no answer and no paper."""

    number: str
    name: Bilingual
    department: Bilingual
    state: str
    here: bool
    before: bool


def siblings_of(member: Case) -> list[Sibling]:
    """The bundle around a member, for its department: need to know (GovStack 12: history and status, nothing else)."""
    if member.parent_id is None:
        return []
    rows = list(
        BundleMember.objects.filter(parent=member.parent_id)
        .order_by("place")
        .values_list(
            "slug", "after", "case", "case__number", "case__version__name", "case__department__name", "case__state"
        )
    )
    before = next((set(after) for _slug, after, pk, *_rest in rows if pk == member.pk), set())
    return [
        Sibling(number or "", name, office, state, pk == member.pk, slug in before)
        for slug, _after, pk, number, name, office, state in rows
    ]


def early(part: Part, whole: Case) -> bool:
    """Whether the applicant may ask for this finished result before the others."""
    return part.case.state == CaseState.READY and part.row.released_at is None and whole.state in IN_REVIEW


def may_be_withdrawn(part: Part, whole: Case) -> bool:
    """An optional member on its own at any time before its decision; a mandatory one only when the whole has ended."""
    return part.open and part.case.state not in ENDED and (not part.row.mandatory or whole.state in ENDED)


def asks_for_an_answer() -> Q:
    """Bundles that wait for their applicant by a member: a choice about it, or a correction of its own."""
    members = BundleMember.objects.filter(parent=OuterRef("pk"))
    corrected = Q(case__state=CaseState.CORRECTION_REQUESTED, case__next_due__isnull=False)
    return Q(Exists(members.filter(Q(choose_by__isnull=False, choice="") | corrected)))


def names_of_members(case: Case, *, field: str = "", material: str = "") -> list[Bilingual]:
    """Which parts of a bundle a field or paper is asked for."""
    return [one.name for one in planning.asking_members(case, field=field, material=material)]
