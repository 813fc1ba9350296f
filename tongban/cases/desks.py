"""What an officer's desk shows beside the cases: views with their counters, labels, what waits for them, who could take a case."""

from dataclasses import dataclass
from datetime import date

from django.db.models import BigIntegerField, F, Q, QuerySet, When
from django.db.models import Case as Choice
from django.utils import timezone

from tongban.cases import queries, rules
from tongban.cases.models import Case, CaseLabel, DeskHabit, Label, Mention, PassingOn, SavedView
from tongban.cases.narrowing import Wanted
from tongban.cases.states import OPEN
from tongban.departments import queries as departments
from tongban.departments.models import Absence, Department, Officer
from tongban.lib.composed import composed, composed_of_several

VIEWS_SHOWN = 16


@dataclass(frozen=True)
class View:
    """A kept view as this officer sees it. `count` stops at `queries.MANY`; not `exact`: there may be more."""

    row: SavedView
    tab: str
    wanted: Wanted
    own: bool
    first: bool
    count: int
    exact: bool


def habit_of(officer: Officer) -> DeskHabit:
    found = _habits(officer=officer.pk)
    return found[0] if found else DeskHabit(officer=officer)


@composed(officer=BigIntegerField())
def _habits(officer):
    return DeskHabit.objects.filter(officer_id=officer).select_related("begins_with").order_by("pk")


def may_see_view(officer: Officer, view: SavedView) -> bool:
    return view.owner_id == officer.pk or (view.shared and view.department_id == officer.department_id)


def view_of(officer: Officer, pk: int) -> SavedView | None:
    view = SavedView.objects.filter(pk=pk).first()
    return view if view is not None and may_see_view(officer, view) else None


def views_of(officer: Officer, *, habit: DeskHabit, today: date | None = None) -> list[View]:
    """One's own views, then those shared with the department, by name."""
    rows = _views(officer=officer.pk, department=officer.department_id)
    if not rows:
        return []
    tabs, counter = queries.tabs_of(officer), queries.Counter(officer, today=today)
    found = []
    for row in rows:
        tab = row.asked.get("tab", "")
        tab = tab if tab in {*tabs, queries.ALL} else tabs[0]
        wanted = Wanted.read(row.asked)
        count, exact = counter.of(tab, wanted)
        own, first = row.owner_id == officer.pk, habit.begins_with_id == row.pk
        found.append(View(row, tab, wanted, own, first, count, exact))
    return found


@composed(officer=BigIntegerField(), department=BigIntegerField())
def _views(officer, department):
    seen = Q(owner_id=officer) | Q(shared=True, department_id=department)
    own_first = When(owner_id=officer, then=0)  # many shared ones take no place from one's own
    rows = SavedView.objects.filter(seen).select_related("owner")
    return rows.order_by(Choice(own_first, default=1), "name", "id")[:VIEWS_SHOWN]


def labels_of(department: Department, *, retired: bool = False) -> QuerySet[Label]:
    rows = Label.objects.filter(department=department)
    return rows if retired else rows.filter(retired_at__isnull=True)


def labels_on(cases: list[int], officer: Officer) -> dict[int, list[Label]]:
    """{case: its labels}, those of this officer's department; what another department thinks of a case stays there."""
    on: dict[int, list[Label]] = {}
    for row in _labels_on(cases):
        if row.label.department_id == officer.department_id:
            on.setdefault(row.case_id, []).append(row.label)
    return on


@composed_of_several(BigIntegerField())
def _labels_on(cases):
    return CaseLabel.objects.filter(case__id__in=cases).select_related("label").order_by("label__name")


# -- what waits for an officer


def held_out_to(officer: Officer) -> QuerySet[PassingOn]:
    """Cases that colleagues hold out to this officer, as long as they still lie with them."""
    return _offered_to(officer.pk).select_related("case", "case__version", "case__department", "giver").order_by("id")


def _offered_to(officer: int) -> QuerySet[PassingOn]:
    return PassingOn.objects.filter(taker_id=officer, state=PassingOn.State.OFFERED, case__claimed_by=F("giver"))


def held_out_by(officer: Officer) -> QuerySet[PassingOn]:
    rows = PassingOn.objects.filter(giver=officer, state=PassingOn.State.OFFERED, case__claimed_by=officer)
    return rows.select_related("case", "case__version", "case__department", "taker").order_by("id")


def given_back_to(officer: Officer) -> QuerySet[PassingOn]:
    """What a colleague did not take and still lies here, the last first."""
    rows = PassingOn.objects.filter(giver=officer, state=PassingOn.State.GIVEN_BACK, case__claimed_by=officer)
    return rows.select_related("case", "case__version", "case__department", "taker").order_by("-id")


def mentions_of(officer: Officer) -> QuerySet[Mention]:
    """Notes that name this officer and that they have not seen; of a case they may still see."""
    sees_all = bool(set(officer.roles) & (rules.HALL_ROLES | rules.READING_ROLES))
    related = ("note", "note__officer", "note__case", "note__case__version", "note__case__department")
    return _mentions(officer.pk, officer.department_id, sees_all=sees_all).select_related(*related).order_by("id")


def _mentions(officer: int, department: int, *, sees_all: bool) -> QuerySet[Mention]:
    rows = Mention.objects.filter(officer_id=officer, seen_at__isnull=True)
    # whoever changed the department sees its cases no more
    return rows if sees_all else rows.filter(note__case__department_id=department)


def bell(officer: Officer) -> int:
    """What waits, counted up to MANY: the number on the bell."""
    sees_all = bool(set(officer.roles) & (rules.HALL_ROLES | rules.READING_ROLES))
    number = len(_mentioned(officer=officer.pk, department=officer.department_id, sees_all=sees_all))
    return min(number + len(_held_out(officer=officer.pk)), queries.MANY)


@composed(officer=BigIntegerField(), department=BigIntegerField())
def _mentioned(officer, department, sees_all):
    return _mentions(officer, department, sees_all=sees_all).values_list("pk", flat=True)[: queries.MANY]


@composed(officer=BigIntegerField())
def _held_out(officer):
    return _offered_to(officer).values_list("pk", flat=True)[: queries.MANY]


def passing_of(case: Case) -> PassingOn | None:
    """The colleague to whom it is held out now."""
    rows = PassingOn.objects.filter(case=case, state=PassingOn.State.OFFERED, giver=case.claimed_by_id)
    return rows.select_related("giver", "taker").first()


# -- colleagues


def colleagues(officer: Officer) -> list[Officer]:
    return [one for one in departments.officers(officer.department) if one.pk != officer.pk]


def could_be_named(officer: Officer, case: Case) -> list[Officer]:
    """Colleagues who see this case as well: all where it is the department's, else those whose role sees every case."""
    everywhere = rules.HALL_ROLES | rules.READING_ROLES
    if officer.department_id == case.department_id or not everywhere & set(officer.roles):
        return colleagues(officer)
    return [one for one in colleagues(officer) if everywhere & set(one.roles)]


def could_take_over(officer: Officer, *, today: date | None = None) -> list[Officer]:
    """Colleagues who are there today and hold one of the same roles; whether they can do anything is asked of each case."""
    away = away_on(officer.department, today or timezone.localdate())
    return [one for one in colleagues(officer) if one.pk not in away and set(one.roles) & set(officer.roles)]


def away_on(department: Department, day: date) -> set[int]:
    return {row.officer_id for row in departments.absences(department, day) if row.first_day <= day}


@dataclass(frozen=True)
class AtDesk:
    """A colleague and what lies there, counted up to MANY."""

    officer: Officer
    count: int
    away: bool


def team(officer: Officer, *, today: date | None = None) -> list[AtDesk]:
    """The people of one's department. One question for all desks: their cases are read up to a bound each."""
    people = departments.officers(officer.department)[:60]
    away = away_on(officer.department, today or timezone.localdate())
    lying = queries.count_on_desks(people)
    return [AtDesk(one, lying[one.pk], one.pk in away) for one in people]


def standing_in(officer: Officer, *, today: date | None = None) -> list[tuple[Absence, int]]:
    """Whom this officer stands in for, now or soon, and how many cases lie there."""
    rows = departments.standing_in(officer, today or timezone.localdate())
    lying = queries.count_on_desks([row.officer for row in rows]) if rows else {}
    return [(row, lying[row.officer_id]) for row in rows]


def lying_with(holder: Officer) -> QuerySet[Case]:
    return Case.objects.filter(claimed_by=holder, state__in=OPEN)
