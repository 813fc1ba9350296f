"""What people are told of their results on paper: where they wait or are, before the time is over, and that they were handed over."""

from django.utils import timezone

from tongban.cases import events, standing
from tongban.cases.delivery_states import OPEN, DeliveryState, Way
from tongban.cases.models import Delivery, DeliveryItem
from tongban.cases.services import delivering
from tongban.cases.states import CaseState
from tongban.journal.services import on
from tongban.licences.events import LicenceStateChanged
from tongban.notices import services as notices

KINDS = {
    DeliveryState.WAITING: "package_waiting",
    DeliveryState.IN_LOCKER: "package_in_locker",
    DeliveryState.POSTED: "package_posted",
    DeliveryState.UNCLAIMED: "package_unclaimed",
    DeliveryState.HANDED_OVER: "package_handed_over",
}
HOW = {
    Way.PICKUP: {"zh": "窗口领取", "en": "at a window"},
    Way.LOCKER: {"zh": "取件柜", "en": "from a locker"},
    Way.POST: {"zh": "邮寄", "en": "by post"},
}


def says_it(case: int) -> bool:
    """Whether the notice about the package says already that the result is there."""
    return Delivery.objects.filter(case=case, state__in=OPEN).exclude(state__in=delivering.TO_BE_MADE).exists()


def _row(pk: int) -> Delivery:
    return Delivery.objects.select_related(
        "case__applicant", "case__version", "case__matter", "case__parent__matter"
    ).get(pk=pk)


def _tell(row: Delivery, kind: str, once: str, **more) -> None:
    case = row.case
    day = (
        row.until
        if row.until is not None and row.ended_at is None
        else timezone.localdate(row.ended_at or timezone.now())
    )
    notices.tell(
        case.applicant,
        kind,
        about=case.subject,
        link=f"/my/cases/{case.ref}/#paper",
        params={
            "matter": case.version.name,
            "number": case.number or "",
            "place": row.place.get("name") or {"zh": "大厅", "en": "the hall"},
            "due": day.isoformat(),
            "tracking": row.tracking,
            "door": row.door,
            **more,
        },
        once=f"{kind}:{row.pk}:{once}",
        matter=standing.matter_of(case),
    )


@on(events.PackageMoved)
def tell_where_it_is(event):
    row = _row(event.delivery)
    kind = KINDS.get(DeliveryState(event.state))
    if event.state == row.state == DeliveryState.DROPPED and row.case.delivery in Way.values and row.items.exists():
        _tell(row, "package_dropped", "1")  # not by its person, who would have chosen the wallet alone
        return
    if row.is_made_anew:
        _tell(row, "package_lost", str(row.came_back_at.isoformat() if row.came_back_at else ""))
        return
    if kind is None or row.state != event.state:  # it has moved on: what is true now is told
        return
    if row.state == DeliveryState.IN_LOCKER and not row.code:  # held back: what was decided is told by its own letter
        return
    if kind == "package_waiting" and row.way == Way.POST and row.came_back_at is not None:
        kind = "package_came_back"
    elif kind == "package_waiting" and row.way == Way.LOCKER and row.tracking:
        kind = "package_to_the_hall"
    at_window = row.items.filter(collection__isnull=False).exists()
    taken = row.way if row.state == DeliveryState.HANDED_OVER and not at_window else Way.PICKUP
    _tell(row, kind, str(row.since or ""), how=HOW[Way(taken)])


@on(events.PackageReminded)
def remind(event):
    row = _row(event.delivery)
    if row.state == DeliveryState.WAITING:
        _tell(row, "package_reminder", f"{row.since}:{event.day}", day=str(event.day))


@on(events.BundleMemberReleased)
def prepare_what_is_wanted_early(event):
    """A part asked for before the others, and wanted on paper, is prepared before the others."""
    delivering.begin_early(event.member)


@on(events.CaseEnded)
def hand_over_nothing_revoked(event):
    if event.state == CaseState.REVOKED:
        delivering.drop_for(event.case)


@on(LicenceStateChanged)
def give_nothing_out_of_a_locker(event):
    """A licence that was suspended, revoked or replaced lies on paper behind a door that opened with a code until now, or is to be printed."""
    delivering.hold_back(DeliveryItem.objects.filter(licence=event.licence))
