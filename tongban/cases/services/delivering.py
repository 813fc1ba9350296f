"""Getting the result: how the applicant wants it, preparing it, handing everything over at once, and what couriers and lockers say.

The electronic result does not wait for any of this: it is in the wallet as soon as it is sealed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, gateways, papers, standing
from tongban.cases.delivery_states import (
    CHANGE,
    CHANGEABLE,
    COME_BACK,
    DROP,
    GIVE_UP,
    HAND_OVER,
    HOLD_BACK,
    IN_LOCKER_DAYS,
    LAY_OUT,
    LOSE,
    OPEN,
    OPEN_DOOR,
    POST,
    PREPARE,
    PUT_IN,
    REMINDED_ON,
    SIGNED_FOR,
    TAKE_OUT,
    TO_BE_MADE,
    WAITS_DAYS,
    DeliveryState,
    Parcel,
    Way,
)
from tongban.cases.gateways import simulated
from tongban.cases.glass import bounded
from tongban.cases.models import Case, Collection, Delivery, DeliveryItem, TrackingEvent
from tongban.cases.moving import acting, again, changed, named
from tongban.cases.permission import permit
from tongban.cases.services import following, issuing, packing
from tongban.cases.services.packing import ELECTRONIC, NOTHING_KEPT, move
from tongban.cases.states import DELIVER, ENDED, GRANTED, RESULT_READY, CaseState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual, in_both, say
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany, worded
from tongban.licences.states import OVER as LICENCE_OVER
from tongban.licences.states import LicenceState
from tongban.parties import mandates
from tongban.parties import queries as parties
from tongban.parties.models import Account, IdKind, Person
from tongban.parties.states import Act

log = structlog.get_logger("cases")

ROLE = "issuing_officer"
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,18}[0-9]")
SIGNED: dict[str, Bilingual] = {
    Collection.Signed.GLASS: {"zh": "现场手写签名", "en": "signed on the glass"},
    Collection.Signed.PAPER: {"zh": "纸质签收", "en": "signed on paper"},
}
ENDS_WITH = 4  # characters of the document that the officer reads off it
COMPARISONS, COMPARED_WITHIN = 5, 3600
CODES, CODES_WITHIN = 15, 600
COURIER = Actor(kind="platform", role="courier")
LOCKER = Actor(kind="platform", role="locker")


# -- how the applicant wants it


def choose(
    case: Case,
    *,
    account: Account,
    way: str,
    hall: str = "",
    address: Mapping[str, str] | None = None,
    collector: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Delivery | None:
    """Wallet alone, or on paper beside it: at a window, from a locker, by post; and who may fetch it. Until it is handed over or sent."""
    now = now or timezone.now()
    address = {name: str((address or {}).get(name, "")).strip() for name in ("name", "phone", "address")}
    named = {name: str(collector.get(name, "")).strip() for name in ("name", "id_kind", "id_no")} if collector else {}
    named |= {"id_no": named["id_no"].upper()} if named else {}
    errors = _wrong_choice(case, way, address, named)
    if errors:
        raise Invalid("choice-incomplete", errors=errors, kept=_("What you typed stands here still."))
    with transaction.atomic():
        case = again(case)
        _may_choose(case)
        actor = standing.act_as_applicant(account, case, Act.RECEIVE, "choose_delivery", now)
        row = _changeable(case)
        if case.delivery != way:
            case.delivery = way
            case.save(update_fields=["delivery", "updated_at"])
        if way == ELECTRONIC:
            _only_electronic(case, row, actor, now)
            return None
        if packing.nothing_counts(case):
            raise NotAllowed(
                "nothing-counts",
                _("This result does not count any more, so it is not printed."),
                kept=NOTHING_KEPT,
                next_step=_("If a newer one has replaced it, choose the paper on the page of that application."),
            )
        where = packing.place_of(case, hall)
        said = {
            "way": way, "hall": where["hall"], "place": where, "address": address if way == Way.POST else {}, "collector": named,
        }  # fmt: skip
        if row is None:
            row = packing.choose(
                case, way=way, actor=actor, now=now, hall=where["hall"], address=said["address"], collector=named
            )
        elif row.state == DeliveryState.WAITING and (way, where["hall"]) == (Way.PICKUP, row.hall):
            _keep(row, {"way": way, "collector": named})  # it lies there already: only who fetches it is another
            packing.note(row, case, actor)
            return row
        elif row.state == DeliveryState.CHOSEN:
            _keep(row, said)
            packing.note(row, case, actor)
        else:
            move(
                row, CHANGE, actor=actor, case=case, code="", code_index="", since=None, until=None, reminded=0, **said
            )
        if row.state == DeliveryState.CHOSEN and case.state in GRANTED:
            move(row, PREPARE, actor=actor, case=case, **_prepared_by(case, now))
        if row.state != DeliveryState.CHOSEN:
            packing.fill(row, case, case, again=True)
            packing.renew(row)
    return row


def _keep(row: Delivery, said: dict) -> None:
    for name, value in said.items():
        setattr(row, name, value)
    row.save(update_fields=list(said))


def _prepared_by(case: Case, now: datetime) -> dict[str, date | None]:
    return packing.prepared_by(clocks.receipt_day(case, now))


def _wrong_choice(case: Case, way: str, address: dict, collector: dict) -> dict[str, list]:
    errors: dict[str, list] = {}
    if way != ELECTRONIC and way not in packing.ways_of(case):
        errors["way"] = [_("Choose one of the ways that are offered here.")]
    if way == Way.POST:
        if not 2 <= len(address["name"]) <= 100:
            errors["name"] = [_("Say whose name stands on the parcel.")]
        if not PHONE.fullmatch(address["phone"]):
            errors["phone"] = [_("The courier needs a telephone number, for example 138 0000 0000.")]
        if not 6 <= len(address["address"]) <= 300:
            errors["address"] = [_("Write the address in full: district, road, number, room.")]
    if collector:
        if not 2 <= len(collector["name"]) <= 100:
            errors["collector_name"] = [_("Write the name as it stands on the document.")]
        if collector["id_kind"] not in IdKind.values:
            errors["collector_kind"] = [_("Choose the document.")]
        if not re.fullmatch(r"[0-9A-Z]{6,20}", collector["id_no"]):
            errors["collector_no"] = [_("Write the number of the document: 6 to 20 letters and digits.")]
    return errors


def _may_choose(case: Case) -> None:
    if case.parent_id is not None:
        raise NotAllowed("with-the-whole", _("This belongs to a bundle: how it comes is chosen once, for the whole."))
    if case.state in ENDED - {CaseState.CLOSED} or case.state == CaseState.DRAFT:
        raise NotAllowed("no-result", _("There is no result to fetch here."), kept=NOTHING_KEPT)


def _changeable(case: Case) -> Delivery | None:
    """The package that the choice is about. What lies in a locker or is on its way is not turned round."""
    open_ones = packing.open_of(case)
    row = next((one for one in open_ones if one.state in CHANGEABLE), None)
    if row is None and open_ones:
        raise NotAllowed(
            "on-its-way",
            _("It is in a locker or on its way already, so this cannot be changed now."),
            kept=NOTHING_KEPT,
            next_step=_("If it comes back, it waits at the hall, and you can choose again."),
        )
    return row


def _only_electronic(case: Case, row: Delivery | None, actor: Actor, now: datetime) -> None:
    if row is not None:
        _drop(row, case, actor, now)
    else:
        _go_on_without_paper(case, now)


def _drop(row: Delivery, case: Case, actor: Actor, now: datetime) -> None:
    """No paper: a case that waited for nothing else goes on."""
    move(row, DROP, actor=actor, case=case, code="", code_index="", ended_at=now)
    _go_on_without_paper(case, now)


def _go_on_without_paper(case: Case, now: datetime) -> None:
    if case.state == CaseState.ISSUING:
        journal.enqueue("cases.issue", once=f"issue:{case.pk}:{now:%Y%m%d%H%M%S%f}", case=case.pk)


# -- preparing, at the issuing desk


def lay_out(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """Printed and laid into its place: from now on it waits at the hall, for thirty days, behind a pick-up code."""
    now = now or timezone.now()
    if row.way == Way.POST and row.address:
        raise NotAllowed("to-be-posted", _("This is to go by post."), next_step=_("Hand it to the courier."))
    with transaction.atomic():
        case = _to_prepare(row, officer, now)
        code = packing.new_code()
        move(
            row, LAY_OUT, actor=acting(officer, ROLE), case=case, prepared_by=officer, code=code,
            code_index=packing.index_of(code), **_from(clocks.local_day(now)),
        )  # fmt: skip
        _it_is_there(case, officer, now)
    return row


def _from(day: date, days: int = WAITS_DAYS) -> dict:
    return {"since": day, "until": day + timedelta(days=days), "reminded": 0}


def put_in_locker(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """A door opens, the package is behind it, and the pick-up code opens it once, for some days."""
    now = now or timezone.now()
    service = gateways.locker()
    if service is None:
        raise NotAllowed("no-locker", _("No locker is connected here."), next_step=_("Let it wait at the hall."))
    permit(officer, row.case, DELIVER)
    if row.state != DeliveryState.PREPARING:  # before a door opens; the row decides again below
        raise NotAllowed("not-to-prepare", _("This package is not waiting to be prepared."), kept=NOTHING_KEPT)
    code, today = packing.new_code(), clocks.local_day(now)
    until = today + timedelta(days=IN_LOCKER_DAYS)
    reference = (
        f"{row.ref}-{code[:4]}"  # another one each time: two officers at once open two doors, and one is freed below
    )
    try:
        door = service.put_in(reference, hall=row.hall, code=code, until=until)
    except gateways.Full:
        raise NotAllowed(
            "locker-full",
            _("No door of the locker is free."),
            kept=NOTHING_KEPT,
            next_step=_("Let it wait at the hall."),
        ) from None
    except gateways.NoAnswer:
        raise _silent() from None
    try:
        with transaction.atomic():
            case = _to_prepare(row, officer, now)
            move(
                row, PUT_IN, actor=acting(officer, ROLE), case=case, prepared_by=officer, code=code, door=door,
                code_index=packing.index_of(code), tracking=reference, **_from(today, IN_LOCKER_DAYS),
            )  # fmt: skip
            _it_is_there(case, officer, now)
    except BaseException:  # whatever it was: no door stays closed behind which nothing lies
        service.take_out(reference)
        raise
    return row


def post(
    row: Delivery, *, officer: Officer, carrier: str = "", tracking: str = "", now: datetime | None = None
) -> Delivery:
    """Handed to the courier. Where no courier is connected, or does not answer, the officer writes down the number on the label."""
    now = now or timezone.now()
    permit(officer, row.case, DELIVER)
    if row.state != DeliveryState.PREPARING:
        raise NotAllowed("not-to-prepare", _("This package is not waiting to be prepared."), kept=NOTHING_KEPT)
    if not row.address.get("address"):
        raise NotAllowed(
            "no-address", _("There is no address to send it to."), kept=NOTHING_KEPT,
            next_step=_("Ask the applicant to write it on the page of the application, or let it wait at the hall."),
        )  # fmt: skip
    tracking = tracking.strip().upper()
    if tracking and not re.fullmatch(r"[0-9A-Z-]{6,40}", tracking):
        sentence = _("A tracking number has 6 to 40 letters, digits and hyphens.")
        raise Invalid("tracking-unclear", sentence, errors={"tracking": [sentence]}, kept=NOTHING_KEPT)
    service = gateways.courier()
    if not tracking:
        if service is None:
            sentence = _("No courier is connected here: write down the number on the label.")
            raise Invalid("tracking-missing", sentence, errors={"tracking": [sentence]}, kept=NOTHING_KEPT)
        carrier = service.name
        tracking = _booked(service, row)
    with transaction.atomic():
        case = _to_prepare(row, officer, now)
        move(
            row, POST, actor=acting(officer, ROLE), case=case, prepared_by=officer, tracking=tracking,
            carrier=carrier.strip()[:60], **{**_from(clocks.local_day(now)), "until": None},
        )  # fmt: skip
        _it_is_there(case, officer, now)
    return row


def _booked(service: gateways.Courier, row: Delivery) -> str:
    order = gateways.ParcelOrder(
        reference=_parcel_of(row), **{one: row.address[one] for one in ("name", "phone", "address")}
    )
    try:
        return service.book(order)
    except gateways.Refused:
        raise NotAllowed(
            "courier-refuses", _("The courier does not take a parcel to this address."), kept=NOTHING_KEPT,
            next_step=_("Ask the applicant for another address, or let it wait at the hall."),
        ) from None  # fmt: skip
    except gateways.NoAnswer:
        raise _silent() from None


def _parcel_of(row: Delivery) -> str:
    """What the parcel that is sent now is called: asked again the same one; after it came back, by whomever that was said, another."""
    return f"{row.ref}-{int(row.came_back_at.timestamp()) if row.came_back_at is not None else 0}"


def _silent() -> NotAllowed:
    return NotAllowed(
        "no-answer", _("The service does not answer now."), kept=NOTHING_KEPT,
        next_step=_("Try again in some minutes; nothing is sent twice."), status=503,
    )  # fmt: skip


def _to_prepare(row: Delivery, officer: Officer, now: datetime) -> Case:
    """The errand, held; every result of it is sealed and there."""
    permit(officer, row.case, DELIVER)
    case = again(row.case)
    packing.fill(row, case, case)
    items = list(row.items.select_related("case", "licence__type"))
    if packing.unsealed(items) or not following.results_are_there(case):
        raise NotAllowed(
            "not-all-there",
            _("Some of its results are still being made; all are handed over together."),
            kept=NOTHING_KEPT,
            next_step=_("This takes some moments. Look again."),
        )
    if all(packing.no_longer_valid(one) for one in items):
        raise NotAllowed("nothing-inside", _("There is no valid result in this package."), kept=NOTHING_KEPT)
    return case


def all_valid(items: Sequence[DeliveryItem]) -> None:
    """Nothing is printed or given into hands that does not count any more."""
    wrong = next((one for one in items if packing.no_longer_valid(one)), None)
    if wrong is not None:
        void = wrong.licence is not None and wrong.licence.state != LicenceState.VALID
        raise NotAllowed(
            "not-valid",
            worded(
                _("“%(name)s” is not valid now: %(state)s. It is not handed over."),
                name=named(wrong.licence.type, "shown_name") if wrong.licence is not None else say(wrong.name),
                state=LicenceState(wrong.licence.state).label if void and wrong.licence else CaseState.REVOKED.label,
            ),
            kept=NOTHING_KEPT,
            next_step=_("Give the rest, and ask the department that issued it."),
        )


def _it_is_there(case: Case, officer: Officer, now: datetime) -> None:
    """The paper is prepared: what waited for it goes on, and it is told in writing where it is."""
    if case.state == CaseState.ISSUING:
        permit(officer, case, RESULT_READY)
        issuing.result_ready(case, officer=officer, now=now)
    else:
        issuing.collection_notice(case, now=now)


def take_out(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """Nobody came to the locker in time, or it was held back: the officer takes it out, and what counts waits at the hall under a new code."""
    now = now or timezone.now()
    permit(officer, row.case, DELIVER)
    reference = row.tracking
    with transaction.atomic():
        row = _wait_at_hall(row, TAKE_OUT, acting(officer, ROLE), now)
        held = list(row.items.filter(taken_at__isnull=True).select_related("case", "licence"))
        if held and all(packing.no_longer_valid(one) for one in held):
            move(row, DROP, actor=PLATFORM, case=row.case, code="", code_index="", ended_at=now)
    service = gateways.locker()
    if service is not None:
        service.take_out(reference)
    return row


def come_back(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """The parcel lies here again, whatever the courier has said of it so far."""
    permit(officer, row.case, DELIVER)
    return _wait_at_hall(row, COME_BACK, acting(officer, ROLE), now or timezone.now())


def _wait_at_hall(row: Delivery, step, actor: Actor, now: datetime) -> Delivery:
    code = packing.new_code()
    came = {"came_back_at": now} if step is COME_BACK else {"door": ""}
    with transaction.atomic():
        case = again(row.case)
        move(
            row, step, actor=actor, case=case, code=code, code_index=packing.index_of(code), **came,
            **_from(clocks.local_day(now)),
        )  # fmt: skip
    return row


def lose(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """The parcel is lost: the paper is made anew, and until it is sent again its person may choose another way. What is heard of the
    lost one later is a line of its history."""
    now = now or timezone.now()
    permit(officer, row.case, DELIVER)
    with transaction.atomic():
        case = again(row.case)
        move(
            row, LOSE, actor=acting(officer, ROLE), case=case, tracking="", carrier="", since=None, until=None, came_back_at=now,
            **_prepared_by(case, now),
        )  # fmt: skip
        packing.renew(row)
    return row


def signed_for(row: Delivery, *, officer: Officer, now: datetime | None = None) -> Delivery:
    """The courier's own slip shows that it was signed for, and no notice came."""
    now = now or timezone.now()
    permit(officer, row.case, DELIVER)
    with transaction.atomic():
        case = again(row.case)
        _all_handed_over(row, case, SIGNED_FOR, acting(officer, ROLE), officer, now, "post signed")
    return row


# -- handing over at a window


@dataclass(frozen=True)
class Taker:
    """Somebody who may take it: who, as what, and the document whose last characters are compared."""

    key: str
    taker_as: str
    name: str
    id_kind: str
    id_no: str
    person: Person | None = None

    @property
    def kind_words(self):
        return IdKind(self.id_kind).label

    def is_shown(self, typed: str) -> bool:
        return len(typed) >= ENDS_WITH and self.id_no.upper().endswith(typed.upper())


def takers_of(rows: Sequence[Delivery], today: date) -> list[Taker]:
    """Who may take every one of these packages: the applicant, whoever may receive for them, and the one they named."""
    if not rows:
        return []
    party = rows[0].case.applicant
    matters = {standing.matter_of(row.case) for row in rows}
    found = []
    for person in parties.receivers_of(party, matters, today):
        own = person.pk == party.pk
        taker_as = Collection.As.OWN if own else Collection.As.POWER
        found.append(Taker(f"p{person.pk}", taker_as, person.name, person.id_kind, person.id_no, person))
    named = [row.collector for row in rows]
    if all(named) and len({(one["id_kind"], one["id_no"], one["name"]) for one in named}) == 1:
        one = named[0]
        found.append(Taker("named", Collection.As.NAMED, one["name"], one["id_kind"], one["id_no"]))
    return found


def find(code: str, *, officer: Officer) -> Delivery | None:
    """The package behind a pick-up code. Codes are not guessed: so many tries an officer in ten minutes, taken before anybody looks."""
    _take_a_try(
        f"pickup:{officer.pk}", CODES, CODES_WITHIN,
        _("Too many codes were tried here."), _("Wait ten minutes, or find the package by the number of the case."),
    )  # fmt: skip
    bare = packing.bare(code)
    if not bare:
        return None
    row = (
        Delivery.objects.filter(code_index=packing.index_of(bare)).select_related("case", "case__applicant").first()
    )  # fmt: skip
    if row is not None:
        cache.delete(f"pickup:{officer.pk}")
    return row


def _take_a_try(name: str, tries: int, within: int, sentence, next_step) -> None:
    cache.add(name, 0, within)
    try:
        taken = cache.incr(name)
    except ValueError:  # it ended this very moment
        taken = 1
    if taken > tries:
        raise TooMany("too-many-tries", sentence, next_step=next_step, retry_after=within)


def hand_over(
    rows: Sequence[Delivery],
    items: Sequence[int],
    *,
    officer: Officer,
    hall: str,
    taker: str,
    id_end: str,
    signed: str,
    strokes: Sequence = (),
    kept: str = "",
    now: datetime | None = None,
) -> Collection:
    """Everything ticked, of all departments and errands of one person, in one act: once, signed for. What is not ticked stays."""
    now = now or timezone.now()
    today = clocks.local_day(now)
    for row in rows:
        permit(officer, row.case, DELIVER)
    chosen = next((one for one in takers_of(rows, today) if one.key == taker), None)
    lines = bounded(list(strokes))
    errors: dict[str, list] = {}
    if not items:
        errors["ticked"] = [_("Tick what is handed over.")]
    if chosen is None:
        errors["taker"] = [_("Say who stands here.")]
    if signed not in Collection.Signed.values or signed == Collection.Signed.GLASS and not lines:
        errors["signed"] = [_("Let the person sign on the glass, or on paper that is kept.")]
    if signed == Collection.Signed.PAPER and not kept.strip():
        errors["kept"] = [_("Say where the signed paper is kept.")]
    typed = "".join(letter for letter in id_end if letter.isalnum())
    if chosen is not None:
        _compared(chosen, typed, rows[0].party_id, errors)
    if errors or chosen is None:
        raise Invalid("hand-over-incomplete", errors=errors, kept=_("Nothing was handed over."))
    return _handed_over(rows, items, chosen, officer, hall, signed, lines, kept, typed, now)


def _compared(chosen: Taker, typed: str, party: int, errors: dict[str, list]) -> None:
    _take_a_try(
        f"compare:{party}", COMPARISONS, COMPARED_WITHIN, _("The document was compared too often with no result."),
        _("Wait an hour, and look at the document with a colleague."),
    )  # fmt: skip
    if not chosen.is_shown(typed):
        errors["id_end"] = [_("This is not what stands at the end of the document we know. Look at it again.")]
    else:
        cache.delete(f"compare:{party}")


def _handed_over(rows, items, chosen: Taker, officer, hall, signed, lines, kept, typed, now: datetime) -> Collection:
    with transaction.atomic():
        held = {row.pk: again(row.case) for row in sorted(rows, key=lambda row: row.case_id)}
        for row in rows:
            if chosen.taker_as == Collection.As.POWER and chosen.person is not None:
                _by_power(chosen.person, held[row.pk], now)
        if chosen.taker_as == Collection.As.NAMED:
            _named_still(rows, chosen)
        found = list(
            DeliveryItem.objects.filter(pk__in=items, delivery__in=rows, taken_at__isnull=True)
            .order_by("pk")
            .select_related("case", "licence__type")
        )
        all_valid(found)
        collection = Collection.objects.create(
            party_id=rows[0].party_id, officer=officer, hall=hall, at=now, taker_as=chosen.taker_as, person=chosen.person,
            name=chosen.name, id_kind=chosen.id_kind, id_end=typed[-6:].upper(), signed=signed, strokes=lines,
            kept=kept.strip()[:120], content=_content(found, chosen, now),
        )  # fmt: skip
        taken = DeliveryItem.objects.filter(
            pk__in=[one.pk for one in found], taken_at__isnull=True, delivery__state=DeliveryState.WAITING
        ).update(taken_at=now, collection=collection)
        if taken != len(set(items)):
            raise NotAllowed(
                "handed-over-already",
                _("Some of this was handed over or sent away a moment ago, so nothing was handed over here."),
                kept=NOTHING_KEPT,
                next_step=_("Look at the list again; it shows what is still here."),
            )
        for row in rows:
            mine = [one for one in found if one.delivery_id == row.pk]
            if mine:
                _note_taken(row, held[row.pk], mine, collection, officer, now)
    return collection


def _by_power(person: Person, case: Case, now: datetime) -> None:
    """A mandate taken back a moment ago gives nothing; the one represented is told."""
    matter = standing.matter_of(case)
    power = mandates.hold_for_visitor(person, case.applicant_id, act=Act.RECEIVE, matter=matter, now=now)
    account = Account.objects.filter(person=person).first()
    mandates.note(
        power,
        agent=person,
        account=account,
        act=Act.RECEIVE,
        what="collect",
        about=case.subject,
        matter=matter,
        now=now,
    )


def _named_still(rows: Sequence[Delivery], chosen: Taker) -> None:
    """The applicant may have named somebody else a moment ago. Call with the errands held."""
    for said in Delivery.objects.filter(pk__in=[row.pk for row in rows]).values_list("collector", flat=True):
        if (said.get("name"), said.get("id_kind"), said.get("id_no")) != (chosen.name, chosen.id_kind, chosen.id_no):
            raise NotAllowed(
                "named-another",
                _("The applicant has just named somebody else to fetch this, so nothing was handed over."),
                kept=NOTHING_KEPT,
                next_step=_("Look at the list again; it shows who may take it now."),
            )


def _content(items: Sequence[DeliveryItem], chosen: Taker, now: datetime) -> str:
    """The keyed code over what they signed for: without the key nobody tries numbers of documents against it."""
    said = {"items": [one.pk for one in items], "name": chosen.name, "id": chosen.id_no, "at": now.isoformat()}
    return blind_index(json.dumps(said, sort_keys=True, ensure_ascii=False), "cases.collection")


def _note_taken(row: Delivery, case: Case, mine, collection: Collection, officer: Officer, now: datetime) -> None:
    actor = acting(officer, ROLE)
    still = row.items.filter(taken_at__isnull=True).select_related("licence")
    left = sum(1 for one in still if not packing.no_longer_valid(one))
    if left:
        code = packing.new_code()  # the old one was used
        Delivery.objects.filter(pk=row.pk, state=DeliveryState.WAITING).update(
            code=code, code_index=packing.index_of(code)
        )
        for one in mine:
            _deliver_part(one.case, case, officer, now)
    else:
        move(row, HAND_OVER, actor=actor, case=case, ended_at=now, code="", code_index="")
        _deliver(case, actor, officer, now, "identity checked")
    journal.record(
        events.ResultsCollected(case=case.pk, delivery=row.pk, collection=collection.pk, left=left),
        subject=case.subject,
        actor=actor,
    )
    changed(case)
    _proof(case, mine, now, _said_of(collection))


def _said_of(collection: Collection) -> list[tuple[Bilingual, str | Bilingual]]:
    kind, end = IdKind(collection.id_kind).label, collection.id_end[-ENDS_WITH:]
    return [
        ({"zh": "领取人", "en": "Taken by"}, collection.name),
        (
            {"zh": "核对的证件", "en": "Document compared"},
            {key: f"{words} ···{end}" for key, words in in_both(kind).items()},
        ),
        ({"zh": "签收方式", "en": "Receipt"}, SIGNED[collection.signed]),
    ]


def _deliver(case: Case, actor: Actor, officer: Officer | None, now: datetime, how: str) -> None:
    """The errand is delivered with its last package; opened in the wallet before, it is already."""
    if case.state == CaseState.READY and not packing.open_of(case):
        issuing.deliver(case, actor=actor, officer=officer, now=now, how=how)


def _deliver_part(part: Case, errand: Case, officer: Officer, now: datetime) -> None:
    if part.pk != errand.pk and part.state == CaseState.READY:
        issuing.deliver(part, actor=acting(officer, ROLE), officer=officer, now=now, how="identity checked")


def _proof(case: Case, items, now: datetime, rows: Sequence[tuple[Bilingual, str | Bilingual]]) -> None:
    names = {"zh": "；".join(one.name["zh"] for one in items), "en": "; ".join(one.name["en"] for one in items)}
    papers.make(
        case, "delivery_proof", now=now,
        paragraphs=[{"zh": "下列办理结果的纸质件已经交付。", "en": "These results were handed over on paper."}],
        rows=[
            ({"zh": "结果", "en": "Results"}, names),
            ({"zh": "送达时间", "en": "Delivered"}, timezone.localtime(now).strftime("%Y-%m-%d %H:%M")),
            *rows,
        ],
    )  # fmt: skip


def _all_handed_over(row: Delivery, case: Case, step, actor: Actor, officer, now: datetime, how: str, said=()) -> None:
    """The whole package reached its person: by post or through a door. Call with the case held."""
    move(row, step, actor=actor, case=case, ended_at=now, code="", code_index="")
    items = list(row.items.filter(taken_at__isnull=True).select_related("case"))
    row.items.filter(taken_at__isnull=True).update(taken_at=now)
    _deliver(case, actor, officer, now, how)
    _proof(case, items, now, said or packing.said_where(row)[:1])


# -- what couriers and lockers say


def take_notice(
    service: gateways.Courier | gateways.Locker, headers: Mapping[str, str], body: bytes, now: datetime | None = None
) -> bool | None:
    """One notice: True when it was heard for the first time, False when it says nothing new, None when it was not sent by the service."""
    now = now or timezone.now()
    try:
        said = service.read_notice(headers, body, now)
    except gateways.Forged as wrong:
        log.warning("a notice that was not believed", service=service.name, why=str(wrong))
        return None
    by_locker = said.kind == simulated.OPENED
    rows = Delivery.objects.select_related("case")
    found = rows.filter(tracking=said.reference) if by_locker else rows.filter(ref=said.reference.partition("-")[0])
    row = found.first()
    if row is None:
        return False
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if by_locker:
            return _door_opened(row, case, said)
        _seen, fresh = TrackingEvent.objects.get_or_create(
            delivery=row,
            key=said.key,
            defaults={"kind": said.kind, "where": said.where, "at": said.at, "heard_at": now},
        )
        if fresh:
            _follow_parcel(row, case, said, now)
    return fresh


def _door_opened(row: Delivery, case: Case, said: gateways.Said) -> bool:
    if row.state != DeliveryState.IN_LOCKER or row.tracking != said.reference:
        return False
    door = [({"zh": "柜门", "en": "Door"}, row.door)]
    _all_handed_over(row, case, OPEN_DOOR, LOCKER, None, said.at, "pick-up code at the locker", door)
    return True


def _follow_parcel(row: Delivery, case: Case, said: gateways.Said, now: datetime) -> None:
    """Only the two ends move the package, and only while it is on its way; whatever comes late is a line of its history."""
    of_this = row.state == DeliveryState.POSTED and said.reference == _parcel_of(row)  # and not of one that came back
    if of_this and said.kind == Parcel.DELIVERED:
        number = [({"zh": "快递单号", "en": "Tracking number"}, row.tracking)]
        _all_handed_over(row, case, SIGNED_FOR, COURIER, None, said.at, "post signed", number)
    elif of_this and said.kind == Parcel.RETURNED:
        code = packing.new_code()
        move(
            row, COME_BACK, actor=COURIER, case=case, code=code, code_index=packing.index_of(code), came_back_at=said.at,
            **_from(clocks.local_day(now)),
        )  # fmt: skip
    journal.record(
        events.ParcelSeen(case=case.pk, delivery=row.pk, kind=said.kind), subject=case.subject, actor=COURIER
    )
    changed(case)


@journal.carrier("cases.twin.tell")
def tell(name: str, content: dict, forged: bool, note: str = "") -> None:
    """The simulated service sends its notice, signed at this moment; it goes the way of every notice."""
    service = gateways.carrier(name)
    if service is None:
        return
    now = timezone.now()
    body, headers = simulated.notice(name, content, now, forged=forged)
    simulated.answered(note, take_notice(service, headers, body, now))


# -- because time passes


@journal.every("results that wait to be collected", timedelta(hours=1))
def remind_and_give_up(now: datetime | None = None) -> int:
    """Reminded on the 7th and the 23rd day; after the 30th it goes back to the department, told in writing. The electronic one stays."""
    now = now or timezone.now()
    today, done = clocks.local_day(now), 0
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING).select_related("case").order_by("until", "id")
    for row in waiting.filter(until__lt=today)[:500]:
        done += _each(row, _give_up, now)
    for number, day in reversed(
        list(enumerate(REMINDED_ON, 1))
    ):  # after days without a worker one reminder, the later one
        last = today + timedelta(days=WAITS_DAYS - day)
        for row in waiting.filter(until__gte=today, until__lte=last, reminded__lt=number)[:500]:
            done += _each(row, partial(_remind, number=number), now)
    return done


def _each(row: Delivery, act, now: datetime) -> int:
    """One act a row; one that does not go holds up no other."""
    try:
        with transaction.atomic():
            act(row, now)
    except Problem as problem:
        log.info("not done", package=row.ref, state=row.state, code=problem.code)
        return 0
    return 1


def _remind(row: Delivery, now: datetime, *, number: int) -> None:
    day = REMINDED_ON[number - 1]
    same = Delivery.objects.filter(pk=row.pk, state=DeliveryState.WAITING, reminded__lt=number, until=row.until)
    if same.update(reminded=number):
        journal.record(
            events.PackageReminded(case=row.case_id, delivery=row.pk, day=day), subject=row.case.subject, actor=PLATFORM
        )


def _give_up(row: Delivery, now: datetime) -> None:
    case = again(row.case)
    row.refresh_from_db()
    if row.until is None or row.until >= clocks.local_day(now):
        return
    move(row, GIVE_UP, actor=PLATFORM, case=case, ended_at=now, code="", code_index="")
    papers.make(
        case, "unclaimed_notice", now=now,
        paragraphs=[
            {
                "zh": f"您的纸质办理结果自{papers.said_day(row.since)['zh']}起在大厅等候领取，{WAITS_DAYS}日内无人领取，已退回承办部门保管。",
                "en": f"Your result on paper waited at the hall from {papers.said_day(row.since)['en']}. Nobody collected it within "
                f"{WAITS_DAYS} days, so it has gone back to the department that keeps it.",
            },
            {
                "zh": "电子结果继续有效，随时可以查看和使用。如仍需要纸质件，请在办件页面重新选择领取方式。",
                "en": "The electronic result stays valid and can be opened and used at any time. If you still want it on paper, choose on the "
                "page of your application how to get it.",
            },
        ],
    )  # fmt: skip


def begin_early(member: int) -> None:
    """A part was asked for before the others: what of it is wanted on paper is prepared. A second time does nothing."""
    now = timezone.now()
    with transaction.atomic():
        part = again(Case(pk=member))
        if part.parent_id is not None:
            packing.begin(part, now=now)


def drop_for(case: int) -> None:
    """The decision was revoked: nothing of it is handed over any more."""
    now = timezone.now()
    with transaction.atomic():
        held = again(Case(pk=case))
        for row in packing.open_of(held):
            if row.state in CHANGEABLE:
                move(row, DROP, actor=PLATFORM, case=held, code="", code_index="", ended_at=now)
    hold_back(DeliveryItem.objects.filter(case=case))


def hold_back(items: QuerySet[DeliveryItem]) -> None:
    """These do not count any more: a locker gives nothing out that lies with them, and a package in which nothing will ever count
    again is not printed or kept. A second time does nothing.

    What an officer is putting behind a door at this moment is waited for: the errand is held before its package is read.
    """
    put_away = items.filter(delivery__state__in={DeliveryState.IN_LOCKER, *CHANGEABLE}, taken_at__isnull=True)
    for key in sorted(set(put_away.values_list("delivery", flat=True))):
        with transaction.atomic():
            row = Delivery.objects.select_related("case").get(pk=key)
            case = again(row.case)
            row.refresh_from_db()
            if row.state in TO_BE_MADE:
                packing.renew(row)
            mine = row.items.filter(taken_at__isnull=True).select_related("case", "licence")
            if row.state in CHANGEABLE and mine and all(packing.is_over(one.case, one.licence) for one in mine):
                _drop(row, case, PLATFORM, timezone.now())
                continue
            if row.state != DeliveryState.IN_LOCKER or not row.code or not any(map(packing.no_longer_valid, mine)):
                continue
            move(row, HOLD_BACK, actor=PLATFORM, case=case, code="", code_index="")
            journal.enqueue(BLOCK, once=f"block:{row.tracking}", reference=row.tracking)


@journal.every("paper of results that count no more", timedelta(hours=1))
def sweep_up() -> int:
    """What stopped counting before anybody looked after its paper, or while the worker stood: nothing of it is kept ready or behind a door."""
    void = Q(case__state=CaseState.REVOKED) | Q(licence__state__in=LICENCE_OVER)
    inside = DeliveryItem.objects.filter(delivery=OuterRef("pk"), taken_at__isnull=True)
    nothing_counts = Exists(inside.filter(void)) & ~Exists(inside.exclude(void))
    behind_a_door = Q(state=DeliveryState.IN_LOCKER) & ~Q(code="") & Exists(inside.filter(void))
    found = Delivery.objects.filter(Q(nothing_counts, state__in=CHANGEABLE) | behind_a_door)
    keys = list(found.order_by("pk").values_list("pk", flat=True)[:500])
    hold_back(DeliveryItem.objects.filter(delivery__in=keys))
    never = Delivery.objects.filter(state=DeliveryState.CHOSEN, case__state__in=ENDED - GRANTED - {CaseState.REVOKED})
    for row in never.select_related("case").order_by("pk")[:500]:
        keys += [row.pk] * _each(row, _no_result, timezone.now())
    return len(keys)


def _no_result(row: Delivery, now: datetime) -> None:
    """It ended without anything to print."""
    case = again(row.case)
    if case.state in ENDED and not packing.results_of(case):
        move(row, DROP, actor=PLATFORM, case=case, ended_at=now)


BLOCK = "cases.locker.block"


@journal.carrier(BLOCK, outward=True)
def block(reference: str) -> None:
    """After the commit, and until the locker answers: its door opens to nobody but the officer."""
    service = gateways.locker()
    if service is not None and Delivery.objects.filter(tracking=reference, state=DeliveryState.IN_LOCKER).exists():
        service.block(reference)


__all__ = [
    "OPEN", "TO_BE_MADE", "Taker", "all_valid", "begin_early", "choose", "come_back", "drop_for", "find", "hand_over", "hold_back", "lay_out", "post", "put_in_locker",
    "remind_and_give_up", "signed_for", "sweep_up", "take_notice", "take_out", "takers_of",
]  # fmt: skip
