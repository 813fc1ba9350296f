"""Answers that somebody else's page, or another draft, offers: which of them may come into a form, and how they are marked.

An offer is never more than what the applicant could have typed: it counts as the applicant's own answer (`source` applicant), stands
only where nothing else stands, and carries `offered` so that every page says where it came from until the applicant changes it.
Registers, licences and the own record always win.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tongban.cases import rules
from tongban.cases.models import Case
from tongban.lib.formschema import PERSONAL, Field, Form

GIVEN_ANEW = {"consent", "photo", "slot"}  # a signature, a face and a day are given each time
# Where a result, money or a message goes is never decided by somebody's link; nor who the person is.
NEVER_BY_LINK = PERSONAL | GIVEN_ANEW | {"table", "id_kind", "reference"}
OF_THE_PERSON = {"mobile", "email", "bank", "post_address", "delivery", "name", "contact"}
LINK, EARLIER = "link", "earlier"  # from an earlier application it keeps the day it was answered
SEVERAL = {"multi", "scope_codes", "table"}
FIELDS_OF_A_LINK, LONGEST_ANSWER = 40, 500


@dataclass(frozen=True)
class Offer:
    value: Any
    by: str
    asked: Field | None = None  # the question it answered, where it was one of ours


def by_link(one: Field) -> bool:
    """May a link answer this question? Not what says who somebody is, and not where something is sent."""
    return (
        one.type not in NEVER_BY_LINK
        and not one.readonly
        and not one.masked
        and one.id not in OF_THE_PERSON
        and not any(source.startswith(("user.", "company.")) for source in one.sources)
        and bool(one.extra.get("offer", True))
    )


def from_link(case: Case, said: Mapping[str, Any], now: datetime) -> dict[str, dict]:
    """What a link brings for this draft: text or a list of texts by field, no longer than somebody would type."""
    kept = {}
    for name, given in list(said.items())[:FIELDS_OF_A_LINK]:
        texts = given if isinstance(given, list) else [given]
        if len(texts) <= FIELDS_OF_A_LINK and all(
            isinstance(text, str) and len(text) <= LONGEST_ANSWER for text in texts
        ):
            kept[name] = Offer(given, LINK)
    return fitting(case, kept, now)


def fitting(case: Case, offers: Mapping[str, Offer], now: datetime) -> dict[str, dict]:
    """Those of the offers that this form takes: {field: what is held}. Questions that follow from an offered answer are open to the
    next; a question that is not shown gets none."""
    form = rules.form_of(case)
    values = rules.plain_values(case.values)
    taken: dict[str, dict] = {}
    for _round in range(len(form.fields)):
        shown = [one for one in form.visible(values) if one.id in offers and one.id not in taken]
        judged = {one.id: _held(one, offers[one.id], form, values, now) for one in shown}
        more = {name: held for name, held in judged.items() if held is not None}
        if not more:
            break
        taken |= more
        values |= {name: held["value"] for name, held in more.items()}
    return taken


def _held(one: Field, offer: Offer, form: Form, values: Mapping[str, Any], now: datetime) -> dict | None:
    if values.get(one.id) not in (None, "", []) or one.readonly or one.formula is not None or one.type in GIVEN_ANEW:
        return None
    if offer.by == LINK and not by_link(one):
        return None
    if offer.asked is not None and not _same(one, offer.asked):
        return None
    said = offer.value
    if isinstance(said, list) and one.type not in SEVERAL:
        return None
    cleaned = form.validate({**values, one.id: said}, partial=True)
    if any(name.split("-")[0] == one.id for name in cleaned.errors) or one.id not in cleaned.values:
        return None
    value = cleaned.values[one.id]
    if value in (None, "", []):
        return None
    return {"value": value, "source": "applicant", "at": now.isoformat(), "changed": False, "offered": offer.by}


def _same(one: Field, other: Field) -> bool:
    """Two questions mean the same when they are called, asked and answered alike."""
    return (one.id, one.type, one.options, one.label) == (other.id, other.type, other.options, other.label)


def earlier(case: Case) -> list[str]:
    """Fields whose answers came along from an earlier application and were not changed since, as far as they are asked."""
    shown = rules.form_of(case).visible(rules.plain_values(case.values))
    return [one.id for one in shown if case.values.get(one.id, {}).get("offered") == EARLIER]
