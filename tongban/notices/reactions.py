"""What people are told about who acts for whom. Both sides hear of every change; nobody hears who else has an account."""

from django.utils import timezone

from tongban.journal.services import on
from tongban.notices import services
from tongban.parties import events
from tongban.parties import queries as parties
from tongban.parties.kin_states import KinState
from tongban.parties.models import Account, Company, Kinship, Mandate, Membership, Party, Person
from tongban.parties.states import MandateState

ENDINGS = {
    MandateState.REVOKED: "mandate_revoked",
    MandateState.ENDED: "mandate_ended",
}


def _accounts(person: Person | None) -> list[Account]:
    return list(Account.objects.filter(is_active=True, person=person).select_related("person")) if person else []


def _mandate(pk: int) -> Mandate:
    return Mandate.objects.select_related("principal", "agent", "under", "under__agent").get(pk=pk)


def _tell_principal(row: Mandate, kind: str, *, once: str, needs_answer: bool = False) -> None:
    from_day = timezone.localdate()
    services.tell(
        row.principal,
        kind,
        about=f"mandate:{row.ref}",
        link=f"/my/mandates/{row.ref}/",
        params={
            "name": row.shown_agent,
            "due": row.until.isoformat(),
            "role": row.under.shown_agent if row.under is not None else "",
        },
        once=f"{kind}:{row.pk}:{once}",
        needs_answer=needs_answer,
        to=parties.own_accounts(row.principal, from_day),
    )


def _tell_agent(row: Mandate, kind: str, *, once: str) -> None:
    if row.agent is None:
        return
    services.tell(
        row.agent,
        kind,
        about=f"mandate:{row.ref}",
        link=f"/my/mandates/{row.ref}/",
        params={"name": row.principal.names, "due": row.until.isoformat()},
        once=f"{kind}:{row.pk}:{once}",
        to=_accounts(row.agent),
    )


@on(events.MandateAsked)
def tell_that_somebody_asks(event):
    _tell_principal(_mandate(event.mandate), "mandate_asked", once="1", needs_answer=True)


@on(events.MandateGranted)
def tell_of_a_mandate(event):
    row = _mandate(event.mandate)
    _tell_agent(row, "mandate_yours", once=str(row.agent_id))
    if row.how == Mandate.Asked.WINDOW:  # what one did oneself one knows
        _tell_principal(row, "mandate_given", once="1")
    elif row.under is not None:
        _tell_principal(row, "mandate_passed_on", once="1")


@on(events.MandateDeclined)
def tell_that_it_was_declined(event):
    row = _mandate(event.mandate)
    if row.how == Mandate.Asked.CODE:  # asked by details, silence says nothing about who is here
        _tell_agent(row, "mandate_declined", once="1")


@on(events.MandateOver)
def tell_that_a_mandate_is_over(event):
    row = _mandate(event.mandate)
    if row.granted_at is None:
        return
    kind = ENDINGS[MandateState(row.state)]
    _tell_agent(row, kind, once="agent")
    if row.state != MandateState.REVOKED or row.how == Mandate.Asked.WINDOW:
        _tell_principal(row, "mandate_ended_yours", once="principal")


def _bond(pk: int) -> Kinship:
    return Kinship.objects.select_related("person", "relative").get(pk=pk)


def _tell_family(
    row: Kinship, whom: Person, kind: str, other: Person, *, once: str, needs_answer: bool = False
) -> None:
    services.tell(
        whom,
        kind,
        about=f"bond:{row.ref}",
        link="/my/mandates/",
        params={"name": other.names},
        once=f"{kind}:{row.pk}:{once}",
        needs_answer=needs_answer,
        to=_accounts(whom),
    )


@on(events.BondFound)
def tell_a_child_with_an_account(event):
    row = _bond(event.kinship)
    _tell_family(row, row.person, "parent_acts", row.relative, once="1")


@on(events.BondClaimed)
def tell_of_a_claim(event):
    row = _bond(event.kinship)
    _tell_family(row, row.person, "guardian_claims", row.relative, once="1", needs_answer=True)


@on(events.BondDecided)
def tell_what_was_decided(event):
    row = _bond(event.kinship)
    once = f"{row.decided_at:%Y%m%d%H%M%S}"
    _tell_family(
        row, row.relative, "guardian_confirmed" if event.confirmed else "guardian_refused", row.person, once=once
    )
    if event.confirmed:
        _tell_family(row, row.person, "guardian_acts", row.relative, once=once)


@on(events.BondObjected)
def tell_of_an_objection(event):
    row = _bond(event.kinship)
    if row.state == KinState.OBJECTED:
        _tell_family(row, row.relative, "guardian_objected", row.person, once=str(row.pk))


@on(events.BondEnded)
def tell_that_a_bond_is_over(event):
    row = _bond(event.kinship)
    if row.decided_at is None:
        return
    grown = event.why == Kinship.Why.GROWN_UP
    _tell_family(row, row.relative, "child_grown" if grown else "bond_ended", row.person, once="above")
    _tell_family(row, row.person, "you_are_grown" if grown else "bond_ended", row.relative, once="below")


@on(events.ClerkRightsChanged)
def tell_a_clerk(event):
    row = Membership.objects.select_related("company", "person").filter(pk=event.membership).first()
    if row is not None:
        services.tell(
            row.company,
            "clerk_rights",
            about=f"company:{row.company_id}",
            link="/my/mandates/",
            params={"name": row.company.names},
            once=f"clerk_rights:{row.pk}:{event.company}:{timezone.now():%Y%m%d%H%M%S}",
            to=_accounts(row.person),
        )


@on(events.MemberNamed)
def tell_whoever_was_named(event):
    if event.role == Membership.Role.CLERK:
        _tell_member(event, "clerk_named")


@on(events.MembershipEnded)
def tell_that_a_clerk_is_none_any_more(event):
    if not event.left:
        return _tell_member(event, "clerk_ended")
    company, person = Company.objects.get(pk=event.company), Person.objects.get(pk=event.person)
    services.tell(
        company,
        "clerk_left",
        about=f"company:{company.pk}",
        link="/my/members/",
        params={"name": person.names},
        once=f"clerk_left:{event.company}:{event.person}:{timezone.now():%Y%m%d%H%M%S}",
        to=parties.own_accounts(company, timezone.localdate()),
    )


def _tell_member(event, kind: str) -> None:
    company, person = Company.objects.get(pk=event.company), Person.objects.get(pk=event.person)
    services.tell(
        person,
        kind,
        about=f"company:{company.pk}",
        link="/my/mandates/",
        params={"name": company.names},
        once=f"{kind}:{event.company}:{event.person}:{timezone.now():%Y%m%d%H%M%S}",
        to=_accounts(person),
    )


@on(events.RepresentativeChanged)
def tell_a_new_representative(event):
    company = Company.objects.get(pk=event.company)
    services.tell(
        Party.objects.get(pk=company.pk),
        "new_representative",
        about=f"company:{company.pk}",
        link="/my/members/",
        params={"name": company.names},
        once=f"new_representative:{company.pk}:{event.person}",
        needs_answer=True,
        to=_accounts(Person.objects.get(pk=event.person)),
    )
