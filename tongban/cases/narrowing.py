"""What a queue is narrowed to: words of an address, so that a link shows the same, and the questions they become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from tongban.cases.models import Case, CaseLabel, Inspection, Label
from tongban.cases.states import WITH_APPLICANT, CaseState
from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.matters.models import Matter
from tongban.parties.models import Party
from tongban.places.models import Division

SOON = 2  # working days
FEW = 2_000  # so many keys are asked for by name; of more, a queue read along its index soon meets the next one
LOOKED_AT = 4_000  # rows behind a counter; what lies further down makes "or more" of it


def _working_days_on(today: date, days: int) -> date:
    return departments.calendar().due(today, days).day or today


# no clock of the office runs: shown grey, and no colour finds them; one that stands still longer than was said is red
RESTS = Q(state=CaseState.SUSPENDED)
GREY = Q(state__in=[*sorted(WITH_APPLICANT), CaseState.SUSPENDED])
PAST_THE_LAW = Q(decided_at__isnull=True)

LIGHTS: dict[str, Callable[[date], Q]] = {
    "late": lambda today: Q(next_due__lt=today),
    "today": lambda today: Q(next_due=today),
    "soon": lambda today: Q(next_due__gt=today, next_due__lte=_working_days_on(today, SOON)),
    "later": lambda today: Q(next_due__gt=_working_days_on(today, SOON)),
    "black": lambda today: Q(next_due__lt=today, statutory_due__lt=today) & PAST_THE_LAW & ~GREY,
    "red": lambda today: Q(next_due__lt=today)
    & (RESTS | ~(Q(statutory_due__isnull=False, statutory_due__lt=today) & PAST_THE_LAW) & ~GREY),
    "yellow": lambda today: Q(next_due__gte=today) & (Q(warn_on__lte=today) | Q(next_due=today)) & ~GREY,
    "green": lambda today: Q(next_due__gt=today) & (Q(warn_on__gt=today) | Q(warn_on__isnull=True)) & ~GREY,
}  # fmt: skip
COLOURS = {"black", "red", "yellow", "green"}
WHO = ("mine", "free", "team")


@dataclass(frozen=True)
class Wanted:
    """What a queue is narrowed to. A word that nothing answers to (a light, a state, a day that does not exist) narrows nothing.

    `who`: on my desk, on nobody's, on a colleague's of my department; `free` is an older word for "nobody's". `second`: what waits for
    this officer as the second person of two.
    """

    matter: str = ""
    department: str = ""
    light: str = ""
    free: bool = False
    state: str = ""
    who: str = ""
    label: str = ""
    place: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    bundle: bool = False
    second: bool = False

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Wanted":
        """Out of an address, a form, or what was kept; longer words than any that exist are cut."""
        words: dict[str, Any] = {
            one.name: str(said.get(one.name, ""))[:100] if one.type in {"str", str} else str(said.get(one.name, "")) in {"1", "True"}
            for one in fields(cls)
        }  # fmt: skip
        if words.pop("free") and not words["who"]:
            words["who"] = "free"
        channels = Case.Channel.values
        for name, allowed in (("light", LIGHTS), ("who", WHO), ("state", CaseState.values), ("channel", channels)):
            if words[name] not in allowed:
                words[name] = ""
        for name in ("since", "until"):
            words[name] = words[name] if _day(words[name]) else ""
        words["label"] = words["label"] if words["label"].isdecimal() and len(words["label"]) < 18 else ""
        words["place"] = words["place"] if words["place"].isdecimal() else ""
        return cls(**words)

    def as_query(self) -> dict[str, str]:
        """The words for an address, none that says nothing."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: "1" if value is True else value for name, value in said.items() if value}

    def of(self, rows: QuerySet[Case], today: date, officer: Officer | None = None) -> QuerySet[Case]:
        return rows.filter(self.stretch(today), self.question(today, officer))

    def stretch(self, today: date) -> Q:
        """The part that an index of queues answers."""
        asked = Q()
        if self.department:
            asked &= Q(department=_key_of(Department.objects.filter(code=self.department)))
        if self.matter:
            asked &= Q(matter=_key_of(Matter.objects.filter(slug=self.matter)))
        if self.state in CaseState.values:
            asked &= Q(state=self.state)
        return asked & LIGHTS[self.light](today) if self.light in LIGHTS and self.light not in COLOURS else asked

    def question(self, today: date, officer: Officer | None) -> Q:
        """The part that is asked of each row met on the way."""
        asked = self._on_whose_desk(officer)
        if self.light in COLOURS:
            asked &= LIGHTS[self.light](today)
        if self.label:
            asked &= _one_of("pk", CaseLabel.objects.filter(label=_own_label(int(self.label), officer)), "case")
        if self.place:
            asked &= _one_of("applicant", Party.objects.filter(division__in=_within(self.place)), "pk")
        if self.channel:
            asked &= Q(channel=self.channel)
        if first := _day(self.since):
            asked &= Q(received_on__gte=first)
        if last := _day(self.until):
            asked &= Q(received_on__lte=last)
        if self.bundle:
            asked &= Q(parent__isnull=False)
        return asked & _as_second_person(officer) if self.second and officer is not None else asked

    def _on_whose_desk(self, officer: Officer | None) -> Q:
        if self.free or self.who == "free":
            return Q(claimed_by__isnull=True)
        if self.who == "mine" and officer is not None:
            return Q(claimed_by__isnull=False, claimed_by=officer)
        if self.who == "team" and officer is not None:
            team = Officer.objects.filter(department=officer.department_id).exclude(pk=officer.pk)
            return Q(claimed_by__isnull=False, claimed_by__in=list(team.values_list("pk", flat=True)))
        return Q()

    @property
    def looks_at_rows(self) -> bool:
        """Is something asked that no index of queues answers by itself?"""
        whose = self.free or self.who
        where = self.label or self.place or self.channel or self.since or self.until
        return bool(self.light in COLOURS or whose or where or self.bundle or self.second)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _key_of(rows: QuerySet) -> int:
    """Asked first: through a join the database does not see that an index begins with it. 0 is nobody."""
    return rows.values_list("pk", flat=True).first() or 0


def _own_label(label: int, officer: Officer | None) -> int:
    """What another department thinks of a case stays there."""
    of_anybody = Label.objects.filter(pk=label)
    return _key_of(of_anybody if officer is None else of_anybody.filter(department=officer.department_id))


def _within(place: str) -> list[int]:
    """A place and all that lies in it: from a province to its communities there are five levels."""
    above = ("", "parent__", "parent__parent__", "parent__parent__parent__", "parent__parent__parent__parent__")
    lies = Q()
    for way in above:
        lies |= Q(**{f"{way}code": place})
    return list(Division.objects.filter(lies).values_list("pk", flat=True))


def _one_of(field: str, held: QuerySet, key: str) -> Q:
    """Is the row's key among those held? Few are asked for by name; of many, each row met is asked whether it is one."""
    keys = list(held.values_list(key, flat=True)[: FEW + 1])
    if len(keys) <= FEW:
        return Q(**{f"{field}__in": keys})
    return Q(
        Exists(held.filter(**{key: OuterRef(field)}))
    )  # not IN: SQLite would write all of them down for every question


def _as_second_person(officer: Officer) -> Q:
    """Reviewed by somebody else and not decided; or seen on the spot, signed by one inspector and not by this one."""
    signs = Inspection.objects.filter(Q(first=officer) | Q(second=officer), done_at__isnull=True)
    waiting = signs.filter(signatures__officer__isnull=False).exclude(signatures__officer=officer)
    to_sign = Q(state=CaseState.SITE_INSPECTION, pk__in=list(waiting.values_list("case", flat=True).distinct()[:FEW]))
    if "dept_approver" not in officer.roles:
        return to_sign
    concluded = Q(state=CaseState.UNDER_REVIEW, reviewer__isnull=False) & ~Q(opinion="") & ~Q(reviewer=officer)
    return concluded | to_sign
