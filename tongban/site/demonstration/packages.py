"""Results on paper, one in every state a person may meet: at the hall, behind a door, on its way, back again, never fetched."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q
from django.utils import timezone

from tongban.cases import gateways
from tongban.cases.delivery_states import REMINDED_ON, WAITS_DAYS, Parcel, Way
from tongban.cases.gateways import simulated
from tongban.cases.models import Case, Delivery, TwinParcel
from tongban.cases.services import delivering, packing
from tongban.cases.states import CaseState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.lib.problems import Problem
from tongban.licences.states import LicenceState
from tongban.notices.models import Message
from tongban.site.demonstration.history import nobody_gets_letters
from tongban.site.demonstration.moved_time import moved_to
from tongban.site.demonstration.people import District

log = structlog.get_logger("demonstration")

HALL = "putuo-centre"  # where it may wait there
HOME = {"phone": "138 0000 0000", "address": "示范区曲溪路18号3号楼502室"}
GRANTED = [CaseState.READY, CaseState.DELIVERED, CaseState.CLOSED]


class Desk:
    """The issuing desk of this district, and the hour it is there."""

    def __init__(self, district: District, now: datetime):
        self.district, self.now = district, now
        self.officer: Officer = district.officer("issuing_officer")

    def at(self, days_ago: float) -> datetime:
        """About so many days ago, within the hours of a desk."""
        day = timezone.localtime(self.now - timedelta(days=days_ago))
        return min(day.replace(hour=10, minute=20), self.now - timedelta(minutes=30))

    def result_of(self, who: str, way: str, before: datetime) -> Case | None:
        """A result that was there by then, may come this way, and of which no paper was asked for: rather a licence than a letter, rather
        this person's than another's, rather the newest."""
        people = {person.pk: slug for slug, person in self.district.people.items() if slug in self.district.accounts}
        rows = Case.objects.filter(
            Q(licence__state=LicenceState.VALID) | Q(licence__isnull=True),
            applicant__in=people, state__in=GRANTED, parent__isnull=True, bundle_members__isnull=True,
            decided_at__lt=before, deliveries__isnull=True,
        )  # fmt: skip
        found = rows.select_related("applicant__person", "version", "matter", "department", "licence").order_by("-pk")
        offered = [case for case in found[:200] if way in packing.ways_of(case)]
        return max(
            offered,
            key=lambda case: (case.licence_id is not None, people[case.applicant_id] == who, case.pk),
            default=None,
        )

    def wanted(self, who: str, way: str, days_ago: float) -> Delivery | None:
        """Asked for on paper, and on the list of what is to be prepared."""
        moment = self.at(days_ago)
        case = self.result_of(who, way, moment)
        if case is None:
            return None
        address = {"name": case.applicant.name, **HOME} if way == Way.POST else None
        account = self.district.account_for(case.applicant)
        with moved_to(moment):
            row = delivering.choose(case, account=account, way=way, hall=HALL, address=address)
        self.drain(moment)
        return row

    def drain(self, moment: datetime) -> None:
        """What the worker would have done by then."""
        with moved_to(moment):
            while Job.objects.filter(state=Job.WAITING, run_at__lte=moment).exists():
                journal.work_once(limit=50)

    def does(self, act: Callable, row: Delivery, days_ago: float) -> Delivery:
        moment = self.at(days_ago)
        with moved_to(moment):
            act(Delivery.objects.select_related("case__applicant", "case__parent").get(pk=row.pk), officer=self.officer)
        self.drain(moment)
        return row


def write(district: District, now: datetime) -> None:
    """Each story by itself: one that cannot be told holds up no other. The oldest first, as its time passes for all."""
    desk = Desk(district, now)
    with nobody_gets_letters():
        for story in (_never_fetched, _came_back, _two_at_the_hall, _on_its_way, _behind_a_door, _to_be_prepared):
            try:
                story(desk)
            except Problem as problem:
                log.warning("a package of the demonstration was not made", story=story.__name__, code=problem.code)
    old = Message.objects.filter(kind__startswith="package_", at__lt=now - timedelta(days=4))
    old.update(read_at=F("at") + timedelta(hours=3))


def _never_fetched(desk: Desk) -> None:
    """Reminded twice, and back at the department since the day before yesterday."""
    begun = WAITS_DAYS + 3
    row = desk.wanted("wang-anhui", Way.PICKUP, begun + 1)
    if row is None:
        return
    desk.does(delivering.lay_out, row, begun)
    for day in (*REMINDED_ON, WAITS_DAYS + 1):
        moment = desk.at(begun - day)
        with moved_to(moment):
            delivering.remind_and_give_up()
        desk.drain(moment)


def _came_back(desk: Desk) -> None:
    """Nobody opened the door twice: the parcel lies at the hall, behind a code."""
    way = (
        (Parcel.COLLECTED, 3.9),
        (Parcel.IN_TRANSIT, 3.8),
        (Parcel.FAILED, 3),
        (Parcel.FAILED, 2),
        (Parcel.RETURNED, 1),
    )
    _parcel(desk, "wang-anhui", 4, *way)


def _on_its_way(desk: Desk) -> None:
    _parcel(desk, "anna", 2, (Parcel.COLLECTED, 1.5), (Parcel.IN_TRANSIT, 1))


def _parcel(desk: Desk, who: str, days_ago: float, *said: tuple[Parcel, float]) -> None:
    row = desk.wanted(who, Way.POST, days_ago + 1)
    if row is None or gateways.courier() is None:
        return
    desk.does(delivering.post, row, days_ago)
    parcel = TwinParcel.objects.latest("pk")
    for what, day in said:
        moment = desk.at(day)
        with moved_to(moment):
            simulated.happen(parcel, what)
        desk.drain(moment)


def _two_at_the_hall(desk: Desk) -> None:
    """Two results of one person in one hall: fetched with either code, handed over at once."""
    for days_ago in (4, 3):
        row = desk.wanted("li-na", Way.PICKUP, days_ago + 1)
        if row is not None:
            desk.does(delivering.lay_out, row, days_ago)


def _behind_a_door(desk: Desk) -> None:
    row = desk.wanted("chen-flex", Way.LOCKER, 2)
    if row is not None and gateways.locker() is not None:
        desk.does(delivering.put_in_locker, row, 1)


def _to_be_prepared(desk: Desk) -> None:
    desk.wanted("wang-anhui", Way.PICKUP, 1)
