"""A draft carried to a second device of the same person: a phone for the photographs, a terminal with a keyboard.

The code in the QR opens nothing by itself. Whoever uses it is shown a number, which the person types on the device that showed the
code: so the device that is let in is the one in the person's own hand, not one that photographed the screen. Used twice, the code ends
for both. What is let in is this draft for this device: no account, no signature, no sending (decision 20).
"""

import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, moving, standing
from tongban.cases.carrying_states import CUT_OFF, LET_IN, SCAN, CarryingState
from tongban.cases.models import ALPHABET, CarriedDraft, Case
from tongban.cases.moving import again, applying, changed
from tongban.cases.states import EDITABLE
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import Move, NotNow, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties.models import Account
from tongban.parties.powers import Power
from tongban.parties.states import Act

CODE_LASTS = timedelta(minutes=10)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=4)
CODE_LETTERS = 8  # 40 bits for ten minutes, and a number to compare after it
TRIES = 3
NOTED_EVERY = timedelta(minutes=1)


def offer(case: Case, *, account: Account, session: str, now: datetime | None = None) -> tuple[CarriedDraft, str]:
    """A code for one device, once, within ten minutes. A device that was let in before, or waits, is out.

    `session`: a secret of the browser that shows the code; only there the device is let in.
    """
    now = now or timezone.now()
    code = "".join(secrets.choice(ALPHABET) for _i in range(CODE_LETTERS))
    with transaction.atomic():
        case = again(case)
        _open(case)
        if standing.power_over(account, case, Act.PREPARE) is None:
            standing.refuse(account, case, Act.PREPARE)
        for before in case.carried.exclude(state=CarryingState.ENDED):
            _end(before, "replaced", applying(account, case), now)
        row = CarriedDraft.objects.create(
            case=case,
            account=account,
            code_index=_index(code),
            begun_index=_index(session, "session"),
            made_at=now,
            code_until=now + CODE_LASTS,
        )
        changed(case)
    return row, code


def scan(code: str, *, device: str, now: datetime | None = None) -> tuple[CarriedDraft, str]:
    """A device brings the code: it gets a number to show and a secret of its own to wait with, and sees nothing of the draft.

    Of two that bring it the second one ends it for both: somebody else has seen the code.
    """
    now = now or timezone.now()
    row = CarriedDraft.objects.filter(code_index=_index(_bare(code))).select_related("case").first()
    if row is None:
        raise _no_such_code()
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        case = again(row.case)
        _open(case)
        try:
            make(
                row, SCAN, only_if=Q(code_until__gt=now), token_index=_index(token, "device"), scanned_at=now,
                number=f"{secrets.randbelow(10_000):04d}", device=device[:80],
            )  # fmt: skip
        except NotNow:
            row.refresh_from_db()
            if row.state == CarryingState.SCANNED:
                _end(row, "again", PLATFORM, now)
            token = ""
        changed(case)
    if not token:
        raise _no_such_code()
    return row, token


def let_in(
    row: CarriedDraft, *, number: str, account: Account, session: str, now: datetime | None = None
) -> CarriedDraft:
    """The person typed the number that the new device shows. Wrong three times ends it."""
    now = now or timezone.now()
    wrong = None
    with transaction.atomic():
        case = again(row.case)
        _open(case)
        row = CarriedDraft.objects.select_for_update().get(pk=row.pk)
        if row.account_id != account.pk or not hmac.compare_digest(row.begun_index, _index(session, "session")):
            raise NotAllowed(
                "not-where-it-began",
                _("Only the device that showed the code can let another one in."),
                next_step=_("Show a new code here and scan that."),
                status=403,
            )
        if row.state != CarryingState.SCANNED or row.scanned_at is None or row.scanned_at < now - CODE_LASTS:
            raise _nobody_waits()
        if hmac.compare_digest(row.number.encode(), _digits(number).encode()):
            make(row, LET_IN, number="", opened_at=now, seen_at=now, until=now + LONGEST)
            journal.record(
                events.DraftCarried(case=case.pk, carried=row.pk), subject=case.subject, actor=applying(account, case)
            )
        else:
            wrong = _wrong_number(row, now)
        changed(case)
    if wrong is not None:
        raise wrong
    return row


def _wrong_number(row: CarriedDraft, now: datetime) -> Invalid:
    row.tries += 1
    row.save(update_fields=["tries"])
    over = row.tries >= TRIES
    if over:
        _end(row, "number", PLATFORM, now)
    sentence = (
        _("The number was wrong three times. Nobody was let in.")
        if over
        else _("This is not the number that the new device shows.")
    )
    following = (
        _("If you did not scan the code yourself, somebody else did. Show a new one only where nobody else sees it.")
        if over
        else _("Look at the device in your hand and type its four digits.")
    )
    return Invalid("wrong-number", sentence, errors={"number": [sentence]}, next_step=following)


def waiting_or_at_work(token: str, *, now: datetime | None = None) -> CarriedDraft | None:
    """What this device may do now: wait, or work in one draft; None as soon as it is over, from the next click on."""
    now = now or timezone.now()
    rows = CarriedDraft.objects.filter(token_index=_index(token, "device")).exclude(state=CarryingState.ENDED)
    row = rows.select_related(
        "account", "account__person", "case", "case__matter", "case__version", "case__department", "case__applicant",
        "case__account",
    ).first()  # fmt: skip
    if row is None or not row.account.is_active or row.case.state not in EDITABLE or is_over(row, now):
        return None
    return row if power_of(row) is not None else None


def power_of(row: CarriedDraft) -> Power | None:
    """By what the person themselves may prepare this today: a second device may no more than whoever let it in."""
    return standing.power_over(row.account, row.case, Act.PREPARE)


def at_work_in(case: Case, *, now: datetime | None = None) -> CarriedDraft | None:
    """The second device that may work in it at this moment."""
    row = case.carried.filter(state=CarryingState.OPEN).first()
    return None if row is None or is_over(row, now or timezone.now()) else row


def at_work_for(account: Account, *, now: datetime | None = None) -> list[CarriedDraft]:
    """Every second device of this account that waits or works."""
    rows = account.carried.exclude(state__in=[CarryingState.ENDED, CarryingState.OFFERED]).select_related(
        "case__version"
    )
    return [row for row in rows.order_by("-id")[:50] if not is_over(row, now or timezone.now())]


def is_over(row: CarriedDraft, now: datetime) -> bool:
    """Has its time run out, whatever the row says?"""
    if row.state == CarryingState.OFFERED:
        return row.code_until <= now
    if row.state == CarryingState.SCANNED:
        return row.scanned_at is None or row.scanned_at <= now - CODE_LASTS
    return row.state == CarryingState.ENDED or row.until is None or row.until <= now or row.seen_at is None or row.seen_at <= now - IDLE  # fmt: skip


def note_use(row: CarriedDraft, *, now: datetime | None = None) -> None:
    """The device did something: half an hour begins anew. Not every click writes."""
    now = now or timezone.now()
    if row.state == CarryingState.OPEN and (row.seen_at is None or row.seen_at < now - NOTED_EVERY):
        CarriedDraft.objects.filter(pk=row.pk, state=CarryingState.OPEN).update(seen_at=now)


def end(row: CarriedDraft, *, why: str, actor: Actor, now: datetime | None = None) -> None:
    """`why` is here (the person, on a device of the account) or there (on the second device). A second time does nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(row.case)
        row = CarriedDraft.objects.select_for_update().get(pk=row.pk)
        if row.state != CarryingState.ENDED:
            _end(row, why, actor, now)
            changed(case)


def end_all(account: Account, *, actor: Actor, now: datetime | None = None) -> int:
    """Every second device of this account is out."""
    rows = list(account.carried.exclude(state=CarryingState.ENDED).select_related("case"))
    for row in rows:
        end(row, why="here", actor=actor, now=now)
    return len(rows)


def _end(row: CarriedDraft, why: str, actor: Actor, now: datetime) -> None:
    make(row, CUT_OFF, ended_at=now, why=why, code_index="", token_index="", number="")
    journal.record(
        events.CarryingEnded(case=row.case_id, carried=row.pk, why=why), subject=f"case:{row.case_id}", actor=actor
    )


def _sent(case: Case, step: Move, *, now: datetime, **rest) -> None:
    """What is sent is not worked on any more; given back later, a second device asks anew."""
    if step.target not in EDITABLE and step.sources & {str(one.value) for one in EDITABLE}:
        for row in case.carried.exclude(state=CarryingState.ENDED):
            _end(row, "sent", PLATFORM, now)


moving.AFTER_MOVES.append(_sent)


def _open(case: Case) -> None:
    if case.state not in EDITABLE:
        raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))


def _bare(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())[:40]


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isdigit())[:12]


def _index(text: str, what: str = "code") -> str:
    return blind_index(text, f"cases.carried.{what}")


def _nobody_waits() -> NotAllowed:
    return NotAllowed(
        "nobody-waits",
        _("No device waits for this number any more."),
        kept=_("Your application is kept as it is."),
        next_step=_("Show a new code and scan it again."),
    )


def _no_such_code() -> Invalid:
    sentence = _("This code does not hold. It may be over ten minutes old, or used already.")
    return Invalid(
        "no-such-code",
        sentence,
        errors={"code": [sentence]},
        next_step=_("Show a new one on the device where you began."),
    )
