"""Records that may be one person: an old passport and a new one, a card entered as another kind of document.

Found by blind indexes (`Trace`), judged by people, never by the machine. Joining moves nothing: both rows stay with all that hangs
on them, and whoever is one of them is both (`Person.same_as`, `powers.of`). So taking it back is exact, at any time.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import events, rules
from tongban.parties.models import Account, Person, Sameness, Trace
from tongban.parties.powers import conflicts_of
from tongban.parties.same_states import JOIN, PART, PROPOSE, TELL_APART, SameState

SLICE = 500
RESTS = timedelta(
    minutes=5
)  # numbers are given before rows are seen by others: what is younger waits for the next turn
ALIKE_AT_MOST = 20  # a name that very many share on one day says nothing
LONGEST = 500
PLACE = "parties.traced"


# -- finding


def traces_of(person: Person) -> dict[str, str]:
    """{index: kind} of what this record is found by."""
    number = "".join(letter for letter in unicodedata.normalize("NFKC", person.id_no).casefold() if letter.isalnum())
    checked = rules.check_number(person.id_kind, person.id_no)
    number = str(checked.facts.get("long", number)).casefold() if checked.valid else number
    found = {blind_index(f"number:{number}", "parties.trace"): "number"} if number else {}
    for name in {rules.bare(person.name), rules.bare(person.name_en)} - {""}:
        found[blind_index(f"name:{name}:{person.birth_date.isoformat()}", "parties.trace")] = "name"
    return found


def trace(people: Iterable[Person]) -> int:
    """Write down what these records are found by, and which others look like them. Answers how many pairs were new."""
    found = 0
    for person in people:
        traces = traces_of(person)
        with transaction.atomic():
            Trace.objects.filter(person=person).exclude(index__in=traces).delete()
            Trace.objects.bulk_create(
                [Trace(person=person, kind=kind, index=index) for index, kind in traces.items()], ignore_conflicts=True
            )
            found += _note_alike(person, traces)
    return found


def _note_alike(person: Person, traces: dict[str, str]) -> int:
    others: dict[int, set[str]] = {}
    for index, kind in traces.items():
        keys = Trace.objects.filter(index=index).exclude(person=person).values_list("person", flat=True)
        alike = list(keys[: ALIKE_AT_MOST + 1])
        if len(alike) <= ALIKE_AT_MOST:
            for key in alike:
                others.setdefault(key, set()).add(kind)
    rows = [
        Sameness(
            one_id=min(person.pk, key), other_id=max(person.pk, key), by_number="number" in kinds, by_name="name" in kinds
        )
        for key, kinds in others.items()
    ]  # fmt: skip
    known = set(Sameness.objects.filter(Q(one=person) | Q(other=person)).values_list("one", "other"))
    rows = [row for row in rows if (row.one_id, row.other_id) not in known]
    Sameness.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@journal.every("find persons recorded twice", timedelta(minutes=10))
def find(now: datetime | None = None) -> int:
    """Go through the records that are new since the last turn, a slice at a time."""
    before = (now or timezone.now()) - RESTS
    people = list(Person.objects.filter(pk__gt=journal.place_of(PLACE), created_at__lte=before).order_by("pk")[:SLICE])
    if people:
        trace(people)
        journal.keep_place(PLACE, people[-1].pk)
    return len(people)


# -- looking


def to_look_at(*, after: int = 0, limit: int = 25) -> tuple[list[Sameness], int | None]:
    """What waits for somebody, the oldest first, and where the next page begins."""
    rows = Sameness.objects.filter(state__in=[SameState.FOUND, SameState.PROPOSED], pk__gt=after)
    found = list(rows.select_related("one", "other", "proposed_by").order_by("id")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def joined(limit: int = 25) -> list[Sameness]:
    """What was joined last: it can be taken apart again."""
    rows = Sameness.objects.filter(state=SameState.JOINED).select_related("one", "other")
    return list(rows.order_by("-decided_at")[:limit])


def by_key(pk: int) -> Sameness | None:
    rows = Sameness.objects.select_related("one", "other", "leading", "proposed_by", "decided_by")
    return rows.filter(pk=pk).first()


# -- judging


def _concerns(row: Sameness, account: Account) -> None:
    if account.person is not None and {row.one_id, row.other_id} & conflicts_of(account.person):
        raise NotAllowed("own-case", _("Nobody decides about themselves or those they act for."), status=403)


def _reasoned(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        sentence = _("Say in a sentence what you saw.")
        raise Invalid("reason-missing", sentence, errors={"reason": [sentence]})
    return reason


def tell_apart(row: Sameness, *, actor: Actor, account: Account, reason: str) -> Sameness:
    """They are two persons. It is remembered: the same pair is not shown again."""
    reason = _reasoned(reason)
    _concerns(row, account)
    with transaction.atomic():
        make(row, TELL_APART, decided_by=account, decided_at=timezone.now(), reason=reason)
        _record(row, "told apart", actor)
    return row


def propose(row: Sameness, *, leading: int, actor: Actor, account: Account, reason: str) -> Sameness:
    """They are one person, and this record leads. Nothing changes before a second officer has looked."""
    reason = _reasoned(reason)
    _concerns(row, account)
    if leading not in {row.one_id, row.other_id}:
        sentence = _("Choose the record that leads: the one with the document that is valid now.")
        raise Invalid("leading", sentence, errors={"leading": [sentence]})
    with transaction.atomic():
        make(
            row, PROPOSE, leading_id=leading, proposed_by=account, proposed_at=timezone.now(), reason=reason,
            decided_by=None, decided_at=None,
        )  # fmt: skip
        _record(row, "proposed", actor)
    return row


def join(row: Sameness, *, actor: Actor, account: Account) -> Sameness:
    """The second officer agrees: from now on whoever is one of them is both. Their accounts are told."""
    _concerns(row, account)
    with transaction.atomic():
        held = Sameness.objects.select_for_update().get(pk=row.pk)
        if held.proposed_by_id == account.pk:
            raise NotAllowed(
                "second-person", _("Whoever proposed it does not decide it."), next_step=_("Ask a colleague to look at both."),
                status=403,
            )  # fmt: skip
        make(held, JOIN, decided_by=account, decided_at=timezone.now())
        people = _hold_all(held)
        Person.objects.filter(pk__in=people).update(same_as=held.leading_id)
        _record(held, "joined", actor)
    return held


def part(row: Sameness, *, actor: Actor, account: Account, reason: str) -> Sameness:
    """It was wrong: each has its own again, exactly as before, and both accounts are told."""
    reason = _reasoned(reason)
    _concerns(row, account)
    with transaction.atomic():
        held = Sameness.objects.select_for_update().get(pk=row.pk)
        make(held, PART, decided_by=account, decided_at=timezone.now(), reason=reason)
        people = _hold_all(held)
        for group, leading in _groups(people):
            Person.objects.filter(pk__in=group).update(same_as=leading)
        _record(held, "parted", actor)
    return held


def _hold_all(row: Sameness) -> list[int]:
    """Everybody who is one with either of the two, held in the order of their numbers. Who was joined to them while we waited for
    the rows is held too: else that joining would be undone by ours."""
    keys, held = {row.one_id, row.other_id}, set[int]()
    while True:
        heads = Person.objects.filter(pk__in=keys, same_as__isnull=False).values("same_as")
        found = set(Person.objects.filter(Q(pk__in=keys) | Q(same_as__in=heads)).values_list("pk", flat=True))
        if found <= held:
            return sorted(held)
        rows = Person.objects.filter(pk__in=found).order_by("pk").select_for_update(of=("self",))
        held = {one.pk for one in rows}
        keys |= held


def _groups(people: Iterable[int]) -> list[tuple[set[int], int | None]]:
    """Who is still one person by what is still joined, and who leads each; nobody leads whoever is alone."""
    left, found = set(people), []
    pairs = Sameness.objects.filter(state=SameState.JOINED, one__in=left, other__in=left)
    joined_now = list(pairs.order_by("-decided_at").values_list("one", "other", "leading"))
    while left:
        group = {left.pop()}
        while more := {key for one, other, _lead in joined_now if {one, other} & group for key in (one, other)} - group:
            group |= more
        left -= group
        leading = next((lead for one, _other, lead in joined_now if one in group), None)
        found.append((group, leading))
    return found


def _record(row: Sameness, what: str, actor: Actor) -> None:
    journal.record(
        events.SamenessJudged(sameness=row.pk, one=row.one_id, other=row.other_id, what=what),
        subject=f"party:{row.one_id}",
        actor=actor,
    )
