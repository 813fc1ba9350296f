"""Who people are and whom they may act for, from somebody's eyes."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from tongban.parties import proofing_words, rules
from tongban.parties.kin_states import KinState
from tongban.parties.models import (
    Account,
    Company,
    Deed,
    Kinship,
    Mandate,
    Membership,
    Objection,
    Party,
    Person,
    Proofing,
)
from tongban.parties.powers import (
    Power,
    accounts_for,
    accounts_of_many,
    all_of,
    company_of,
    conflicts_of,
    decides_for,
    identities,
    leading,
    may_act_for,
    over,
    own_accounts,
    parties_in,
    receivers_of,
    records_of,
    spaces_of,
)
from tongban.parties.powers import of as powers_of
from tongban.parties.states import MandateState

__all__ = ["Power", "accounts_for", "accounts_of_many", "all_of", "company_of", "conflicts_of", "decides_for", "identities", "leading", "may_act_for", "over", "own_accounts", "parties_in", "records_of", "powers_of", "receivers_of", "spaces_of"]  # fmt: skip


def _current(today: date) -> Q:
    return Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today))


def memberships_of(person: Person, today: date) -> QuerySet[Membership]:
    """The companies this person may act for today, the one longest served first."""
    return person.memberships.filter(_current(today)).select_related("company").order_by("since", "pk")


def members_of(company: Company, today: date) -> QuerySet[Membership]:
    """Who may act for this company today."""
    return company.memberships.filter(_current(today)).select_related("person").order_by("role", "since", "pk")


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


def died_on(party: Party) -> date | None:
    """The day a person died, as any of their records says; of the living and of companies none."""
    if party.kind != Party.Kind.PERSON:
        return None
    leading = Person.objects.filter(pk=party.pk, same_as__isnull=False).values("same_as")
    rows = Person.objects.filter(Q(pk=party.pk) | Q(same_as__in=leading), died_on__isnull=False)
    return rows.order_by("died_on").values_list("died_on", flat=True).first()


def names_of(accounts: Iterable[int]) -> dict[int, str]:
    """{account: name of its person}, in the language of the page."""
    rows = Account.objects.filter(pk__in=list(accounts), person__isnull=False).select_related("person")
    return {row.pk: row.person.shown_name for row in rows}


def proofings_waiting() -> QuerySet[Proofing]:
    """What a person has to look at, what was sent first (or handed in first) first: nobody has decided it yet."""
    return (
        Proofing.objects.filter(outcome=Proofing.Outcome.BY_HAND)
        .select_related("account")
        .order_by(Coalesce("sent_at", "at"), "pk")
    )


def open_proofing_of(account: Account) -> Proofing | None:
    """The one that waits for an officer, or for the applicant to send something again."""
    return account.proofings.filter(outcome__in=Proofing.OPEN).order_by("-at", "-pk").first()


def refused_proofing_of(account: Account) -> Proofing | None:
    """The last one, when an officer said no and why, and nothing was tried since."""
    last = proofings_of(account).first()
    return last if last is not None and last.outcome == Proofing.Outcome.NOT_MATCHING and last.remarks else None


def topic_of(proofing: Proofing) -> str:
    return f"proofing:{proofing.pk}"


def remarks_of(proofing: Proofing) -> dict[str, Any]:
    """{why: sentences, words} of the officer; both empty when nothing was said."""
    said = json.loads(proofing.remarks) if proofing.remarks else {}
    known = proofing_words.WRONG | proofing_words.REFUSED
    return {"why": [known[code] for code in said.get("why", ()) if code in known], "words": said.get("words", "")}


def others_with_number(proofing: Proofing, *numbers: str) -> list[Account]:
    """Other accounts behind which stands, or that claimed, this number. For officers' eyes alone."""
    indexes = {index for index in (proofing.number_index, *numbers) if index}
    if not indexes:
        return []
    claimed = Proofing.objects.filter(number_index__in=indexes).exclude(account=proofing.account_id)
    return list(
        Account.objects.filter(Q(person__id_index__in=indexes) | Q(pk__in=claimed.values("account")), is_active=True)
        .exclude(pk=proofing.account_id)
        .order_by("pk")[:10]
    )


def claim_of(proofing: Proofing) -> dict[str, str]:
    """What somebody said of himself, as long as a person still has to compare it."""
    return json.loads(proofing.claimed) if proofing.claimed else {}


def proofings_of(account: Account) -> QuerySet[Proofing]:
    return account.proofings.order_by("-at", "-pk")


def objects_to(account: Account, processing: str) -> bool:
    return Objection.objects.filter(account=account, processing=processing).exists()


# -- mandates, families, and what was done for somebody


def mandates_given(party: Party, limit: int = 50) -> list[Mandate]:
    """By whom this party lets itself be represented: what waits for an answer first, then what is in force, then what is over."""
    rows = (
        Mandate.objects.filter(principal=party).select_related("agent", "under", "under__agent").order_by("-id")[:limit]
    )
    return _waiting_first(rows)


def mandates_asked(party: Party, account: Account, today: date) -> list[Mandate]:
    """Who waits for this account's yes or no."""
    if not decides_for(account, party, today):
        return []
    rows = Mandate.objects.filter(principal=party, state=MandateState.ASKED, until__gte=today)
    return list(rows.select_related("agent").order_by("-id")[:20])


def mandates_held(person: Person, limit: int = 50) -> list[Mandate]:
    """For whom this person acts or wants to act. What was asked for by details alone shows only once the principal said yes: else it
    would say who is here."""
    rows = (
        Mandate.objects.filter(agent=person)
        .exclude(how=Mandate.Asked.DETAILS, state__in=[MandateState.ASKED, MandateState.DECLINED])
        .exclude(how=Mandate.Asked.DETAILS, state=MandateState.ENDED, granted_at__isnull=True)
    )
    return _waiting_first(rows.select_related("principal", "under").order_by("-id")[:limit])


def _waiting_first(rows: Iterable[Mandate]) -> list[Mandate]:
    places = {MandateState.ASKED: 0, MandateState.GRANTED: 1}
    return sorted(rows, key=lambda row: (places.get(MandateState(row.state), 2), -row.pk))


def mandate_seen_by(account: Account, ref: str, today: date) -> tuple[Mandate, str] | None:
    """The mandate and as whom this account sees it: principal or agent. For everybody else there is none."""
    row = Mandate.objects.select_related("principal", "agent", "under", "under__agent").filter(ref=ref).first()
    if row is None or account.person_id is None:
        return None
    if decides_for(account, row.principal, today):
        return row, "principal"
    if row.agent is not None and row.agent_id == account.person_id and row in mandates_held(row.agent, limit=500):
        return row, "agent"
    if row.under is not None and row.under.agent_id == account.person_id:
        return row, "passed_on"
    return None


def bonds_of(person: Person) -> list[Kinship]:
    """Children and wards of this person, and who is parent or guardian of theirs; the newest first."""
    rows = Kinship.objects.filter(Q(person=person) | Q(relative=person)).select_related("person", "relative")
    return list(rows.order_by("-id")[:50])


def bond_by_ref(person: Person, ref: str) -> Kinship | None:
    return (
        Kinship.objects.filter(Q(person=person) | Q(relative=person), ref=ref)
        .select_related("person", "relative")
        .first()
    )


def claims_waiting(limit: int = 50) -> list[Kinship]:
    """Guardianships that a person has to look at, oldest first: claimed, or objected to by the ward."""
    rows = Kinship.objects.filter(state__in=[KinState.CLAIMED, KinState.OBJECTED])
    return list(rows.select_related("person", "relative").order_by("asked_at", "pk")[:limit])


def deeds_for(
    party: Party, *, before: int | None = None, limit: int = 25, mandate: Mandate | None = None
) -> tuple[list[Deed], int | None]:
    """What others did for this party, newest first, and where to go on."""
    rows = Deed.objects.filter(principal=party).select_related("agent", "mandate", "kinship").order_by("-id")
    if mandate is not None:
        rows = rows.filter(mandate=mandate)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None
