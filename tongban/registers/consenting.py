"""Consent: asked for only where no law lets a register be read, to plain words of a version, and taken back at any time."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.parties.models import Account, Party
from tongban.registers import events
from tongban.registers.models import Consent, Grant

TEXT_VERSION = "2026-11"
TEXT = {
    "zh": "我同意本次及以后办理“%(matter)s”时，从“%(resource)s”读取我的有关信息，仅用于自动填写表单。这类信息属于敏感个人信息；不同意也可以自己填写，办理不受影响；同意后可随时在“我的数据”中撤回。",
    "en": "I agree that, for “%(matter)s” now and later, my data is read from “%(resource)s”, only to fill in the form for me. It is "
    "sensitive data. Without my agreement I fill it in myself, and nothing else changes. I can take it back at any time under “My data”.",
}


def needed(matter: str, party: Party) -> list[Grant]:
    """What this matter could fill in from sensitive registers if the party agreed, and has not yet."""
    grants = [grant for grant in Grant.objects.select_related("resource").filter(matter=matter) if grant.needs_consent]
    held = set(in_force(party).filter(matter=matter, purpose="prefill").values_list("resource_id", flat=True))
    return [grant for grant in grants if grant.resource_id not in held]


def in_force(party: Party) -> QuerySet[Consent]:
    return Consent.objects.select_related("resource").filter(of_party=party, revoked_at__isnull=True).order_by("-id")


def consents_of(party: Party) -> QuerySet[Consent]:
    return Consent.objects.select_related("resource").filter(of_party=party).order_by("-id")


def words(grant: Grant, matter_name: dict, text: dict[str, str] = TEXT) -> dict[str, str]:
    """The sentence somebody agrees to, in both languages; an errand that is no form brings its own."""
    return {
        code: text[code]
        % {"matter": matter_name.get(code, grant.matter), "resource": grant.resource.name.get(code, "")}
        for code in ("zh", "en")
    }


@transaction.atomic
def give(
    grant: Grant,
    *,
    party: Party,
    account: Account,
    matter_name: dict,
    text: dict[str, str] = TEXT,
    now: datetime | None = None,
) -> Consent:
    """Keep that the party agreed to exactly these words. A second time answers the consent in force."""
    known = {"of_party": party, "resource": grant.resource, "matter": grant.matter, "purpose": grant.purpose}
    found = Consent.objects.filter(**known, revoked_at__isnull=True).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            row = Consent.objects.create(
                **known,
                account=account,
                text_version=TEXT_VERSION,
                text=words(grant, matter_name, text),
                given_at=now or timezone.now(),
            )
    except IntegrityError:  # another hand was faster
        return Consent.objects.get(**known, revoked_at__isnull=True)
    journal.record(events.ConsentGiven(consent=row.pk), subject=f"party:{party.pk}", actor=_actor(account, party))
    return row


@transaction.atomic
def revoke(consent: Consent, *, account: Account, now: datetime | None = None) -> Consent:
    """From now on the register is not read for this. What was read before stays where it was used. Twice does nothing."""
    now = now or timezone.now()
    if Consent.objects.filter(pk=consent.pk, revoked_at__isnull=True).update(revoked_at=now):
        journal.record(
            events.ConsentRevoked(consent=consent.pk),
            subject=f"party:{consent.of_party_id}",
            actor=_actor(account, consent.of_party),
        )
    consent.refresh_from_db()
    return consent


def _actor(account: Account, party: Party) -> Actor:
    return Actor(kind="applicant", role="applicant", account=account.pk, party=party.pk)
