"""May this account do this for the applicant, at this moment? Asked inside every act, never only by the page before it.

Whoever prepares with a code of the person, and officers at their desks, stand here by another right: their doors and `permission`
ask for it. What somebody does for somebody else is written down as a deed, and the one represented is told.
"""

from datetime import datetime

from django.utils import timezone

from tongban.cases.models import Case
from tongban.departments import queries as departments
from tongban.journal.actors import Actor
from tongban.parties import mandates
from tongban.parties import queries as parties
from tongban.parties.models import Account, Membership, Party, Person
from tongban.parties.powers import Power
from tongban.parties.states import Act


def matter_of(case: Case) -> str:
    """What a power must cover: the matter applied for; of a member of a bundle, the bundle."""
    return case.parent.matter.slug if case.parent is not None else case.matter.slug


def began(account: Account, case: Case) -> bool:
    return case.account_id == account.pk


def power_over(account: Account, case: Case, act: str | None, *, today=None) -> Power | None:
    """By what this account may do this act in this case today; None for no."""
    found = parties.over(account, case.applicant_id, today or timezone.localdate())
    return mandates.choose(found, act=act, matter=matter_of(case), began=began(account, case))


def sees(account: Account, case: Case) -> bool:
    return power_over(account, case, Act.SEE) is not None


def refuse(account: Account, case: Case, act: str) -> None:
    """Raises the sentence that says why not."""
    raise mandates.no_power_for(parties.over(account, case.applicant_id, timezone.localdate()), act)


def act_as_applicant(account: Account, case: Case, act: str, what: str, now: datetime) -> Actor:
    """Inside the act's transaction, the case held: the power is held too until it ends, so that a mandate taken back a moment ago
    does nothing, and one taken back a moment later waits. Answers who it is, for the step and the journal."""
    power = mandates.hold(
        account, case.applicant_id, act=act, matter=matter_of(case), now=now, began=began(account, case)
    )
    mandates.note(
        power,
        agent=account.person,
        account=account,
        act=act,
        what=what,
        about=case.subject,
        matter=matter_of(case),
        now=now,
    )
    return actor_by(power, account, case.applicant_id)


def sign_at_window(person: Person, case: Case, now: datetime) -> None:
    """Whoever stands at the window signs: for themselves, or for whom they may sign, who is told."""
    power = mandates.hold_for_visitor(person, case.applicant_id, act=Act.SUBMIT, matter=matter_of(case), now=now)
    account = Account.objects.filter(person=person).first()
    mandates.note(
        power, agent=person, account=account, act=Act.SUBMIT, what="hand_in", about=case.subject, matter=matter_of(case),
        now=now,
    )  # fmt: skip


def prepare(account: Account, case: Case, now: datetime) -> None:
    """The same for what is filled in: one deed a day and case. Helpers and officers pass by their own right."""
    found = parties.over(account, case.applicant_id, timezone.localdate(now))
    power = mandates.choose(found, act=Act.PREPARE, matter=matter_of(case))
    if power is None:
        if _other_hands(account, case, now):
            return
        raise mandates.no_power_for(found, Act.PREPARE)
    if not power.own:
        mandates.note(
            power, agent=account.person, account=account, act=Act.PREPARE, what="prepare", about=case.subject, matter=matter_of(case), now=now,
            once=timezone.localdate(now).isoformat(),
        )  # fmt: skip


def _other_hands(account: Account, case: Case, now: datetime) -> bool:
    at_work = case.hands.filter(account=account, taken_at__isnull=False, ended_at__isnull=True, until__gt=now)
    return at_work.exists() or departments.officer_of(account) is not None


def actor_by(power: Power | None, account: Account, party: Party | int) -> Actor:
    key = party if isinstance(party, int) else party.pk
    role = "applicant" if power is None or power.own else "agent"
    return Actor(kind="applicant", role=role, account=account.pk, party=key)


def person_behind(party: Party, account: Account | None) -> Person | None:
    """Whose details fill the form and whose card stands in for paper: the applicant's own, never the agent's. For a company the
    member who acts, else its legal representative."""
    if party.kind == Party.Kind.PERSON:
        return Person.objects.filter(pk=party.pk).first()
    person = account.person if account is not None else None
    if person is not None and Membership.objects.filter(person=person, company_id=party.pk).exists():
        return person
    company = parties.company_of(party)
    return company.legal_representative if company is not None else None
