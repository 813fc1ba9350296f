"""What a form does by itself or at a button: look up again what registers know, set an answer, save. The sets of a change stand in
`drafting.save`, whoever types; look-ups happen only before the applicant, whose press or answer they follow."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tongban.cases import correction, planning, prefill, rules, standing
from tongban.cases.models import Case
from tongban.cases.moving import again, applying
from tongban.cases.services.drafting import editable, set_by, touch, who_acts
from tongban.cases.states import WITH_APPLICANT
from tongban.lib.formschema import Action, Form, FormError
from tongban.parties.models import Account
from tongban.registers.models import Call

EMPTY: tuple = (None, "", [], {})


@dataclass(frozen=True)
class Told:
    """What one action did, by the ids of questions. `differs`: what a source says ({"value", "source"}) where people
    answered something else; None when a page drawn later does not know it any more."""

    action: str
    filled: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    differs: Mapping[str, Any] = field(default_factory=dict)
    away: tuple[str, ...] = ()
    not_agreed: tuple[str, ...] = ()


def press(
    case: Case, action: Action, *, account: Account, take: Collection[str] = (), now: datetime | None = None
) -> tuple[Case, Told]:
    """The button was pressed: empty answers are filled, what people answered themselves stays unless they `take` the source's."""
    return _do(case, action, account=account, take=take, now=now or timezone.now())


def follow(
    case: Case, before: Mapping[str, Any], *, account: Account, now: datetime | None = None
) -> tuple[Case, list[Told]]:
    """Look-ups that follow from answers which are others than `before`; an answer taken back asks nothing."""
    form, values = rules.form_of(case), rules.plain_values(case.values)
    due = [
        one
        for one in form.actions_shown(values)
        if one.on == "change" and one.fills and values.get(one.of) not in (*EMPTY, before.get(one.of))
    ]
    return _all(case, due, account, now or timezone.now())


def opened(case: Case, *, account: Account, now: datetime | None = None) -> tuple[Case, list[Told]]:
    """The form is opened: what nobody filled in and nobody emptied is looked up, what nobody has seen yet is set."""
    form, values = rules.form_of(case), rules.plain_values(case.values)
    due = [
        one
        for one in form.actions_shown(values)
        if one.on == "open"
        and (any(_untouched(case, name) for name in _may_fill(case, form, one)) or set(one.sets) - set(case.values))
    ]
    return _all(case, due, account, now or timezone.now())


def _all(case: Case, actions: Iterable[Action], account: Account, now: datetime) -> tuple[Case, list[Told]]:
    told = []
    for one in actions:
        case, said = _do(case, one, account=account, take=(), now=now)
        told.append(said)
    return case, told


def _untouched(case: Case, name: str) -> bool:
    held = case.values.get(name)
    return held is None or (held["value"] in EMPTY and held["source"] == "applicant")


def _may_fill(case: Case, form: Form, action: Action) -> list[str]:
    shown = {one.id for one in form.visible(rules.plain_values(case.values)) if one.prefill and one.formula is None}
    return [name for name in correction.within(case, dict.fromkeys(action.fills)) if name in shown]


def _do(case: Case, action: Action, *, account: Account, take: Collection[str], now: datetime) -> tuple[Case, Told]:
    """Registers are asked first, outside any transaction; then the draft is changed as it is by then."""
    form = rules.form_of(case)
    wanted = [name for name in _may_fill(case, form, action) if not take or name in take]
    if action.on == "open":
        wanted = [name for name in wanted if _untouched(case, name)]
    before = Call.objects.filter(about=case.subject).order_by("-id").values_list("id", flat=True).first() or 0
    known = _known(case, wanted, account, now) if wanted else {}
    unanswered = Call.objects.filter(about=case.subject, of_party=case.applicant_id, purpose="prefill", id__gt=before)
    away = unanswered.filter(outcome=Call.Outcome.UNAVAILABLE).values_list("resource__slug", flat=True)
    not_agreed = unanswered.filter(outcome=Call.Outcome.NO_CONSENT).values_list("resource__slug", flat=True)
    with transaction.atomic():
        case = again(case)
        editable(case)
        standing.prepare(account, case, now)
        new, differs, same = _filled(case, wanted, known, take, action, now)
        sets = {} if take or action.on == "change" else _set(case, form, action, now)
        if new or sets:
            case.values = rules.with_results(case, {**case.values, **new, **sets}, now)
            if case.state in WITH_APPLICANT:
                case.findings.filter(field__in={*new, *sets}, answered_at__isnull=True).update(answered_at=now)
            touch(case, now)
    nothing = tuple(name for name in wanted if name not in known)
    return case, Told(
        action.id,
        tuple(new),
        tuple(sets),
        tuple(same),
        nothing,
        differs,
        tuple(sorted(set(away))),
        tuple(sorted(set(not_agreed))),
    )


def _known(case: Case, wanted: list[str], account: Account, now: datetime) -> dict[str, dict]:
    known: dict[str, dict] = {}
    for version, fields in planning.prefilling(case, only=wanted):
        if fields:
            known |= prefill.prefill(
                version, fields=fields, party=case.applicant, person=who_acts(case), about=case.subject,
                actor=applying(account, case), now=now, papers=False,
            )  # fmt: skip
    return known


def _filled(case: Case, wanted: list[str], known: Mapping[str, dict], take, action: Action, now: datetime):
    new: dict[str, dict] = {}
    differs: dict[str, Any] = {}
    same: list[str] = []
    for name in wanted:
        said, held = known.get(name), case.values.get(name) or {}
        if said is None or "dispute" in held:
            continue
        value = held.get("value")
        typed = held.get("source") == "applicant" or held.get("changed")
        if value == said["value"]:
            same.append(name)
        elif value in EMPTY or not typed or name in take:
            new[name] = said | {"acted": {"by": action.id, "at": now.isoformat()}}
        else:
            differs[name] = said
    return new, differs, same


def _set(case: Case, form: Form, action: Action, now: datetime) -> dict[str, dict]:
    found = {}
    for name, said in correction.within(case, action.sets).items():
        held = case.values.get(name)
        try:
            value = form.fixed_value(name, said)
        except FormError:
            continue
        if (held is None or action.on == "press" and "dispute" not in held) and (held or {}).get("value") != value:
            found[name] = set_by(action.id, value, now)
    return found
