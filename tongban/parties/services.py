"""What people do with their accounts, and who may act for whom."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import encryption
from tongban.lib.problems import Invalid, NotAllowed, TooMany, Unavailable, worded
from tongban.parties import events, proofing_words, queries, rules
from tongban.parties.gateways.proofing import proofing_gateway
from tongban.parties.gateways.proofing.base import Claim, Match, Refused, Registered, Unanswered
from tongban.parties.models import Account, Company, IdKind, Membership, Objection, Party, Person, Proofing
from tongban.parties.states import Act

log = structlog.get_logger("parties")

NOTHING_CHANGED = _("Nothing was changed.")
LONGEST_ADDRESS = 300
DECIDES_PROOFINGS = {"window_officer", "coordinator", "platform"}


# -- accounts


@transaction.atomic
def register(
    login: str, password: str | None, *, email: str = "", language: str = "zh-hans", email_confirmed: bool = False
) -> Account:
    """Open an account at level 1. Without a password only a passkey opens it. `email_confirmed` is for whoever has seen that the address is theirs."""
    name, email = rules.login(login), (email or "").strip().lower()
    errors: dict[str, list] = {}
    if reasons := rules.login_reasons(login):
        errors["login"] = reasons
    if email:
        try:
            validate_email(email)
        except ValidationError:
            errors["email"] = [_("This is not an e-mail address. It looks like name@example.org.")]
    if password is not None:
        try:
            validate_password(password, Account(login=name, email=email))
        except ValidationError as weak:
            errors["password"] = list(weak.messages)
    if errors:
        raise Invalid("account-not-opened", errors=errors, kept=NOTHING_CHANGED)
    try:
        with transaction.atomic():
            account = Account.objects.create_user(name, password, email=email, language=language)
    except IntegrityError:
        raise _taken() from None
    if email:
        EmailAddress.objects.create(user=account, email=email, primary=True, verified=email_confirmed)
    journal.record(events.AccountRegistered(account=account.pk), subject=f"account:{account.pk}", actor=_self(account))
    return account


def _taken() -> Invalid:
    return Invalid(
        "login-taken",
        errors={"login": [_("This sign-in name is already used. Please choose another one.")]},
        kept=NOTHING_CHANGED,
    )


@transaction.atomic
def choose_language(account: Account, language: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise Invalid("no-such-language", errors={"language": [_("Please choose one of the languages shown.")]})
    if account.language == language:
        return
    account.language = language
    account.save(update_fields=["language"])
    journal.record(
        events.LanguageChosen(account=account.pk, language=language),
        subject=f"account:{account.pk}",
        actor=_self(account),
    )


@transaction.atomic
def choose_edition(account: Account, edition: str) -> None:
    """Standard or elderly, wherever this account signs in from now on. No event: it says nothing about anybody's rights."""
    if account.edition != edition:
        account.edition = edition
        account.save(update_fields=["edition"])


def change_mobile(person: Person, mobile: str, *, actor: Actor) -> Person:
    checked = rules.phone(mobile)
    if not checked.valid:
        raise Invalid("mobile-not-possible", errors={"mobile": [checked.reason]}, kept=NOTHING_CHANGED)
    if person.mobile != checked.value:
        before = person.mobile
        person.mobile, person.mobile_index = checked.value, rules.mobile_index_of(checked.value)
        person.save(update_fields=["mobile", "mobile_index", "updated_at"])
        if before:  # a first number replaces nobody's
            journal.record(events.MobileChanged(person=person.pk), subject=f"party:{person.pk}", actor=actor)
    return person


def give_demonstration_second_factor(account: Account, secret: str) -> None:
    """A second factor whose codes the sign-in page shows to anybody: for demonstration officers alone, in the demonstration alone."""
    if not settings.DEMO:
        raise NotAllowed("only-in-the-demonstration", _("Such a second factor exists only in the demonstration."))
    Authenticator.objects.update_or_create(
        user=account,
        type=Authenticator.Type.TOTP,
        defaults={"data": {"secret": encrypt(secret), "demonstration": True}},
    )


# -- who somebody is


def prove(
    account: Account,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    mobile: str,
    method: str = "register",
    birth_date: date | None = None,
    sex: str = "",
    nationality: str = "",
    today: date | None = None,
) -> Proofing:
    """Prove who stands behind the account (level 2). The register is asked before anything is locked or written.

    The answer is in `outcome`: proved, not matching, by hand (an officer decides within one working day) or unavailable.
    """
    today = today or timezone.localdate()
    claim = _claim(id_kind, id_no, name, mobile, birth_date, sex, nationality, today)
    _not_too_often(account)
    gateway = proofing_gateway()
    try:
        answer = gateway.compare(claim)
        if answer.match is Match.YES and answer.person is None:
            raise Unanswered("the register says yes and does not say to whom")
    except Refused as refusal:
        log.warning("the register refused", gateway=gateway.name, reason=str(refusal))
        return _note(account, claim, method, Proofing.Outcome.NOT_MATCHING, "")
    except (Unanswered, OSError) as silence:
        log.warning("the register did not answer", gateway=gateway.name, reason=str(silence))
        return _note(account, claim, method, Proofing.Outcome.UNAVAILABLE, "")
    if answer.match is Match.BY_HAND:
        return _hand_over(account, claim, method, answer.reference)
    if answer.match is Match.NO or answer.person is None:
        return _note(account, claim, method, Proofing.Outcome.NOT_MATCHING, answer.reference)
    return _bind(account, claim, answer.person, method, answer.reference)


def confirm_presence(account: Account, picture: bytes = b"") -> Proofing:
    """Level 3: the face of the verified person, just now. What does not convince is never a refusal: it leads to a window."""
    person = account.person
    if person is None or account.level < rules.VERIFIED:
        raise NotAllowed(
            "identity-first",
            _("Please prove your identity first."),
            next_step=_("It takes about a minute."),
        )
    claim = Claim(id_kind=person.id_kind, id_no=person.id_no, name=person.name, birth_date=person.birth_date)
    try:
        face = proofing_gateway().look_at(claim, picture)
    except (Unanswered, Refused, OSError) as silence:
        log.warning("the face service did not answer", reason=str(silence))
        raise Unavailable(
            "face-service-silent",
            _("The face check does not answer at the moment."),
            kept=NOTHING_CHANGED,
            next_step=_("Try again in a few minutes, or come to any window with your document."),
        ) from None
    if not rules.convinces(face.score, face.alive):
        _note(account, claim, "face", Proofing.Outcome.NOT_MATCHING, face.reference, level=rules.PRESENT)
        raise NotAllowed(
            "to-a-window",
            _("The camera could not make sure that it is you. That happens, and it is no refusal."),
            kept=_("Everything you entered is kept."),
            next_step=_("Please come to any window with your document: a person looks, and it takes a minute."),
        )
    with transaction.atomic():
        proofing = _note(account, claim, "face", Proofing.Outcome.PROVED, face.reference, level=rules.PRESENT)
        journal.record(
            events.PresenceConfirmed(account=account.pk, person=person.pk, method="face"),
            subject=f"account:{account.pk}",
            actor=_self(account),
        )
    return proofing


@transaction.atomic
def decide_proofing(
    proofing: Proofing,
    *,
    proved: bool,
    actor: Actor,
    why: Sequence[str] = (),
    words: str = "",
    seen: int | None = None,
) -> Proofing:
    """An officer has compared the document with what was claimed. The first decision counts; `seen` is the revision that was compared."""
    _compares(proofing, actor)
    remarks = _remarks(why, words, proofing_words.REFUSED) if why or words else None
    outcome = Proofing.Outcome.PROVED if proved else Proofing.Outcome.NOT_MATCHING
    claimed = Proofing.objects.get(pk=proofing.pk).claimed
    # what was claimed has served
    _settle(
        proofing,
        outcome,
        seen,
        claimed="",
        remarks=remarks,
        decided_by_id=actor.account or None,
        decided_at=timezone.now(),
    )
    account = Account.objects.select_for_update().get(pk=proofing.account_id)
    if proved:
        said = json.loads(claimed)
        person = record_person(
            id_kind=proofing.id_kind,
            id_no=said["id_no"],
            name=said["name"],
            birth_date=date.fromisoformat(said["birth_date"]),
            sex=said["sex"],
            nationality=said["nationality"],
            mobile=said["mobile"],
        )
        _join(account, person, rules.VERIFIED)
    journal.record(
        events.ProofingDecided(account=account.pk, proofing=proofing.pk, proved=proved),
        subject=f"account:{account.pk}",
        actor=actor,
    )
    journal.touch(queries.topic_of(proofing))
    return proofing


@transaction.atomic
def ask_proofing_again(
    proofing: Proofing, *, why: Sequence[str], words: str = "", actor: Actor, seen: int | None = None
) -> Proofing:
    """Say what has to be sent again. What was claimed stays, so that nothing is typed twice."""
    _compares(proofing, actor)
    if not why:
        raise Invalid(
            "nothing-said",
            errors={"why": [_("Choose what is wrong: the applicant reads exactly that.")]},
            kept=NOTHING_CHANGED,
        )
    _settle(proofing, Proofing.Outcome.ASKED_AGAIN, seen, remarks=_remarks(why, words, proofing_words.WRONG))
    journal.record(
        events.ProofingAskedAgain(account=proofing.account_id, proofing=proofing.pk),
        subject=f"account:{proofing.account_id}",
        actor=actor,
    )
    journal.touch(queries.topic_of(proofing))
    return proofing


@transaction.atomic
def answer_proofing(proofing: Proofing, *, what: str, **changes) -> Proofing:
    """The applicant has changed what an officer compares: it lies before the officers (again), as a new revision."""
    now = timezone.now()
    changed = Proofing.objects.filter(pk=proofing.pk, outcome__in=Proofing.OPEN).update(
        outcome=Proofing.Outcome.BY_HAND, revision=Coalesce(F("revision"), 1) + 1, remarks=None, **changes
    )
    if not changed:
        raise NotAllowed(
            "already-decided", _("An officer has decided in the meantime."), kept=_("Nothing was changed.")
        )
    if what == "picture":
        Proofing.objects.filter(pk=proofing.pk).update(sent_at=now)
    journal.record(
        events.ProofingAnswered(account=proofing.account_id, proofing=proofing.pk, what=what),
        subject=f"account:{proofing.account_id}",
        actor=_self(proofing.account),
    )
    journal.touch(queries.topic_of(proofing))
    proofing.refresh_from_db()
    return proofing


def _compares(proofing: Proofing, actor: Actor) -> None:
    if actor.role not in DECIDES_PROOFINGS:
        raise NotAllowed(
            "not-your-role",
            _("Identities are compared by window officers and the government service office."),
            status=403,
        )
    if actor.account is not None and actor.account == proofing.account_id:
        raise NotAllowed("own-matter", _("Nobody decides about their own identity."), status=403)


def _settle(proofing: Proofing, outcome: str, seen: int | None, **changes) -> None:
    """The row decides: it waits still, and it is what the officer has seen."""
    waiting = Proofing.objects.filter(pk=proofing.pk, outcome=Proofing.Outcome.BY_HAND)
    if seen is not None:
        waiting = waiting.filter(Q(revision=seen) | (Q(revision__isnull=True) if seen == 1 else Q(pk__in=[])))
    if not waiting.update(outcome=outcome, **changes):
        if Proofing.objects.filter(pk=proofing.pk, outcome=Proofing.Outcome.BY_HAND).exists():
            raise NotAllowed(
                "changed-meanwhile",
                _("The applicant has just sent something new."),
                kept=NOTHING_CHANGED,
                next_step=_("Please look at it again, then decide."),
            )
        raise NotAllowed("already-decided", _("Somebody else has already decided this."), kept=NOTHING_CHANGED)
    proofing.outcome = outcome
    for field, value in changes.items():
        setattr(proofing, field, value)


def _remarks(why: Sequence[str], words: str, known: Mapping) -> str:
    if not set(why) <= set(known):
        raise Invalid("no-such-reason", errors={"why": [_("Please choose one of the reasons shown.")]})
    words = words.strip()
    if len(words) > proofing_words.LONGEST_WORDS:
        raise Invalid(
            "too-long",
            errors={
                "words": [worded(_("Please use at most %(limit)s characters."), limit=proofing_words.LONGEST_WORDS)]
            },
            kept=NOTHING_CHANGED,
        )
    return json.dumps({"why": list(dict.fromkeys(why)), "words": words}, ensure_ascii=False)


def record_person(
    *,
    id_kind: str,
    id_no: str,
    name: str,
    birth_date: date,
    sex: str,
    nationality: str,
    name_en: str = "",
    mobile: str = "",
    **more,
) -> Person:
    """The one record of whoever carries this document: found if it is there, else made, however many hands ask at once."""
    checked = rules.check_number(id_kind, id_no)
    if not checked.valid:
        raise Invalid("number-not-possible", errors={"id_no": [checked.reason]})
    index = rules.index_of(id_kind, checked)
    found = Person.objects.filter(id_index=index).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Person.objects.create(
                id_kind=rules.kind(id_kind),
                id_no=checked.value,
                id_index=index,
                name=name.strip(),
                name_en=name_en,
                birth_date=birth_date,
                sex=sex,
                nationality=nationality,
                mobile=mobile,
                mobile_index=rules.mobile_index_of(mobile),
                **more,
            )
    except IntegrityError:  # another hand was faster; the row is visible once it committed
        return Person.objects.get(id_index=index)


@transaction.atomic
def join_person(account: Account, person: Person, *, level: int = rules.VERIFIED) -> Account:
    """Bind a sign-in to a person whose identity was established elsewhere (demonstration, a window)."""
    _join(account, person, level)
    return account


def _claim(id_kind, id_no, name, mobile, birth_date, sex, nationality, today) -> Claim:
    errors: dict[str, list] = {}
    plain_kind = rules.kind(id_kind)
    if plain_kind not in IdKind.values:
        raise Invalid("no-such-document", errors={"id_kind": [_("Please choose the kind of document first.")]})
    number, phone = rules.check_number(plain_kind, id_no), rules.phone(mobile)
    if not number.valid:
        errors["id_no"] = [number.reason]
    if not phone.valid:
        errors["mobile"] = [phone.reason]
    if not (name or "").strip():
        errors["name"] = [_("Please enter your name as it stands in the document.")]
    elif len(name.strip()) > 200:
        errors["name"] = [_("This name is longer than 200 characters. Please enter it as it stands in the document.")]
    born = number.facts.get("birth_date") or birth_date
    sex = number.facts.get("sex") or sex
    if rules.needs_birth_details(plain_kind):
        if not rules.plausible_birth(born, today):
            errors["birth_date"] = [_("Please enter your date of birth as it stands in the document.")]
        if sex not in {"M", "F"}:
            errors["sex"] = [_("Please choose what stands in the document.")]
    if plain_kind == "passport" and not (nationality or "").strip():
        errors["nationality"] = [_("Please choose your nationality.")]
    if errors:
        raise Invalid("claim-incomplete", errors=errors, kept=NOTHING_CHANGED)
    return Claim(
        id_kind=plain_kind,
        id_no=number.value,
        name=name.strip(),
        mobile=phone.value,
        birth_date=born,
        sex=sex,
        nationality=(nationality or "").strip().upper()[:3],
    )


def _not_too_often(account: Account) -> None:
    since = timezone.now() - timedelta(days=1)
    tried = Proofing.objects.filter(account=account, outcome=Proofing.Outcome.NOT_MATCHING, at__gte=since)
    if tried.filter(level=rules.VERIFIED).count() >= rules.MISMATCHES_A_DAY:
        raise TooMany(
            "too-many-proofings",
            _("The details did not match several times today."),
            kept=NOTHING_CHANGED,
            next_step=_("Please try again tomorrow, or come to any window with your document: a person helps at once."),
            retry_after=24 * 3600,
        )


@transaction.atomic
def _note(account, claim: Claim, method: str, outcome, reference: str, level: int = rules.VERIFIED) -> Proofing:
    proofing = Proofing.objects.create(
        account=account,
        method=method,
        level=level,
        id_kind=claim.id_kind,
        claimed=_written(claim) if outcome == Proofing.Outcome.BY_HAND else "",
        outcome=outcome,
        reference=reference,
    )
    if outcome in {Proofing.Outcome.NOT_MATCHING, Proofing.Outcome.UNAVAILABLE}:
        journal.record(
            events.IdentityNotProved(account=account.pk, proofing=proofing.pk, outcome=str(outcome)),
            subject=f"account:{account.pk}",
            actor=_self(account),
        )
    return proofing


def _written(claim: Claim) -> str:
    return json.dumps(
        {
            "id_no": claim.id_no,
            "name": claim.name,
            "mobile": claim.mobile,
            "birth_date": claim.birth_date.isoformat() if claim.birth_date else "",
            "sex": claim.sex,
            "nationality": claim.nationality or "CN",
        },
        ensure_ascii=False,
    )


@transaction.atomic
def _hand_over(account: Account, claim: Claim, method: str, reference: str) -> Proofing:
    Account.objects.select_for_update().get(pk=account.pk)  # two tabs: the second finds what the first handed over
    waiting = Proofing.objects.select_related("account").filter(account=account, outcome__in=Proofing.OPEN).first()
    index = rules.index_of(claim.id_kind, rules.check_number(claim.id_kind, claim.id_no))
    if waiting is not None:
        return answer_proofing(
            waiting, what="details", claimed=_written(claim), id_kind=claim.id_kind, number_index=index
        )
    proofing = _note(account, claim, method, Proofing.Outcome.BY_HAND, reference)
    proofing.number_index, proofing.revision = index, 1
    proofing.save(update_fields=["number_index", "revision"])
    journal.record(
        events.ProofingHandedOver(account=account.pk, proofing=proofing.pk),
        subject=f"account:{account.pk}",
        actor=_self(account),
    )
    return proofing


@transaction.atomic
def _bind(account: Account, claim: Claim, known: Registered, method: str, reference: str) -> Proofing:
    person = record_person(
        id_kind=claim.id_kind,
        id_no=claim.id_no,
        name=known.name,
        name_en=known.name_en,
        birth_date=known.birth_date,
        sex=known.sex,
        nationality=known.nationality,
        mobile=claim.mobile,
    )
    _join(account, person, rules.VERIFIED)
    if not person.mobile:
        change_mobile(person, claim.mobile, actor=_self(account))
    proofing = _note(account, claim, method, Proofing.Outcome.PROVED, reference)
    journal.record(
        events.IdentityProved(account=account.pk, person=person.pk, proofing=proofing.pk, level=rules.VERIFIED),
        subject=f"account:{account.pk}",
        actor=_self(account),
    )
    return proofing


def _join(account: Account, person: Person, level: int) -> None:
    """One account has one person and one person one account; the rows decide, whoever comes second is told."""
    level = max(level, account.level)
    free = Account.objects.filter(Q(person__isnull=True) | Q(person=person), pk=account.pk)
    try:
        with transaction.atomic():
            joined = free.update(person=person, level=level)
    except IntegrityError:
        log.warning("an identity was claimed that has an account", account=account.pk, person=person.pk)
        raise NotAllowed(
            "person-has-an-account",
            _("This identity cannot be added to this account, because there is an account for it already."),
            kept=NOTHING_CHANGED,
            next_step=_(
                "If that account is yours, sign in to it, or get back into it with “Forgot your password?”. "
                "If you know nothing of it, come to any window with your document."
            ),
        ) from None
    if not joined:
        raise NotAllowed(
            "account-has-a-person",
            _("This account already belongs to another identity."),
            kept=NOTHING_CHANGED,
            next_step=_("Everybody needs an account of their own: please open a new one."),
        )
    account.person, account.level = person, level


# -- who may act for a company


@transaction.atomic
def add_member(
    company: Company,
    person: Person,
    role: str,
    *,
    since: date | None = None,
    actor: Actor = PLATFORM,
    rights: dict | None = None,
    until: date | None = None,
) -> Membership:
    """Let a person act for a company from this day, `until` a day, within `rights` (None: everything). Named again after an end, the
    membership begins anew."""
    if role not in Membership.Role.values:
        raise Invalid("no-such-role", errors={"role": [_("Please choose one of the roles shown.")]})
    rights = checked_rights(rights) if role == Membership.Role.CLERK else None
    since = since or timezone.localdate()
    if until is not None and until < since:
        raise Invalid("no-such-day", errors={"until": [_("The last day lies before the first.")]}, kept=NOTHING_CHANGED)
    Company.objects.select_for_update().get(pk=company.pk)  # two hands naming the same person wait for each other here
    _only_its_representative(company, actor)
    today = timezone.localdate()
    membership, made = Membership.objects.get_or_create(
        person=person, company=company, defaults={"role": role, "since": since, "rights": rights, "until": until}
    )
    if not made and (membership.until is None or membership.until >= today):
        if (membership.role, membership.rights, membership.until) == (role, rights, until):
            return membership
        if membership.role == Membership.Role.LEGAL_REPRESENTATIVE and actor.kind != "platform":
            raise _from_the_register()
        membership.role, membership.rights, membership.until = role, rights, until
        membership.save(update_fields=["role", "rights", "until"])
    elif not made:
        membership.role, membership.since, membership.until, membership.rights = role, since, until, rights
        membership.save(update_fields=["role", "since", "until", "rights"])
    journal.record(
        events.MemberNamed(person=person.pk, company=company.pk, role=role), subject=f"party:{company.pk}", actor=actor
    )
    return membership


def name_member(
    company: Company,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    actor: Actor,
    rights: dict | None = None,
    until: date | None = None,
) -> Membership:
    """Name a clerk by document and name. Whether only the name does not fit, or nobody has that number, is not said."""
    _only_its_representative(company, actor)
    _no_new_number(actor)
    person = queries.person_by_number(id_kind, id_no)
    if person is None or not rules.same_name(name, person.name, person.name_en):
        raise Invalid(
            "nobody-with-these-details",
            errors={
                "id_no": [
                    _(
                        "Nobody with this number and name has proved their own identity here. Please ask the person to do that first."
                    )
                ]
            },
            kept=NOTHING_CHANGED,
        )
    return add_member(company, person, Membership.Role.CLERK, actor=actor, rights=rights, until=until)


@transaction.atomic
def set_rights(membership: Membership, *, rights: dict | None, until: date | None, actor: Actor) -> Membership:
    """What a clerk may do from this second on; None is everything, as it was before anybody chose."""
    _only_its_representative(membership.company, actor)
    row = Membership.objects.select_for_update(of=("self",)).select_related("company").get(pk=membership.pk)
    if row.role != Membership.Role.CLERK:
        raise _from_the_register()
    rights = checked_rights(rights)
    if until is not None and until < timezone.localdate():
        raise Invalid(
            "no-such-day",
            errors={"until": [_("This day is over. To end it at once, press “No longer”.")]},
            kept=NOTHING_CHANGED,
        )
    row.rights, row.until = rights, until
    row.save(update_fields=["rights", "until"])
    journal.record(
        events.ClerkRightsChanged(membership=row.pk, company=row.company_id, person=row.person_id),
        subject=f"party:{row.company_id}",
        actor=actor,
    )
    return row


def checked_rights(rights: dict | None) -> dict | None:
    if rights is None:
        return None
    acts = [act for act in Act.values if act in (rights.get("acts") or ())]
    matters = rights.get("matters")
    errors: dict[str, list] = {}
    if not acts:
        errors["acts"] = [_("Please choose at least one thing that may be done.")]
    if matters is not None and not matters:
        errors["matters"] = [_("Please choose at least one matter, or all of them.")]
    if errors:
        raise Invalid("rights-incomplete", errors=errors, kept=NOTHING_CHANGED)
    return {"acts": acts, "matters": None if matters is None else sorted(set(matters))}


@transaction.atomic
def change_representative(company: Company, person: Person, *, actor: Actor = PLATFORM) -> Membership:
    """The business register names another legal representative: the one before acts for the company no more, clerks and mandates stay
    until the new one looks at them. A company is never without one."""
    if actor.kind != "platform":
        raise _from_the_register()
    Company.objects.select_for_update().get(pk=company.pk)
    today = timezone.localdate()
    before = Membership.objects.filter(company=company, role=Membership.Role.LEGAL_REPRESENTATIVE).exclude(
        person=person
    )
    for row in before.filter(Q(until__isnull=True) | Q(until__gte=today)):
        end_membership(row, actor=actor)
    named = add_member(company, person, Membership.Role.LEGAL_REPRESENTATIVE, actor=actor)
    Company.objects.filter(pk=company.pk).update(legal_representative=person)
    journal.record(
        events.RepresentativeChanged(company=company.pk, person=person.pk), subject=f"party:{company.pk}", actor=actor
    )
    return named


def _from_the_register() -> NotAllowed:
    return NotAllowed(
        "representative-comes-from-the-register",
        _("The legal representative changes in the business register, not here."),
        kept=NOTHING_CHANGED,
    )


@transaction.atomic
def end_membership(membership: Membership, *, on: date | None = None, actor: Actor = PLATFORM) -> Membership:
    """From this moment the person no longer acts for the company: the day before is the last one."""
    _only_its_representative(membership.company, actor)
    if membership.role == Membership.Role.LEGAL_REPRESENTATIVE and actor.kind != "platform":
        raise _from_the_register()
    return _end(membership, on, actor)


@transaction.atomic
def leave(membership: Membership, *, account: Account) -> Membership:
    """A clerk does not act for the company any more, by the own hand: nobody stays named against their will."""
    row = Membership.objects.select_for_update(of=("self",)).select_related("company").get(pk=membership.pk)
    if row.person_id != account.person_id:
        raise NotAllowed("only-oneself", _("Only the clerk can do that here."), kept=NOTHING_CHANGED, status=403)
    if row.role != Membership.Role.CLERK:
        raise _from_the_register()
    return _end(row, None, Actor("applicant", "agent", account=account.pk, party=row.company_id), left=True)


def _end(membership: Membership, on: date | None, actor: Actor, *, left: bool = False) -> Membership:
    first_day_without = on or timezone.localdate()
    last_day = first_day_without - timedelta(days=1)
    if membership.since >= first_day_without:  # never held for a day: there is no last day to write
        membership.delete()
    elif not Membership.objects.filter(Q(until__isnull=True) | Q(until__gt=last_day), pk=membership.pk).update(
        until=last_day
    ):
        return membership
    membership.until = last_day
    journal.record(
        events.MembershipEnded(person=membership.person_id, company=membership.company_id, left=left),
        subject=f"party:{membership.company_id}",
        actor=actor,
    )
    return membership


def _no_new_number(actor: Actor) -> None:
    """Whoever took over somebody's telephone would name himself next: a new number opens nothing for a day."""
    if actor.account is None:
        return
    person = Account.objects.values_list("person", flat=True).get(pk=actor.account)
    changed = journal_queries.history(f"party:{person}").filter(
        kind=events.MobileChanged.__name__, at__gte=timezone.now() - rules.NEW_NUMBER_RESTS
    )
    if changed.exists():
        raise NotAllowed(
            "number-is-new",
            _("Your mobile number was changed less than a day ago. Until then nobody can be named, to protect you."),
            kept=NOTHING_CHANGED,
            next_step=_("Please try again tomorrow. If you did not change the number, call the help line at once."),
        )


def _only_its_representative(company: Company, actor: Actor) -> None:
    if actor.kind == "platform":
        return
    today = timezone.localdate()
    named = Membership.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today),
        company=company,
        person__account=actor.account,
        role=Membership.Role.LEGAL_REPRESENTATIVE,
        since__lte=today,
    )
    if actor.account is None or not named.exists():
        raise NotAllowed(
            "not-the-representative",
            _("Only the legal representative decides who acts for the company."),
            kept=NOTHING_CHANGED,
            status=403,
        )


# -- mail about accounts


def post_mail(to: str, subject: str, body: str) -> None:
    """Hand a letter about an account to the worker. It may carry a code, so it lies sealed in the queue.

    Without an address it is written all the same and thrown away by the worker: both cases take the same time.
    """
    letter = json.dumps({"to": to, "subject": subject, "body": body}, ensure_ascii=False)
    with transaction.atomic():
        journal.enqueue("parties.mail", letter=encryption.encrypt(letter, "parties.mail").decode("ascii"))


def _self(account: Account) -> Actor:
    return Actor(
        kind="applicant",
        role="applicant",
        account=account.pk,
        party=account.person_id,
        name=account.person.name if account.person_id else "",
    )


# -- one's own record


@transaction.atomic
def follow_register(party: Party, *, name: str) -> None:
    """The register that our record of a party came from was corrected: ours says the same from now on."""
    name = name.strip()[:200]
    if name:
        Party.objects.filter(pk=party.pk).update(name=name, updated_at=timezone.now())


@transaction.atomic
def change_contact(party: Party, *, address: str, bank_account: str, actor: Actor) -> Party:
    """One's own address and account for payments, as one wants to be reached and paid. Empty takes them out."""
    address, bank_account = " ".join(address.split()), "".join(bank_account.split())
    errors: dict[str, list] = {}
    if len(address) > LONGEST_ADDRESS:
        errors["address"] = [_("Please write at most 300 characters.")]
    if bank_account and not re.fullmatch(r"[0-9A-Za-z]{8,34}", bank_account):
        errors["bank_account"] = [_("An account has 8 to 34 digits or letters.")]
    if errors:
        raise Invalid("contact", errors=errors, kept=NOTHING_CHANGED)
    row = Party.objects.select_for_update().get(pk=party.pk)
    if (row.address, row.bank_account) != (address, bank_account):
        row.address, row.bank_account = address, bank_account
        row.save(update_fields=["address", "bank_account", "updated_at"])
        journal.record(events.ContactChanged(party=party.pk), subject=f"party:{party.pk}", actor=actor)
    party.address, party.bank_account = address, bank_account
    return party


@transaction.atomic
def object_to(account: Account, processing: str, *, objects: bool) -> None:
    """From now on this is not done with this account's data, or it may be done again."""
    if processing not in Objection.Processing.values:
        raise Invalid("no-such-processing", errors={"processing": [_("Please choose one of those shown.")]})
    if objects:
        _row, changed = Objection.objects.get_or_create(account=account, processing=processing)
    else:
        changed = bool(Objection.objects.filter(account=account, processing=processing).delete()[0])
    if changed:
        journal.record(
            events.ObjectionChanged(account=account.pk, processing=processing, objects=objects),
            subject=f"account:{account.pk}",
            actor=_self(account),
        )
