"""A message to many: written, confirmed by a second person over ten, sent by the worker in slices, paused and stopped at any moment.

Nobody gets it twice: the circular's row is held while a slice is told, a receiver stands once for each circular, and a message has a
name of its own. Whatever dies in the middle leaves nothing of its slice; the next worker begins that slice again.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import circulating, events
from tongban.cases.circular_states import (
    ASK,
    CONFIRM,
    DECLINE,
    FINISH,
    GO_ON,
    PAUSE,
    SEND,
    STOP,
    WRITERS,
    CircularState,
)
from tongban.cases.models import Circular, CircularReceiver
from tongban.cases.moving import acting
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import LicenceType
from tongban.matters.models import Matter
from tongban.notices import services as notices
from tongban.oversight import rules as oversight
from tongban.parties import queries as parties

CARRY = "cases.carry_circular"
BATCH = 100
SLICES_A_TURN = 10
SENT_WITHIN = timedelta(days=90)
LEFT = (CircularState.DRAFT, CircularState.ASKED, CircularState.PAUSED)
TITLE_AT_MOST, TEXT_AT_MOST = 60, 2000
NOTHING_SENT = _("Nothing was sent. What you typed is kept on this page.")


def write(*, officer: Officer, said: Mapping[str, Any], now: datetime | None = None) -> Circular:
    """Keep it as a draft with how many people it is for. Both languages are needed: nobody is written to in a language of others."""
    role = _role(officer)
    row = _meant(officer, said)
    row.made_at = now or timezone.now()
    with transaction.atomic():
        row.save()
        _record(row, "write", acting(officer, role))
    return row


def rewrite(row: Circular, *, officer: Officer, said: Mapping[str, Any], seen: str = "") -> Circular:
    """Other words, or for other people, as long as nobody was asked about it. Whoever wrote last is its writer: they never confirm it.
    `seen`: the draft that the writer had before them, as `circulating.mark_of` says it; without it, as `row` stands."""
    role = _role(officer)
    if row.department_id != officer.department_id:
        raise NotAllowed("not-your-message", _("This message is another department's."), status=403)
    meant, mark = _meant(officer, said), seen or circulating.mark_of(row)
    with transaction.atomic():
        row = _held(row)
        if row.state != CircularState.DRAFT:
            sentence = _(
                "Somebody sent this message, asked for a second person or stopped it. Its words stay as they are."
            )
            raise NotAllowed("no-draft", sentence, kept=_("What you typed is kept on this page."))
        _as_seen(row, mark, kept=_("What you typed is kept on this page."))
        for name in SAID:
            setattr(row, name, getattr(meant, name))
        row.save(update_fields=SAID)
        _record(row, "rewrite", acting(officer, role))
    return row


def _as_seen(row: Circular, mark: str, *, kept: Any) -> None:
    if circulating.mark_of(row) != mark:
        raise NotAllowed(
            "saved-meanwhile",
            _("This draft was saved or sent on in another window meanwhile."),
            kept=kept,
            next_step=_("Open it again and look at what stands there."),
        )


SAID = ["officer", "kind", "title", "text", "by_text_message", "facts", "estimate"]


def _meant(officer: Officer, said: Mapping[str, Any]) -> Circular:
    """What was typed, judged and counted, not saved."""
    title = {key: str(said.get(f"title_{key}", "")).strip() for key in ("zh", "en")}
    text = {key: str(said.get(f"text_{key}", "")).strip() for key in ("zh", "en")}
    errors: dict[str, list] = {}
    for key in ("zh", "en"):
        if not 2 <= len(title[key]) <= TITLE_AT_MOST * (1 if key == "zh" else 2):
            errors[f"title_{key}"] = [_("Write a title: at most 60 Chinese signs, or 120 letters.")]
        if not 5 <= len(text[key]) <= TEXT_AT_MOST:
            errors[f"text_{key}"] = [_("Write between 5 and 2,000 characters.")]
    kind = said.get("kind", "")
    if kind not in Circular.Kind.values:
        errors["kind"] = [_("Choose.")]
    facts, wrong = _facts(officer, said)
    errors |= wrong
    if errors:
        raise Invalid("circular", errors=errors, kept=NOTHING_SENT)
    row = Circular(
        department=officer.department,
        officer=officer,
        kind=kind,
        title=title,
        text=text,
        by_text_message=kind == Circular.Kind.OFFICIAL and said.get("by_text_message") == "1",
        facts=facts,
    )
    row.estimate, row.facts = _counted_now(row)
    return row


def _counted_now(row: Circular) -> tuple[int, dict]:
    """How many people it is for at this moment, and the facts with whether it may be more."""
    number, more = circulating.estimate(row)
    if more:  # nobody knows how many: certainly not for one person alone
        number = max(number, circulating.ALONE_UP_TO + 1)
    return number, {**row.facts, "at_least": more}


def _facts(officer: Officer, said: Mapping[str, Any]) -> tuple[dict, dict[str, list]]:
    who = str(said.get("who", ""))
    if who not in circulating.WHO:
        return {}, {"who": [_("Choose whom it is for.")]}
    facts: dict[str, Any] = {"who": who, "departments": "all" if "coordinator" in officer.roles else "own"}
    if who == "licences":
        kinds = dict(circulating.licence_types_of(officer))
        slug = str(said.get("licence", ""))
        if slug not in kinds:
            return {}, {"licence": [_("Choose one of your licences.")]}
        try:
            before = date.fromisoformat(str(said.get("before", "")))
        except ValueError:
            return {}, {"before": [_("Choose a day.")]}
        key = LicenceType.objects.values_list("pk", flat=True).get(slug=slug)
        return facts | {"licence": key, "before": before.isoformat(), "name": kinds[slug]}, {}
    matters = dict(circulating.matters_of(officer))
    slug = str(said.get("matter", ""))
    if slug not in matters:
        return {}, {"matter": [_("Choose one of your matters.")]}
    key = Matter.objects.values_list("pk", flat=True).get(slug=slug)
    return facts | {"matter": key, "name": matters[slug]}, {}


def submit(row: Circular, *, officer: Officer, seen: str = "", now: datetime | None = None) -> Circular:
    """At most ten people: it goes out. More: a second person is asked. Counted anew: since it was written they may have become many.
    `seen` as for `rewrite`: nobody sends words they have not read, or to others than they were counted for."""
    now = now or timezone.now()
    actor = acting(officer, _role(officer))
    _own(row, officer)
    number, facts = _counted_now(row)
    counted = circulating.mark_of(row)
    with transaction.atomic():
        row = _held(row)
        if row.state == CircularState.DRAFT:
            for mark in {counted, seen or counted}:
                _as_seen(row, mark, kept=_("Nothing was changed."))
            row.estimate, row.facts = number, facts
            row.save(update_fields=["estimate", "facts"])
        if row.estimate == 0:
            raise NotAllowed("nobody", _("There is nobody this would reach now."))
        if row.estimate <= circulating.ALONE_UP_TO:
            make(row, SEND, confirmed_at=now, last=circulating.newest(row))
            _record(row, SEND.name, actor)
            journal.enqueue(CARRY, circular=row.pk)
        else:
            make(row, ASK)
            _record(row, ASK.name, actor)
    return row


def decide(row: Circular, *, officer: Officer, confirm: bool, why: str = "", now: datetime | None = None) -> Circular:
    """Another person reads it and lets it go, or does not."""
    now = now or timezone.now()
    if row.officer_id == officer.pk:
        raise NotAllowed("own-request", _("The second person is somebody else than the first."), status=403)
    if not oversight.may_be_second_person(officer.roles, officer.department.code, for_department=row.department.code):
        raise NotAllowed("not-a-second-person", _("Your role does not allow this to others."), status=403)
    role = next(one for one in ("coordinator", "supervisor", "dept_approver") if one in officer.roles)
    step, why = (CONFIRM if confirm else DECLINE), why.strip()[:300]
    if not confirm and not why:
        missing = [_("Say what is wrong with it: whoever wrote it reads this.")]
        raise Invalid("no-reason", errors={"why": missing}, kept=_("Nothing was decided."))
    with transaction.atomic():
        row = _held(row)
        changes: dict[str, Any] = {"why": why}
        if confirm:
            changes |= {"confirmed_by": officer, "confirmed_at": now, "last": circulating.newest(row)}
        else:
            changes |= {"ended_at": now}
        make(row, step, **changes)
        _record(row, step.name, acting(officer, role))
        if confirm:
            journal.enqueue(CARRY, circular=row.pk)
    return row


def control(row: Circular, *, officer: Officer, step: str, now: datetime | None = None) -> Circular:
    """Pause it, let it go on, or stop it for good. Whom it has reached it has reached."""
    steps: dict[str, Move] = {"pause": PAUSE, "go_on": GO_ON, "stop": STOP}
    actor = acting(officer, _role(officer))
    _own(row, officer)
    with transaction.atomic():
        row = _held(row)
        changes: dict[str, Any] = {"ended_at": now or timezone.now()} if step == "stop" else {}
        make(row, steps[step], **changes)
        _record(row, step, actor)
        if step == "go_on":
            journal.enqueue(CARRY, circular=row.pk)
    return row


@journal.every("messages to many that nobody sent", timedelta(days=1))
def let_go_of_what_nobody_sent(now: datetime | None = None) -> int:
    """What was written and not sent for months does not go out any more, and is erased with the others in its time."""
    now = now or timezone.now()
    left = Circular.objects.filter(state__in=LEFT, made_at__lt=now - SENT_WITHIN).order_by("pk")
    done = 0
    for row in left[:100]:
        with transaction.atomic():
            row = _held(row)
            if row.state in LEFT:
                make(row, STOP, ended_at=now)
                _record(row, STOP.name, PLATFORM)
                done += 1
    return done


@journal.carrier(CARRY)
def carry(circular: int, now: str | None = None) -> None:
    """Tell the next slice, and ask for another turn until everybody was told."""
    moment = datetime.fromisoformat(now) if now else timezone.now()
    with transaction.atomic():
        row = Circular.objects.select_for_update(of=("self",)).select_related("department").filter(pk=circular).first()
        if row is None or row.state != CircularState.SENDING:
            return
        later = notices.quiet_until(moment)
        if later is not None:
            journal.enqueue(CARRY, run_at=later, circular=row.pk)
            return
        found, place = _next(row)
        if found:
            _tell(row, found, moment)
        row.place = place
        if place >= row.last:
            make(row, FINISH, place=place, ended_at=moment, **_counted(row))
            _record(row, FINISH.name, PLATFORM)
        else:
            Circular.objects.filter(pk=row.pk).update(place=place, **_counted(row))
            journal.enqueue(CARRY, circular=row.pk)
        journal.touch(f"circular:{row.pk}")


def _counted(row: Circular) -> dict[str, Any]:
    return {"reached": row.reached, "declined": row.declined, "without_account": row.without_account}


def _next(row: Circular) -> tuple[list[circulating.Match], int]:
    """Up to a batch of matches, and the id up to which everything was looked at."""
    found: list[circulating.Match] = []
    place = row.place
    for _slice in range(SLICES_A_TURN):
        until = min(place + circulating.SLICE, row.last)
        found += circulating.matches(row, place, until)
        if len(found) >= BATCH:
            found = found[:BATCH]
            return found, found[-1].id
        place = until
        if place >= row.last:
            break
    return found, place


def _tell(row: Circular, found: list[circulating.Match], now: datetime) -> None:
    """One slice: a constant number of questions, however many people."""
    first: dict[int, circulating.Match] = {}
    for one in found:
        first.setdefault(one.party, one)
    had = set(CircularReceiver.objects.filter(circular=row, party__in=first).values_list("party", flat=True))
    new = {party: one for party, one in first.items() if party not in had}
    accounts = parties.accounts_of_many(new, timezone.localdate(now))
    declining = notices.declining(one for held in accounts.values() for one in held)
    told: list[notices.Addressed] = []
    rows = []
    said = circulating.why(row)
    body = {key: f"{row.text[key]}\n\n{said[key]}" for key in ("zh", "en")}
    for party, one in new.items():
        held = accounts.get(party, [])
        wanting = [account for account in held if row.kind == Circular.Kind.OFFICIAL or account.pk not in declining]
        how = (
            CircularReceiver.How.TOLD
            if wanting
            else CircularReceiver.How.DECLINED
            if held
            else CircularReceiver.How.NO_ACCOUNT
        )
        rows.append(CircularReceiver(circular=row, party_id=party, because=one.because, how=how, at=now))
        told += [notices.Addressed(party, account, one.link) for account in wanting]
    CircularReceiver.objects.bulk_create(rows)
    notices.tell_many(
        told, f"circular_{row.kind}", title=row.title, body=body, about=f"circular:{row.ref}",
        once=f"circular:{row.pk}", by_text_message=row.by_text_message, now=now,
    )  # fmt: skip
    row.reached += sum(1 for one in rows if one.how == CircularReceiver.How.TOLD)
    row.declined += sum(1 for one in rows if one.how == CircularReceiver.How.DECLINED)
    row.without_account += sum(1 for one in rows if one.how == CircularReceiver.How.NO_ACCOUNT)


def _held(row: Circular) -> Circular:
    """Nothing joined: PostgreSQL would not find a row again whose writer changed while it waited for it."""
    return Circular.objects.select_for_update().get(pk=row.pk)


def _role(officer: Officer) -> str:
    for role in WRITERS:
        if role in officer.roles and officer.active:
            return role
    raise NotAllowed("not-your-message", _("Your role does not write to many people."), status=403)


def _own(row: Circular, officer: Officer) -> None:
    if row.department_id != officer.department_id and not {"coordinator", "supervisor"} & set(officer.roles):
        raise NotAllowed("not-your-message", _("This message is another department's."), status=403)


def _record(row: Circular, step: str, actor: Actor) -> None:
    journal.record(events.CircularMoved(circular=row.pk, move=step), subject=f"circular:{row.pk}", actor=actor)
    journal.touch(f"circular:{row.pk}")
