"""The draft: begun with what is known, saved at every step, kept on every device until it is sent, deleted or runs out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, correction, events, offering, only_one, planning, prefill, rules, standing
from tongban.cases.models import Case, CaseMaterial, Step, new_ref
from tongban.cases.moving import again, applying, changed
from tongban.cases.services import cosigning, ending
from tongban.cases.states import CREATE, EDITABLE, WITH_APPLICANT, CaseState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.licences import queries as licences
from tongban.materials import services as documents
from tongban.materials.models import Document
from tongban.matters import bundling
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.matters.permit_errands import PART
from tongban.parties import mandates
from tongban.parties import queries as parties
from tongban.parties.models import Account, Company, Party, Person
from tongban.parties.states import Act
from tongban.registers import consenting
from tongban.registers import services as registers

KEPT_AS_CHOSEN = {CaseMaterial.How.UPLOAD, CaseMaterial.How.COMMITMENT, CaseMaterial.How.PAPER, CaseMaterial.How.LATER}
DRAFT_DAYS = 90
FIRST_WARNING, LAST_WARNING = timedelta(days=7), timedelta(days=1)
AT_LEAST = {FIRST_WARNING: timedelta(days=6), LAST_WARNING: timedelta(hours=12)}  # however late the warning goes out
DRAFTS_AT_MOST = 50
TRUST = {
    "licence": "A",
    "data": "A",
    "generated": "A",
    "commitment": "D",
    "upload": "C",
    "paper": "B",
    "missing": "C",
    "later": "C",
}


def begin(
    matter: Matter,
    *,
    party: Party,
    account: Account,
    channel: str = Case.Channel.ONLINE_PC,
    situation: Iterable[str] = (),
    consents: Iterable[str] = (),
    like: Case | None = None,
    offered: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> Case:
    """Begin a draft of the published version, prefilled. Registers are asked first, outside any transaction.

    `situation`: what was chosen at the guide; ids the version does not know are left out, and the draft asks. `consents`: the
    registers that the party lets be read though no law asks for it; without one the form stays empty there. `like`: an earlier
    application of this party, whose own answers and papers come along as far as they are still asked for and still hold.
    `offered`: what a link brings for the form, {field: text}; it stands only where nothing else does (`cases.offering`).
    """
    now = now or timezone.now()
    today, party = timezone.localdate(now), parties.leading(party)
    version = _may_begin(matter, party, account, today)
    power = mandates.choose(parties.over(account, party, today), act=Act.PREPARE, matter=matter.slug)
    if power is None:
        raise mandates.no_power_for(parties.over(account, party, today), Act.PREPARE)
    for grant in consenting.needed(matter.slug, party):
        if grant.resource.slug in set(consents):
            consenting.give(grant, party=party, account=account, matter_name=version.name, now=now)
    actor = standing.actor_by(power, account, party)

    def begun(case: Case) -> None:
        standing.act_as_applicant(account, case, Act.PREPARE, "begin", now)
        if like is not None:
            _bring_along(case, like, account, now)
        if offered:
            found = offering.from_link(case, offered, now)
            if found:
                case.values = rules.with_results(case, {**case.values, **found}, now)
                touch(case, now)

    return draft_for(
        version, party=party, person=standing.person_behind(party, account), account=account, actor=actor, channel=channel,
        situation=situation, now=now, also=begun,
    )  # fmt: skip


def draft_for(
    version: MatterVersion,
    *,
    party: Party,
    person: Person | None,
    account: Account | None,
    actor: Actor,
    channel: str,
    situation: Iterable[str],
    now: datetime,
    officer: Officer | None = None,
    also: Callable[[Case], object] | None = None,
) -> Case:
    """The prefilled draft itself, whoever begins it; with an officer the history says so. `also` is written with it."""
    ref = new_ref()
    draft = Case(ref=ref, matter=version.matter, version=version, applicant=party, situation=list(situation))
    versions = planning.begin(draft)
    known = planning.known_answers(draft)
    situation = draft.situation = [one for one in draft.situation if one in known] or _only_situation(version)
    situation = draft.situation = _with_what_is_held(draft, situation, now)
    values = rules.with_results(draft, _prefilled(draft, person=person, actor=actor, now=now), now)
    shared = _ask_registers(draft, f"case:{ref}")
    with transaction.atomic():
        case = Case.objects.create(
            ref=ref,
            matter=version.matter,
            version=version,
            department=version.matter.department,
            applicant=party,
            account=account,
            channel=channel,
            situation=situation,
            values=values,
            saved_at=now,
            created_at=now,
            expires_at=now + timedelta(days=DRAFT_DAYS),
            prepared_by=officer,
        )
        planning.keep(case, versions)
        _settle_materials(case, shared)
        if officer is not None:
            Step.objects.create(
                case=case, at=now, move=CREATE.name, target=CREATE.target, role=actor.role, officer=officer
            )
        journal.record(events.DraftBegun(case=case.pk), subject=case.subject, actor=actor)
        if also is not None:
            also(case)
    return case


ANSWERED_ANEW = {"consent", "photo", "slot"}  # a signature, a face and a day are given each time


def _bring_along(case: Case, like: Case, account: Account, now: datetime) -> None:
    """What the applicant said and added then; what a register says now stands, and what is not right any more stays empty."""
    if like.applicant_id != case.applicant_id:
        raise NotAllowed("not-your-case", _("This application was not found."), status=404)
    form = rules.form_of(case)
    own = {
        one.id: like.values[one.id]["value"]
        for one in form.fields
        if one.type not in ANSWERED_ANEW
        and like.values.get(one.id, {}).get("source") == "applicant"
        and one.id not in case.values
    }
    wrong = form.validate(rules.plain_values(case.values) | own, partial=True).errors
    right = {field: value for field, value in own.items() if not any(name.split("-")[0] == field for name in wrong)}
    earlier = {
        name: {
            "value": value, "source": "applicant", "at": like.values[name]["at"], "changed": False,
            "offered": offering.EARLIER,
        }
        for name, value in right.items()
        if value not in (None, "", [])
    }  # fmt: skip
    case.values = rules.with_results(case, {**case.values, **earlier}, now)
    _touch_draft(case, now, case.step)
    there = {row.type_id: row for row in case.materials.filter(how=CaseMaterial.How.MISSING)}
    for old in like.materials.select_related("document").filter(how=CaseMaterial.How.UPLOAD, type_id__in=there):
        if old.document is not None:
            row = there[old.type_id]
            row.document, row.how = documents.copy(old.document, by=account), CaseMaterial.How.UPLOAD
            row.trust = TRUST["upload"]
            row.save()


def choose_situation(case: Case, situation: list[str], *, account: Account, now: datetime | None = None) -> Case:
    """Say which situation applies: materials follow; answers of the form are kept, also those not asked any more."""
    now = now or timezone.now()
    known = planning.known_answers(case)
    wrong = [one for one in situation if one not in known]
    if wrong or (case.version.situations and not situation):
        raise Invalid(
            "situation", _("Please choose one of the situations listed."), errors={"situation": [_("Please choose.")]}
        )
    case.situation = situation = _with_what_is_held(case, situation, now)
    more = (
        _prefilled(case, person=_who_acts(case), actor=applying(account, case), now=now)
        if planning.is_bundle(case)
        else {}
    )
    shared = _ask_registers(case, case.subject)
    with transaction.atomic():
        case = again(case)
        _editable(case)
        standing.prepare(account, case, now)
        correction.refuse_locked_situation(case)
        if case.number and planning.is_bundle(case) and case.members.exists():
            raise NotAllowed(
                "parts-received",
                _("The parts of this application were received already and cannot be chosen anew."),
                kept=_("Nothing was changed."),
                next_step=_("You can withdraw an optional part, or the whole."),
            )
        case.situation = situation
        case.values = rules.with_results(
            case, {**more, **case.values}, now
        )  # what was typed stays, also where it is not asked any more
        _touch_draft(case, now, "situation")
        _settle_materials(case, shared)
    return case


def save(
    case: Case,
    answers: dict,
    *,
    revision: int,
    account: Account,
    saver: str = "",
    step: str | None = None,
    carried: int | None = None,
    now: datetime | None = None,
) -> Case:
    """Keep answers as far as they are typed, right or wrong: checking is for sending. Only fields of the form are taken.

    `revision` is the one the page was made from and `saver` a name of that page: it may save again and again. If another
    page or device saved in between, nothing is overwritten and the sentence says so (NotAllowed, code `changed-elsewhere`).
    `carried`: the second device that typed them; numbers it typed itself it may see, and no others.
    """
    now = now or timezone.now()
    form = rules.form_of(case)
    with transaction.atomic():
        case = again(case)
        _editable(case)
        standing.prepare(account, case, now)
        if revision != case.revision and not (saver and saver == case.saver):
            raise NotAllowed(
                "changed-elsewhere",
                worded(
                    _("This form was changed somewhere else at %(at)s."),
                    at=timezone.localtime(case.saved_at).strftime("%H:%M"),
                ),
                kept=_("Both versions are kept: what was saved there, and what you see here."),
                next_step=_("Save again to use what you see here, or reload to see the other."),
            )
        before = case.values
        merged = _merged(before, correction.within(case, answers), form, now, carried)
        case.values = rules.with_results(case, _set_by_change(case, before, merged, form, now), now)
        if case.state in WITH_APPLICANT:
            anew = [name for name, held in case.values.items() if held != before.get(name)]
            case.findings.filter(field__in=anew, answered_at__isnull=True).update(answered_at=now)
        case.saver = saver[:24]
        _touch_draft(case, now, step or case.step)
    return case


def enter(case: Case, field: str, value, *, source: str, now: datetime) -> None:
    """One value from a source into the answers of a case that the caller holds; the person pressed for it."""
    _editable(case)
    case.values = rules.with_results(
        case, {**case.values, field: {"value": value, "source": source, "at": now.isoformat(), "changed": False}}, now
    )
    if case.state in WITH_APPLICANT:
        case.findings.filter(field=field, answered_at__isnull=True).update(answered_at=now)
    _touch_draft(case, now, case.step)


def attach(
    case: Case,
    material: str,
    document: Document,
    *,
    account: Account,
    seen_by: Officer | None = None,
    now: datetime | None = None,
) -> CaseMaterial:
    """Satisfy a material by an uploaded document; one that was there before is replaced. `seen_by`: who held the original in hand."""
    return _satisfy(
        case, material, account=account, now=now, how=CaseMaterial.How.UPLOAD, document=document, seen_by=seen_by
    )


def see_paper(case: Case, material: str, *, officer: Officer, now: datetime | None = None) -> CaseMaterial:
    """The original lies at the window and no copy is wanted: seen is enough."""
    return _satisfy(
        case, material, account=officer.account, now=now, how=CaseMaterial.How.PAPER, document=None, seen_by=officer
    )


def detach(case: Case, material: str, *, account: Account, now: datetime | None = None) -> CaseMaterial:
    """Take the document back out; if a licence or shared data can stand in, it does."""
    now = now or timezone.now()
    shared = _ask_registers(case, case.subject)
    with transaction.atomic():
        case = again(case)
        _editable(case)
        standing.prepare(account, case, now)
        correction.refuse_locked_paper(case, material)
        case.materials.filter(type__slug=material).delete()
        _settle_materials(case, shared)
        _touch_draft(case, now, case.step)
        row = case.materials.filter(type__slug=material).first()
    if row is None:
        raise NotAllowed("material-not-asked", _("This document is not asked for here."))
    return row


def commit_to(case: Case, material: str, *, account: Account, now: datetime | None = None) -> CaseMaterial:
    """Promise in writing instead of handing in a paper, where the guide allows it."""
    wanted = {row.slug: row for row in rules.requirements_of(case)}
    if material not in wanted or wanted[material].exempt != "commitment":
        raise NotAllowed("no-commitment", _("This document cannot be replaced by a written commitment."))
    return _satisfy(case, material, account=account, now=now, how=CaseMaterial.How.COMMITMENT, document=None)


def supply_later(case: Case, material: str, *, account: Account, now: datetime | None = None) -> CaseMaterial:
    """Send without this paper now and supply it by a day the office sets, where the guide allows it."""
    wanted = {row.slug: row for row in rules.requirements_of(case)}
    if material not in wanted or not wanted[material].tolerant:
        raise NotAllowed("not-tolerant", _("This document cannot follow later: it is needed from the beginning."))
    return _satisfy(case, material, account=account, now=now, how=CaseMaterial.How.LATER, document=None)


def refresh_materials(case: Case, *, account: Account) -> Case:
    """Look again at licences and shared data (a licence may have been issued since)."""
    shared = _ask_registers(case, case.subject)
    with transaction.atomic():
        case = again(case)
        _editable(case)
        _settle_materials(case, shared)
        changed(case)
    return case


def expire_drafts(now: datetime) -> int:
    """Delete drafts whose time is over and of whose last day was told (a duty of the worker)."""
    told = Q(warned_at__gte=F("expires_at") - LAST_WARNING)
    over = Case.objects.filter(told, state=CaseState.DRAFT, expires_at__lt=now)
    gone, _kinds = over.delete()
    return gone


# --


def refuse_closed(party: Party) -> None:
    """Of a company that was struck off nothing new is begun or sent."""
    closed = party.kind == Party.Kind.COMPANY and Company.objects.filter(pk=party.pk, status=Company.Status.CLOSED)
    if closed and closed.exists():
        raise NotAllowed(
            "business-closed",
            _("This business is closed, so nothing new can be applied for in its name."),
            next_step=_("What it held and was told stays here to be read."),
        )


def _may_begin(matter: Matter, party: Party, account: Account, today: date) -> MatterVersion:
    """The version that is applied for now; raises NotAllowed when this party cannot apply for it online."""
    published = matter.versions.select_related("matter", "matter__department")
    version = published.filter(state=MatterVersion.State.PUBLISHED).first()
    if version is None or not version.online:
        raise NotAllowed(
            "not-online",
            _("This matter cannot be applied for online yet."),
            next_step=_("The guide says where it can be done."),
        )
    if matter.origin == PART:
        raise NotAllowed(
            "part-of-a-bundle",
            _("This is a part of a joint errand and is not applied for alone."),
            next_step=_("Begin the joint cancellation or the joint change: the parts that apply to you come along."),
        )
    refuse_closed(party)
    served = set(version.objects_served)
    kinds = {"person"} if party.kind == Party.Kind.PERSON else served - {"person"}
    if not served & kinds:
        raise NotAllowed(
            "not-for-you",
            _("This matter is for companies.") if party.kind == Party.Kind.PERSON else _("This matter is for persons."),
            next_step=_("Switch to the other space at the top of the page and begin there."),
        )
    if account.person_id is None:
        raise NotAllowed(
            "identity-not-proved",
            _("Before you apply, please confirm who you are."),
            next_step=_("It takes about a minute; then you come back here."),
        )
    room_for_a_draft(party)
    only_one.refuse_to_begin(version, party, today)
    return version


def room_for_a_draft(party: Party) -> None:
    """Raises NotAllowed where this party has as many drafts as it may have."""
    if Case.objects.filter(applicant=party, state=CaseState.DRAFT).count() >= DRAFTS_AT_MOST:
        raise NotAllowed(
            "too-many-drafts",
            _("You have 50 drafts."),
            next_step=_("Send or delete some of them, then begin a new one."),
        )


def _with_what_is_held(case: Case, situation: list[str], now: datetime) -> list[str]:
    """Which parts of a joint cancellation or change apply follows from the permits that are held; nobody answers for that."""
    held = ending.parts_held(case.version, case.applicant, today=clocks.local_day(now))
    left = bundling.by_holding(case.version)
    return [*(one for one in situation if one not in left), *held] if left else situation


def _only_situation(version: MatterVersion) -> list[str]:
    return [version.situations[0]["id"]] if len(version.situations) == 1 else []


def _editable(case: Case) -> None:
    if case.state not in EDITABLE:
        raise NotAllowed(
            "not-editable",
            _("This was sent and cannot be changed now."),
            kept=_("What you sent is kept as it is."),
            next_step=_("If something is wrong, write a question inside the case or withdraw it."),
        )


def _touch_draft(case: Case, now: datetime, step: str) -> None:
    case.revision += 1
    case.saved_at = now
    case.step = step
    fields = ["situation", "values", "revision", "saver", "saved_at", "step", "updated_at"]
    if case.state == CaseState.DRAFT:
        case.expires_at = now + timedelta(days=DRAFT_DAYS)
        case.warned_at = None
        fields += ["expires_at", "warned_at"]
    case.save(update_fields=fields)
    cosigning.undo_what_was_signed(case, now)
    changed(case)


def touch(case: Case, now: datetime) -> None:
    """Something was added to the draft that nobody typed on a page of it; it stays at its step."""
    _touch_draft(case, now, case.step)


def _merged(values: dict, answers: dict, form, now: datetime, carried: int | None = None) -> dict:
    """Answers into the stored values. A prefilled value that is read-only stays; one that was changed says so."""
    merged = dict(values)
    typed_there = {} if carried is None else {"carried": carried}
    for field in form.fields:
        if field.id not in answers or field.formula is not None:
            continue
        answer, held = answers[field.id], merged.get(field.id)
        if held is not None and held["source"] != "applicant":
            if field.readonly or held["value"] == answer:
                continue
            given = held.get("given", held["value"])  # what the source said stays beside what was made of it
            changed = answer != given
            kept = {name: said for name, said in held.items() if name not in {"carried", "acted"}}
            merged[field.id] = {
                **kept, "value": answer, "given": given, "changed": changed, "at": now.isoformat(), **typed_there
            }  # fmt: skip
        elif held is None or held["value"] != answer:
            disputed = {name: held[name] for name in ("given", "given_source", "dispute") if held and name in held}
            merged[field.id] = {
                "value": answer, "source": "applicant", "at": now.isoformat(), "changed": bool(disputed), **disputed,
                **typed_there,
            }  # fmt: skip
    return merged


def _set_by_change(case: Case, before: dict, values: dict, form: Form, now: datetime) -> dict:
    """What actions of the form set because other answers changed, whoever typed them."""
    found = form.with_what_changes(rules.plain_values(before), rules.plain_values(values)) if form.actions else {}
    allowed = correction.within(
        case, {name: one for name, one in found.items() if "dispute" not in values.get(name, {})}
    )
    return values | {name: set_by(allowed[name][0], allowed[name][1], now) for name in allowed}


def set_by(action: str, value: Any, now: datetime) -> dict[str, Any]:
    """An answer that an action of the form gave: the applicant's own, and it says which action it was until it is changed."""
    return {
        "value": value, "source": "applicant", "at": now.isoformat(), "changed": False,
        "acted": {"by": action, "at": now.isoformat()},
    }  # fmt: skip


def _satisfy(
    case: Case, material: str, *, account, now, how: str, document: Document | None, seen_by: Officer | None = None
) -> CaseMaterial:
    now = now or timezone.now()
    if document is not None and document.owner_id not in {case.applicant_id, account.person_id}:
        raise NotAllowed("not-your-document", _("This document was not found."))
    with transaction.atomic():
        case = again(case)
        _editable(case)
        standing.prepare(account, case, now)
        row = case.materials.select_related("type").filter(type__slug=material).first()
        if row is None:
            raise NotAllowed("material-not-asked", _("This document is not asked for here."))
        correction.refuse_locked_paper(case, material)
        row.how, row.document, row.licence, row.resource, row.seen_by = how, document, None, "", seen_by
        row.trust = TRUST["paper"] if seen_by is not None else TRUST[how]
        row.save()
        about_it = case.findings.filter(material=material, answered_at__isnull=True)
        if about_it.count() == 1:  # of several, one a page, the applicant says which are done
            about_it.update(answered_at=now)
        if document is not None:
            documents.ask_reading(document)
        _touch_draft(case, now, case.step)
    return row


def _ask_registers(case: Case, about: str) -> dict[str, bool]:
    """Which shared data can stand in for a paper; asked before any row is locked: {resource: yes}.

    Of a bundle each register is asked in the name of a member that may ask it.
    """
    askers = {
        row.slug: getattr(row, "asked_by", (case.matter.slug,))
        for row in rules.requirements_of(case)
        if row.exempt == "data"
    }
    rows = MaterialType.objects.filter(slug__in=askers).exclude(resource="").values_list("slug", "resource")
    of_matter: dict[str, set[str]] = {}
    for slug, resource in rows:
        of_matter.setdefault(askers[slug][0], set()).add(resource)
    found: dict[str, bool] = {}
    for matter, resources in of_matter.items():
        found |= registers.look(sorted(resources), of=case.applicant, matter=matter, about=about)
    return found


def _prefilled(case: Case, *, person: Person | None, actor: Actor, now: datetime) -> dict[str, dict]:
    """What is known already for the form of a draft; of a bundle each field for the member that asks it first."""
    about = f"case:{case.ref}" if case.pk is None else case.subject
    known: dict[str, dict] = {}
    for version, fields in planning.prefilling(case):
        known |= prefill.prefill(
            version, fields=fields, party=case.applicant, person=person, about=about, actor=actor, now=now
        )
    return known


def _settle_materials(case: Case, shared: dict[str, bool]) -> None:
    """One row a material that applies: kept where the applicant already did something, else satisfied by what there is."""
    wanted = {row.slug: row for row in rules.requirements_of(case)}
    types = {row.slug: row for row in MaterialType.objects.filter(slug__in=wanted)}
    held = {row.type.slug: row for row in case.materials.select_related("type")}
    for slug, row in held.items():
        if slug not in wanted and row.how != CaseMaterial.How.UPLOAD:
            row.delete()
        elif slug not in wanted and row.required:
            row.required = False
            row.save(update_fields=["required", "updated_at"])
    for slug, requirement in wanted.items():
        kind = types.get(slug)
        if kind is None:
            continue
        row = held.get(slug) or CaseMaterial(case=case, type=kind)
        row.required = requirement.required
        if row.how not in KEPT_AS_CHOSEN:
            _stand_in(row, requirement, kind, case, shared)
        row.save()


settle_materials, ask_registers_for, editable = _settle_materials, _ask_registers, _editable


def _stand_in(row: CaseMaterial, requirement, kind: MaterialType, case: Case, shared: dict[str, bool]) -> None:
    row.how, row.licence, row.resource = CaseMaterial.How.MISSING, None, ""
    if requirement.exempt == "generated":
        row.how = CaseMaterial.How.GENERATED
    elif requirement.exempt == "licence" and kind.licence_type:
        row.licence = _licence_for(case, kind.licence_type)
        row.how = CaseMaterial.How.LICENCE if row.licence else CaseMaterial.How.MISSING
    elif requirement.exempt == "data" and shared.get(kind.resource):
        row.how, row.resource = CaseMaterial.How.DATA, kind.resource
    row.trust = TRUST[row.how]


def _licence_for(case: Case, licence_type: str):
    """The applicant's licence of that type; a company's people (legal representative's card) by the person who acts."""
    today = timezone.localdate()
    found = licences.in_force(case.applicant, licence_type, today)
    person = _who_acts(case)
    if found is None and person is not None:
        found = licences.in_force(person, licence_type, today)
        for other in parties.records_of(person) if found is None else ():
            found = found or licences.in_force(other, licence_type, today)
    return found


def _who_acts(case: Case) -> Person | None:
    """The applicant; for a company whoever acts for it, or stood at the window."""
    if case.account is not None or case.applicant.kind == Party.Kind.PERSON:
        return standing.person_behind(case.applicant, case.account)
    hand = case.hands.select_related("visit__person").filter(visit__isnull=False).order_by("-id").first()
    return hand.visit.person if hand is not None else None


who_acts = _who_acts


def warn_of_expiry(now: datetime) -> list[Case]:
    """Drafts that end within 7 days, and again within one: marked as warned and given back for a message each.

    Whoever is told late (the worker stood still) has the whole time that the message promises: the end moves.
    """
    drafts = Case.objects.filter(state=CaseState.DRAFT).select_related("matter", "applicant", "version")
    first = drafts.filter(expires_at__lt=now + FIRST_WARNING, warned_at__isnull=True)
    last = drafts.filter(expires_at__lt=now + LAST_WARNING, warned_at__lt=F("expires_at") - LAST_WARNING)
    warned: list[Case] = []
    for rows, ahead in ((last, LAST_WARNING), (first, FIRST_WARNING)):
        for case in rows[:500]:
            ends = max(case.expires_at or now, now + AT_LEAST[ahead])
            same = Case.objects.filter(pk=case.pk, state=CaseState.DRAFT, expires_at=case.expires_at)
            if same.update(warned_at=now, expires_at=ends):  # whoever saved at this moment is not warned
                case.expires_at = ends
                warned.append(case)
    return warned


def extend_draft(case: Case, *, account: Account, now: datetime | None = None) -> Case:
    """Keep a draft as long again as a fresh one. What stands in it is not touched."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        if case.state != CaseState.DRAFT:
            raise NotAllowed("already-sent", _("This was already sent. You can withdraw it instead."))
        standing.act_as_applicant(account, case, Act.PREPARE, "save", now)
        case.expires_at, case.warned_at = now + timedelta(days=DRAFT_DAYS), None
        case.save(update_fields=["expires_at", "warned_at", "updated_at"])
        changed(case)
    return case
