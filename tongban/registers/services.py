"""Reading what authorities hold: denied unless granted, asked outside of row locks, written down before anybody sees it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.parties.models import Company, Party, Person
from tongban.registers import queries
from tongban.registers.consenting import in_force
from tongban.registers.gateways.authority import NoAnswer, NotFound, Refused, Subject, authority
from tongban.registers.models import Call, Grant, Resource

log = structlog.get_logger("registers")

ANSWER_HOLDS = timedelta(days=1)
NOT_REGISTERS = {"user", "company", "e-licence-store", "ocr"}
PURPOSES = ("prefill", "materials", "decision")


class Answer(dict):
    """{field: value} as the register gave it; `source` is its slug, `at` when it answered."""

    def __init__(self, values: Mapping[str, Any], *, source: str, at: datetime):
        super().__init__(values)
        self.source = source
        self.at = at


def read(
    resource_slug: str, *, of: Party, matter: str, about: str, purpose: str, fields: list[str], actor: Actor
) -> Answer | None:
    """Fields of a register about this party, or None: nothing held, no grant, refused, or no answer just now.

    Which of these it was stands in the Call. Whatever is given back was written into the read log before. Ask outside of
    transactions: a register may take its time, and nobody waits for it with a row in the hand.

    A value under dispute decides nothing until the dispute is answered: asked for a decision, it is left out, and people decide.
    """
    _not_with_a_row_in_the_hand()
    resource = Resource.objects.filter(slug=resource_slug).first()
    if resource is None:
        log.warning("unknown register", resource=resource_slug, matter=matter)
        return None
    wanted = sorted(set(fields))
    granted = _granted(resource, matter, purpose)
    allowed = [name for name in wanted if name in granted.fields] if granted is not None else []
    values: dict[str, Any] = {}
    if granted is None or (wanted and not allowed):
        log.warning("register not granted", resource=resource_slug, matter=matter, purpose=purpose)
        outcome = Call.Outcome.REFUSED
    elif granted.needs_consent and not _agreed(granted, of):
        outcome = Call.Outcome.NO_CONSENT
    elif purpose == "decision" and wanted and not (allowed := _undisputed(allowed, resource, of)):
        return None
    else:
        outcome, values = _ask(resource_slug, of, allowed, about)
    at = timezone.now()
    found = outcome == Call.Outcome.FOUND
    with transaction.atomic():
        Call.objects.create(
            resource=resource,
            of_party=of,
            matter=matter,
            about=about,
            purpose=purpose,
            fields=allowed if found else wanted,
            outcome=outcome,
            at=at,
        )
        if found and allowed:
            journal.note_read(
                actor=actor,
                of_party=of.pk,
                purpose=purpose,
                fields=[f"{resource_slug}.{n}" for n in allowed],
                about=about,
            )
    return Answer(values, source=resource_slug, at=at) if found else None


def _agreed(grant: Grant, party: Party) -> bool:
    return in_force(party).filter(resource=grant.resource, matter=grant.matter, purpose=grant.purpose).exists()


def _undisputed(fields: list[str], resource: Resource, party: Party) -> list[str]:
    running = set(queries.running_disputes(party).filter(resource=resource).values_list("field", flat=True))
    return [name for name in fields if name not in running]


_alone_in_the_house: ContextVar[bool] = ContextVar("alone_in_the_house", default=False)


@contextmanager
def nobody_waits() -> Iterator[None]:
    """Inside, registers may be asked in a transaction: for whoever builds an empty house before its doors open."""
    token = _alone_in_the_house.set(True)
    try:
        yield
    finally:
        _alone_in_the_house.reset(token)


def _not_with_a_row_in_the_hand() -> None:
    """A slow register would hold every row of the transaction for as long. The block a test runs in holds nobody up."""
    if not _alone_in_the_house.get() and any(
        not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
    ):
        raise RuntimeError("registers are asked before a transaction begins, never inside it")


def holds(resource_slug: str, *, of: Party, matter: str) -> bool:
    """Whether the register has something about this party, so that a paper need not be handed in.

    An answer of the last day stands; else the register is asked for nothing but a yes (`look` asks for many beforehand).
    """
    since = timezone.now() - ANSWER_HOLDS
    calls = Call.objects.filter(resource__slug=resource_slug, of_party=of, matter=matter, at__gte=since)
    last = (
        calls.filter(outcome__in=[Call.Outcome.FOUND, Call.Outcome.NOT_FOUND])
        .order_by("-id")
        .values_list("outcome", flat=True)
        .first()
    )
    if last is None:
        return look([resource_slug], of=of, matter=matter, about="")[resource_slug]
    return last == Call.Outcome.FOUND


def look(resource_slugs: Iterable[str], *, of: Party, matter: str, about: str) -> dict[str, bool]:
    """Ask each register whether it holds anything about this party: {slug: yes}. No field is read."""
    _not_with_a_row_in_the_hand()
    known = {}
    for slug, resource in Resource.objects.in_bulk(list(resource_slugs), field_name="slug").items():
        outcome = Call.Outcome.REFUSED
        if _granted(resource, matter, "materials") is not None:
            outcome, _values = _ask(slug, of, [], about)
        Call.objects.create(
            resource=resource, of_party=of, matter=matter, about=about, purpose="materials", fields=[], outcome=outcome
        )
        known[slug] = outcome == Call.Outcome.FOUND
    return {slug: known.get(slug, False) for slug in resource_slugs}


def last_outcome(resource_slug: str, *, of: Party, matter: str) -> str:
    """How the last call ended; empty when there was none."""
    calls = Call.objects.filter(resource__slug=resource_slug, of_party=of, matter=matter).order_by("-id")
    return calls.values_list("outcome", flat=True).first() or ""


def picture(reference: str, *, of: Party, actor: Actor) -> bytes | None:
    """The photograph a register's answer refers to, if that register answered about this party; written into the read log."""
    resource = reference.partition(":")[0]
    if (
        not reference
        or not Call.objects.filter(resource__slug=resource, of_party=of, outcome=Call.Outcome.FOUND).exists()
    ):
        return None
    _not_with_a_row_in_the_hand()
    try:
        content = authority().picture(reference)
    except (NotFound, Refused, NoAnswer):
        return None
    journal.note_read(actor=actor, of_party=of.pk, purpose="show", fields=[f"{resource}.picture"])
    return content


@transaction.atomic
def load_resources(rows: Iterable[dict]) -> int:
    """Take in rows of demo/data_catalogue.yaml. Twice changes nothing; a row that names a field more adds it."""
    rows = list(rows)
    for row in rows:
        Resource.objects.update_or_create(
            slug=row["id"],
            defaults={
                "name": {"zh": row["zh"], "en": row["en"]},
                "provider": row["provider"],
                "share": row["share"],
                "fields": list(row["fields"]),
                "refresh": row.get("refresh", "live"),
                "sensitive": bool(row.get("sensitive")),
            },
        )
    return len(rows)


def follow_marks(rows: Iterable[dict]) -> int:
    """Which registers are sensitive, as the catalogue says now; nothing else of a running house is touched. Answers how many changed."""
    changed = 0
    for row in rows:
        marked = bool(row.get("sensitive"))
        changed += Resource.objects.filter(slug=row["id"]).exclude(sensitive=marked).update(sensitive=marked)
    return changed


@transaction.atomic
def load_grants(
    matter: str,
    *,
    form: Iterable[dict] = (),
    materials: Iterable[str] = (),
    facts: Iterable[str] = (),
    ground: dict | None = None,
) -> int:
    """What a matter may read, derived from what it asks: sources of its form's fields (`resource.field|...`), resources that stand
    in for its materials, and facts of its rules (`resource.field`). Grants it had before and needs no more end."""
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for field in form:
        for path in (field.get("prefill") or "").split("|"):
            resource, _dot, name = path.partition(".")
            if name and resource not in NOT_REGISTERS:
                wanted[resource, "prefill"].add(name)
    for resource in materials:
        wanted[resource, "materials"] = set()
    for path in facts:
        resource, _dot, name = path.partition(".")
        wanted[resource, "decision"].add(name)
    resources = Resource.objects.in_bulk({slug for slug, _purpose in wanted}, field_name="slug")
    unknown = sorted({slug for slug, _purpose in wanted} - set(resources))
    if unknown:
        raise LookupError(f"{matter} asks registers that the catalogue does not have: {', '.join(unknown)}")
    kept = []
    for (slug, purpose), fields in wanted.items():
        stranger = sorted(fields - set(resources[slug].fields))
        if stranger:
            raise LookupError(f"{matter} asks {slug} for fields it does not have: {', '.join(stranger)}")
        row, _made = Grant.objects.update_or_create(
            resource=resources[slug],
            matter=matter,
            purpose=purpose,
            defaults={"fields": sorted(fields), "ground": ground or {}},
        )
        kept.append(row.pk)
    Grant.objects.filter(matter=matter).exclude(pk__in=kept).delete()
    return len(kept)


def _granted(resource: Resource, matter: str, purpose: str) -> Grant | None:
    """What lets this matter read for this purpose; None when nothing does."""
    return Grant.objects.select_related("resource").filter(resource=resource, matter=matter, purpose=purpose).first()


def _ask(slug: str, of: Party, fields: list[str], about: str) -> tuple[Call.Outcome, dict[str, Any]]:
    subject = subject_of(of)
    if subject is None:
        return Call.Outcome.NOT_FOUND, {}
    try:
        return Call.Outcome.FOUND, authority().read(slug, subject, fields, about)
    except NotFound:
        return Call.Outcome.NOT_FOUND, {}
    except Refused:
        return Call.Outcome.REFUSED, {}
    except NoAnswer as silence:
        log.warning("register does not answer", resource=slug, reason=str(silence)[:200])
        return Call.Outcome.UNAVAILABLE, {}


def subject_of(party: Party) -> Subject | None:
    """The party as registers know it: by identity number or credit code."""
    if party.kind == Party.Kind.PERSON:
        person = Person.objects.filter(pk=party.pk).first()
        return Subject("person", person.id_no, person.id_kind) if person else None
    company = Company.objects.filter(pk=party.pk).first()
    return Subject("company", company.uscc) if company else None
