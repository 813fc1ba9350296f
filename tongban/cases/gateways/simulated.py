"""The courier and the locker that ship: they have books, pages on which somebody chooses what happens, and notices they sign. Nothing moves.

Known bad cases: an address with 无人区 in it is never taken; the locker of a hall has six doors, and the seventh package finds it full.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tongban.cases.delivery_states import Parcel
from tongban.cases.gateways.base import Forged, Full, ParcelOrder, Refused, Said
from tongban.cases.models import TwinDoor, TwinParcel
from tongban.journal import services as journal
from tongban.lib.encryption import blind_index
from tongban.lib.signed_notices import sign, trouble_with

HEADER = "tongban-signature"
NOWHERE = "无人区"
DOORS = 6
OPENED = "opened"
PLACES = {
    Parcel.COLLECTED: "示范揽投站", Parcel.IN_TRANSIT: "示范分拣中心", Parcel.OUT: "示范投递部", Parcel.FAILED: "收件地址",
    Parcel.DELIVERED: "收件地址", Parcel.RETURNED: "示范揽投站",
}  # fmt: skip


class SimulatedCourier:
    name = "simulated-courier"
    title = {"zh": "模拟快递（不会寄出任何东西）", "en": "Simulated courier (nothing is sent)"}
    simulated = True

    def book(self, order: ParcelOrder) -> str:
        if NOWHERE in order.address:
            raise Refused("the simulated courier does not go to this address")
        row, made = TwinParcel.objects.get_or_create(reference=order.reference, defaults={"tracking": order.reference})
        if made:
            row.tracking = f"TBDEMO{row.pk:09d}"
            row.save(update_fields=["tracking"])
        return row.tracking

    def page(self, tracking: str) -> str:
        row = TwinParcel.objects.filter(tracking=tracking).first()
        return f"/simulated-courier/{row.key}/" if row is not None else ""

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Said:
        return _read(headers, body, now, self.name)


class SimulatedLocker:
    name = "simulated-locker"
    title = {"zh": "模拟取件柜（没有真的柜门）", "en": "Simulated locker (there are no real doors)"}
    simulated = True

    def put_in(self, reference: str, *, hall: str, code: str, until: date) -> str:
        with transaction.atomic():
            for number in range(1, DOORS + 1):
                TwinDoor.objects.get_or_create(hall=hall, door=f"A{number:02d}")
            lies = TwinDoor.objects.filter(reference=reference).first()
            free = TwinDoor.objects.select_for_update().filter(hall=hall, reference="").order_by("door").first()
            row = lies or free
            if row is None:
                raise Full(hall)
            row.reference, row.code_index, row.until, row.tries = reference, _index(hall, code), until, 0
            row.save()
        return row.door

    def take_out(self, reference: str) -> None:
        TwinDoor.objects.filter(reference=reference).update(reference="", code_index="", until=None, tries=0)

    def block(self, reference: str) -> None:
        TwinDoor.objects.filter(reference=reference).update(code_index="")

    def page(self, hall: str) -> str:
        return f"/simulated-locker/{hall or 'centre'}/"

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Said:
        return _read(headers, body, now, self.name)


def secret(name: str) -> str:
    """What the twin and we sign with: made from the keys of this installation, so that nobody else can."""
    return blind_index(f"notices of {name}", "cases.twin")


def _index(hall: str, code: str) -> str:
    return blind_index(f"{hall}:{code}", "cases.twin.door")


def _read(headers: Mapping[str, str], body: bytes, now: datetime, name: str) -> Said:
    trouble = trouble_with(headers.get(HEADER, ""), body, secret(name), now)
    if trouble:
        raise Forged(trouble)
    try:
        said = json.loads(body)
        kind = str(said["kind"])
        if kind not in {*Parcel.values, OPENED}:
            raise ValueError(kind)
        return Said(
            key=str(said["id"])[:100], kind=kind, reference=str(said["reference"])[:64],
            at=datetime.fromtimestamp(int(said["at"]), UTC), where=str(said.get("where", ""))[:120],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as wrong:
        raise Forged("signed, but not readable") from wrong


def notice(name: str, content: dict, now: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
    """A notice as it goes over the wire: body and headers."""
    body = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    return body, {HEADER: sign(body, "not the key" if forged else secret(name), now)}


# -- what somebody chooses on the twins' own pages

STATIONS = tuple(Parcel.values)


def parcel(key: str) -> TwinParcel | None:
    return TwinParcel.objects.filter(key=key).first()


def happen(row: TwinParcel, what: str, *, twice: bool = False) -> bool:
    """What happens to the parcel, in any order somebody likes; told twice on request. After its end nothing happens: False."""
    now = timezone.now()
    with transaction.atomic():
        over = what in {Parcel.DELIVERED, Parcel.RETURNED}
        if not TwinParcel.objects.filter(pk=row.pk, over=False).update(told=F("told") + 1, over=over):
            return False
        row.refresh_from_db()
        content = _content(row, what, f"{row.tracking}-{row.told}", now)
        for _time in range(2 if twice else 1):
            _tell(SimulatedCourier.name, content, note=_note(row.pk, what))
    return True


def forge(row: TwinParcel) -> None:
    """A stranger says that it was delivered."""
    with transaction.atomic():
        content = _content(row, Parcel.DELIVERED, f"{row.tracking}-forged", timezone.now())
        _tell(SimulatedCourier.name, content, forged=True, note=_note(row.pk, Parcel.DELIVERED, forged=True))


# -- what the courier's page says of its notices: the last few, for a day


REMEMBERED, SHOWN = 24 * 3600, 10


def told(row: TwinParcel) -> list[dict]:
    """The latest first: what it said, whether a stranger signed it, and `heard` as `take_notice` answers; missing as long as it has not."""
    last = cache.get(_place(row.pk), 0)
    found = cache.get_many([_place(row.pk, number) for number in range(max(1, last - SHOWN + 1), last + 1)])
    return sorted(found.values(), key=lambda one: one["number"], reverse=True)


def topic(parcel: int) -> str:
    return f"twin-parcel:{parcel}"


def _place(parcel: int, number: int = 0) -> str:
    return f"twin-parcel:{parcel}:{number}"


def _note(parcel: int, what: str, *, forged: bool = False) -> str:
    cache.add(_place(parcel), 0, REMEMBERED)
    number = cache.incr(_place(parcel))
    said = {"number": number, "words": str(Parcel(what)), "forged": forged, "at": timezone.now()}
    cache.set(_place(parcel, number), said, REMEMBERED)
    return f"{parcel}:{number}"


def answered(note: str, heard: bool | None) -> None:
    """What the office said of one notice."""
    parcel, _colon, number = note.partition(":")
    said = cache.get(_place(int(parcel), int(number))) if number else None
    if said is not None:
        with transaction.atomic():
            cache.set(_place(int(parcel), int(number)), said | {"heard": heard}, REMEMBERED)
            journal.touch(topic(int(parcel)))


def _content(row: TwinParcel, what: str, key: str, now: datetime) -> dict:
    kind = Parcel(what)
    at = int(now.timestamp())
    return {"id": key, "kind": str(kind), "reference": row.reference, "at": at, "where": PLACES[kind]}


def open_door(hall: str, code: str) -> str:
    """Somebody types a code at the locker: the door that opens; empty when none does."""
    now = timezone.now()
    with transaction.atomic():
        row = TwinDoor.objects.filter(
            hall=hall, code_index=_index(hall, code), until__gte=timezone.localdate(now)
        ).first()
        if row is None or not row.reference:
            return ""
        reference = row.reference
        # the code is asked of the row once more: blocked since it was read, the door stays shut
        taken = TwinDoor.objects.filter(pk=row.pk, reference=reference, code_index=row.code_index).update(
            reference="", code_index="", until=None, tries=0
        )
        if not taken:
            return ""
        content = {
            "id": f"{reference}-opened", "kind": OPENED, "reference": reference, "at": int(now.timestamp()), "where": row.door,
        }  # fmt: skip
        _tell(SimulatedLocker.name, content)
    return row.door


def _tell(name: str, content: dict, *, forged: bool = False, note: str = "") -> None:
    """Written down to be sent by the worker, signed there: a notice is minutes old at most."""
    journal.enqueue("cases.twin.tell", name=name, content=content, forged=forged, note=note)
