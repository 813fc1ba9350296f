"""Closing an account: what only served it is erased at once, what the law keeps is named with its ground and its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case, CaseMaterial, DeletedDraft
from tongban.cases.states import ENDED, CaseState
from tongban.codes.models import IdentityCode
from tongban.departments import queries as departments
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed, worded
from tongban.materials import services as documents
from tongban.materials.models import Document, IdentityPicture
from tongban.materials.states import DocumentState
from tongban.notices.models import CallBack, Message, Preference
from tongban.parties import events as party_events
from tongban.parties import rules as party_rules
from tongban.parties.models import Account, Membership, Objection, Party, Person
from tongban.registers.models import Dispute
from tongban.registers.states import RUNNING
from tongban.rights import holdings
from tongban.rights.models import Erasure, Export, Review


@dataclass(frozen=True)
class Stays:
    """One kind of thing that is kept after an account is closed: how many, on which ground, how long."""

    what: Any
    count: int
    basis: Any
    retention: Any


KEPT = ("cases.Case", "licences.Licence", "registers.Call", "registers.Dispute", "evaluations.Rating", "journal.ReadEntry", "journal.Event")  # fmt: skip
NAMES = {
    "cases.Case": _("Applications that were sent, with their papers and decisions"),
    "licences.Licence": _("Licences"),
    "registers.Call": _("Readings of registers"),
    "registers.Dispute": _("Disputes about registers"),
    "evaluations.Rating": _("Ratings, without a name unless you gave it"),
    "journal.ReadEntry": _("Who read my data"),
    "journal.Event": _("The record of official acts"),
}


def reasons_against(account: Account) -> list:
    """Why this account cannot be closed now, each with what helps."""
    reasons = []
    if departments.officer_of(account) is not None:
        reasons.append(_("This account belongs to an officer: whoever employs them ends it."))
    running = _running(account).count()
    if running:
        reasons.append(
            worded(
                _("%(number)s of your applications are not finished. Wait for their end, or withdraw them first."),
                number=running,
            )
        )
    if Dispute.objects.filter(account=account, state__in=RUNNING).exists():
        reasons.append(_("A value that you disputed is being checked. Wait for the answer, or take it back first."))
    if Review.objects.filter(account=account, state="open").exists():
        reasons.append(_("A person is looking at a decision for you. Wait for the answer first."))
    return reasons


def left_alone(account: Account) -> list[Party]:
    """Companies for which nobody else could act online afterwards."""
    if account.person_id is None:
        return []
    today = timezone.localdate()
    current = Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today))
    mine = Membership.objects.filter(current, person_id=account.person_id).select_related("company")
    return [
        one.company
        for one in mine
        if not Membership.objects.filter(current, company=one.company, person__account__isnull=False)
        .exclude(person_id=account.person_id)
        .exists()
    ]


def what_stays(account: Account) -> list[Stays]:
    listed = holdings.rows()
    tables = {model._meta.label: (model, row) for model, row in holdings.tables()}
    found = []
    for label in KEPT:
        model, row = tables[label]
        rows = holdings.own_rows(model, row, account=account, party=account.person)
        if label == "cases.Case":
            rows = rows.exclude(state=CaseState.DRAFT)
        if count := rows.values("pk")[: holdings.MANY].count():
            found.append(Stays(NAMES[label], count, listed[label].basis, listed[label].retention))
    return found


@transaction.atomic
def close(account: Account, *, now: datetime | None = None) -> None:
    """Close it: nobody can sign in any more, and what only served the account is gone. A second time does nothing.

    Its drafts are locked first: one that is being sent at this moment is either sent before, and then the account stays open, or
    is gone. Raises NotAllowed with every reason against it.
    """
    now = now or timezone.now()
    account = Account.objects.select_for_update(of=("self",)).select_related("person").get(pk=account.pk)
    if account.closed_at is not None:
        return
    drafts = Case.objects.select_for_update().filter(account=account, state=CaseState.DRAFT)
    list(drafts.values_list("pk", flat=True))
    if reasons := reasons_against(account):
        raise NotAllowed(
            "account-needed", reasons[0], kept=_("Nothing was changed."), next_step=" ".join(map(str, reasons[1:]))
        )
    person = account.person
    _erase_papers(account, drafts)
    _gone("cases.Case", drafts.delete()[1].get("cases.Case", 0), now)
    deleted = Q(account=account) if person is None else Q(account=account) | Q(applicant=person.pk)
    _gone("cases.DeletedDraft", DeletedDraft.objects.filter(deleted).delete()[0], now)
    shown = Q(party=account.person_id) | Q(shown_by=account.person_id)
    for label, rows in {
        "codes.IdentityCode": IdentityCode.objects.none() if person is None else IdentityCode.objects.filter(shown),
        "notices.Message": Message.objects.filter(account=account),
        "notices.Preference": Preference.objects.filter(account=account),
        "notices.CallBack": CallBack.objects.filter(account=account),
        "parties.Objection": Objection.objects.filter(account=account),
        "materials.IdentityPicture": IdentityPicture.objects.filter(proofing__account=account),
        "parties.Proofing": account.proofings.all(),
        "account.EmailAddress": EmailAddress.objects.filter(user=account),
        "mfa.Authenticator": Authenticator.objects.filter(user=account),
        "rights.Export": Export.objects.filter(account=account),
    }.items():
        _gone(label, rows.delete()[1].get(label, 0), now)
    sessions = list(UserSession.objects.filter(user=account).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=sessions).delete()
    _gone("usersessions.UserSession", UserSession.objects.filter(user=account).delete()[0], now)
    journal.record(
        party_events.AccountClosed(account=account.pk),
        subject=f"account:{account.pk}",
        actor=Actor(kind="applicant", role="applicant", account=account.pk, party=account.person_id),
    )
    account.login, account.email = f"closed-{account.pk}", ""
    account.person, account.level, account.is_active, account.closed_at = None, party_rules.REGISTERED, False, now
    account.set_unusable_password()
    account.save()
    if person is not None:
        _erase_person(person, now)


def _running(account: Account):
    """Sent and not ended: of the person, and what this account sent for companies."""
    mine = Q(account=account) if account.person_id is None else Q(account=account) | Q(applicant_id=account.person_id)
    return Case.objects.filter(mine).exclude(state__in=[*ENDED, CaseState.DRAFT])


def _erase_papers(account: Account, drafts) -> None:
    """Papers of the person that no application that was sent rests on."""
    CaseMaterial.objects.filter(case__in=drafts).delete()
    if account.person_id is None:
        return
    in_use = CaseMaterial.objects.filter(document__isnull=False).values("document")
    enclosed = Dispute.objects.filter(of_party_id=account.person_id, paper__isnull=False).values("paper")
    for document in (
        Document.objects.filter(owner_id=account.person_id, state=DocumentState.KEPT)
        .exclude(pk__in=in_use)
        .exclude(key__in=enclosed)
    ):
        documents.remove(document, by=account)
        Document.objects.filter(pk=document.pk).update(name="")


def _erase_person(person: Person, now: datetime) -> None:
    """The record of a person on whom nothing rests is erased; else how to reach them is, and the rest stays with what rests on it."""
    try:
        with transaction.atomic():
            Document.objects.filter(owner=person, state=DocumentState.REMOVED).delete()
            person.delete()
    except ProtectedError:
        Person.objects.filter(pk=person.pk).update(mobile="", mobile_index="")
        Party.objects.filter(pk=person.pk).update(address="", bank_account="", updated_at=now)
    else:
        _gone("parties.Person", 1, now)


def _gone(table: str, rows: int, now: datetime) -> None:
    if rows:
        Erasure.objects.create(table=table, rows=rows, why=Erasure.Why.CLOSED, at=now)
