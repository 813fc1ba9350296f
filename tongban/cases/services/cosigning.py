"""Several sign one application: each on the own account, now or later, exactly what lies there, and nobody for anybody else."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, rules, signers
from tongban.cases.models import ALPHABET, Case, Signer, Visit
from tongban.cases.moving import acting, again, applying, changed
from tongban.cases.permission import permit
from tongban.cases.signer_states import ASK_AGAIN, DECLINE, LAPSE, SIGN, UNDO, SignerState
from tongban.cases.signing import content_of, is_named
from tongban.cases.states import EDITABLE, HAND_IN
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, TooMany, worded
from tongban.parties.models import Account

HOLDS = timedelta(days=30)
REMIND_AFTER = timedelta(days=7)
CODE_LETTERS = 10  # 49 bits, for thirty days, and it opens only to the person named
AGAIN_AFTER = timedelta(minutes=1)


def invite(case: Case, *, account: Account, now: datetime | None = None) -> list[tuple[Signer, str]]:
    """Ask everybody who has to sign beside the applicant and was not asked yet: (who, code to hand over). Whoever is not named in the
    answers any more is asked no more. Whether somebody has an account here is not said: with one they find it in their inbox."""
    now = now or timezone.now()
    asked = []
    with transaction.atomic():
        case = again(case)
        _open(case)
        lacking = rules.missing(case, list(case.materials.select_related("type")), level=rules.SIGNING_LEVEL)
        if lacking.fields or lacking.materials:
            raise NotAllowed(
                "finish-first",
                _(
                    "Something is still missing. What is signed should be complete, because every change takes the signatures away."
                ),
                kept=_("Your draft is kept."),
                next_step=_("Fill in what is missing, then ask the others to sign."),
            )
        wanted = {one.id_index: one for one in signers.expected(case)}
        case.signers.exclude(id_index__in=wanted).delete()
        held = {row.id_index for row in case.signers.all()}
        for index, one in wanted.items():
            if index in held:
                continue
            code = _new_code()
            row = Signer.objects.create(
                case=case, source=one.source, role=one.role, name=one.name, id_kind=one.id_kind, id_index=index,
                id_end=one.id_end, code_index=_index(code), asked_at=now, until=now + HOLDS,
            )  # fmt: skip
            asked.append((row, code))
            journal.record(
                events.SignerAsked(case=case.pk, signer=row.pk), subject=case.subject, actor=applying(account, case)
            )
        changed(case)
    return asked


def ask_again(signer: Signer, *, account: Account, now: datetime | None = None) -> str:
    """A new code for somebody who declined, did not answer or lost it; the one before holds no more."""
    now = now or timezone.now()
    code = _new_code()
    with transaction.atomic():
        case = again(signer.case)
        _open(case)
        row = Signer.objects.select_for_update().get(pk=signer.pk, case=case)
        if row.state == SignerState.ASKED and row.asked_at > now - AGAIN_AFTER:
            raise TooMany("asked-just-now", _("This person was asked a minute ago."), retry_after=60)
        make(row, ASK_AGAIN, code_index=_index(code), asked_at=now, until=now + HOLDS, reminded_at=None, reason="")
        journal.record(
            events.SignerAsked(case=case.pk, signer=row.pk), subject=case.subject, actor=applying(account, case)
        )
        changed(case)
    return code


def find(account: Account, code: str, now: datetime | None = None) -> Signer:
    """What this person is asked to sign, by the code they were given. A code opens nothing to anybody but the person named."""
    now = now or timezone.now()
    bare = "".join(letter for letter in code.lower() if letter.isalnum())
    row = Signer.objects.filter(code_index=_index(bare)).select_related("case").first() if bare else None
    if row is None or not is_named(account.person, row) or row.case.state not in EDITABLE:
        sentence = _("There is nothing for you to sign with this code. It may be over, or meant for somebody else.")
        raise Invalid("no-such-code", sentence, errors={"code": [sentence]}, next_step=_("Ask whoever gave it to you."))
    return row


def sign(signer: Signer, *, account: Account, level: int, content: str, now: datetime | None = None) -> Signer:
    """Sign what was shown (`content`), in the own name, surely known just now. A second time does nothing."""
    now = now or timezone.now()
    if level < rules.SIGNING_LEVEL:
        raise NotAllowed(
            "presence-first",
            _("Signing needs to know that it is you: a look into the camera, or a visit to any window."),
            status=403,
        )
    with transaction.atomic():
        case = again(signer.case)
        row = Signer.objects.select_for_update().get(pk=signer.pk)
        if not account.is_active or not is_named(account.person, row) or account.person_id == case.applicant_id:
            raise NotAllowed("not-the-signer", _("Only the person named signs here, and nobody for them."), status=403)
        if row.state == SignerState.SIGNED and row.content == content_of(case):
            return row
        _open(case)
        _still(row, now)
        if content != content_of(case):
            raise _changed_meanwhile()
        make(row, SIGN, signed_at=now, content=content, account=account, reason="")
        journal.record(events.SignerSigned(case=case.pk, signer=row.pk), subject=case.subject, actor=_cosigner(account))
        changed(case)
    return row


def sign_on_paper(signer: Signer, *, visit: Visit, kept: str, content: str, now: datetime | None = None) -> Signer:
    """Somebody without a telephone signs by hand at a window: compared with the document, the paper kept."""
    now = now or timezone.now()
    if not kept.strip():
        raise Invalid(
            "paper-where", errors={"kept": [_("Say where the signed paper is kept.")]}, kept=_("The draft is kept.")
        )
    permit(visit.officer, signer.case, HAND_IN)
    with transaction.atomic():
        case = again(signer.case)
        _open(case)
        row = Signer.objects.select_for_update().get(pk=signer.pk)
        if visit.ended_at is not None or visit.until <= now or not is_named(visit.person, row):
            raise NotAllowed("not-the-signer", _("Only the person named signs here, and nobody for them."), status=403)
        _still(row, now)
        if content != content_of(case):
            raise _changed_meanwhile()
        make(row, SIGN, signed_at=now, content=content, officer=visit.officer, paper_kept=kept.strip()[:120], reason="")
        journal.record(
            events.SignerSigned(case=case.pk, signer=row.pk),
            subject=case.subject,
            actor=acting(visit.officer, "window_officer"),
        )
        changed(case)
    return row


def decline(signer: Signer, *, account: Account, reason: str, now: datetime | None = None) -> Signer:
    """No, with the reason; also after signing, as long as it was not sent."""
    now = now or timezone.now()
    if not reason.strip():
        sentence = _("Please say why, so that the applicant can put it right.")
        raise Invalid("no-reason", errors={"reason": [sentence]}, kept=_("Nothing was changed."))
    with transaction.atomic():
        case = again(signer.case)
        _open(case)
        row = Signer.objects.select_for_update().get(pk=signer.pk)
        if not is_named(account.person, row):
            raise NotAllowed("not-the-signer", _("Only the person named signs here, and nobody for them."), status=403)
        make(row, DECLINE, reason=reason.strip()[:500], signed_at=None, content="", account=account)
        journal.record(
            events.SignerDeclined(case=case.pk, signer=row.pk), subject=case.subject, actor=_cosigner(account)
        )
        changed(case)
    return row


def undo_what_was_signed(case: Case, now: datetime) -> int:
    """Inside a change of the application, the case held: whoever signed something else than what lies there now signs again."""
    if not signers.markers(case):
        return 0
    undone = 0
    content = content_of(case)
    for row in case.signers.filter(state=SignerState.SIGNED).exclude(content=content):
        make(
            row, UNDO, signed_at=None, content="", undone_at=now, asked_at=now, until=now + HOLDS, reminded_at=None,
            account=None, officer=None,
        )  # fmt: skip
        journal.record(events.SignatureUndone(case=case.pk, signer=row.pk), subject=case.subject, actor=PLATFORM)
        undone += 1
    return undone


def stand(case: Case) -> None:
    """Before sending, the case held: everybody has signed exactly what is sent; raises with the names otherwise."""
    if not signers.markers(case):
        return
    content = content_of(case)
    rows = list(case.signers.all())
    names = signers.lacking(case, rows) + [
        row.name for row in rows if row.state == SignerState.SIGNED and row.content != content
    ]
    if names:
        raise NotAllowed(
            "signatures-missing",
            worded(
                _("Not everybody has signed what stands here now: %(names)s."), names="、".join(dict.fromkeys(names))
            ),
            kept=_("Your draft is kept."),
            next_step=_("Ask them to sign, then send it."),
        )


@journal.every("remind co-signers", timedelta(hours=1))
def remind_and_lapse(now: datetime | None = None) -> int:
    """One reminder after a week; after thirty days the invitation is over and the applicant is told."""
    now = now or timezone.now()
    done = 0
    waiting = Signer.objects.filter(state=SignerState.ASKED, case__state__in=EDITABLE).select_related("case")
    for row in waiting.filter(until__lt=now).order_by("pk")[:500]:
        with transaction.atomic():
            make(row, LAPSE, code_index="")
            journal.record(
                events.SignerLapsed(case=row.case_id, signer=row.pk), subject=row.case.subject, actor=PLATFORM
            )
            done += 1
    due = waiting.filter(reminded_at__isnull=True, asked_at__lt=now - REMIND_AFTER, until__gte=now)
    for row in due.order_by("pk")[:500]:
        with transaction.atomic():
            if Signer.objects.filter(pk=row.pk, reminded_at__isnull=True, state=SignerState.ASKED).update(
                reminded_at=now
            ):
                journal.record(
                    events.SignerReminded(case=row.case_id, signer=row.pk), subject=row.case.subject, actor=PLATFORM
                )
                done += 1
    return done


def _open(case: Case) -> None:
    if case.state not in EDITABLE:
        raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))


def _still(row: Signer, now: datetime) -> None:
    if row.state != SignerState.ASKED or row.until <= now:
        raise NotAllowed(
            "not-asked",
            _("You are not asked to sign this any more."),
            next_step=_("The applicant can ask you again."),
        )


def _changed_meanwhile() -> NotAllowed:
    return NotAllowed(
        "changed-since-shown",
        _("Something in the application was changed while you were looking at it."),
        kept=_("Nothing was signed."),
        next_step=_("Look at it as it stands now, then sign."),
    )


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(CODE_LETTERS))


def _index(code: str) -> str:
    return blind_index(code, "cases.signer")


def _cosigner(account: Account) -> Actor:
    return Actor(kind="applicant", role="cosigner", account=account.pk, party=account.person_id)
