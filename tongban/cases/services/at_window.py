"""A person at a window: who was compared with which document, and what the officer does in their name while they watch.

The officer prepares and takes in; the applicant signs, by hand on paper that is kept or by a code on the own phone.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, only_one, standing
from tongban.cases.glass import bounded
from tongban.cases.models import Case, GlassSignature, Hand, PhoneSignature, Visit
from tongban.cases.moving import acting, again, changed
from tongban.cases.permission import handler_of, permit
from tongban.cases.services.drafting import draft_for
from tongban.cases.signing import content_of
from tongban.cases.states import CREATE, EDITABLE, HAND_IN
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib import encryption
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed, Unavailable
from tongban.matters.models import Matter, MatterVersion
from tongban.notices.gateways.sms import text_messages
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party, Person
from tongban.parties.states import Act

VISIT_LASTS = timedelta(hours=2)
CODE_LASTS = timedelta(minutes=10)
TRIES = 5
CODES_A_DRAFT = 3  # within the time of one code: a phone is not rung at will
ROLE = "window_officer"


@dataclass(frozen=True)
class Signature:
    """How the applicant signed: `content` is what lay before them, `kept` where the signed paper lies, `strokes` what was written on the glass."""

    how: str
    content: str
    kept: str = ""
    strokes: tuple = ()


# -- somebody stands here


def begin_visit(person: Person, *, officer: Officer, id_kind: str, proof: str, now: datetime | None = None) -> Visit:
    """The person is here and agrees that the officer works with them. Whoever was here before has left."""
    now = now or timezone.now()
    handler = handler_of(officer)
    if ROLE not in handler.roles or not handler.active:
        raise NotAllowed("not-your-role", _("Only a window officer receives people at a window."), status=403)
    if person.pk in handler.parties:
        raise NotAllowed("own-case", _("Nobody handles their own case."), status=403)
    with transaction.atomic():
        Officer.objects.select_for_update().get(pk=officer.pk)  # two tabs of one officer
        for before in Visit.objects.filter(officer=officer, ended_at__isnull=True):
            _end(before, now)
        visit = Visit.objects.create(
            officer=officer, person=person, id_kind=id_kind, proof=proof, begun_at=now, until=now + VISIT_LASTS
        )
        journal.record(
            events.VisitBegun(visit=visit.pk, person=person.pk),
            subject=f"visit:{visit.ref}",
            actor=acting(officer, ROLE),
        )
    return visit


def end_visit(visit: Visit, *, officer: Officer, now: datetime | None = None) -> None:
    """The person has left. A second time does nothing."""
    with transaction.atomic():
        if visit.officer_id == officer.pk and _end(visit, now or timezone.now()):
            journal.record(events.VisitEnded(visit=visit.pk), subject=f"visit:{visit.ref}", actor=acting(officer, ROLE))


def _end(visit: Visit, now: datetime) -> int:
    Hand.objects.filter(visit=visit, ended_at__isnull=True).update(ended_at=now, ended_by="helper")
    return Visit.objects.filter(pk=visit.pk, ended_at__isnull=True).update(ended_at=now)


# -- a draft in the person's name


def begin_at_window(matter: Matter, *, party: Party, visit: Visit, now: datetime | None = None) -> Case:
    """Begin a draft of the published version for whoever stands here, or for a company they may act for."""
    now = now or timezone.now()
    officer = visit.officer
    _still_here(visit, party, now, matter.slug)
    version = published_for(matter, party)
    only_one.refuse_to_begin(version, party, clocks.local_day(now))
    permit(officer, Case(matter=matter, version=version, department=matter.department, applicant=party), CREATE)
    case = draft_for(
        version, party=party, person=visit.person, account=Account.objects.filter(person=visit.person).first(),
        actor=acting(officer, ROLE), channel=Case.Channel.WINDOW, situation=(), now=now, officer=officer,
    )  # fmt: skip
    take_over(case, visit=visit, now=now)
    return case


def take_over(case: Case, *, visit: Visit, now: datetime | None = None) -> Hand:
    """Work in the draft of whoever stands here, as long as they do: the history says from when to when."""
    now = now or timezone.now()
    may_prepare(case, visit, now)
    with transaction.atomic():
        again(case)
        hand, made = Hand.objects.get_or_create(
            case=case,
            visit=visit,
            kind=Hand.Kind.WINDOW,
            defaults={
                "officer": visit.officer,
                "account": visit.officer.account,
                "made_at": now,
                "taken_at": now,
                "until": visit.until,
            },
        )
        if made:
            journal.record(
                events.HandTaken(case=case.pk, hand=hand.pk), subject=case.subject, actor=acting(visit.officer, ROLE)
            )
            changed(case)
    return hand


def may_prepare(case: Case, visit: Visit, now: datetime) -> None:
    """Raises NotAllowed unless this visit is going on, its person may act for the applicant, and the officer is certified."""
    _still_here(visit, case.applicant, now, standing.matter_of(case))
    if case.state not in EDITABLE:
        raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))
    permit(visit.officer, case, HAND_IN)
    if case.hands.filter(visit=visit, ended_by="person").exists():
        raise NotAllowed(
            "ended-by-the-person",
            _("The person has ended your work in this application."),
            kept=_("The draft is kept, on the person's own devices too."),
            status=403,
        )


def _still_here(visit: Visit, party: Party, now: datetime, matter: str) -> None:
    visit.refresh_from_db(fields=["ended_at"])
    if visit.ended_at is not None or visit.until <= now:
        raise NotAllowed(
            "visit-over",
            _("This visit is over."),
            kept=_("The draft is kept, on the person's own devices too."),
            next_step=_("If the person is still here, compare the document once more."),
        )
    if not any(
        power.allows(Act.PREPARE, matter)
        for power in parties.powers_of(visit.person, timezone.localdate(now), over=party)
    ):
        raise NotAllowed("not-theirs", _("The person here may not act for this applicant."), status=403)


def published_for(matter: Matter, party: Party) -> MatterVersion:
    published = matter.versions.select_related("matter", "matter__department")
    version = published.filter(state=MatterVersion.State.PUBLISHED).first()
    if version is None or not version.form:
        raise NotAllowed(
            "no-form",
            _("There is no form for this matter here yet."),
            next_step=_("The guide says which office takes it in on paper."),
        )
    served = set(version.objects_served)
    if not served & ({"person"} if party.kind == Party.Kind.PERSON else served - {"person"}):
        raise NotAllowed(
            "not-for-them",
            _("This matter is for companies.") if party.kind == Party.Kind.PERSON else _("This matter is for persons."),
            next_step=_("Choose for whom the application is made."),
        )
    return version


# -- the applicant signs


def phone_of(case: Case, visit: Visit) -> str:
    """The number the code goes to: of the person who stands here, as the record has it."""
    return visit.person.mobile


def send_code(case: Case, *, visit: Visit, now: datetime | None = None) -> PhoneSignature:
    """A code to the person's own phone, for what stands in the draft now. The officer is never shown it."""
    now = now or timezone.now()
    may_prepare(case, visit, now)
    mobile = phone_of(case, visit)
    if not mobile or text_messages() is None:
        raise NotAllowed(
            "no-phone", _("No phone number of this person is known here."), next_step=_("Let them sign on paper.")
        )
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        case = again(case)
        recent = case.phone_signatures.filter(sent_at__gt=now - CODE_LASTS)
        if recent.count() >= CODES_A_DRAFT:
            raise NotAllowed(
                "too-many-codes",
                _("Three codes were sent already."),
                next_step=_("Wait ten minutes, or let the person sign on paper."),
            )
        case.phone_signatures.filter(confirmed_at__isnull=True).update(until=now)
        row = PhoneSignature.objects.create(
            case=case,
            officer=visit.officer,
            content=content_of(case),
            code_index=_code_index(case, code),
            phone_end=mobile[-4:],
            sent_at=now,
            until=now + CODE_LASTS,
        )
        words = {"code": code, "matter": case.version.name["zh"], "to": mobile}
        journal.enqueue(
            "cases.send_code",
            letter=encryption.encrypt(json.dumps(words, ensure_ascii=False), "cases.code").decode("ascii"),
            reference=uuid4().hex,
            language=case.account.language if case.account else "zh-hans",
        )
        journal.record(events.SignatureCodeSent(case=case.pk), subject=case.subject, actor=acting(visit.officer, ROLE))
    return row


@journal.carrier("cases.send_code")
def carry_code(letter: str, reference: str, language: str) -> None:
    """The worker hands the code to the provider of text messages; it lies sealed in the queue until then."""
    words = json.loads(encryption.decrypt(letter, "cases.code"))
    provider = text_messages()
    if provider is None:
        raise Unavailable("no-text-messages", _("No provider of text messages is connected."))
    text = (
        f"【通办】您正在窗口提交“{words['matter']}”。如内容无误，请把确认码 {words['code']} 告诉窗口人员，即表示您本人签字。10分钟内有效。不是您本人请勿告知。"
        if not language.startswith("en")
        else f"Tongban: you are applying at a window. If everything is right, say the code {words['code']} to the officer: "
        "that is your signature. Valid for 10 minutes. If this is not you, tell nobody."
    )
    provider.send(words["to"], text, reference)


def confirm_by_phone(case: Case, code: str, *, visit: Visit, now: datetime | None = None) -> PhoneSignature:
    """The person has said the code. Five wrong ones and a new one must be sent; a wrong one is counted even so."""
    now = now or timezone.now()
    may_prepare(case, visit, now)
    digits = "".join(letter for letter in code if letter.isdigit())
    with transaction.atomic():
        case = again(case)
        row = case.phone_signatures.select_for_update().filter(until__gt=now, tries__lt=TRIES).order_by("-id").first()
        wrong = row is None or row.code_index != _code_index(case, digits)
        if row is not None and wrong:
            PhoneSignature.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
        elif row is not None:
            row.confirmed_at = now
            row.save(update_fields=["confirmed_at"])
    if row is None:
        sentence = _("There is no code that holds now. Send a new one.")
    else:
        sentence = _("This is not the code that was sent.")
    if wrong or row is None:
        raise Invalid("wrong-code", sentence, errors={"code": [sentence]}, kept=_("The draft is kept."))
    return row


def _code_index(case: Case, code: str) -> str:
    return blind_index(f"{case.pk}:{code}", "cases.phone_signature")


def has_signed(case: Case, signature: Signature, now: datetime) -> None:
    """Raises unless the applicant signed exactly what stands in the draft now."""
    if signature.content != content_of(case):
        raise NotAllowed(
            "changed-since-signed",
            _("Something in the application was changed after it was signed."),
            kept=_("The draft is kept as it stands."),
            next_step=_("Print it again and let the person sign again, or send a new code."),
        )
    if signature.how == Case.Signed.PAPER:
        if not signature.kept.strip():
            raise Invalid(
                "paper-where", errors={"kept": [_("Say where the signed paper is kept.")]}, kept=_("The draft is kept.")
            )
    elif signature.how == Case.Signed.PHONE:
        signed = case.phone_signatures.filter(
            confirmed_at__gt=now - CODE_LASTS, content=signature.content, confirmed_at__isnull=False
        )
        if not signed.exists():
            raise NotAllowed("not-signed", _("The applicant has not confirmed this on the own phone yet."))
    elif signature.how == Case.Signed.GLASS:
        if not bounded(list(signature.strokes)):
            sentence = _("Nothing was written on the glass. Let the applicant sign there, or choose another way.")
            raise Invalid("glass-empty", errors={"strokes": [sentence]}, kept=_("The draft is kept."))
    else:
        raise Invalid("not-signed", errors={"how": [_("Say how the applicant signed.")]}, kept=_("The draft is kept."))


def keep_signature(case: Case, signature: Signature, *, officer: Officer, now: datetime) -> None:
    """What was written on the glass stands with the case, bound to what lay before the person."""
    if signature.how == Case.Signed.GLASS:
        GlassSignature.objects.create(
            case=case,
            officer=officer,
            content=signature.content,
            strokes=bounded(list(signature.strokes)),
            signed_at=now,
        )
