"""Health passes: whom the district trusts, which passes people keep, and which tests are known of them.

A list of signers is loaded by one officer of the health department and put in force by another, or by the operator's command. What a
person keeps is verified first, sealed, and theirs to delete. The register of tests is asked only with the person's consent.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import events, hcert, queries_passes, trust_files
from tongban.codes.models import KeptPass, KnownTest, TrustedSigner, TrustList
from tongban.codes.pass_states import DECIDES, DROP_SIGNERS, LOADS, REPLACE_SIGNERS, TRUST_SIGNERS, ListState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.parties.models import Account, Person
from tongban.registers import consenting
from tongban.registers import services as registers
from tongban.registers.models import Consent, Grant

TOPIC = "trust-lists"
NOTHING_CHANGED = _("Nothing was changed.")
REASON_AT_LEAST = 5
MOST_KEPT = 30

REGISTER, ERRAND = "test-result", "health-pass"
ERRAND_NAME = {"zh": "我的健康凭证", "en": "My health passes"}
GROUND = {
    "zh": "《中华人民共和国个人信息保护法》第二十九条：处理敏感个人信息应当取得个人的单独同意",
    "en": "Personal Information Protection Law, art. 29: sensitive personal information is processed with separate consent",
}
FIELDS = ["sampled_at", "result", "hours_old"]
AGREEMENT = {
    "zh": "我同意在“%(matter)s”中，从“%(resource)s”读取我最近一次检测的时间和结果，保存30天，只用于进出场所或现场抽查确实要求时。"
    "这属于敏感个人信息；不同意也可以出示纸质报告；同意后可随时在“我的数据”中撤回。",
    "en": "I agree that, for “%(matter)s”, the time and result of my latest test is read from “%(resource)s” and kept for 30 days, only for an entrance "
    "or an inspection that asks for it. It is sensitive data. Without my agreement I can show a paper instead. I can take it back at any time under “My data”.",
}


# -- lists of trusted signers


def load_signers(
    name: str,
    content: bytes,
    *,
    origin: str,
    title: dict[str, str] | None = None,
    officer: Officer | None,
    now: datetime | None = None,
) -> TrustList:
    """The next version of the list `name`, which nothing trusts yet. Without an officer: by the operator's command."""
    now = now or timezone.now()
    actor = _acting(officer, *LOADS) if officer is not None else PLATFORM
    if not queries_passes.NAME.fullmatch(name):
        raise Invalid(
            "signers-not-loaded",
            errors={"name": [_("The name of a list has small letters, digits and hyphens, 40 at most.")]},
        )
    if not origin.strip():
        raise Invalid("signers-not-loaded", errors={"origin": [_("Please write down where the list comes from.")]})
    try:
        given = trust_files.certificates(content)
    except ValueError as wrong:
        raise _unreadable(str(wrong)) from wrong
    signers, left_out = [], 0
    for number, der in enumerate(given, 1):
        try:
            signers.append((der, hcert.signer(der)))
        except hcert.SignsNoPasses:
            left_out += 1
        except ValueError as wrong:
            raise _unreadable(f"{number}: {wrong}") from wrong
    if not signers:
        raise Invalid(
            "signers-not-loaded",
            errors={"file": [_("There is no certificate in it whose key signs health passes.")]},
            kept=NOTHING_CHANGED,
        )
    digest = hashlib.sha256(b"".join(sorted(der for der, _key in signers))).hexdigest()
    try:
        with transaction.atomic():
            last = TrustList.objects.filter(name=name).aggregate(last=Max("number"))["last"] or 0
            row = TrustList.objects.create(
                name=name,
                number=last + 1,
                title=title or {},
                origin=origin.strip()[:300],
                digest=digest,
                signers=len(signers),
                left_out=left_out,
                loaded_by=officer,
                loaded_at=now,
            )
            TrustedSigner.objects.bulk_create(
                TrustedSigner(
                    of_list=row,
                    kid=key.kid.hex(),
                    certificate=der,
                    subject=_printable(key.subject)[:200],
                    country=_printable(key.country)[:10],
                    algorithm=key.algorithm,
                    kinds="".join(sorted(key.kinds)),
                    limited=key.limited,
                    not_before=key.not_before,
                    not_after=key.not_after,
                )
                for der, key in signers
            )
            journal.record(
                events.SignersLoaded(trust_list=row.pk, signers=len(signers)), subject=row.subject, actor=actor
            )
            journal.touch(TOPIC)
    except IntegrityError:  # another hand loaded the same version at the same moment
        raise NotAllowed(
            "loaded-just-now",
            _("Somebody else loaded this list at the same moment."),
            next_step=_("Look at it and try again."),
        ) from None
    return row


def trust_signers(row: TrustList, *, officer: Officer | None, now: datetime | None = None) -> TrustList:
    """Put a version in force: from this second passes are checked against it, and against the one before no more."""
    now = now or timezone.now()
    actor = _acting(officer, *DECIDES) if officer is not None else PLATFORM
    if officer is not None and officer.pk == row.loaded_by_id:
        raise NotAllowed(
            "second-person",
            _("You loaded this list yourself."),
            kept=NOTHING_CHANGED,
            next_step=_("Ask a colleague to look at it and to put it in force."),
        )
    with transaction.atomic():
        hold_versions(row.name)
        before = list(TrustList.objects.filter(name=row.name, state=ListState.IN_FORCE))
        for one in before:
            make(one, REPLACE_SIGNERS)
        make(row, TRUST_SIGNERS, decided_by=officer, decided_at=now)
        journal.record(
            events.SignersTrusted(trust_list=row.pk, instead_of=before[0].pk if before else None),
            subject=row.subject,
            actor=actor,
        )
        journal.touch(TOPIC)
    row.refresh_from_db()
    return row


def hold_versions(name: str) -> None:
    """Whoever puts a version in force waits here for whoever does so now, and looks only then which one is."""
    list(TrustList.objects.select_for_update().filter(name=name).order_by("pk").values_list("pk"))


def drop_signers(row: TrustList, *, officer: Officer, why: str, now: datetime | None = None) -> TrustList:
    """A loaded version is not put in force: by either of the two, with a reason."""
    actor = _acting(officer, *LOADS)
    why = " ".join(why.split())
    if len(why) < REASON_AT_LEAST:
        raise Invalid(
            "reason-missing",
            errors={"why": [_("Please write in a few words why it is not put in force.")]},
            kept=NOTHING_CHANGED,
        )
    with transaction.atomic():
        make(row, DROP_SIGNERS, decided_by=officer, decided_at=now or timezone.now(), why_dropped=why[:300])
        journal.record(events.SignersDropped(trust_list=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    row.refresh_from_db()
    return row


def _unreadable(why: str) -> Invalid:
    return Invalid(
        "signers-not-loaded",
        errors={"file": [worded(_("This file cannot be read as a list of certificates (%(why)s)."), why=why[:200])]},
        kept=NOTHING_CHANGED,
        next_step=_("Send JSON, PEM, DER or one certificate in base64 a line."),
    )


def _acting(officer: Officer, *roles: str) -> Actor:
    role = next((one for one in roles if one in officer.roles), None)
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    return Actor(
        kind="officer", role=role, account=officer.account_id, department=officer.department.code, name=officer.staff_no
    )


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


# -- passes people keep


def keep(text: str, *, person: Person, account: Account, now: datetime | None = None) -> KeptPass:
    """Verify a pass and keep it for this person. A second time answers the one that is kept. Nothing is kept of one that is not valid."""
    now = now or timezone.now()
    name = queries_passes.DEFAULT_LIST
    answer = hcert.verify(text, at=now, trust=queries_passes.trust(name), rules=settings.PASS_RULES)
    if not answer.valid:
        raise NotAllowed(
            f"pass-{answer.reason}",
            _("This pass is not valid, so it was not kept."),
            next_step=_("Check it on the page for checking passes: it says why."),
        )
    text = text.strip()
    mark = blind_index(text, "codes.KeptPass")
    found = KeptPass.objects.filter(person=person, mark=mark).first()
    if found is not None:
        return found
    if KeptPass.objects.filter(person=person).count() >= MOST_KEPT:
        raise NotAllowed(
            "too-many-kept",
            _("You keep 30 passes already."),
            next_step=_("Delete one that you need no more, then keep this one."),
        )
    try:
        with transaction.atomic():
            row = KeptPass.objects.create(
                person=person,
                account=account,
                qr_text=text,
                facts=_facts(answer),
                mark=mark,
                trusted_by=name,
                kept_at=now,
                ends_at=answer.ends or now,
            )
            if answer.test is not None:
                KnownTest.objects.create(
                    person=person,
                    source=KnownTest.Source.PASS,
                    kept_pass=row,
                    facts=_test_facts(
                        answer.test.type, answer.test.moment, answer.test.outcome, answer.test.centre or ""
                    ),
                    known_at=now,
                )
            journal.record(
                events.PassKept(kept_pass=row.pk), subject=f"party:{person.pk}", actor=_person(account, person)
            )
    except IntegrityError:  # the same pass from a second window
        return KeptPass.objects.get(person=person, mark=mark)
    return row


@transaction.atomic
def forget(row: KeptPass, *, account: Account) -> None:
    """Its holder deletes a pass; the test known from it goes with it. Twice does nothing."""
    gone, _each = KeptPass.objects.filter(pk=row.pk).delete()
    if gone:
        journal.record(
            events.PassForgotten(kept_pass=row.pk), subject=f"party:{row.person_id}", actor=_person(account, row.person)
        )


def _facts(answer: hcert.Answer) -> dict[str, Any]:
    """What a page shows of a kept pass without opening it again; its light is judged anew each time."""
    said = answer.as_contract()
    return {"kind": said["kind"], "holder": said["holder"], "test": said["test"], "issuer": answer.issuer}


def _test_facts(kind: str, sampled_at: datetime, result: str, centre: str) -> dict[str, str]:
    return {
        "type": kind,
        "sampled_at": sampled_at.astimezone(UTC).isoformat(),
        "result": result,
        "centre": centre[:200],
    }


def _person(account: Account, person: Person) -> Actor:
    return Actor(kind="applicant", role="applicant", account=account.pk, party=person.pk)


# -- the register of tests

RESULTS = {"阴性": "negative", "negative": "negative", "阳性": "positive", "positive": "positive"}


@dataclass(frozen=True)
class Heard:
    """What came of asking the register: `outcome` is found, not_found, refused, unavailable or no_consent."""

    outcome: str


def consent_wanted(person: Person) -> Grant | None:
    """The grant the person would have to agree to; None when they have, or when this district does not share the register."""
    return next((grant for grant in consenting.needed(ERRAND, person)), None)


def share_register() -> None:
    """This district lets the register of tests be asked, of whoever agrees. Twice changes nothing."""
    registers.load_grants(ERRAND, form=[{"prefill": f"{REGISTER}.{name}"} for name in FIELDS], ground=GROUND)


def consent_words(grant: Grant) -> dict[str, str]:
    return consenting.words(grant, ERRAND_NAME, AGREEMENT)


def agree(grant: Grant, *, person: Person, account: Account) -> None:
    """The person agrees to exactly these words."""
    consenting.give(grant, party=person, account=account, matter_name=ERRAND_NAME, text=AGREEMENT)


def register_shared() -> bool:
    """Whether this district lets the register of tests be asked at all."""
    return Grant.objects.filter(matter=ERRAND, resource__slug=REGISTER).exists()


def ask_register(person: Person, *, account: Account, now: datetime | None = None) -> Heard:
    """Ask for the latest test of this person, with their consent, and keep what is said for thirty days. Outside of transactions."""
    now = now or timezone.now()
    if consent_wanted(person) is not None:
        forget_register(person)
    answer = registers.read(
        REGISTER,
        of=person,
        matter=ERRAND,
        about=f"party:{person.pk}",
        purpose="prefill",
        fields=FIELDS,
        actor=_person(account, person),
    )
    if answer is None:
        return Heard(registers.last_outcome(REGISTER, of=person, matter=ERRAND) or "unavailable")
    sampled = _sampled(answer, now)
    if sampled is None:
        return Heard("not_found")
    facts = _test_facts("", sampled, RESULTS.get(str(answer.get("result", "")).strip().lower(), "unknown"), "")
    with transaction.atomic():
        KnownTest.objects.update_or_create(
            person=person, source=KnownTest.Source.REGISTER, defaults={"facts": facts, "known_at": now}
        )
    return Heard("found")


def forget_register(person: Person) -> None:
    """What the register said goes when the consent it rests on is gone."""
    KnownTest.objects.filter(person=person, source=KnownTest.Source.REGISTER).delete()


def consent_revoked(consent: int) -> None:
    """Taken back: if it was the one for tests, what the register said is deleted."""
    row = Consent.objects.filter(pk=consent, matter=ERRAND, resource__slug=REGISTER, revoked_at__isnull=False).first()
    if row is not None:
        KnownTest.objects.filter(person=row.of_party_id, source=KnownTest.Source.REGISTER).delete()


def _sampled(answer: registers.Answer, now: datetime) -> datetime | None:
    """The register says a day, and where it knows the hour how many hours ago it was."""
    hours = answer.get("hours_old")
    if isinstance(hours, int | float) and not isinstance(hours, bool) and 0 <= hours <= 24 * 365:
        return now - timedelta(hours=hours)
    try:
        day = datetime.fromisoformat(str(answer.get("sampled_at", "")))
    except ValueError:
        return None
    return day if day.tzinfo else timezone.make_aware(day)
