"""Acts of whoever runs a venue, and of the office that grants and suspends it: entrances, posters, who works there."""

import secrets
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.codes import events, queries_venues
from tongban.codes.models import Entrance, Poster, Venue, VenueKind, VenueTally, VenueWorker
from tongban.codes.venue_states import (
    AGREE,
    GIVE_UP,
    LEAVE,
    REPLACE,
    RESUME,
    SUSPEND,
    TAKE_DOWN,
    PosterState,
    VenueState,
    WorkerState,
)
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.licences.models import Licence
from tongban.notices import services as notices
from tongban.parties.models import Account
from tongban.places import queries as places

MATTER = "venue-code-apply"
LICENCE = "venue-code-cert"
OFFICERS = ("coordinator", "supervisor")
POSTERS_AT_MOST, ENTRANCES_AT_MOST, WORKERS_AT_MOST = 20, 60, 2000
INVITATION_HOLDS = timedelta(days=14)
CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
NOTHING_CHANGED = _("Nothing was changed.")


# -- granted, suspended, given up


def register(case_pk: int, *, now: datetime | None = None) -> Venue | None:
    """Make the venue of a granted application, with its entrances and one poster each. Asked again: the one made then."""
    now = now or timezone.now()
    case = Case.objects.select_related("matter", "applicant__division", "licence", "account").get(pk=case_pk)
    if case.matter.slug != MATTER or case.decision != Case.Decision.GRANTED:
        return None
    name, address = str(case.value("venue") or ""), str(case.value("address") or case.applicant.address)
    manager, kind = case.value("manager") or {}, case.value("kind")
    division = places.division(str(case.value("division") or "")) or case.applicant.division
    capacity = case.value("capacity")
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).only("pk").get(pk=case.pk)  # two workers with one errand
        if (there := Venue.objects.filter(case=case).first()) is not None:
            return there
        venue = Venue.objects.create(
            code_no=case.number or case.ref,
            case=case,
            party=case.applicant,
            kind=kind if kind in VenueKind.values else VenueKind.SHOP,
            name={"zh": name, "en": str(case.value("venue_en") or name)},
            address={"zh": address, "en": str(case.value("address_en") or address)},
            division=division,
            capacity=int(capacity) if capacity else None,
            manager_name=str(manager.get("name", "") if isinstance(manager, dict) else manager),
            manager_phone=str(case.value("mobile") or ""),
            valid_until=case.licence.valid_to if case.licence else None,
            state_since=now,
            created_at=now,
        )
        for row in (case.value("points") or [])[:ENTRANCES_AT_MOST]:
            entrance = venue.entrances.create(
                name={"zh": str(row.get("name", "")), "en": str(row.get("name", ""))},
                lat=_number(row.get("lat")),
                lng=_number(row.get("lng")),
            )
            entrance.posters.create(made_by=case.account, made_at=now)
        _tally(venue, 1)
        journal.record(events.VenueRegistered(venue=venue.pk, case=case.pk), subject=venue.subject, actor=PLATFORM)
        notices.tell(
            venue.party,
            "venue_ready",
            about=venue.subject,
            link=f"/my/venues/{venue.pk}/",
            params={"place": venue.name},
            once=f"venue_ready:{venue.pk}",
        )
    return venue


def _number(given) -> float | None:
    try:
        return float(given) if given not in (None, "") else None
    except (TypeError, ValueError):
        return None


def _tally(venue: Venue, by: int) -> None:
    table = VenueTally._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (division, kind, venues) VALUES (%s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (division, kind) DO UPDATE SET venues = {table}.venues + excluded.venues",
            [venue.division.code if venue.division else "", venue.kind, by],
        )


def suspend(venue: Venue, *, officer: Officer, reason: str, now: datetime | None = None) -> Venue:
    """Its codes open nothing until it is resumed; whoever scans one is told that it is suspended, and not why."""
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid("no-reason", errors={"reason": [_("Please say why.")]})
    with transaction.atomic():
        make(venue, SUSPEND, state_reason=reason, state_since=now or timezone.now())
        _tally(venue, -1)
        _changed(venue, events.VenueSuspended(venue=venue.pk), acting(officer))
        _tell(venue, "venue_suspended", text={"zh": reason, "en": reason})
    return venue


def resume(venue: Venue, *, officer: Officer, reason: str = "", now: datetime | None = None) -> Venue:
    with transaction.atomic():
        make(venue, RESUME, state_reason=reason.strip()[:300], state_since=now or timezone.now())
        _tally(venue, 1)
        _changed(venue, events.VenueResumed(venue=venue.pk), acting(officer))
        _tell(venue, "venue_resumed")
    return venue


def give_up(venue: Venue, *, actor: Actor, now: datetime | None = None) -> Venue:
    """Given up for good: every poster dies with it."""
    now = now or timezone.now()
    with transaction.atomic():
        was = venue.state
        make(venue, GIVE_UP, state_since=now)
        if was == VenueState.ACTIVE:
            _tally(venue, -1)
        Poster.objects.filter(entrance__venue=venue, state=PosterState.CURRENT).update(
            state=PosterState.TAKEN_DOWN, ended_at=now
        )
        _changed(venue, events.VenueGivenUp(venue=venue.pk), actor)
    return venue


def follow_licence(licence_pk: int, *, now: datetime | None = None) -> None:
    """The certificate of a venue code was suspended, ended or resumed by its issuer: the codes follow."""
    now = now or timezone.now()
    licence = Licence.objects.select_related("type").get(pk=licence_pk)
    if licence.type.slug != LICENCE:
        return
    for venue in Venue.objects.filter(case__licence=licence):
        with transaction.atomic():
            if licence.state == "suspended" and venue.state == VenueState.ACTIVE:
                make(venue, SUSPEND, state_reason="证照暂停 the certificate is suspended", state_since=now)
                _tally(venue, -1)
                _changed(venue, events.VenueSuspended(venue=venue.pk), PLATFORM)
            elif licence.state == "valid" and venue.state == VenueState.SUSPENDED:
                make(venue, RESUME, state_reason="", state_since=now)
                _tally(venue, 1)
                _changed(venue, events.VenueResumed(venue=venue.pk), PLATFORM)
            elif licence.state in ("revoked", "cancelled") and venue.state != VenueState.ENDED:
                give_up(venue, actor=PLATFORM, now=now)


def settle(venue: Venue, *, capacity: str, stay_minutes: str, turns_back: bool, phone: str, actor: Actor) -> Venue:
    """What the manager says about the place: how many it holds, how long people stay, what happens when it is full."""
    errors = {}
    holds = capacity.strip()
    if holds and not (holds.isascii() and holds.isdigit() and 0 < int(holds) <= 1_000_000):
        errors["capacity"] = [_("Please give a whole number of people, or leave it empty.")]
    stay = stay_minutes.strip()
    if not (stay.isascii() and stay.isdigit() and 5 <= int(stay) <= 720):
        errors["stay_minutes"] = [_("Please give minutes from 5 to 720.")]
    if turns_back and not holds:
        errors["turns_back"] = [_("To turn people back when it is full, say how many it holds.")]
    if errors:
        raise Invalid("venue-settings", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        venue.capacity, venue.stay_minutes, venue.turns_back = int(holds) if holds else None, int(stay), turns_back
        venue.manager_phone = phone.strip()[:40]
        venue.save(update_fields=["capacity", "stay_minutes", "turns_back", "manager_phone", "updated_at"])
        _changed(venue, events.VenueSettled(venue=venue.pk), actor)
    return venue


# -- entrances and posters


def add_entrance(
    venue: Venue, *, zh: str, en: str, actor: Actor, account: Account, now: datetime | None = None
) -> Entrance:
    """One more way in, with its first poster."""
    zh = zh.strip()[:60]
    if not zh:
        raise Invalid(
            "no-name", errors={"name": [_("Please name the entrance, so that people know where they stand.")]}
        )
    with transaction.atomic():
        _held(venue)
        if venue.entrances.count() >= ENTRANCES_AT_MOST:
            raise NotAllowed("too-many-entrances", _("A venue has sixty entrances at most."), kept=NOTHING_CHANGED)
        entrance = venue.entrances.create(name={"zh": zh, "en": en.strip()[:60] or zh})
        poster = entrance.posters.create(made_by=account, made_at=now or timezone.now())
        _changed(venue, events.PosterHung(venue=venue.pk, poster=poster.pk), actor)
    return entrance


def hang(
    entrance: Entrance, *, place: str, actor: Actor, account: Account | None, now: datetime | None = None
) -> Poster:
    """One more poster at an entrance."""
    with transaction.atomic():
        venue = _held(entrance.venue)
        entrance = Entrance.objects.select_for_update().get(pk=entrance.pk)
        _with_code(entrance)
        if entrance.posters.filter(state=PosterState.CURRENT).count() >= POSTERS_AT_MOST:
            raise NotAllowed(
                "too-many-posters",
                _("Twenty posters hang at this entrance already."),
                kept=NOTHING_CHANGED,
                next_step=_("Print one of them again, or take one down."),
            )
        poster = entrance.posters.create(place=place.strip()[:60], made_by=account, made_at=now or timezone.now())
        _changed(venue, events.PosterHung(venue=venue.pk, poster=poster.pk), actor)
    return poster


def replace(poster: Poster, *, actor: Actor, account: Account | None, now: datetime | None = None) -> Poster:
    """A new code in the place of this one, which opens nothing from this moment: stolen, torn, or stuck over."""
    now = now or timezone.now()
    with transaction.atomic():
        venue = _held(poster.entrance.venue)
        make(poster, REPLACE, ended_at=now)  # waits for whoever comes in by it at this moment
        made = poster.entrance.posters.create(place=poster.place, made_by=account, made_at=now, instead_of=poster)
        _changed(venue, events.PosterReplaced(venue=venue.pk, poster=made.pk, instead_of=poster.pk), actor)
    return made


def take_down(poster: Poster, *, actor: Actor, now: datetime | None = None) -> Poster:
    with transaction.atomic():
        venue = _held(poster.entrance.venue)
        make(poster, TAKE_DOWN, ended_at=now or timezone.now())
        _changed(venue, events.PosterTakenDown(venue=venue.pk, poster=poster.pk), actor)
    return poster


def control(entrance: Entrance, how: str, *, actor: Actor, now: datetime | None = None) -> Entrance:
    """A venue code or a checking device, never both: with a device the entrance's posters die."""
    if how not in Entrance.Control.values:
        raise Invalid("no-such-control", errors={"control": [_("Please choose one of the two.")]})
    with transaction.atomic():
        venue = _held(entrance.venue)
        entrance = Entrance.objects.select_for_update().get(pk=entrance.pk)
        if entrance.control == how:
            return entrance
        entrance.control = how
        entrance.save(update_fields=["control"])
        if how == Entrance.Control.DEVICE:
            entrance.posters.filter(state=PosterState.CURRENT).update(
                state=PosterState.TAKEN_DOWN, ended_at=now or timezone.now()
            )
        _changed(venue, events.EntranceControlled(venue=venue.pk, entrance=entrance.pk, control=how), actor)
    return entrance


def _with_code(entrance: Entrance) -> None:
    if entrance.control != Entrance.Control.CODE:
        raise NotAllowed(
            "device-here",
            _("A checking device stands at this entrance: either a code or a device, never both."),
            kept=NOTHING_CHANGED,
            next_step=_("Change the entrance to a venue code first."),
        )


# -- who works there


def invite(
    venue: Venue, *, name: str, job: str, guard: bool, account: Account, actor: Actor, now: datetime | None = None
) -> tuple[VenueWorker, str]:
    """Put somebody on the list, for them to agree: (row, the code to hand over, shown once)."""
    name = name.strip()[:60]
    if not name:
        raise Invalid("no-name", errors={"name": [_("Please write the worker's name.")]}, kept=NOTHING_CHANGED)
    code = "".join(secrets.choice(CODE) for _place in range(10))
    with transaction.atomic():
        _held(venue)
        if VenueWorker.objects.filter(venue=venue).exclude(state=WorkerState.ENDED).count() >= WORKERS_AT_MOST:
            raise NotAllowed("too-many-workers", _("This list is full."), kept=NOTHING_CHANGED)
        row = VenueWorker.objects.create(
            venue=venue,
            name=name,
            job=job.strip()[:40],
            guard=guard,
            code_index=_index(code),
            invited_by=account,
            invited_at=now or timezone.now(),
        )
        _changed(venue, events.WorkerInvited(venue=venue.pk, worker=row.pk), actor)
    return row, f"{code[:5]}-{code[5:]}"


def _index(code: str) -> str:
    return blind_index("".join(sign for sign in code.upper() if sign in CODE)[:20], "codes.worker")


def invitation(code: str, *, now: datetime | None = None) -> VenueWorker | None:
    """What a code from a manager asks, if it still holds."""
    since = (now or timezone.now()) - INVITATION_HOLDS
    rows = VenueWorker.objects.select_related("venue__party").filter(
        code_index=_index(code), state=WorkerState.INVITED, invited_at__gte=since
    )
    return rows.first()


def agree(row: VenueWorker, *, account: Account, actor: Actor, now: datetime | None = None) -> VenueWorker:
    """The worker says yes: from now on inspectors may draw them, and the manager sees whether a test is due."""
    if account.person_id is None:
        raise NotAllowed("identity-needed", _("Please prove who you are first."), status=403)
    with transaction.atomic():
        venue = _held(row.venue)
        if VenueWorker.objects.filter(venue=venue, person=account.person_id, state=WorkerState.WORKS).exists():
            raise NotAllowed("on-the-list", _("You are on this list already."), kept=NOTHING_CHANGED)
        assert account.person is not None
        make(
            row,
            AGREE,
            person_id=account.person_id,
            name=account.person.name,
            agreed_at=now or timezone.now(),
            code_index="",
        )
        _changed(venue, events.WorkerAgreed(venue=venue.pk, worker=row.pk), actor)
    return row


def leave(row: VenueWorker, *, by_manager: bool, actor: Actor, now: datetime | None = None) -> VenueWorker:
    """Off the list, at once: the worker needs no reason, and neither does the manager."""
    with transaction.atomic():
        make(row, LEAVE, ended_at=now or timezone.now(), code_index="", guard=False)
        gone = events.WorkerLeft(venue=row.venue_id, worker=row.pk, by_manager=by_manager)
        journal.record(gone, subject=f"venue:{row.venue_id}", actor=actor)
    return row


# -- shared


def acting(officer: Officer, *roles: str) -> Actor:
    """As whom the officer acts; refuses whoever holds none of the roles."""
    role = next((one for one in roles or OFFICERS if one in officer.roles), None)
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    return Actor("officer", role, officer.account_id, department=officer.department.code, name=officer.staff_no)


def _held(venue: Venue) -> Venue:
    """The venue, locked, while it is in use: who judges its entrances and lists waits for each other."""
    row = Venue.objects.select_for_update().get(pk=venue.pk)
    if not queries_venues.in_use(row, timezone.now()):
        raise NotAllowed(
            "venue-not-in-use",
            worded(_("This venue code is not in use: %(state)s."), state=row.get_state_display()),
            kept=NOTHING_CHANGED,
            next_step=_("Ask the office that issued it; its number stands on your venue's page."),
        )
    return row


def _changed(venue: Venue, what, actor: Actor) -> None:
    journal.record(what, subject=venue.subject, actor=actor)
    journal.touch(venue.subject)


def _tell(venue: Venue, kind: str, **params) -> None:
    notices.tell(
        venue.party,
        kind,
        about=venue.subject,
        link=f"/my/venues/{venue.pk}/",
        params={"place": venue.name, **params},
        once=f"{kind}:{venue.pk}:{venue.state_since:%Y%m%d%H%M%S}",
    )
