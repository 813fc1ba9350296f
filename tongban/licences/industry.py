"""One licence for one industry: the sealed licence that lists every permit a business was granted, kept true as they change.

An edition says what was merged when it was sealed, and is as valid as its weakest permit. When a permit is renewed, changed or ended,
the next edition is made and the one before superseded; while one is suspended nothing is printed anew: whoever asks hears it at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField, Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.lib.moves import Move, NotNow, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.written import insert_all
from tongban.licences import items, reminding, services
from tongban.licences.events import PermitStateChanged
from tongban.licences.items import INDUSTRY, Present
from tongban.licences.models import Licence, LicenceItem
from tongban.licences.states import (
    CANCEL,
    EXPIRE,
    ITEM_GONE,
    RESUME,
    REVOKE,
    SUSPEND,
    LicenceState,
    weakest,
)
from tongban.notices import services as notices
from tongban.parties.models import Company, Party

HOLDS = (LicenceState.VALID, LicenceState.EXPIRED)
"""States from which a next edition is made; a suspended whole waits until it is resumed."""

"""So many days before a permit ends, its holder is reminded."""


@dataclass(frozen=True)
class Permit:
    """What one member of a bundle granted: an e-licence, or a decision with a number where the result is no e-licence."""

    key: str
    name: Bilingual
    number: str
    regulator: Department
    issued_on: date
    valid_to: date | None
    mandatory: bool
    licence: Licence | None = None
    decision: str = ""


def permit_of(licence: Licence, *, key: str, mandatory: bool) -> Permit:
    return Permit(
        key=key,
        name=licence.type.name,
        number=licence.identifier,
        regulator=licence.issuer,
        issued_on=licence.issued_on,
        valid_to=licence.valid_to,
        mandatory=mandatory,
        licence=licence,
        decision=licence.decision,
    )


def issue_industry(
    *,
    holder: Party,
    industry: Bilingual,
    permits: Sequence[Permit],
    decision: str,
    actor: Actor,
    lead: Department | None = None,
    address: str = "",
    issued_on: date | None = None,
    now: datetime | None = None,
) -> Licence:
    """Make the industry licence in the transaction of the decision. Asked again for the same decision: the one made then.

    Where the holder already has one that merges one of these permits, this is its next edition, and keeps its other permits. `lead` is
    the department that leads the industry and seals it.
    """
    now = now or timezone.now()
    today = issued_on or timezone.localdate(now)
    if not permits:
        raise Invalid("no-permits", _("An industry licence merges at least one permit."))
    if len({one.key for one in permits}) != len(permits):
        raise Invalid("permit-twice", _("The same permit cannot be merged twice."))
    with transaction.atomic():
        made = _made_for(decision=decision)
        if made:
            return made[0]
        before = _holding_one_of(holder, permits)
        if before is not None:
            before = hold(before)
        if before is not None and before.state not in HOLDS:
            before = None
        if before is not None:
            known = {one.key for one in permits}
            kept = [one for one in items.present(before, today) if not one.over and one.key not in known]
            permits = [*permits, *(_again(one) for one in kept)]
        return _issue(
            holder,
            _face(holder, industry, permits, address),
            permits,
            decision=decision,
            actor=actor,
            issuer=before.issuer if before is not None else lead,
            previous=before,
            today=today,
            now=now,
        )


@composed(decision=CharField())
def _made_for(decision):
    return Licence.objects.filter(decision=decision, type__slug=INDUSTRY).order_by("pk")[:1]


def refresh(whole: Licence, *, actor: Actor = PLATFORM, now: datetime | None = None) -> Licence | None:
    """Make the newest edition say what is true: the edition made for that, or None when there was nothing to do.

    Hands that come at once wait for each other at the first edition; whoever comes second finds the truth already printed. A permit
    that must be there and is gone for good ends the whole.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    with transaction.atomic():
        newest = hold(whole)
        if newest.state not in HOLDS:
            return None
        there = items.present(newest, today)
        staying = [one for one in there if not one.over]
        missing = [one for one in there if one.mandatory and one.over]
        if missing or not staying:
            _end_with(newest, missing or there, actor, now)
            return None
        if [one.printed for one in staying] == [
            (line.key, line.number, line.valid_to) for line in items.printed_on(newest)
        ]:
            return None
        permits = [_again(one) for one in staying]
        made = _issue(
            newest.holder,
            _face(newest.holder, newest.face["industry"], permits, ""),
            permits,
            decision=f"items:{newest.pk}",
            actor=actor,
            issuer=newest.issuer,
            previous=newest,
            today=today,
            now=now,
        )
        _tell(made, "industry_licence_reissued", once=f"reissued:{made.pk}")
    return made


def _end_with(whole: Licence, gone: list[Present], actor: Actor, now: datetime) -> None:
    """A permit that has only run out may still be renewed: then the whole has run out too and waits for it."""
    for_good = [one for one in gone if one.reason != LicenceState.EXPIRED]
    if not for_good:
        return
    make(whole, CANCEL, state_since=now, state_reason=f"{ITEM_GONE}:{for_good[0].key}"[:200])
    services.note_change(whole, actor)
    _tell(whole, "industry_licence_ended", once=f"ended:{whole.pk}", item=for_good[0].name)


def _issue(
    holder: Party,
    face: dict[str, Any],
    permits: Sequence[Permit],
    *,
    decision: str,
    actor: Actor,
    issuer: Department | None,
    previous: Licence | None,
    today: date,
    now: datetime,
) -> Licence:
    ends = weakest(one.valid_to for one in permits)
    row = services.issue(
        INDUSTRY,
        holder=holder,
        face=face | {"valid_to": ends or {"zh": "长期", "en": "no end date"}},
        decision=decision,
        issued_on=today,
        valid_from=today,
        valid_to=ends,
        actor=actor,
        previous=previous,
        issuer=issuer,
        now=now,
    )
    states = _states_of_lines(previous) if previous is not None else {}
    insert_all(
        LicenceItem(
            whole=row,
            order=number,
            key=one.key,
            name=one.name,
            licence=one.licence,
            number=one.number,
            regulator=one.regulator,
            mandatory=one.mandatory,
            issued_on=one.issued_on,
            valid_to=one.valid_to,
            decision=one.decision,
            **(states.get((one.key, one.number), {}) if one.licence is None else {}),
        )
        for number, one in enumerate(permits, 1)
    )
    return row


def _states_of_lines(before: Licence) -> dict[tuple[str, str], dict[str, Any]]:
    """A suspended permit that is no e-licence stays suspended in the next edition."""
    return {
        (line.key, line.number): {
            "state": line.state,
            "state_since": line.state_since,
            "state_reason": line.state_reason,
        }
        for line in before.items.filter(licence__isnull=True)
    }


def _again(one: Present) -> Permit:
    return Permit(
        key=one.key,
        name=one.name,
        number=one.number,
        regulator=one.item.regulator,
        issued_on=one.issued_on,
        valid_to=one.valid_to,
        mandatory=one.mandatory,
        licence=one.licence,
        decision=one.licence.decision if one.licence is not None else one.item.decision,
    )


def _face(holder: Party, industry: Bilingual, permits: Sequence[Permit], address: str) -> dict[str, Any]:
    company = Company.objects.filter(pk=holder.pk).first()
    premises = next(
        (str(one.licence.face["address"]) for one in permits if one.licence and one.licence.face.get("address")), ""
    )
    return {
        "operator": holder.names if holder.name_en else holder.name,
        "uscc": company.uscc if company is not None else "",
        "industry": dict(industry),
        "address": address or premises or holder.address,
        "merged_licences": [
            {"name": one.name, "number": one.number, "regulator": one.regulator.name, "valid_to": one.valid_to}
            for one in permits
        ],
    }


@composed(holder=BigIntegerField())
def _held_by(holder):
    return Licence.objects.filter(holder_id=holder, type__slug=INDUSTRY, state__in=HOLDS).order_by("-id")


def _holding_one_of(holder: Party, permits: Sequence[Permit]) -> Licence | None:
    """The holder's industry licence in which one of these permits already stands, in whatever edition of the permit."""
    series = {(one.licence.type_id, one.licence.serial) for one in permits if one.licence is not None}
    for row in _held_by(holder=holder.pk):
        lines = row.items.filter(licence__isnull=False).values_list("licence__type_id", "licence__serial")
        if series & set(lines):
            return row
    return None


def hold(whole: Licence) -> Licence:
    """Hold the series by its first edition, which stays; the newest edition as it is then. Before anything of it is changed."""
    if connection.features.has_select_for_update:
        items.editions(whole).select_for_update(of=("self",)).get(edition=1)
    return _newest(kind=whole.type_id, serial=whole.serial)[0]


@composed(kind=BigIntegerField(), serial=CharField())
def _newest(kind, serial):
    rows = Licence.objects.select_related("type", "issuer", "holder").filter(type_id=kind, serial=serial)
    return rows.order_by("-edition")[:1]


def newest_lines_of(holder: Party) -> list[LicenceItem]:
    """The permits of a holder that are no e-licences and hold, each at its newest line, also where the whole has ended meanwhile."""
    rows = LicenceItem.objects.select_related("whole", "regulator").filter(
        whole__holder_id=holder.pk, licence__isnull=True
    )
    newest = {(row.whole.type_id, row.whole.serial, row.key): row for row in rows.order_by("whole__edition")}
    return [row for row in newest.values() if row.state in (LicenceState.VALID, LicenceState.SUSPENDED)]


def merging(licence: Licence) -> list[Licence]:
    """The newest edition of every industry licence that merges this permit, in whatever edition either was."""
    series = (
        LicenceItem.objects.filter(licence__type_id=licence.type_id, licence__serial=licence.serial)
        .values_list("whole__type_id", "whole__serial")
        .annotate(last=Max("whole__edition"))
    )
    return [
        Licence.objects.select_related("type", "issuer", "holder").get(type_id=kind, serial=serial, edition=last)
        for kind, serial, last in series.order_by("whole__serial")
    ]


# -- permits that are no e-licence of their own


def suspend_item(item: LicenceItem, *, reason: str, actor: Actor, now: datetime | None = None) -> LicenceItem:
    return _move_item(item, SUSPEND, reason, actor, now)


def resume_item(item: LicenceItem, *, reason: str, actor: Actor, now: datetime | None = None) -> LicenceItem:
    return _move_item(item, RESUME, reason, actor, now)


def revoke_item(item: LicenceItem, *, reason: str, actor: Actor, now: datetime | None = None) -> LicenceItem:
    return _move_item(item, REVOKE, reason, actor, now)


def cancel_item(item: LicenceItem, *, reason: str, actor: Actor, now: datetime | None = None) -> LicenceItem:
    return _move_item(item, CANCEL, reason, actor, now)


def _move_item(item: LicenceItem, step: Move, reason: str, actor: Actor, now: datetime | None) -> LicenceItem:
    """The line of the newest edition carries the state, so the series is held: no edition is made of it meanwhile."""
    if item.licence_id is not None:
        raise NotAllowed("own-licence", _("This permit is a licence of its own; its state is changed there."))
    services.only_the_issuer(item.regulator, actor)
    with transaction.atomic():
        hold(item.whole)
        item = (
            LicenceItem.objects.select_related("whole", "regulator")
            .filter(whole__type_id=item.whole.type_id, whole__serial=item.whole.serial, key=item.key)
            .order_by("-whole__edition")[0]
        )
        make(item, step, state_since=now or timezone.now(), state_reason=reason.strip()[:200])
        journal.record(
            PermitStateChanged(item=item.pk, whole=item.whole_id, state=str(item.state)),
            subject=f"licence:{item.whole_id}",
            actor=actor,
        )
    return item


# -- duties


@journal.every("expire merged permits", timedelta(hours=1))
def _expire() -> None:
    expire_items()


def expire_items(today: date | None = None, *, now: datetime | None = None) -> int:
    """Permits without an e-licence that ended yesterday or before, in the editions that hold. Returns how many."""
    now = now or timezone.now()
    today = today or timezone.localdate(now)
    ended = LicenceItem.objects.select_related("whole", "regulator").filter(
        licence__isnull=True,
        state__in=[LicenceState.VALID, LicenceState.SUSPENDED],
        valid_to__lt=today,
        whole__state__in=[LicenceState.VALID, LicenceState.SUSPENDED, LicenceState.EXPIRED],
    )
    done = 0
    for item in list(ended.order_by("id")):
        try:
            _move_item(item, EXPIRE, "", PLATFORM, now)
        except NotNow:
            continue
        done += 1
    return done


@journal.every("remind of permits that end", timedelta(hours=12))
def _remind() -> None:
    remind()


def remind(today: date | None = None) -> int:
    """Tell holders of each merged permit that is no licence of its own that it ends soon (licences: `reminding`). Each occasion once."""
    today = today or timezone.localdate()
    told = 0
    for days, after in reminding.BANDS:
        lines = LicenceItem.objects.select_related("whole__holder").filter(
            licence__isnull=True, state=LicenceState.VALID, whole__state=LicenceState.VALID,
            valid_to__gt=today + timedelta(days=after), valid_to__lte=today + timedelta(days=days),
        )  # fmt: skip
        for line in lines.order_by("id").iterator(chunk_size=500):
            once = f"ends:{line.whole.serial}:{line.key[:60]}:{line.valid_to}:{days}"
            told += _tell_ending(line.whole.holder, line.name, line.valid_to, line.whole_id, once)
    return told


def _tell_ending(holder: Party, name: Bilingual, ends: date | None, licence: int, once: str) -> int:
    return len(
        notices.tell(
            holder,
            "licence_ends",
            about=f"licence:{licence}",
            link=f"/my/licences/{licence}/",
            params={"licence": name, "due": ends.isoformat() if ends else ""},
            once=once,
        )
    )


def _tell(whole: Licence, kind: str, *, once: str, **more) -> None:
    notices.tell(
        whole.holder,
        kind,
        about=f"licence:{whole.pk}",
        link=f"/my/licences/{whole.pk}/",
        params={"industry": whole.face.get("industry") or "", **more},
        once=once,
    )
