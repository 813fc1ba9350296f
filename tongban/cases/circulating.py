"""Whom a message to many is for: facts about cases and licences, read in slices of ids, and the words that tell a receiver why."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case, Circular
from tongban.cases.states import OPEN, WITH_APPLICANT, CaseState
from tongban.departments.models import Officer
from tongban.lib.bilingual import Bilingual
from tongban.licences.models import Licence, LicenceType
from tongban.licences.states import LicenceState
from tongban.matters.models import Matter, MatterVersion
from tongban.notices.models import Dispatch
from tongban.notices.wording import written_day
from tongban.oversight import rules as oversight

SLICE = 2000  # ids looked at in one question
SLICES_ESTIMATED = 20
ALONE_UP_TO = 10
SECOND_PERSONS_TOLD = 20
SHORT_SIGNS, SHORT_SIGNS_LATIN = 70, 160

WHO = {
    "open": _("whose application for this matter is not decided yet"),
    "with_applicant": _("whose application for this matter waits for something from them"),
    "ready": _("whose result in this matter waits to be collected"),
    "licences": _("who holds this licence, if it ends before a day"),
}
STATES: dict[str, set] = {
    "open": {state for state in OPEN if state not in (CaseState.READY, CaseState.DELIVERED)},
    "with_applicant": set(WITH_APPLICANT),
    "ready": {CaseState.READY},
}


@dataclass(frozen=True)
class Match:
    """One row that makes its party a receiver. `link` is where the message leads."""

    id: int
    party: int
    because: str
    link: str


def matches(circular: Circular, after: int, until: int) -> list[Match]:
    """Those of the rows with ids in (after, until], oldest first. The rows are taken by their ids alone and judged here, so that no
    plan of the database ever sorts a million of them."""
    facts = circular.facts
    everybody = facts.get("departments") == "all"
    if facts["who"] == "licences":
        before = date.fromisoformat(facts["before"])
        rows = Licence.objects.filter(pk__gt=after, pk__lte=until).order_by("pk")
        return [
            Match(pk, holder, f"licence:{pk}", f"/my/licences/{pk}/")
            for pk, holder, kind, state, ends, issuer in rows.values_list(
                "pk", "holder", "type", "state", "valid_to", "issuer"
            )
            if kind == facts["licence"]
            and state == LicenceState.VALID
            and ends is not None
            and ends < before
            and (everybody or issuer == circular.department_id)
        ]
    wanted = STATES[facts["who"]]
    cases = Case.objects.filter(pk__gt=after, pk__lte=until).order_by("pk")
    return [
        Match(pk, party, f"case:{pk}", f"/my/cases/{ref}/")
        for pk, party, matter, state, department, ref in cases.values_list(
            "pk", "applicant", "matter", "state", "department", "ref"
        )
        if matter == facts["matter"] and state in wanted and (everybody or department == circular.department_id)
    ]


def newest(circular: Circular) -> int:
    model = Licence if circular.facts["who"] == "licences" else Case
    return model.objects.aggregate(last=Max("pk"))["last"] or 0


def estimate(circular: Circular) -> tuple[int, bool]:
    """How many people it is for: counted in the newest slices, no further; True: it may be more."""
    last = newest(circular)
    parties: set[int] = set()
    for _slice in range(SLICES_ESTIMATED):
        if last <= 0:
            return len(parties), False
        parties |= {one.party for one in matches(circular, max(0, last - SLICE), last)}
        last -= SLICE
    return len(parties), last > 0


def why(circular: Circular) -> Bilingual:
    """What a receiver reads: who sent it and why it came to them."""
    facts, office = circular.facts, circular.department.name
    named = facts["name"]
    ends = facts.get("before", "")
    reasons = {
        "open": ("您有一件“{name}”申请正在办理", "you have an application for “{name}” that is not decided yet"),
        "with_applicant": (
            "您的“{name}”申请有需要您处理的事",
            "your application for “{name}” waits for something from you",
        ),
        "ready": ("您的“{name}”结果等待领取", "your result of “{name}” waits to be collected"),
        "licences": ("您持有的“{name}”将在{day}前到期", "your “{name}” ends before {day}"),
    }[facts["who"]]
    zh = reasons[0].format(name=named["zh"], day=written_day(ends, "zh") if ends else "")
    en = reasons[1].format(name=named["en"], day=written_day(ends, "en") if ends else "")
    return {
        "zh": f"由{office['zh']}发送。您收到这条消息，是因为{zh}。",
        "en": f"Sent by {office['en']}. You get this because {en}.",
    }


def text_messages_needed(text: str) -> int:
    """How many text messages it takes: Chinese 70 signs, or 67 each; letters of GSM 160, or 153 each."""
    latin = all(ord(sign) < 128 for sign in text)
    one, each = (SHORT_SIGNS_LATIN, 153) if latin else (SHORT_SIGNS, 67)
    return 0 if not text else 1 if len(text) <= one else -(-len(text) // each)


def listed(officer: Officer, *, before: int | None = None, limit: int = 30) -> list[Circular]:
    """The department's own; the coordinating office and supervisors see those of all, because they are second persons for all."""
    rows = Circular.objects.select_related("department", "officer").order_by("-id")
    if not set(officer.roles) & {"coordinator", "supervisor", "auditor"}:
        rows = rows.filter(department=officer.department_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])


def seen(officer: Officer, ref: str) -> Circular | None:
    row = Circular.objects.select_related("department", "officer", "confirmed_by").filter(ref=ref).first()
    if row is None:
        return None
    own = row.department_id == officer.department_id
    return row if own or set(officer.roles) & {"coordinator", "supervisor", "auditor"} else None


def matters_of(officer: Officer) -> list[tuple[str, Bilingual]]:
    """What the officer's department answers for; of the coordinating office everything."""
    rows = Matter.objects.filter(versions__state=MatterVersion.State.PUBLISHED)
    if "coordinator" not in officer.roles:
        rows = rows.filter(department=officer.department_id)
    found: dict[str, Bilingual] = dict(rows.order_by("slug").values_list("slug", "versions__name"))
    return list(found.items())


def licence_types_of(officer: Officer) -> list[tuple[str, Bilingual]]:
    rows = LicenceType.objects.order_by("slug")
    if "coordinator" not in officer.roles:
        rows = rows.filter(issuer=officer.department_id)
    return list(rows.values_list("slug", "name"))


def as_typed(circular: Circular) -> dict[str, str]:
    """What the form it was written in held, to change it or to write one like it."""
    facts = circular.facts
    matter = Matter.objects.filter(pk=facts.get("matter", 0)).values_list("slug", flat=True).first()
    licence = LicenceType.objects.filter(pk=facts.get("licence", 0)).values_list("slug", flat=True).first()
    return {
        "who": facts["who"],
        "matter": matter or "",
        "licence": licence or "",
        "before": facts.get("before", ""),
        "kind": circular.kind,
        "by_text_message": "1" if circular.by_text_message else "",
    } | {
        f"{name}_{key}": words[key]
        for name, words in (("title", circular.title), ("text", circular.text))
        for key in ("zh", "en")
    }


def mark_of(circular: Circular) -> str:
    """How a draft stood when a page showed it: changes with its words and with whom it is for, not with how many they are by now."""
    facts = {name: value for name, value in circular.facts.items() if name != "at_least"}
    said = [circular.kind, circular.title, circular.text, circular.by_text_message, facts]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def second_persons(circular: Circular) -> list[Officer]:
    """Whoever may let it go, those of its own department first: its approvers, supervisors, the coordinator; never its writer."""
    rows = Officer.objects.filter(active=True).exclude(pk=circular.officer_id).select_related("department", "account")
    office = circular.department
    found = [
        one
        for one in rows.order_by("pk")
        if oversight.may_be_second_person(one.roles, one.department.code, for_department=office.code)
    ]
    return sorted(found, key=lambda one: one.department_id != office.pk)[:SECOND_PERSONS_TOLD]


def returned(circular: Circular, most: int = 100) -> list[tuple[str, str]]:
    """What did not arrive outside: way and reason, the newest first. Addresses stay where they are."""
    first = f"circular:{circular.pk}:"  # the names of its messages: a stretch of their index, whatever the order of signs in it
    rows = Dispatch.objects.filter(
        message__once__gte=first, message__once__lte=f"{first}{'9' * 19}", message__once__startswith=first,
        state__in=[Dispatch.State.REFUSED, Dispatch.State.PARKED],
    )  # fmt: skip
    return list(rows.order_by("-id").values_list("channel", "reason")[:most])
