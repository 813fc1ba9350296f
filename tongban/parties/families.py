"""Parents and guardians: bonds that law or a court makes, found in the register or checked by a person, and their ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import events, mandates, rules, services
from tongban.parties.kin_states import (
    CHECKERS,
    CONFIRM,
    END_BOND,
    OBJECT,
    REFUSE_CLAIM,
    KinState,
)
from tongban.parties.models import Account, Kinship, Person

NOTHING_CHANGED = _("Nothing was changed.")
OPEN = [KinState.CLAIMED, KinState.CONFIRMED, KinState.OBJECTED]


@dataclass(frozen=True)
class Child:
    """What the family register says of one child of a parent."""

    id_kind: str
    id_no: str
    name: str
    birth_date: date
    sex: str
    name_en: str = ""
    nationality: str = "CN"
    reference: str = ""


def record_children(parent: Person, children: Iterable[Child], *, account: Account, now: datetime) -> list[Kinship]:
    """The parent acts for these as long as they are minors. A child the register names no more is not theirs any more."""
    today = timezone.localdate(now)
    kept, found = set(), []
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=parent.pk)
        for child in children:
            if not rules.is_minor(child.birth_date, today):
                continue
            person = services.record_person(
                id_kind=child.id_kind, id_no=child.id_no, name=child.name, name_en=child.name_en,
                birth_date=child.birth_date, sex=child.sex, nationality=child.nationality,
            )  # fmt: skip
            if person.pk == parent.pk:
                continue
            kept.add(person.pk)
            bond, made = Kinship.objects.get_or_create(
                person=person, relative=parent, kind=Kinship.Kind.CHILD, state=KinState.CONFIRMED,
                defaults={"proof": child.reference, "asked_at": now, "decided_at": now},
            )  # fmt: skip
            found.append(bond)
            if made:
                journal.record(
                    events.BondFound(kinship=bond.pk), subject=f"party:{person.pk}", actor=_relative(account, bond)
                )
        for gone in Kinship.objects.filter(relative=parent, kind=Kinship.Kind.CHILD, state=KinState.CONFIRMED):
            if gone.person_id not in kept and rules.is_minor(gone.person.birth_date, today):
                _end(gone, Kinship.Why.REGISTER, PLATFORM, now)
    return found


# -- guardians


def claim(
    guardian: Person,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    court: str,
    judgment: str,
    account: Account,
    now: datetime | None = None,
) -> Kinship | None:
    """Say that a court made one the guardian of somebody. A person checks the judgment; until then it opens nothing.

    Whether anybody with that number is known here is not said: the claim is kept all the same, and the officer finds out.
    """
    now = now or timezone.now()
    errors: dict[str, list] = {}
    checked = rules.check_number(id_kind, id_no)
    if not checked.valid:
        errors["id_no"] = [checked.reason]
    if not name.strip():
        errors["name"] = [_("Please enter the name as it stands in the document.")]
    if not court.strip():
        errors["court"] = [_("Please enter which court decided.")]
    if not judgment.strip():
        errors["judgment"] = [_("Please enter the number of the judgment.")]
    if errors:
        raise Invalid("claim-incomplete", errors=errors, kept=NOTHING_CHANGED)
    mandates.count_question(account, now)
    person = Person.objects.filter(id_index=rules.index_of(id_kind, checked)).first()
    if person is None or not rules.same_name(name, person.name, person.name_en) or person.pk == guardian.pk:
        return None
    words = f"{court.strip()[:120]} · {judgment.strip()[:80]}"
    try:
        with transaction.atomic():
            bond = Kinship.objects.create(
                kind=Kinship.Kind.WARD,
                person=person,
                relative=guardian,
                state=KinState.CLAIMED,
                words=words,
                asked_at=now,
            )
            journal.record(
                events.BondClaimed(kinship=bond.pk), subject=f"party:{person.pk}", actor=_relative(account, bond)
            )
    except IntegrityError:  # asked before: that one stands
        return None
    return bond


def decide(
    bond: Kinship,
    *,
    confirmed: bool,
    actor: Actor,
    officer_person: Person | None,
    reason: str = "",
    until: date | None = None,
    now: datetime | None = None,
) -> Kinship:
    """An officer has seen the judgment, or looked into an objection. Nobody decides about the own family."""
    now = now or timezone.now()
    if actor.role not in CHECKERS or actor.account is None:
        raise NotAllowed(
            "not-your-role", _("Guardianship is checked by window officers and the service office."), status=403
        )
    if officer_person is not None and officer_person.pk in {bond.person_id, bond.relative_id}:
        raise NotAllowed("own-matter", _("Nobody decides about their own family."), status=403)
    if not reason.strip():
        sentence = _("Write what was seen, or why not.")
        raise Invalid("no-reason", errors={"reason": [sentence]}, kept=NOTHING_CHANGED)
    with transaction.atomic():
        row = _locked(bond)
        changes: dict[str, Any] = {
            "decided_at": now,
            "decided_by_id": actor.account,
            "reason": reason.strip()[:500],
            "until": until,
        }
        if not confirmed:
            changes |= {"ended_at": now}
        make(row, CONFIRM if confirmed else REFUSE_CLAIM, **changes)
        journal.record(
            events.BondDecided(kinship=row.pk, confirmed=confirmed), subject=f"party:{row.person_id}", actor=actor
        )
    return row


def object_to(bond: Kinship, *, account: Account, now: datetime | None = None) -> Kinship:
    """The ward does not agree. At once the guardian does nothing more until a person has decided."""
    with transaction.atomic():
        row = _locked(bond)
        if account.person_id != row.person_id or row.kind != Kinship.Kind.WARD:
            raise NotAllowed("not-the-ward", _("Only the person represented can object."), status=403)
        make(row, OBJECT)
        journal.record(
            events.BondObjected(kinship=row.pk),
            subject=f"party:{row.person_id}",
            actor=Actor(kind="applicant", role="applicant", account=account.pk, party=row.person_id),
        )
    return row


def give_back(bond: Kinship, *, account: Account, now: datetime | None = None) -> Kinship:
    """A guardian who is not guardian any more, or takes a claim back. A parent stays one."""
    with transaction.atomic():
        row = _locked(bond)
        if account.person_id != row.relative_id or row.kind != Kinship.Kind.WARD:
            raise NotAllowed("not-the-guardian", _("Only the guardian can end this here."), status=403)
        _end(row, Kinship.Why.GIVEN_BACK, _relative(account, row), now or timezone.now())
    return row


# -- ends


@journal.every("end family bonds", timedelta(hours=1))
def end_what_is_over(now: datetime | None = None) -> int:
    """Children who came of age, and guardianships whose day is over. They opened nothing since midnight: this tells both sides."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    ended = 0
    born_before = date(today.year - rules.GROWN_UP, today.month, min(today.day, 28)) + timedelta(days=4)
    candidates = Kinship.objects.filter(
        Q(kind=Kinship.Kind.CHILD, state=KinState.CONFIRMED, person__birth_date__lte=born_before)
        | Q(kind=Kinship.Kind.WARD, state__in=[KinState.CONFIRMED, KinState.OBJECTED], until__lt=today)
    )
    for bond in candidates.select_related("person").order_by("pk")[:500]:
        if bond.kind == Kinship.Kind.CHILD and rules.is_minor(bond.person.birth_date, today):
            continue
        with transaction.atomic():
            row = _locked(bond)
            if row.state in OPEN:
                why = Kinship.Why.GROWN_UP if row.kind == Kinship.Kind.CHILD else Kinship.Why.COURT
                _end(row, why, PLATFORM, now)
                ended += 1
    return ended


def note_death(
    person: Person, *, on: date, actor: Actor, officer_person: Person | None, now: datetime | None = None
) -> None:
    """A death certificate was seen. From this moment nobody acts for the person and the person for nobody; open cases go to people."""
    now = now or timezone.now()
    if actor.role not in CHECKERS:
        raise NotAllowed("not-your-role", _("A death is noted by window officers and the service office."), status=403)
    if officer_person is not None and officer_person.pk == person.pk:
        raise NotAllowed("own-matter", _("Nobody decides about their own family."), status=403)
    if not person.birth_date <= on <= timezone.localdate(now):
        sentence = _("The day of death cannot lie there.")
        raise Invalid("no-such-day", errors={"died_on": [sentence]}, kept=NOTHING_CHANGED)
    with transaction.atomic():
        if not Person.objects.filter(pk=person.pk, died_on__isnull=True).update(died_on=on):
            return
        person.died_on = on
        mandates.end_of_the_dead(person, now)
        rows = Kinship.objects.select_for_update().filter(Q(person=person) | Q(relative=person), state__in=OPEN)
        for row in rows.order_by("pk"):
            _end(row, Kinship.Why.DIED, PLATFORM, now)
        journal.record(events.DeathNoted(person=person.pk), subject=f"party:{person.pk}", actor=actor)


def _end(row: Kinship, why: str, actor: Actor, now: datetime) -> None:
    make(row, END_BOND, ended_at=now, ended_why=why)
    journal.record(events.BondEnded(kinship=row.pk, why=why), subject=f"party:{row.person_id}", actor=actor)


def _locked(bond: Kinship) -> Kinship:
    rows = Kinship.objects.select_related("person", "relative").select_for_update(of=("self",))
    return rows.get(pk=bond.pk)


def _relative(account: Account, bond: Kinship) -> Actor:
    return Actor(kind="applicant", role="agent", account=account.pk, party=bond.person_id)
