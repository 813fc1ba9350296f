"""Giving, asking for and taking back mandates; what agents do under them, written down for whom they act for."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed, TooMany, worded
from tongban.parties import events, powers, rules
from tongban.parties.models import ALPHABET, Account, Deed, Kinship, Mandate, MandateCode, Party, Person
from tongban.parties.powers import Power
from tongban.parties.states import (
    ASK,
    DECLINE,
    GIVE_BACK,
    GRANT,
    LET_GO,
    OFFER,
    REVOKE,
    RUN_OUT,
    Act,
    MandateState,
)

NOTHING_CHANGED = _("Nothing was changed.")
LONGEST = timedelta(days=3 * 366)
CODE_LASTS = timedelta(minutes=10)
CODE_LETTERS = 8
ANSWER_WITHIN = timedelta(days=30)
ASKED_A_DAY = 5
GIVEN_AT_MOST = 20
SENDINGS = {"submit", "hand_in"}


@dataclass(frozen=True)
class Scope:
    """What a mandate allows: `matters` None is all of them; `cases_at_most` sendings; `amount_at_most` yuan for one payment."""

    acts: tuple[str, ...]
    matters: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    cases_at_most: int | None = None
    amount_at_most: int | None = None
    chains: bool = False
    note: str = ""


# -- asked for by the agent


@transaction.atomic
def show_code(principal: Party, *, account: Account, now: datetime | None = None) -> tuple[MandateCode, str]:
    """A code for somebody beside me, for ten minutes and one use: with it they may ask, and nothing else. The one before holds no more."""
    now = now or timezone.now()
    _own_hand(account, principal, now)
    MandateCode.objects.filter(principal=principal, used_at__isnull=True).update(until=now)
    code = "".join(secrets.choice(ALPHABET) for _i in range(CODE_LETTERS))
    row = MandateCode.objects.create(
        principal=principal, account=account, code_index=_index(code), made_at=now, until=now + CODE_LASTS
    )
    return row, code


def ask_with_code(code: str, *, account: Account, scope: Scope, now: datetime | None = None) -> Mandate:
    """Ask whoever showed this code. Of two who type it one gets through."""
    now = now or timezone.now()
    agent = _proved(account)
    checked = _checked(scope, now)
    count_question(account, now)
    bare = "".join(letter for letter in code.lower() if letter.isalnum())
    wrong = _("This code does not hold. It may be over ten minutes old, or used already.")
    with transaction.atomic():
        held = MandateCode.objects.filter(code_index=_index(bare), until__gt=now, used_at__isnull=True)
        row = held.select_related("principal").first()
        if row is not None and row.principal_id == agent.pk:
            raise _for_oneself()
        if row is None or not held.filter(pk=row.pk).update(used_at=now):
            raise Invalid("no-such-code", wrong, errors={"code": [wrong]}, next_step=_("Ask the person for a new one."))
        return _asked(row.principal, agent, account, checked, Mandate.Asked.CODE, now)


def ask_by_details(
    *, name: str, mobile: str, id_end: str, account: Account, scope: Scope, now: datetime | None = None
) -> None:
    """Ask somebody whose name, telephone and last four of the number one knows. The answer is the same whoever exists: none."""
    now = now or timezone.now()
    agent = _proved(account)
    errors: dict[str, list] = {}
    phone = rules.phone(mobile)
    end = "".join(letter for letter in id_end.upper() if letter.isalnum())
    if not name.strip():
        errors["name"] = [_("Please enter the name as it stands in the document.")]
    if not phone.valid:
        errors["mobile"] = [phone.reason]
    if len(end) != 4:
        errors["id_end"] = [_("Please enter the last four of the number.")]
    try:
        checked = _checked(scope, now)
    except Invalid as wrong:
        errors |= wrong.errors
    if errors:
        raise Invalid("mandate-incomplete", errors=errors, kept=NOTHING_CHANGED)
    count_question(account, now)
    with transaction.atomic():
        people = Person.objects.filter(mobile_index=rules.mobile_index_of(phone.value), died_on__isnull=True)
        for person in people.order_by("pk")[:20]:
            if (
                person.pk != agent.pk
                and person.id_no.upper().endswith(end)
                and rules.same_name(name, person.name, person.name_en)
                and not Mandate.objects.filter(principal=person, agent=agent, state=MandateState.ASKED).exists()
            ):
                _asked(person, agent, account, checked, Mandate.Asked.DETAILS, now)
                break


def _asked(principal: Party, agent: Person, account: Account, scope: Scope, how: str, now: datetime) -> Mandate:
    row = Mandate.objects.create(
        principal=principal, agent=agent, agent_index=agent.id_index, agent_name=agent.name, how=how,
        state=ASK.target, asked_at=now, **_columns(scope),
    )  # fmt: skip
    journal.record(
        events.MandateAsked(mandate=row.pk), subject=f"party:{principal.pk}", actor=_agent(account, principal)
    )
    return row


# -- given by the principal


def offer(
    principal: Party,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    scope: Scope,
    account: Account,
    level: int,
    now: datetime | None = None,
) -> Mandate:
    """Let whoever carries this document and this name act for the principal from now on.

    Whether anybody with that number is known here is not said: the mandate waits for them. A wrong name waits for ever.
    """
    now = now or timezone.now()
    _sure(level)
    _own_hand(account, principal, now)
    _number_rests(account)
    index, stated = _named(id_kind, id_no, name)
    checked = _checked(scope, now)
    with transaction.atomic():
        Party.objects.select_for_update().get(pk=principal.pk)
        _not_too_many(principal)
        return _given(principal, index, stated, checked, Mandate.Asked.GIVEN, _self(account, principal), account, now)


def grant(
    mandate: Mandate, *, account: Account, level: int, scope: Scope | None = None, now: datetime | None = None
) -> Mandate:
    """Say yes, to what was asked or to less (`scope`)."""
    now = now or timezone.now()
    _sure(level)
    with transaction.atomic():
        row = _locked(mandate)
        _own_hand(account, row.principal, now)
        _number_rests(account)
        _not_too_many(row.principal)
        columns = {}
        if scope is not None:
            columns = _columns(_checked(scope, now, within=row))
        elif row.until < timezone.localdate(now):
            raise NotAllowed("mandate-over", _("The days that were asked for are over."), kept=NOTHING_CHANGED)
        make(row, GRANT, granted_at=now, granted_by=account, **columns)
        journal.record(
            events.MandateGranted(mandate=row.pk),
            subject=f"party:{row.principal_id}",
            actor=_self(account, row.principal),
        )
    return row


def write_down(
    principal: Party,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    scope: Scope,
    paper_kept: str,
    officer_person: Person | None,
    actor: Actor,
    now: datetime | None = None,
) -> Mandate:
    """A principal at a window, compared with the document, has signed the mandate on paper; an officer writes it down."""
    now = now or timezone.now()
    if actor.role != "window_officer" or actor.account is None:
        raise NotAllowed("not-your-role", _("Mandates are written down by window officers."), status=403)
    index, stated, checked = to_be_signed(
        principal, id_kind=id_kind, id_no=id_no, name=name, scope=scope, officer_person=officer_person, now=now
    )
    if not paper_kept.strip():
        errors = {"paper_kept": [_("Say where the signed paper is kept.")]}
        raise Invalid("mandate-incomplete", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        Party.objects.select_for_update().get(pk=principal.pk)
        _not_too_many(principal)
        by = Account.objects.get(pk=actor.account)
        row = _given(principal, index, stated, checked, Mandate.Asked.WINDOW, actor, by, now)
        row.paper_kept = paper_kept.strip()[:120]
        row.save(update_fields=["paper_kept"])
    return row


def to_be_signed(
    principal: Party,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    scope: Scope,
    officer_person: Person | None,
    now: datetime | None = None,
) -> tuple[str, str, Scope]:
    """What stands on the paper before it is signed: index and name of the agent, and the scope with its days filled in."""
    index, stated = _named(id_kind, id_no, name)
    checked = _checked(scope, now or timezone.now())
    if officer_person is not None and (officer_person.id_index == index or principal.pk == officer_person.pk):
        raise NotAllowed("own-matter", _("Nobody writes down a mandate of their own or for themselves."), status=403)
    return index, stated, checked


def pass_on(
    mandate: Mandate,
    *,
    id_kind: str,
    id_no: str,
    name: str,
    scope: Scope,
    account: Account,
    level: int,
    now: datetime | None = None,
) -> Mandate:
    """Pass on what one holds, where the principal allowed it: never more than one holds, never further than one step, and told to
    the principal, who takes it back like any other."""
    now = now or timezone.now()
    _sure(level)
    index, stated = _named(id_kind, id_no, name)
    with transaction.atomic():
        above = _locked(mandate)
        _number_rests(account)
        today = timezone.localdate(now)
        held = powers.mandates_in_force(today).filter(pk=above.pk, agent=account.person_id)
        if not held.exists() or not account.is_active:
            raise _no_power()
        if not above.chains or above.under_id is not None:
            raise NotAllowed(
                "not-to-be-passed-on",
                _("This mandate may not be passed on."),
                kept=NOTHING_CHANGED,
                next_step=_("Ask the person to name the other one, too."),
                status=403,
            )
        checked = _checked(scope, now, within=above)
        checked = Scope(**{**checked.__dict__, "chains": False})
        if account.person is not None and index == account.person.id_index:
            raise _for_oneself()
        Party.objects.select_for_update().get(pk=above.principal_id)
        _not_too_many(above.principal)
        actor = _agent(account, above.principal)
        return _given(
            above.principal, index, stated, checked, Mandate.Asked.PASSED_ON, actor, account, now, under=above
        )


def _given(
    principal: Party,
    index: str,
    name: str,
    scope: Scope,
    how: str,
    actor: Actor,
    account: Account,
    now: datetime,
    *,
    under: Mandate | None = None,
) -> Mandate:
    agent = Person.objects.filter(id_index=index).first()
    if agent is not None and agent.pk == principal.pk:
        raise _for_oneself()
    if agent is not None and not rules.same_name(name, agent.name, agent.name_en):
        agent = None
    row = Mandate.objects.create(
        principal=principal, agent=agent, agent_index=index, agent_name=name, under=under, how=how,
        state=OFFER.target, asked_at=now, granted_at=now, granted_by=account, **_columns(scope),
    )  # fmt: skip
    journal.record(events.MandateGranted(mandate=row.pk), subject=f"party:{principal.pk}", actor=actor)
    return row


@transaction.atomic
def find_their_agent(person: Person, now: datetime | None = None) -> int:
    """Somebody has proved who they are: mandates that waited for this number and name are theirs from now on."""
    found = 0
    waiting = Mandate.objects.filter(agent__isnull=True, agent_index=person.id_index, state=MandateState.GRANTED)
    for row in waiting.exclude(principal=person.pk):
        if rules.same_name(row.agent_name, person.name, person.name_en):
            found += Mandate.objects.filter(pk=row.pk, agent__isnull=True).update(agent=person)
            journal.record(events.MandateGranted(mandate=row.pk), subject=f"party:{row.principal_id}", actor=PLATFORM)
    return found


# -- ended


def decline(mandate: Mandate, *, account: Account, now: datetime | None = None) -> Mandate:
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(mandate)
        _own_hand(account, row.principal, now)
        make(row, DECLINE, ended_at=now)
        journal.record(
            events.MandateDeclined(mandate=row.pk),
            subject=f"party:{row.principal_id}",
            actor=_self(account, row.principal),
        )
    return row


def revoke(mandate: Mandate, *, account: Account, now: datetime | None = None) -> Mandate:
    """Taken back: from this second on. Applications that were sent go on and belong to the principal; drafts stay theirs.

    No face check: to take back must be as easy as can be. Whoever passed one on takes back what was passed on.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(mandate)
        passed_on_by_me = row.under_id is not None and row.under is not None and row.under.agent_id == account.person_id
        if not passed_on_by_me:
            _own_hand(account, row.principal, now)
        return _over(row, REVOKE, _self(account, row.principal), now, why="")


def revoke_at_window(mandate: Mandate, *, actor: Actor, now: datetime | None = None) -> Mandate:
    """The principal stands at a window, compared with the document, and takes it back."""
    if actor.role != "window_officer":
        raise NotAllowed("not-your-role", _("Mandates are written down by window officers."), status=403)
    with transaction.atomic():
        return _over(_locked(mandate), REVOKE, actor, now or timezone.now(), why="")


def give_back(mandate: Mandate, *, account: Account, now: datetime | None = None) -> Mandate:
    """The agent does not want it: what was asked for is let go, what is in force ends."""
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(mandate)
        if row.agent_id is None or row.agent_id != account.person_id:
            raise _no_power()
        step = LET_GO if row.state == MandateState.ASKED else GIVE_BACK
        return _over(row, step, _agent(account, row.principal), now, why=Mandate.Why.GIVEN_BACK)


def _over(row: Mandate, step: Move, actor: Actor, now: datetime, *, why: str) -> Mandate:
    make(row, step, ended_at=now, ended_why=why)
    journal.record(
        events.MandateOver(mandate=row.pk, state=row.state), subject=f"party:{row.principal_id}", actor=actor
    )
    for lower in Mandate.objects.filter(under=row, state=MandateState.GRANTED):
        make(lower, RUN_OUT, ended_at=now, ended_why=Mandate.Why.UPPER)
        journal.record(
            events.MandateOver(mandate=lower.pk, state=lower.state),
            subject=f"party:{row.principal_id}",
            actor=PLATFORM,
        )
    return row


@journal.every("end mandates", timedelta(hours=1))
def end_what_is_over(now: datetime | None = None) -> int:
    """Mandates whose last day is over, and questions nobody answered. They opened nothing since: this tells both sides."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    ended = 0
    over = Q(state=MandateState.GRANTED, until__lt=today)
    unanswered = Q(state=MandateState.ASKED) & (Q(asked_at__lt=now - ANSWER_WITHIN) | Q(until__lt=today))
    for key in Mandate.objects.filter(over | unanswered).order_by("pk").values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            row = Mandate.objects.select_for_update().filter(pk=key).filter(over | unanswered).first()
            if row is not None:
                asked = row.state == MandateState.ASKED
                why = Mandate.Why.UNANSWERED if asked else Mandate.Why.OVER
                _over(row, LET_GO if asked else RUN_OUT, PLATFORM, now, why=why)
                ended += 1
    MandateCode.objects.filter(until__lt=now - timedelta(days=1)).delete()
    return ended


def end_of_the_dead(person: Person, now: datetime) -> None:
    """Inside the transaction that notes the death."""
    _end_all(Q(principal=person.pk) | Q(agent=person), Mandate.Why.DIED, now)


def end_of_the_closed(company: Party, now: datetime) -> None:
    """Inside the transaction that strikes the company off: nobody acts for what is no more (Civil Code, art. 173)."""
    _end_all(Q(principal=company.pk), Mandate.Why.CLOSED, now)


def _end_all(which: Q, why: str, now: datetime) -> None:
    rows = Mandate.objects.select_for_update().filter(which, state__in=[MandateState.GRANTED, MandateState.ASKED])
    for row in rows.order_by("pk"):
        row.refresh_from_db(fields=["state"])
        if row.state in {MandateState.GRANTED, MandateState.ASKED}:  # one passed on has ended with the one above
            _over(row, LET_GO if row.state == MandateState.ASKED else RUN_OUT, PLATFORM, now, why=why)


# -- acts under a power


def hold(
    account: Account,
    party: Party | int,
    *,
    act: str,
    matter: str,
    now: datetime,
    amount: int | None = None,
    began: bool = False,
) -> Power:
    """The power by which the account does this act now, held until the transaction ends; raises NotAllowed when there is none.

    `began`: the application is one this account began itself, so that whoever may prepare also sees it.
    """
    return _found(powers.over(account, party, timezone.localdate(now), held=True), act, matter, amount, began)


def hold_for_visitor(person: Person, party: Party | int, *, act: str, matter: str, now: datetime) -> Power:
    """The same for somebody who stands at a window, with or without an account."""
    return _found(powers.of(person, timezone.localdate(now), over=party, held=True), act, matter, None, True)


def _found(found: list[Power], act: str, matter: str, amount: int | None, began: bool) -> Power:
    power = choose(found, act=act, matter=matter, amount=amount, began=began)
    if power is None:
        wider = [one.amount_at_most for one in found if amount is not None and one.allows(act, matter)]
        if wider:
            raise _beyond_the_amount(max(limit for limit in wider if limit is not None))
        raise no_power_for(found, act)
    return power


def _beyond_the_amount(yuan: int) -> NotAllowed:
    return NotAllowed(
        "beyond-your-amount",
        worded(_("One payment that you make for this person or company may be %(yuan)s yuan at most."), yuan=yuan),
        kept=_("Nothing was charged."),
        next_step=_(
            "Pay bills one by one, if each is within the limit. They can also pay it themselves, or raise the limit under “Acting for others”."
        ),
        status=403,
    )


def choose(
    found: Iterable[Power], *, act: str | None, matter: str, amount: int | None = None, began: bool = False
) -> Power | None:
    """The strongest of these powers that covers the act; what one prepares or sends oneself one also sees."""
    for power in found:
        if power.allows(act, matter, amount):
            return power
        if act == Act.SEE and began and power.allows(None, matter) and {Act.PREPARE, Act.SUBMIT} & power.acts:
            return power
    return None


def no_power_for(found: Iterable[Power], act: str | None) -> NotAllowed:
    """Which sentence: nothing at all is over or never was; something is there, but not this."""
    found = list(found)
    if not found:
        return _no_power()
    used_up = act == Act.SUBMIT and any(act in one.acts and one.sendings_left == 0 for one in found)
    return NotAllowed(
        "mandate-used-up" if used_up else "beyond-your-mandate",
        _("Your mandate was for a number of applications, and they are all sent.")
        if used_up
        else _("What you were allowed to do for this person or company does not include this."),
        kept=_("What was filled in is kept."),
        next_step=_("They can do it themselves, or widen what you may do under “Acting for others”."),
        status=403,
    )


def power_is_over(account: Account, party_id: int, today: date) -> NotAllowed:
    """For whoever began something for this party and may not act for it any more: why, and where it is now."""
    bonds = Kinship.objects.filter(kind=Kinship.Kind.CHILD, relative=account.person_id, person=party_id)
    bond = bonds.select_related("person").first()
    if bond is None or rules.is_minor(bond.person.birth_date, today):
        return _no_power()
    return NotAllowed(
        "of-age-now",
        worded(_("%(name)s is 18 now and acts for themselves."), name=bond.person.shown_name),
        kept=_("What was filled in is kept, and belongs to them."),
        next_step=_("If they want, they can let you go on, under “Acting for others”."),
        status=403,
    )


def note(
    power: Power,
    *,
    agent: Person | None,
    account: Account | None,
    act: str,
    what: str,
    about: str,
    matter: str,
    now: datetime,
    once: str = "",
) -> Deed | None:
    """Write down what was done for somebody else, inside its transaction; None for the party's own hand. `once`: a kind of act that
    is told once (saving a form, once a day). An agent who stood at a window may have no account."""
    if power.own or agent is None:
        return None
    if what in SENDINGS and power.mandate is not None:
        counted = Mandate.objects.filter(Q(pk=power.mandate) | Q(passed_on=power.mandate))
        Mandate.objects.filter(pk__in=list(counted.values_list("pk", flat=True))).update(cases_sent=F("cases_sent") + 1)
    deed, made = Deed.objects.get_or_create(
        once=f"{about}:{what}:{agent.pk}:{once or secrets.token_hex(8)}"[:120],
        defaults={
            "principal": power.party,
            "agent": agent,
            "mandate_id": power.mandate,
            "kinship_id": power.kinship,
            "act": act,
            "what": what,
            "about": about,
            "matter": matter,
            "at": now,
        },
    )
    if made:
        key = account.pk if account is not None else None
        actor = Actor(kind="applicant", role="agent", account=key, party=power.party.pk)
        journal.record(events.ActedForSomebody(deed=deed.pk), subject=about, actor=actor)
    return deed


# --


def _proved(account: Account) -> Person:
    if account.person is None or account.level < rules.VERIFIED:
        raise NotAllowed(
            "identity-not-proved", _("Please prove your identity first."), next_step=_("It takes about a minute.")
        )
    return account.person


def _sure(level: int) -> None:
    if level < rules.PRESENT:
        raise NotAllowed(
            "presence-first",
            _("To let somebody act for you is signing: please confirm that it is you."),
            kept=NOTHING_CHANGED,
            next_step=_("A look into the camera, or a visit to any window."),
            status=403,
        )


def _own_hand(account: Account, principal: Party, now: datetime) -> None:
    if not powers.decides_for(account, principal, timezone.localdate(now)):
        raise NotAllowed(
            "only-the-principal",
            _("Only the person themselves, or the legal representative of a company, decides who acts for them."),
            kept=NOTHING_CHANGED,
            next_step=_("They do it on their own account, or at any window."),
            status=403,
        )


def _number_rests(account: Account) -> None:
    """Whoever took over somebody's telephone would name himself next: a new number opens nothing for a day."""
    changed = journal_queries.history(f"party:{account.person_id}").filter(
        kind=events.MobileChanged.__name__, at__gte=timezone.now() - rules.NEW_NUMBER_RESTS
    )
    if changed.exists():
        raise NotAllowed(
            "number-is-new",
            _("Your mobile number was changed less than a day ago. Until then nobody can be named, to protect you."),
            kept=NOTHING_CHANGED,
            next_step=_("Please try again tomorrow. If you did not change the number, call the help line at once."),
        )


def _named(id_kind: str, id_no: str, name: str) -> tuple[str, str]:
    errors: dict[str, list] = {}
    checked = rules.check_number(id_kind, id_no)
    name = " ".join((name or "").split())
    if not checked.valid:
        errors["id_no"] = [checked.reason]
    if not name or len(name) > 200:
        errors["name"] = [_("Please enter the name as it stands in the document.")]
    if errors:
        raise Invalid("mandate-incomplete", errors=errors, kept=NOTHING_CHANGED)
    return rules.index_of(id_kind, checked), name


def _checked(scope: Scope, now: datetime, *, within: Mandate | None = None) -> Scope:
    """The scope with its days filled in; raises Invalid with everything that is wrong. `within`: never more than that one."""
    today = timezone.localdate(now)
    errors: dict[str, list] = {}
    acts = tuple(act for act in Act.values if act in scope.acts)
    if not acts:
        errors["acts"] = [_("Please choose at least one thing that may be done.")]
    if scope.matters is not None and not scope.matters:
        errors["matters"] = [_("Please choose at least one matter, or all of them.")]
    since = max(scope.since or today, today)
    until = scope.until or since + timedelta(days=365)
    if until < since:
        errors["until"] = [_("The last day lies before the first.")]
    elif until - today > LONGEST:
        errors["until"] = [_("A mandate is given for three years at most. It can be given again.")]
    for field in ("cases_at_most", "amount_at_most"):
        limit = getattr(scope, field)
        if limit is not None and not 1 <= limit <= (30000 if field == "cases_at_most" else 2_000_000_000):
            errors[field] = [_("Please enter a number from 1 on, or leave it empty.")]
    matters = None if scope.matters is None else tuple(sorted(set(scope.matters)))
    if within is not None and not errors:
        wider = set(acts) - set(within.acts)
        if wider or until > within.until:
            errors["acts" if wider else "until"] = [_("This is more than the mandate it comes from.")]
        if within.matters is not None and (matters is None or set(matters) - set(within.matters)):
            errors["matters"] = [_("This is more than the mandate it comes from.")]
        for field in ("cases_at_most", "amount_at_most"):
            bound, limit = getattr(within, field), getattr(scope, field)
            if bound is not None and (limit is None or limit > bound):
                errors[field] = [_("This is more than the mandate it comes from.")]
    if errors:
        raise Invalid("mandate-incomplete", errors=errors, kept=NOTHING_CHANGED)
    return Scope(
        acts=acts, matters=matters, since=since, until=until, cases_at_most=scope.cases_at_most,
        amount_at_most=scope.amount_at_most, chains=scope.chains, note=scope.note.strip()[:300],
    )  # fmt: skip


def _columns(scope: Scope) -> dict:
    return {
        "acts": list(scope.acts),
        "matters": None if scope.matters is None else list(scope.matters),
        "since": scope.since,
        "until": scope.until,
        "cases_at_most": scope.cases_at_most,
        "amount_at_most": scope.amount_at_most,
        "chains": scope.chains,
        "note": scope.note,
    }


def _not_too_many(principal: Party) -> None:
    if Mandate.objects.filter(principal=principal, state=MandateState.GRANTED).count() >= GIVEN_AT_MOST:
        raise NotAllowed(
            "too-many-mandates",
            _("Twenty people may act for you already."),
            kept=NOTHING_CHANGED,
            next_step=_("Take one back that is not needed any more."),
        )


@transaction.atomic
def count_question(account: Account, now: datetime) -> None:
    """So many questions a day, whatever is found: nobody tries many numbers or codes."""
    Account.objects.select_for_update().get(pk=account.pk)
    asked = journal_queries.history(f"account:{account.pk}").filter(
        kind=events.MandateQuestion.__name__, at__gte=now - timedelta(days=1)
    )
    if asked.count() >= ASKED_A_DAY:
        raise TooMany(
            "asked-too-often",
            _("You have asked often today. Please go on tomorrow."),
            next_step=_("The person can also name you on their own account, or at any window."),
            retry_after=86400,
        )
    journal.record(
        events.MandateQuestion(account=account.pk),
        subject=f"account:{account.pk}",
        actor=Actor(kind="applicant", role="applicant", account=account.pk, party=account.person_id),
    )


def _for_oneself() -> NotAllowed:
    return NotAllowed("nobody-for-themselves", _("Nobody needs a mandate for themselves."), kept=NOTHING_CHANGED)


def _no_power() -> NotAllowed:
    return NotAllowed(
        "may-not-act",
        _("You may not act for this person or company, or not any more."),
        kept=_("What was filled in is kept, and belongs to them."),
        next_step=_("Ask them whether they took it back, under “Acting for others”."),
        status=403,
    )


def _locked(mandate: Mandate) -> Mandate:
    rows = Mandate.objects.select_related("principal", "agent", "under").select_for_update(of=("self",))
    return rows.get(pk=mandate.pk)


def _index(code: str) -> str:
    return blind_index(code, "parties.mandate_code")


def _self(account: Account, principal: Party) -> Actor:
    return Actor(kind="applicant", role="applicant", account=account.pk, party=principal.pk)


def _agent(account: Account, principal: Party) -> Actor:
    return Actor(kind="applicant", role="agent", account=account.pk, party=principal.pk)
