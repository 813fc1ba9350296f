"""Which results lie in a package, for which hall, and whether a case still waits for its paper. Issuing asks here; handing over is `delivering`."""

import secrets
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tongban.cases import bundles, clocks, events, gateways, planning
from tongban.cases.delivery_states import CHOOSE, OPEN, PREPARE, PREPARE_DAYS, TO_BE_MADE, DeliveryState, Way
from tongban.cases.models import ALPHABET, Case, Delivery, DeliveryItem
from tongban.cases.moving import changed
from tongban.cases.states import GRANTED, CaseState
from tongban.departments import queries as departments
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.lib.encryption import blind_index
from tongban.lib.moves import Move, make
from tongban.licences.models import Licence
from tongban.licences.states import OVER, LicenceState
from tongban.parties.models import Person

CODE_LETTERS = 8  # 40 bits, and a document is compared beside it
CENTRE: dict = {
    "hall": "centre",
    "name": {"zh": "区政务服务中心", "en": "District government service centre"},
    "address": {"zh": "", "en": ""},
    "hours": {"zh": "工作日 09:00-17:00", "en": "Working days 09:00-17:00"},
}
ELECTRONIC = "e_licence"


# -- ways and halls


def errand_of(case: Case) -> Case:
    """What is fetched at once: of a bundle the whole."""
    return case.parent if case.parent is not None else case


def halls_of(case: Case) -> list[dict]:
    """Where the result of this matter may wait, as its guide names the halls with windows."""
    found = [
        {name: place.get(name) or CENTRE[name] for name in CENTRE}
        for place in case.version.places or []
        if place.get("hall") and "window" in (place.get("ways") or ["window"])
    ]
    return found or [CENTRE]


def place_of(case: Case, hall: str) -> dict:
    places = halls_of(case)
    return next((one for one in places if one["hall"] == hall), places[0])


def hall_of_others(case: Case) -> str:
    """Where something else of the same applicant waits or will: one way fetches everything. Empty where that hall is not offered here."""
    others = (
        Delivery.objects.filter(party=case.applicant_id, state__in=OPEN).exclude(way=Way.POST).exclude(case=case.pk)
    )
    halls = {place["hall"] for place in halls_of(case)}
    return next((hall for hall in others.order_by("-id").values_list("hall", flat=True)[:20] if hall in halls), "")


def ways_of(case: Case) -> list[str]:
    """How the result of this matter may come on paper; the wallet is always there beside it."""
    asked: dict = next((one for one in case.version.form or [] if one.get("id") == "delivery"), {})
    offered = set(asked.get("options") or ())
    ways = [Way.PICKUP]
    if gateways.locker() is not None:
        ways.append(Way.LOCKER)
    if Way.POST in offered or case.version.express:
        ways.append(Way.POST)
    return [str(way) for way in ways]


# -- codes


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _letter in range(CODE_LETTERS))


def index_of(code: str) -> str:
    return blind_index(bare(code), "cases.delivery")


def bare(code: str) -> str:
    """As somebody typed or scanned it: without spaces and hyphens, in either case."""
    return "".join(letter for letter in code.lower() if letter.isalnum())[:40]


def in_groups(code: str) -> str:
    return f"{code[:4]} {code[4:]}".upper().strip()


# -- the package


def move(row: Delivery, step: Move, *, actor: Actor, case: Case, **changes) -> None:
    """Make one move of the package; the row decides. Call inside the act's transaction."""
    make(row, step, **changes)
    note(row, case, actor)


def note(row: Delivery, case: Case, actor: Actor) -> None:
    journal.record(
        events.PackageMoved(case=case.pk, delivery=row.pk, state=str(row.state), way=row.way),
        subject=case.subject,
        actor=actor,
    )
    journal.touch(f"hall:{row.hall}")
    changed(case)


def open_of(case: Case) -> list[Delivery]:
    return list(Delivery.objects.filter(case=case.pk, state__in=OPEN).order_by("-id"))


def being_made(case: Case) -> Delivery | None:
    return Delivery.objects.filter(case=case.pk, state__in=TO_BE_MADE).order_by("-id").first()


def wants_paper(case: Case) -> bool:
    return case.delivery in Way.values


def waits_for_paper(case: Case) -> bool:
    """Whether the result is made but not yet laid out, put in or posted. Parts of a bundle wait with the whole, and not by themselves."""
    if case.parent_id is not None:
        return False
    return Delivery.objects.filter(case=case.pk, state=DeliveryState.PREPARING).exists()


@composed(errand=BigIntegerField())
def _on_paper(errand):
    """Whether anything of this errand is wanted on paper, or was until a moment ago."""
    packages = Delivery.objects.filter(case=OuterRef("pk"), state__in=TO_BE_MADE)
    wanted = Q(delivery__in=Way.values) | Exists(packages)
    return Case.objects.filter(wanted, pk=errand).values_list("pk", flat=True)


def begin(case: Case, *, actor: Actor = PLATFORM, now: datetime) -> Delivery | None:
    """The result is being made: if it is wanted on paper, its package goes to the list of what is to be prepared.

    Call with the case held. A second time does nothing; what was added to a bundle meanwhile is put in.
    """
    if not _on_paper(errand=case.parent_id or case.pk):
        return None
    errand = errand_of(case)
    row = being_made(errand)
    if row is None:
        if not wants_paper(errand) or not _left(errand, case):
            return None
        row = choose(errand, way=errand.delivery, actor=PLATFORM, now=now)
    if row.state == DeliveryState.CHOSEN:
        move(row, PREPARE, actor=actor, case=errand, **prepared_by(clocks.local_day(now)))
    fill(row, errand, case)
    return row


def prepared_by(day: date) -> dict[str, date | None]:
    """By when a package is prepared whose days run from this one, as fields of its row."""
    return {"due": departments.calendar().due(day, PREPARE_DAYS).day, "due_from": day}


def choose(
    errand: Case,
    *,
    way: str,
    actor: Actor,
    now: datetime,
    hall: str = "",
    address: dict | None = None,
    collector: dict | None = None,
) -> Delivery:
    place = place_of(errand, hall)
    row = Delivery.objects.create(
        case=errand, party_id=errand.applicant_id, way=way, hall=place["hall"], place=place, made_at=now,
        address=address if address is not None else address_in_form(errand) if way == Way.POST else {},
        collector=collector or {},
    )  # fmt: skip
    assert row.state == CHOOSE.target
    note(row, errand, actor)
    return row


def address_in_form(case: Case) -> dict:
    """What the applicant wrote in the form: the address there, the name and telephone of the record."""
    person = Person.objects.filter(pk=case.applicant_id).first()
    phone = str(case.value("mobile") or (person.mobile if person is not None else "") or "")
    text = str(case.value("post_address") or "")
    return {"name": case.applicant.name, "phone": phone[:20], "address": text[:300]} if text else {}


def receiver_of(case: Case) -> dict:
    """Whose name stands on a parcel, and the telephone of the form: nothing that an agent does not see in it."""
    return {"name": case.applicant.name, "phone": str(case.value("mobile") or "")[:20]}


def results_of(errand: Case) -> list[Case]:
    """The cases whose results belong into the package of this errand now: granted, and not held back for the others."""
    if not planning.is_bundle(errand):
        return [errand] if errand.state in GRANTED else []
    parts = [
        part for part in bundles.with_results(bundles.parts_of(errand)) if part.granted and not part.row.stood_in_id
    ]
    whole_is_granted = errand.state in GRANTED
    found = [part.case for part in parts if whole_is_granted or part.row.released_at is not None]
    own = [errand] if whole_is_granted and errand.licence_id is not None else []
    return own + found


def _left(errand: Case, case: Case) -> list[Case]:
    packed = set(
        DeliveryItem.objects.filter(delivery__case=errand.pk, delivery__state__in=_NOT_VOID).values_list(
            "case", flat=True
        )
    )
    return [one for one in results_of(errand) if one.pk not in packed]


_NOT_VOID = [*OPEN, DeliveryState.HANDED_OVER]


def fill(row: Delivery, errand: Case, case: Case, *, again: bool = False) -> None:
    """Put in what lies in no other package of the errand; `again`: what lay in one that came to nothing, or was handed over, too."""
    wanted = results_of(errand) if again else _left(errand, case)
    held = set(row.items.values_list("case", flat=True))
    DeliveryItem.objects.bulk_create(
        DeliveryItem(delivery=row, case=one, licence=edition_of(one.licence), name=_name_of(one))
        for one in wanted
        if one.pk not in held
    )


def _name_of(case: Case) -> Bilingual:
    return case.licence.type.name if case.licence is not None else case.version.name


def unsealed(items: Iterable[DeliveryItem]) -> list[DeliveryItem]:
    """What cannot be printed yet: its licence is still being sealed, or its case is not that far."""
    made = {CaseState.ISSUING, CaseState.READY, CaseState.DELIVERED, CaseState.CLOSED}
    return [
        one for one in items if one.case.state not in made or one.licence is not None and one.licence.sealed_at is None
    ]


def no_longer_valid(item: DeliveryItem) -> bool:
    """Its licence was suspended, revoked or replaced since, or its decision was taken back: it is not given into anybody's hands."""
    if item.case.state == CaseState.REVOKED:
        return True
    return item.licence is not None and item.licence.state != LicenceState.VALID


def is_over(case: Case, licence: Licence | None) -> bool:
    """It will never count again: there is no use in keeping paper of it ready. What is suspended may come back."""
    return case.state == CaseState.REVOKED or licence is not None and licence.state in OVER


def edition_of(licence: Licence | None) -> Licence | None:
    """The edition that is printed now: one that was corrected or made anew with its permits follows it, one of another decision does not."""
    while licence is not None and licence.state == LicenceState.SUPERSEDED:
        later = Licence.objects.filter(previous=licence).exclude(decision__startswith="case:").first()
        if later is None:
            break
        licence = later
    return licence


def renew(row: Delivery) -> None:
    """What is not printed yet is printed in the edition that counts."""
    superseded = row.items.filter(taken_at__isnull=True, licence__state=LicenceState.SUPERSEDED)
    for item in superseded.select_related("licence"):
        later = edition_of(item.licence)
        if later is not None and later.pk != item.licence_id:
            DeliveryItem.objects.filter(pk=item.pk).update(licence=later)


def nothing_counts(errand: Case) -> bool:
    """There was a result, and nothing of it counts any more: no paper is made of that."""
    made = results_of(errand)
    return bool(made) and all(is_over(one, edition_of(one.licence)) for one in made)


def said_where(row: Delivery) -> list[tuple[Bilingual, str]]:
    """The rows of a collection notice. The code itself stands on the page of the application alone."""
    name, address, hours = (row.place.get(one) or {} for one in ("name", "address", "hours"))
    if row.state == DeliveryState.POSTED:
        return [({"zh": "快递单号", "en": "Tracking number"}, row.tracking)]
    where = f"{name.get('zh', '')} {address.get('zh', '')} / {name.get('en', '')} {address.get('en', '')}"
    rows = [
        ({"zh": "领取地点", "en": "Where"}, where.strip(" /")),
        ({"zh": "开放时间", "en": "Open"}, f"{hours.get('zh', '')} / {hours.get('en', '')}".strip(" /")),
    ]
    if row.state == DeliveryState.IN_LOCKER:
        rows.append(({"zh": "柜门", "en": "Door"}, row.door))
    if row.until is not None:
        rows.append(({"zh": "请在此日前领取", "en": "Please collect it by"}, row.until.isoformat()))
    return rows


def days_waiting(row: Delivery, today: date) -> int:
    return (today - row.since).days if row.since is not None else 0


NOTHING_KEPT = _("Nothing was changed.")
