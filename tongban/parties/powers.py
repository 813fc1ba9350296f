"""By what one person may act for a party: itself, its company, its child or ward, or a mandate; and how far that reaches.

`may_act_for` is the one question. It is asked at every step, reads the rows as they are at that moment, and `hold` keeps them as they
are until the act is done: whoever takes a mandate back waits for an act that has begun, and every later one finds it taken back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import BigIntegerField, DateField, Q, QuerySet

from tongban.lib.composed import composed
from tongban.parties import rules
from tongban.parties.kin_states import KinState
from tongban.parties.models import Account, Company, Kinship, Mandate, Membership, Party, Person
from tongban.parties.states import Act, MandateState

EVERYTHING: frozenset[str] = frozenset(Act.values)
SELF, RECORD, REPRESENTATIVE, PARENT, GUARDIAN, CLERK, MANDATE = (
    "self", "record", "representative", "parent", "guardian", "clerk", "mandate",
)  # fmt: skip
STRONGEST_FIRST = (SELF, RECORD, REPRESENTATIVE, PARENT, GUARDIAN, CLERK, MANDATE)


@dataclass(frozen=True)
class Power:
    """`full`: as the party itself, also where no matter and no act is named. A mandate never is, however wide."""

    by: str
    party: Party
    acts: frozenset[str] = EVERYTHING
    matters: frozenset[str] | None = None
    since: date | None = None
    until: date | None = None
    amount_at_most: int | None = None
    sendings_left: int | None = None
    membership: int | None = None
    kinship: int | None = None
    mandate: int | None = None

    @property
    def full(self) -> bool:
        return self.by != MANDATE and self.matters is None and self.acts == EVERYTHING

    @property
    def own(self) -> bool:
        """The party's own hand: nobody has to be told what it did."""
        return self.by in {SELF, RECORD, REPRESENTATIVE}

    def allows(self, act: str | None = None, matter: str | None = None, amount: int | None = None) -> bool:
        if matter is not None and self.matters is not None and matter not in self.matters:
            return False
        if act is None:
            return True
        if act not in self.acts:
            return False
        if act == Act.SUBMIT and self.sendings_left == 0:
            return False
        return amount is None or self.amount_at_most is None or amount <= self.amount_at_most


def current(today: date) -> Q:
    return Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today))


def mandates_in_force(today: date) -> QuerySet[Mandate]:
    """Granted, within their days, and where one was passed on, the one above it in force too; of the living."""
    above = Q(under__isnull=True) | Q(
        under__state=MandateState.GRANTED, under__since__lte=today, under__until__gte=today
    )
    return Mandate.objects.filter(
        above,
        state=MandateState.GRANTED,
        since__lte=today,
        until__gte=today,
        agent__isnull=False,
        agent__died_on__isnull=True,
        principal__person__died_on__isnull=True,
    )


def bonds_in_force(today: date) -> QuerySet[Kinship]:
    """Confirmed and not ended; whether a child is still a minor on this day is for `rules.is_minor`."""
    return Kinship.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today),
        state=KinState.CONFIRMED,
        person__died_on__isnull=True,
        relative__died_on__isnull=True,
    )


def records_of(person: Person, *, held: bool = False) -> list[Person]:
    """The other records of the same person, which two officers have joined (`sameness`); for nearly everybody none, and nothing is asked."""
    if person.same_as_id is None:
        return []
    rows = Person.objects.filter(same_as=person.same_as_id).exclude(pk=person.pk).order_by("pk")
    # held: whoever takes them apart waits for an act that has begun
    return list(rows.select_for_update(of=("self",)) if held else rows)


def identities(party: Party | int) -> list[int]:
    """The keys of all records that are this party, itself first."""
    key = party if isinstance(party, int) else party.pk
    if isinstance(party, Party) and party.kind != Party.Kind.PERSON:
        return [key]
    if isinstance(party, Person) and party.same_as_id is None:
        return [key]
    leads = Person.objects.filter(pk=key, same_as__isnull=False).values("same_as")
    return [key, *Person.objects.filter(same_as__in=leads).exclude(pk=key).order_by("pk").values_list("pk", flat=True)]


def leading(party: Party) -> Party:
    """The record that new things are begun under, where this party has several."""
    if party.kind != Party.Kind.PERSON:
        return party
    row = (
        Person.objects.filter(pk=party.pk, same_as__isnull=False)
        .exclude(same_as=party.pk)
        .select_related("same_as")
        .first()
    )
    return row.same_as if row is not None and row.same_as is not None else party


def of(person: Person, today: date, *, over: Party | int | None = None, held: bool = False) -> list[Power]:
    """All powers of this person today, or those over one party. `held`: the rows stay as they are until the transaction ends."""
    if person.died_on is not None:
        return []
    key = over.pk if isinstance(over, Party) else over
    records = records_of(person, held=held)
    if any(one.died_on is not None for one in records):
        return []
    keys = [person.pk, *(one.pk for one in records)]
    rows = _rows(today, keys, key)
    locked = held and connection.features.has_select_for_update  # on SQLite the act holds the whole database
    if locked and _hold(*rows):  # read once more: what changed until they were held is seen, and nothing changes after
        rows = _rows(today, keys, key)
    memberships, bonds, mandates = rows
    found = [Power(SELF, person)] if key in {None, person.pk} else []
    found += [Power(RECORD, one) for one in records if key in {None, one.pk}]
    found += [_of_member(one) for one in memberships]
    for bond in bonds:
        if bond.kind == Kinship.Kind.WARD:
            found.append(Power(GUARDIAN, bond.person, until=bond.until, kinship=bond.pk))
        elif rules.is_minor(bond.person.birth_date, today):
            last = date.fromordinal(rules.comes_of_age(bond.person.birth_date).toordinal() - 1)
            found.append(Power(PARENT, bond.person, until=last, kinship=bond.pk))
    return found + [_of_mandate(one) for one in mandates]


def _among(field: str, keys: list[int]) -> dict[str, int | list[int]]:
    """One record for nearly everybody: the index takes `=`."""
    return {field: keys[0]} if len(keys) == 1 else {f"{field}__in": keys}


def _membership_rows(today: date, keys: list[int], over: int | None) -> QuerySet[Membership]:
    rows = Membership.objects.filter(current(today), **_among("person_id", keys)).select_related("company")
    return (rows if over is None else rows.filter(company_id=over)).order_by("since", "pk")


def _bond_rows(today: date, keys: list[int], over: int | None) -> QuerySet[Kinship]:
    rows = bonds_in_force(today).filter(**_among("relative_id", keys)).select_related("person")
    return (rows if over is None else rows.filter(person_id=over)).order_by("pk")


def _mandate_rows(today: date, keys: list[int], over: int | None) -> QuerySet[Mandate]:
    rows = mandates_in_force(today).filter(**_among("agent_id", keys)).select_related("principal", "under")
    return (rows if over is None else rows.filter(principal_id=over)).order_by("pk")


_one = composed(today=DateField(), person=BigIntegerField(), over=BigIntegerField())
_memberships = _one(lambda today, person, over=None: _membership_rows(today, [person], over))
_bonds = _one(lambda today, person, over=None: _bond_rows(today, [person], over))
_mandates = _one(lambda today, person, over=None: _mandate_rows(today, [person], over))


def _rows(today: date, keys: list[int], over: int | None) -> tuple[list[Membership], list[Kinship], list[Mandate]]:
    if len(keys) > 1:
        asked = _membership_rows(today, keys, over), _bond_rows(today, keys, over), _mandate_rows(today, keys, over)
        return list(asked[0]), list(asked[1]), list(asked[2])
    given = {"today": today, "person": keys[0], **({} if over is None else {"over": over})}
    return _memberships(**given), _bonds(**given), _mandates(**given)  # of every page: composed once


def _hold(memberships: list[Membership], bonds: list[Kinship], mandates: list[Mandate]) -> bool:
    """Rows are taken in the order of their numbers, a mandate that was passed on after the one above it: nobody waits in a ring.
    False where there is nothing to hold: whoever acts for themselves."""
    above = {row.under_id for row in mandates if row.under_id is not None}
    for model, keys in (
        (Membership, {row.pk for row in memberships}),
        (Kinship, {row.pk for row in bonds}),
        (Mandate, {row.pk for row in mandates} | above),
    ):
        if keys:
            list(model._default_manager.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    return bool(memberships or bonds or mandates)


def _of_member(row: Membership) -> Power:
    if row.role == Membership.Role.LEGAL_REPRESENTATIVE:
        return Power(REPRESENTATIVE, row.company, since=row.since, until=row.until, membership=row.pk)
    rights = row.rights or {"acts": Act.values, "matters": None}
    matters = rights.get("matters")
    return Power(
        CLERK,
        row.company,
        acts=frozenset(rights.get("acts") or ()),
        matters=None if matters is None else frozenset(matters),
        since=row.since,
        until=row.until,
        membership=row.pk,
    )


def _of_mandate(row: Mandate) -> Power:
    limits = [row] if row.under is None else [row, row.under]
    left = [max(one.cases_at_most - one.cases_sent, 0) for one in limits if one.cases_at_most is not None]
    return Power(
        MANDATE,
        row.principal,
        acts=frozenset(row.acts),
        matters=None if row.matters is None else frozenset(row.matters),
        since=row.since,
        until=row.until,
        amount_at_most=row.amount_at_most,
        sendings_left=min(left) if left else None,
        mandate=row.pk,
    )


def over(account: Account, party: Party | int, today: date, *, held: bool = False) -> list[Power]:
    """What this account has over the party today, the strongest first; nothing for an account that was closed."""
    if account.person_id is None or not account.is_active or account.person is None:
        return []
    found = of(account.person, today, over=party, held=held)
    return sorted(found, key=lambda power: STRONGEST_FIRST.index(power.by))


def all_of(account: Account, today: date) -> list[Power]:
    if account.person_id is None or not account.is_active:
        return []
    if not Account._meta.get_field("person").is_cached(account):
        account.person = next(iter(_person(key=account.person_id)), None)
    return [] if account.person is None else of(account.person, today)


@composed(key=BigIntegerField())
def _person(key):
    return Person.objects.filter(pk=key)


def spaces_of(account: Account, today: date) -> list[Party]:
    """The person, then whom it may act for today: companies, children and wards, principals. Nobody proved: no space yet."""
    return parties_in(all_of(account, today))


def parties_in(powers: Iterable[Power]) -> list[Party]:
    return list({power.party.pk: power.party for power in powers}.values())


def may_act_for(
    account: Account,
    party: Party,
    today: date,
    matter: str | None = None,
    act: str | None = None,
    *,
    amount: int | None = None,
) -> bool:
    """Asked at every step, so that a power that ended a second ago opens nothing any more.

    Without a matter or an act: whether the account may stand in the party's space at all. `amount` in yuan is for paying.
    """
    return any(power.allows(act, matter, amount) for power in over(account, party, today))


def accounts_for(party: Party, today: date, matter: str | None = None) -> list[Account]:
    """Whom to tell what concerns the party: its own account or representative, parents and guardians, clerks with all rights; of a
    matter also those clerks and agents who may see it or receive its result."""
    people: dict[int, Person] = {}
    if party.kind == Party.Kind.PERSON:
        own = Person.objects.filter(pk=party.pk).first()
        if own is not None and own.died_on is None:
            people |= {one.pk: one for one in (own, *records_of(own))}
        for bond in bonds_in_force(today).filter(person_id=party.pk).select_related("person", "relative"):
            if bond.kind == Kinship.Kind.WARD or rules.is_minor(bond.person.birth_date, today):
                people[bond.relative_id] = bond.relative
    else:
        for row in Membership.objects.filter(current(today), company_id=party.pk).select_related("person", "company"):
            power = _of_member(row)
            if power.full or matter is not None and _hears(power, matter):
                people[row.person_id] = row.person
    if matter is not None:
        mandates = mandates_in_force(today).filter(principal_id=party.pk).select_related("agent", "principal", "under")
        for one in mandates:
            if one.agent is not None and _hears(_of_mandate(one), matter):
                people[one.agent.pk] = one.agent
    return list(Account.objects.filter(is_active=True, person__in=list(people)).select_related("person").order_by("pk"))


def accounts_of_many(keys: Iterable[int], today: date) -> dict[int, list[Account]]:
    """Whom to tell for each of these parties, as `accounts_for` without a matter: the same five questions for one and for a hundred,
    six where records were joined."""
    wanted = set(keys)
    people: dict[int, set[int]] = {}
    heads: dict[int, list[int]] = {}
    for pk, head in Person.objects.filter(pk__in=wanted, died_on__isnull=True).values_list("pk", "same_as"):
        people[pk] = {pk}
        if head is not None:
            heads.setdefault(head, []).append(pk)
    if heads:  # joined records: whoever is one of them is told of all of them
        for other, head in Person.objects.filter(same_as__in=heads).values_list("pk", "same_as"):
            for pk in heads[head or 0]:
                people[pk].add(other)
    for bond in bonds_in_force(today).filter(person_id__in=wanted).select_related("person"):
        if bond.kind == Kinship.Kind.WARD or rules.is_minor(bond.person.birth_date, today):
            people.setdefault(bond.person_id, set()).add(bond.relative_id)
    for row in Membership.objects.filter(current(today), company_id__in=wanted).select_related("person", "company"):
        if _of_member(row).full:
            people.setdefault(row.company_id, set()).add(row.person_id)
    everybody = {one for held in people.values() for one in held}
    accounts: dict[int, list[Account]] = {}
    for account in Account.objects.filter(is_active=True, person__in=everybody).select_related("person").order_by("pk"):
        accounts.setdefault(account.person_id or 0, []).append(account)
    return {
        party: [account for one in sorted(held) for account in accounts.get(one, [])] for party, held in people.items()
    }


def _hears(power: Power, matter: str) -> bool:
    return power.allows(Act.SEE, matter) or power.allows(Act.RECEIVE, matter)


def receivers_of(party: Party, matters: Iterable[str], today: date) -> list[Person]:
    """Who may stand at a window and take results in all these matters: the person first, or whoever may for the company; parents,
    guardians, agents. Whether they still may is asked again when they do."""
    people = {party.pk: Person.objects.filter(pk=party.pk).first()} if party.kind == Party.Kind.PERSON else {}
    rows = Membership.objects.filter(current(today), company_id=party.pk).select_related("person").order_by("pk")
    people |= {row.person_id: row.person for row in rows}
    bonds = bonds_in_force(today).filter(person_id=party.pk).select_related("relative").order_by("pk")
    people |= {bond.relative_id: bond.relative for bond in bonds}
    found = mandates_in_force(today).filter(principal_id=party.pk).select_related("agent").order_by("pk")
    people |= {one.agent.pk: one.agent for one in found if one.agent is not None}
    wanted = list(matters)
    return [
        person
        for person in people.values()
        if person is not None
        and (held := of(person, today, over=party))
        and all(any(power.allows(Act.RECEIVE, matter) for power in held) for matter in wanted)
    ]


def own_accounts(party: Party, today: date) -> list[Account]:
    """The party's own hands: the person's account, or those of the company's legal representatives."""
    if party.kind == Party.Kind.PERSON:
        return list(Account.objects.filter(is_active=True, person__in=identities(party)).select_related("person"))
    rows = Membership.objects.filter(
        current(today), company_id=party.pk, role=Membership.Role.LEGAL_REPRESENTATIVE
    ).values("person")
    return list(Account.objects.filter(is_active=True, person__in=rows).select_related("person").order_by("pk"))


def decides_for(account: Account, party: Party, today: date) -> bool:
    """Who lets others act for the party: the person itself on its own account, or the company's legal representative. Nobody else."""
    return any(power.own for power in over(account, party, today))


def conflicts_of(person: Person) -> set[int]:
    """Whose applications this person must never handle as an officer: everybody they act for, want to act for or ever acted for,
    and everybody who acts for them. A mandate that was given back unused is no bond: else a stranger could choose who judges."""
    mandates = Mandate.objects.filter(Q(state__in=[MandateState.ASKED, MandateState.GRANTED]) | Q(deeds__isnull=False))
    keys = [person.pk, *(one.pk for one in records_of(person))]
    return {
        *keys,
        *Membership.objects.filter(person__in=keys).values_list("company_id", flat=True),
        *mandates.filter(agent__in=keys).values_list("principal_id", flat=True),
        *mandates.filter(principal_id__in=keys, agent__isnull=False).values_list("agent_id", flat=True),
        *Kinship.objects.filter(relative__in=keys).values_list("person_id", flat=True),
        *Kinship.objects.filter(person__in=keys).values_list("relative_id", flat=True),
    }


def company_of(party: Party) -> Company | None:
    return Company.objects.filter(pk=party.pk).first()
