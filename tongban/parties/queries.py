"""Who people are and whom they may act for, from somebody's eyes."""

import json
from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet

from tongban.parties import rules
from tongban.parties.models import Account, Company, Membership, Objection, Party, Person, Proofing


def _current(today: date) -> Q:
    return Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today))


def memberships_of(person: Person, today: date) -> QuerySet[Membership]:
    """The companies this person may act for today, the one longest served first."""
    return person.memberships.filter(_current(today)).select_related("company").order_by("since", "pk")


def members_of(company: Company, today: date) -> QuerySet[Membership]:
    """Who may act for this company today."""
    return company.memberships.filter(_current(today)).select_related("person").order_by("role", "since", "pk")


def spaces_of(account: Account, today: date) -> list[Party]:
    """The person, then the companies of the memberships that hold today. Nobody proved: no space yet."""
    person = account.person
    if person is None:
        return []
    return [person, *(membership.company for membership in memberships_of(person, today))]


def may_act_for(account: Account, party: Party, today: date) -> bool:
    """Asked at every step, so that a membership that ended a second ago opens nothing any more."""
    if account.person_id is None or not account.is_active:
        return False
    if party.pk == account.person_id:
        return True
    return Membership.objects.filter(_current(today), person_id=account.person_id, company_id=party.pk).exists()


def may_name_members(account: Account, company: Company, today: date) -> bool:
    """Only the legal representative names others: whoever was named by him cannot pass it on."""
    return (
        account.person_id is not None
        and Membership.objects.filter(
            _current(today),
            person_id=account.person_id,
            company=company,
            role=Membership.Role.LEGAL_REPRESENTATIVE,
        ).exists()
    )


def person_by_number(id_kind: str, id_no: str) -> Person | None:
    """The one record of whoever carries this document."""
    checked = rules.check_number(id_kind, id_no)
    if not checked.valid:
        return None
    return Person.objects.filter(id_index=rules.index_of(rules.kind(id_kind), checked)).first()


def account_by_login(login: str) -> Account | None:
    return Account.objects.filter(login=rules.login(login)).select_related("person").first()


def names_of(accounts: Iterable[int]) -> dict[int, str]:
    """{account: name of its person}, in the language of the page."""
    rows = Account.objects.filter(pk__in=list(accounts), person__isnull=False).select_related("person")
    return {row.pk: row.person.shown_name for row in rows}


def proofings_waiting() -> QuerySet[Proofing]:
    """What a person has to look at, oldest first: nobody has decided it yet."""
    return Proofing.objects.filter(outcome=Proofing.Outcome.BY_HAND).select_related("account").order_by("at", "pk")


def claim_of(proofing: Proofing) -> dict[str, str]:
    """What somebody said of himself, as long as a person still has to compare it."""
    return json.loads(proofing.claimed) if proofing.claimed else {}


def proofings_of(account: Account) -> QuerySet[Proofing]:
    return account.proofings.order_by("-at", "-pk")


def company_of(party: Party) -> Company | None:
    return Company.objects.filter(pk=party.pk).first()


def objects_to(account: Account, processing: str) -> bool:
    return Objection.objects.filter(account=account, processing=processing).exists()
