"""Telling people something: always in the inbox, in both languages; outside only by the ways they chose, and saying little."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import identifiers, written
from tongban.lib.bilingual import Bilingual, short
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import events, wording
from tongban.notices.gateways.mail import Letter, mail
from tongban.notices.gateways.mail import Refused as LetterRefused
from tongban.notices.gateways.sms import Refused as TextRefused
from tongban.notices.gateways.sms import text_messages
from tongban.notices.models import CallBack, Dispatch, InformationDeclined, Message, Preference
from tongban.notices.queries import accounts_of, preferences
from tongban.notices.states import GIVE_UP, REACH, TRY_AGAIN, CallBackState
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party

BY_DAY = "notices.carry_by_day"
QUIET_FROM, QUIET_UNTIL = time(22, 0), time(8, 0)
UNSUBSCRIBE = "notices.unsubscribe"
INFORMATION = "circular_information"
CALLED_WITHIN = timedelta(hours=1)  # of the hours the service is open
TRIES = 3
REFERENCES = uuid.UUID("a54d8ab5-90a4-5b26-a21e-1c0a06c13c9f")
KEPT_AFTER_THE_CALL = timedelta(days=30)
WAITING_AT_MOST = 2  # of one account: somebody who presses again is not two people
NOTHING_SENT = _("Nothing was sent yet. What you typed is still here.")


@transaction.atomic
def tell(
    party: Party,
    kind: str,
    *,
    about: str = "",
    link: str = "",
    params: dict[str, Any] | None = None,
    once: str,
    needs_answer: bool = False,
    matter: str | None = None,
    to: Iterable[Account] | None = None,
) -> list[Message]:
    """Tell everybody who stands for the party: a person's own account, parents and guardians, those who may act for a company today
    without limits; of a `matter` those, too, who may see it there. `to`: these accounts and nobody else.

    `once` names the occasion: a second call for it tells nobody again. Nothing leaves the house here; the worker carries it.
    """
    params = params or {}
    words = wording.WORDING[kind]
    body = wording.body(kind, params)
    told = []
    for account in accounts_of(party, timezone.localdate(), matter) if to is None else to:
        message, made = Message.objects.get_or_create(
            once=f"{once}:{account.pk}"[:120],
            defaults={
                "party": party,
                "account": account,
                "kind": kind,
                "at": timezone.now(),
                "title": words.title,
                "body": body,
                "about": about,
                "link": link,
                "needs_answer": needs_answer,
            },
        )
        if made:
            _dispatch(message, account, words, str(params.get("number") or ""))
            journal.touch(f"inbox:{account.pk}")
            told.append(message)
    return told


@transaction.atomic
def tell_staff(
    officers: Iterable[Officer],
    kind: str,
    *,
    about: str = "",
    link: str = "",
    params: dict[str, Any] | None = None,
    once: str,
) -> list[Message]:
    """Tell officers at their desks, for their work: an officer need have no person here. `once` as in `tell`."""
    params = params or {}
    words = wording.WORDING[kind]
    body = wording.body(kind, params)
    told = []
    for officer in officers:
        message, made = Message.objects.get_or_create(
            once=f"{once}:{officer.account_id}"[:120],
            defaults={
                "party": None,
                "account": officer.account,
                "kind": kind,
                "at": timezone.now(),
                "title": words.title,
                "body": body,
                "about": about,
                "link": link,
            },
        )
        if made:
            _dispatch(message, officer.account, words, str(params.get("number") or ""))
            journal.touch(f"inbox:{officer.account_id}")
            journal.touch(f"desk:{officer.pk}")
            told.append(message)
    return told


def _dispatch(message: Message, account: Account, words: wording.Words, number: str) -> None:
    wish = preferences(account)
    if not words.carried or (wish.only_when_needed and not message.needs_answer):
        return
    for row in _ways_out(message, account, wish, by_text=words.urgent and text_messages() is not None):
        row.save()
        journal.enqueue("notices.carry", dispatch=row.pk, number=number)


def _ways_out(message: Message, account: Account, wish: Preference, *, by_text: bool) -> list[Dispatch]:
    """By which ways a message leaves the house; not written yet."""
    ways = [("email", account.email)] if wish.email and account.email else []
    if by_text and wish.sms and account.person and account.person.mobile:
        ways.append(("sms", account.person.mobile))
    return [
        Dispatch(
            message=message,
            channel=channel,
            address=address,
            language=short(account.language),
            # the same occasion is the same message to the provider, also when a restore has made us forget that we told it
            reference=uuid.uuid5(REFERENCES, f"{message.once}:{channel}"),
        )
        for channel, address in ways
    ]


@dataclass(frozen=True)
class Occasion:
    """What one party is told, in the words of `tell`."""

    party: int
    kind: str
    about: str
    link: str
    params: dict[str, Any]
    once: str
    needs_answer: bool = False


def tell_each(occasions: Sequence[Occasion], now: datetime | None = None) -> int:
    """As `tell` without a matter, many parties at once, each its own words, and as few statements as for one. Inside the act's
    transaction; who was told of an occasion is not told again. If two hands did all the same, the name of the message refuses one."""
    now = now or timezone.now()
    accounts = parties.accounts_of_many({one.party for one in occasions}, timezone.localdate(now))
    told = {
        f"{one.once}:{account.pk}"[:120]: (one, account) for one in occasions for account in accounts.get(one.party, ())
    }
    had = set(Message.objects.filter(once__in=told).values_list("once", flat=True))
    messages = [
        written.new(
            Message, party_id=one.party, account=account, kind=one.kind, at=now, title=wording.WORDING[one.kind].title,
            body=wording.body(one.kind, one.params), about=one.about, link=one.link, needs_answer=one.needs_answer, once=name,
        )
        for name, (one, account) in told.items()
        if name not in had
    ]  # fmt: skip
    written.insert_all(messages)
    wishes = {row.account_id: row for row in Preference.objects.filter(account__in={m.account_id for m in messages})}
    texts = text_messages() is not None
    rows: list[Dispatch] = []
    for message in messages:
        words, wish = wording.WORDING[message.kind], wishes.get(message.account_id) or Preference()
        if words.carried and not (wish.only_when_needed and not message.needs_answer):
            rows += _ways_out(message, message.account, wish, by_text=words.urgent and texts)
    written.insert_all(rows)
    numbers = {message.pk: str(told[message.once][0].params.get("number") or "") for message in messages}
    journal.enqueue_many("notices.carry", [{"dispatch": row.pk, "number": numbers[row.message_id]} for row in rows])
    journal.touch(*(f"inbox:{message.account_id}" for message in messages))
    return len(messages)


@dataclass(frozen=True)
class Addressed:
    """One account that is told something as, or for, a party."""

    party: int
    account: Account
    link: str


def tell_many(
    told: Sequence[Addressed],
    kind: str,
    *,
    title: Bilingual,
    body: Bilingual,
    about: str,
    once: str,
    by_text_message: bool = False,
    now: datetime | None = None,
) -> int:
    """Tell many the same words: a constant number of statements. Inside the act's transaction, which sees that nobody comes twice;
    if two hands did all the same, the name of the message refuses one of the slices. Outside it goes by day."""
    now = now or timezone.now()
    by_name = {f"{once}:{one.account.pk}"[:120]: one for one in told}  # who stands for two parties is told once
    had = set(Message.objects.filter(once__in=by_name).values_list("once", flat=True))
    messages = Message.objects.bulk_create(
        [
            Message(
                party_id=one.party, account=one.account, kind=kind, at=now, title=title, body=body, about=about,
                link=one.link, once=name,
            )
            for name, one in by_name.items()
            if name not in had
        ]
    )  # fmt: skip
    wishes = {row.account_id: row for row in Preference.objects.filter(account__in=[m.account_id for m in messages])}
    texts = by_text_message and text_messages() is not None
    rows = []
    for message in messages:
        account, wish = message.account, wishes.get(message.account_id) or Preference()
        if not wish.only_when_needed:
            rows += _ways_out(message, account, wish, by_text=texts)
    journal.enqueue_many(BY_DAY, [{"dispatch": row.pk} for row in Dispatch.objects.bulk_create(rows)])
    return len(messages)


def declining(accounts: Iterable[Account]) -> set[int]:
    """Those of these accounts that want no information."""
    keys = [one.pk for one in accounts]
    return set(InformationDeclined.objects.filter(account__in=keys).values_list("account", flat=True))


def want_information(account: Account, *, wanted: bool) -> None:
    """What they did not ask for does not come any more, or comes again. What is official always comes."""
    if wanted:
        InformationDeclined.objects.filter(account=account).delete()
    else:
        InformationDeclined.objects.get_or_create(account=account)


def unsubscribing(account: Account) -> str:
    """The part of an address by which whoever reads this letter declines further ones, without signing in."""
    return signing.dumps(account.pk, salt=UNSUBSCRIBE)


def account_of(token: str) -> Account | None:
    try:
        key = signing.loads(token, salt=UNSUBSCRIBE)
    except signing.BadSignature:
        return None
    return Account.objects.filter(pk=key, is_active=True).first()


def quiet_until(now: datetime) -> datetime | None:
    """Between ten in the evening and eight in the morning nobody is disturbed with what can wait: when it may go, else None."""
    local = timezone.localtime(now)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return None
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_UNTIL, tzinfo=local.tzinfo)


@journal.carrier(BY_DAY, outward=True)
def carry_by_day(dispatch: int, now: str | None = None) -> None:
    """As `carry`, at an hour when nobody sleeps."""
    later = quiet_until(datetime.fromisoformat(now) if now else timezone.now())
    if later is not None:
        journal.enqueue(BY_DAY, run_at=later, dispatch=dispatch)
        return
    carry(dispatch)


@journal.carrier("notices.carry", outward=True)
def carry(dispatch: int, number: str = "") -> None:
    """Hand one message over to the outside. Tried again it carries the same reference; refused it is not tried again."""
    row = Dispatch.objects.select_related("message", "message__account", "message__party").filter(pk=dispatch).first()
    if row is None or row.state != Dispatch.State.WAITING:
        return
    message, account = row.message, row.message.account
    person = account.person
    subject, text, short_text = wording.outside(
        message.kind,
        row.language if row.language in ("zh", "en") else "en",
        name=(person.names[row.language if row.language == "zh" else "en"] if person else account.login),
        number=number,
        address=f"{settings.PUBLIC_URL}{message.link}",
        title=message.title,
        decline=f"{settings.PUBLIC_URL}/unsubscribe/{unsubscribing(account)}/" if message.kind == INFORMATION else "",
    )
    try:
        if row.channel == "email":
            mail().send(Letter(row.address, subject, text, str(row.reference)))
        else:
            provider = text_messages()
            if provider is None:
                raise TextRefused("no provider of text messages is connected")
            provider.send(row.address, short_text, str(row.reference))
    except (LetterRefused, TextRefused) as refusal:
        _settle(row, state=Dispatch.State.REFUSED, reason=str(refusal)[:200])
        return
    _settle(row, state=Dispatch.State.SENT, sent_at=timezone.now())


def text_a_caller(phone: str, words: str, *, reference: str) -> bool:
    """One short message to somebody who has no account and rang us. False: no provider is connected, or the number is not one.

    The same `reference` again sends nothing.
    """
    provider = text_messages()
    if provider is None:
        return False
    try:
        provider.send(phone, words, str(uuid.uuid5(REFERENCES, f"caller:{reference}")))
    except TextRefused:
        return False
    return True


def _settle(row: Dispatch, **changes) -> None:
    Dispatch.objects.filter(pk=row.pk, state=Dispatch.State.WAITING).update(**changes)


@journal.every("give up dispatches", timedelta(minutes=30))
def give_up_what_was_parked() -> int:
    """A message whose errand was tried to the end and parked is shown as given up, with the last error."""
    given_up = 0
    jobs = journal_queries.parked_jobs().filter(kind__in=["notices.carry", BY_DAY])
    parked = list(jobs.values_list("payload__dispatch", "last_error"))  # all of them: those of before lie there still
    for start in range(0, len(parked), 500):
        errors = dict(parked[start : start + 500])
        waiting = Dispatch.objects.filter(pk__in=errors, state=Dispatch.State.WAITING)
        for pk in waiting.values_list("pk", flat=True):
            rows = Dispatch.objects.filter(pk=pk, state=Dispatch.State.WAITING)
            given_up += rows.update(state=Dispatch.State.PARKED, reason=errors[pk][:200])
    return given_up


def mark_read(account: Account, message_id: int | None = None) -> int:
    """One message of this account as read, or all of them. Somebody else's is not found: 0."""
    unread = Message.objects.filter(account=account, read_at__isnull=True)
    if message_id is not None:
        unread = unread.filter(pk=message_id)
    changed = unread.update(read_at=timezone.now())
    if changed:
        journal.touch(f"inbox:{account.pk}")
        for officer in Officer.objects.filter(account=account).values_list("pk", flat=True):
            journal.touch(f"desk:{officer}")
    return changed


def set_preferences(account: Account, *, email: bool, sms: bool, only_when_needed: bool) -> Preference:
    """By which ways this account wants to be told. The inbox cannot be switched off."""
    row, _made = Preference.objects.update_or_create(
        account=account, defaults={"email": email, "sms": sms, "only_when_needed": only_when_needed}
    )
    return row


# -- being rung up


def ask_for_a_call(
    *,
    name: str,
    phone: str,
    about: str = "",
    account: Account | None,
    language: str,
    key: str,
    now: datetime | None = None,
) -> CallBack:
    """Somebody rings this number within an hour of the hours we are open. The same key again is the same request."""
    now = now or timezone.now()
    name, about = " ".join(name.split())[:100], about.strip()[:500]
    number = identifiers.check_phone(phone)
    wrong = {}
    if not name:
        wrong["name"] = [_("Please write your name, so that we know whom to ask for.")]
    if not number.valid:
        wrong["phone"] = [number.reason]
    if wrong:
        raise Invalid("call-back", errors=wrong, kept=NOTHING_SENT)
    with transaction.atomic():
        waiting = CallBack.objects.filter(state=CallBackState.WAITING)
        if account is not None and (mine := list(waiting.filter(account=account).order_by("-id")[:WAITING_AT_MOST])):
            same = next((row for row in mine if row.phone == number.value), None)
            if same is not None or len(mine) == WAITING_AT_MOST:
                return same or mine[0]
        row, made = CallBack.objects.get_or_create(
            key=key[:40],
            defaults={
                "account": account,
                "name": name,
                "phone": number.value,
                "about": about,
                "language": short(language),
                "asked_at": now,
                "due_at": departments.calendar().due_in_hours(timezone.localtime(now), CALLED_WITHIN),
            },
        )
        if made:
            actor = Actor(kind="applicant", role="applicant", account=account.pk if account else None)
            journal.record(events.CallBackAsked(call_back=row.pk), subject=f"call-back:{row.pk}", actor=actor)
            journal.touch("call-backs")
    return row


def rang(
    row: CallBack, *, officer: Officer, actor: Actor, reached: bool, note: str = "", now: datetime | None = None
) -> CallBack:
    """An officer rang: reached, or not; after the third call nobody took it is given up and the account is told."""
    now = now or timezone.now()
    note = note.strip()[:1000]
    if reached and not note:
        raise Invalid(
            "no-note", errors={"note": [_("Please write in a few words what it was about.")]}, kept=NOTHING_SENT
        )
    with transaction.atomic():
        row = CallBack.objects.select_for_update().get(pk=row.pk)
        step: Move = REACH if reached else GIVE_UP if row.tries + 1 >= TRIES else TRY_AGAIN
        changes: dict[str, Any] = {"tries": row.tries + 1, "officer": officer}
        if step is TRY_AGAIN:
            changes["due_at"] = departments.calendar().due_in_hours(timezone.localtime(now), CALLED_WITHIN)
        else:
            changes |= {"called_at": now, "note": note}
        if row.state != CallBackState.WAITING:
            raise NotAllowed("call-back-over", _("Somebody has answered this request already."))
        make(row, step, **changes)
        journal.record(
            events.CallBackMoved(call_back=row.pk, move=step.name), subject=f"call-back:{row.pk}", actor=actor
        )
        if step is GIVE_UP and row.account is not None and row.account.person is not None:
            tell(row.account.person, "call_back_missed", link="/help/", once=f"call-back:{row.pk}")
        journal.touch("call-backs")
    return row


@journal.every("forget calls", timedelta(days=1))
def forget_calls(now: datetime | None = None) -> int:
    """Thirty days after the call nothing of the request is kept."""
    over = CallBack.objects.filter(called_at__lt=(now or timezone.now()) - KEPT_AFTER_THE_CALL)
    return over.delete()[0]
