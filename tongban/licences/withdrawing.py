"""A key is no longer trusted: stolen, lost, or nobody can say where it was.

Everything it signed answers "check again" in that moment, everywhere: the public check asks the key, verifiers without a network the trust
list. Then the worker signs each of those licences anew, in slices: what is done is seen from the rows themselves, so it may be stopped,
killed and begun again at any time, and nobody is signed for, sealed for or told twice. Other departments and other types have other keys.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import events, keys, queries, services, trust
from tongban.licences.models import KeyWithdrawal, Licence, LicenceType, Reissue
from tongban.licences.states import LicenceState
from tongban.licences.withdrawal_states import AGAIN, CONFIRM, DROP_IT, FINISH, WithdrawalState
from tongban.notices import services as notices

REISSUE = "licences.reissue"
SLICE = 50
LOOKED_FOR = timedelta(days=3)  # so long a licence that was signed in the very moment of the withdrawal is looked for
ROLES = {"dept_approver", "coordinator"}
_KEY = re.compile(r"[A-Za-z0-9-]{1,60}")


def ask(key_id: str, *, why: str, officer: Officer, now: datetime | None = None) -> KeyWithdrawal:
    """An officer says that a key is no longer trusted. It holds when another one confirms."""
    now = now or timezone.now()
    public = _known(key_id)
    if not why.strip():
        raise Invalid("reason-missing", errors={"why": [_("Say what happened: who found out, and when.")]})
    _may(officer, public.department)
    try:
        with transaction.atomic():
            row = KeyWithdrawal.objects.create(
                key_id=key_id, department=public.department, licence_type=public.licence_type, why=why.strip()[:300],
                asked_by=officer, asked_at=now,
            )  # fmt: skip
            journal.record(
                events.KeyWithdrawalAsked(withdrawal=row.pk), subject=f"key:{key_id}", actor=_acting(officer)
            )
    except IntegrityError:
        raise NotAllowed(
            "withdrawal-open", _("This key is being withdrawn already."), kept=_("Nothing was changed.")
        ) from None
    return row


def confirm(row: KeyWithdrawal, *, officer: Officer, now: datetime | None = None) -> KeyWithdrawal:
    """The second person: from this moment nothing the key signed is believed without asking again."""
    now = now or timezone.now()
    _may(officer, row.department)
    if row.asked_by_id == officer.pk:
        raise NotAllowed(
            "four-eyes", _("Whoever asked for it does not confirm it."), next_step=_("Ask another officer.")
        )
    if not CONFIRM.may_start_from(row.state):
        raise NotAllowed("not-in-this-state", _("This was decided already."), kept=_("Nothing was changed."))
    # The key first: should the machine die here, it is not trusted any more, and the second person confirms once more.
    try:
        keys.withdraw(services.key_directory(), row.key_id, now=now, why=row.why)
    except keys.KeyTrouble as trouble:
        raise NotAllowed(
            "no-such-key",
            _("There is no such key."),
            kept=_("Nothing was changed."),
            next_step=_("Its files are missing on this machine. Ask whoever runs the platform."),
        ) from trouble
    return _begin(row, _acting(officer), now, decided_by=officer)


def drop(row: KeyWithdrawal, *, officer: Officer, now: datetime | None = None) -> KeyWithdrawal:
    """It was a mistake: the key stays in use."""
    _may(officer, row.department)
    with transaction.atomic():
        make(
            row,
            DROP_IT,
            decided_at=now or timezone.now(),
            decided_by=None if row.asked_by_id == officer.pk else officer,
        )
        journal.record(
            events.KeyWithdrawalDropped(withdrawal=row.pk), subject=f"key:{row.key_id}", actor=_acting(officer)
        )
    return row


def by_operator(key_id: str, *, why: str, now: datetime | None = None) -> KeyWithdrawal:
    """At the machine itself (`tongban keys revoke`): whoever can read the key files needs nobody's leave to stop them."""
    now = now or timezone.now()
    public = _known(key_id)
    keys.withdraw(services.key_directory(), key_id, now=now, why=why)
    row = KeyWithdrawal.objects.exclude(state=WithdrawalState.DROPPED).filter(key_id=key_id).first()
    if row is None:
        row, _made = KeyWithdrawal.objects.get_or_create(
            key_id=key_id,
            state=WithdrawalState.ASKED,
            defaults={"department": public.department, "licence_type": public.licence_type, "why": why.strip()[:300]},
        )
    if row.state != WithdrawalState.ASKED:
        return row
    return _begin(row, PLATFORM, now)


@journal.carrier(REISSUE)
def reissue(withdrawal: int, turn: int = 0) -> None:
    """One slice: each licence in a transaction of its own, then the next slice is written down, or the end."""
    row = KeyWithdrawal.objects.get(pk=withdrawal)
    if row.state != WithdrawalState.RUNNING:
        return
    now = timezone.now()
    signed_with_it = Licence.objects.filter(key_id=row.key_id)
    for licence in signed_with_it.select_related("type", "issuer", "holder").order_by("pk")[:SLICE]:
        _sign_anew(row, licence, now)
    with transaction.atomic():
        if signed_with_it.exists():
            journal.enqueue(REISSUE, once=f"reissue:{row.pk}:{turn + 1}", withdrawal=row.pk, turn=turn + 1)
        else:
            try:
                make(row, FINISH, done_at=now)
            except NotNow:  # another hand ended it
                return
            journal.record(events.KeyMadeGood(withdrawal=row.pk), subject=f"key:{row.key_id}", actor=PLATFORM)


@journal.every("licences signed in the moment of a withdrawal", timedelta(minutes=10))
def look_for_stragglers() -> int:
    """An act that had taken the key just before it was withdrawn commits just after: found here. Also what a lost errand left."""
    found = 0
    for row in KeyWithdrawal.objects.filter(
        state__in=[WithdrawalState.DONE, WithdrawalState.RUNNING], decided_at__gte=timezone.now() - LOOKED_FOR
    ):
        if not Licence.objects.filter(key_id=row.key_id).exists():
            continue
        found += 1
        with transaction.atomic():
            if row.state == WithdrawalState.DONE:
                make(row, AGAIN)
            turn = int(timezone.now().timestamp() // 600)
            journal.enqueue(REISSUE, once=f"reissue:{row.pk}:again:{turn}", withdrawal=row.pk, turn=turn * 100_000)
    return found


# --


def _begin(row: KeyWithdrawal, actor: Actor, now: datetime, **decided) -> KeyWithdrawal:
    with transaction.atomic():
        make(
            row,
            CONFIRM,
            decided_at=now,
            licences=Licence.objects.filter(key_id=row.key_id).count(),
            **decided,
        )
        journal.record(events.KeyWithdrawn(withdrawal=row.pk), subject=f"key:{row.key_id}", actor=actor)
        journal.enqueue(REISSUE, once=f"reissue:{row.pk}:0", withdrawal=row.pk)
    trust.changed()
    return row


def _sign_anew(row: KeyWithdrawal, licence: Licence, now: datetime) -> None:
    """The row decides: whoever finds it signed by another key already does nothing. Its number, face, state and address stay."""
    key = services._signed_anew(licence, now)
    with transaction.atomic():
        won = Licence.objects.filter(pk=licence.pk, key_id=row.key_id).update(
            key_id=key.key_id, statement=licence.statement, updated_at=now
        )
        if not won:
            return
        Reissue.objects.get_or_create(withdrawal=row, licence=licence, defaults={"at": now, "key_id": key.key_id})
        journal.enqueue(
            services.RESEAL, once=f"reseal:{licence.pk}:{row.key_id}", licence=licence.pk, withdrawn_key=row.key_id
        )
        if licence.state in (LicenceState.VALID, LicenceState.SUSPENDED):
            notices.tell(
                licence.holder,
                "licence_signed_anew",
                about=f"licence:{licence.pk}",
                link=f"/my/licences/{licence.pk}/",
                params={"licence": licence.type.name, "department": licence.issuer.name},
                once=f"signed-anew:{row.pk}:{licence.pk}",
            )


def _known(key_id: str) -> keys.PublicKey:
    public = keys.find(services.key_directory(), key_id) if _KEY.fullmatch(key_id) else None
    if public is None:
        raise Invalid("no-such-key", errors={"key": [_("There is no such key.")]})
    return public


def _may(officer: Officer, department: str) -> None:
    own = officer.department.code == department or "coordinator" in officer.roles
    if not officer.active or not own or not ROLES & set(officer.roles):
        raise NotAllowed(
            "not-your-key",
            _("Only approvers of the department whose key it is, or the government service office, can do this."),
            kept=_("Nothing was changed."),
            status=403,
        )


def _acting(officer: Officer) -> Actor:
    role = "dept_approver" if "dept_approver" in officer.roles else "coordinator"
    return Actor(
        kind="officer", role=role, account=officer.account_id, department=officer.department.code, name=officer.staff_no
    )


def progress(row: KeyWithdrawal) -> dict[str, int]:
    """How far it is, asked of the rows: signed anew, and the documents sealed anew with them."""
    done = Reissue.objects.filter(withdrawal=row)
    return {
        "of": max(row.licences or 0, done.count()),
        "signed": done.count(),
        "sealed": done.filter(licence__sealed_at__gte=F("at")).count(),
        "left": Licence.objects.filter(key_id=row.key_id).count() if row.state != WithdrawalState.ASKED else 0,
    }


@dataclass(frozen=True)
class KeyLine:
    """A signing key as its department looks at it."""

    key_id: str
    signs: Bilingual
    not_before: datetime
    not_after: datetime
    withdrawn_at: datetime | None
    over: bool


BESIDE_TYPES: dict[str, Bilingual] = {
    "letters": {"zh": "文书", "en": "Letters"},
    "archive": {"zh": "归档数据包", "en": "Packages for the archive"},
}


def keys_for(officer: Officer) -> list[KeyLine]:
    """Keys of the officer's department, or of all for the government service office; the newest first."""
    now = timezone.now()
    names = dict(LicenceType.objects.values_list("slug", "name"))
    return [
        KeyLine(
            public.key_id,
            names.get(public.licence_type)
            or BESIDE_TYPES.get(public.licence_type, {"zh": public.licence_type, "en": public.licence_type}),
            public.not_before,
            public.not_after,
            public.withdrawn_at,
            public.not_after < now,
        )
        for public in reversed(keys.all_public(services.key_directory()))
        if queries.READS_ALL & set(officer.roles) or public.department == officer.department.code
    ]


def withdrawals_for(officer: Officer) -> QuerySet[KeyWithdrawal]:
    rows = KeyWithdrawal.objects.select_related("asked_by", "decided_by")
    return rows if queries.READS_ALL & set(officer.roles) else rows.filter(department=officer.department.code)
