"""How a result on paper comes, as the page of a case says it: to its applicant, and to an officer who looks at that page."""

from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.cases import gateways, packages, planning
from tongban.cases.delivery_states import CHANGEABLE, OPEN, THERE, DeliveryState, Way
from tongban.cases.models import Case, Delivery
from tongban.cases.services import packing
from tongban.cases.states import ENDED, CaseState
from tongban.lib import qr


def shown(case: Case, *, receives: bool, own: bool, packed: bool = True) -> dict:
    """Each package and where it is, if there are any (`packed`). The code is there only when `receives`; `own` is the applicant's page and not its copy."""
    errand = packing.errand_of(case)
    rows = packages.of_case(case) if packed else []
    sent = case.state not in {CaseState.DRAFT} | (ENDED - {CaseState.CLOSED})
    may = (receives or not own) and sent and case.parent_id is None and _changeable(rows)
    return {
        "rows": [_line(row, receives) for row in rows if row.state != DeliveryState.DROPPED],
        "running": any(row.state in OPEN for row in rows),
        "errand": errand,
        "receives": receives,
        "way": packing.wants_paper(errand) and errand.delivery or packing.ELECTRONIC,
        "may_choose": may and (planning.is_bundle(errand) or bool(rows) or not packing.nothing_counts(errand)),
        "offered": sent and case.parent_id is None,
    }


def _changeable(rows: list[Delivery]) -> bool:
    running = [row for row in rows if row.state in OPEN]
    return not running or any(row.state in CHANGEABLE for row in running)


def _line(row: Delivery, receives: bool) -> dict:
    over = row.state == DeliveryState.IN_LOCKER and row.until is not None and row.until < timezone.localdate()
    code = row.code if receives and row.state in THERE and not over else ""
    locker, courier = gateways.locker(), gateways.courier()
    simulated = row.state == DeliveryState.IN_LOCKER and locker is not None and locker.simulated
    return {
        "row": row,
        "over": over,
        "held_back": row.state == DeliveryState.IN_LOCKER and not row.code,
        "code": packing.in_groups(code) if code else "",
        "picture": qr.svg(code.upper(), title=_("Pick-up code")) if code else "",
        "tracked": packages.tracked(row),
        "door_page": locker.page(row.hall) if simulated and locker is not None else "",
        "parcel_page": courier.page(row.tracking)
        if row.tracking and row.way == Way.POST and courier is not None
        else "",
    }
