"""A bundle and its members: made when the whole is received, moved with it until acceptance, and from then on the whole follows them.

Whoever acts on a member holds the whole first (`moving.again`), so that of several departments deciding at once the last one sees
what the others decided. Without that, on PostgreSQL, each sees the others still undecided, and the whole waits for ever.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import BigIntegerField, CharField, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, moving, only_one, papers, planning, promising, rules
from tongban.cases.bundles import EVERY_PART_DECIDED, Part, parts_of, with_results
from tongban.cases.models import Bundle, BundleMember, Case, CaseMaterial, Clock, Step
from tongban.cases.moving import acting, again, applying, changed, go, go_all, moved
from tongban.cases.services import billing, ending, one_promise
from tongban.cases.states import (
    AUTO_APPROVE,
    CORRECT,
    ENDED,
    HAND_IN,
    IN_REVIEW,
    ISSUANCE_DAYS,
    LAPSE,
    NOT_ACCEPT,
    REFUSE,
    REQUEST_CORRECTION,
    START_REVIEW,
    SUBMIT,
    TERMINATE,
    WITHDRAW,
    CaseState,
    ClockKind,
)
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import written
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.lib.formschema import Form
from tongban.lib.moves import Move
from tongban.lib.problems import NotAllowed
from tongban.licences import industry
from tongban.licences.models import Licence, LicenceType
from tongban.matters import bundling as plans
from tongban.matters.models import MatterVersion
from tongban.matters.requirements import requirements
from tongban.parties.models import Account

CHOICE_DAYS = 10  # working days to say what becomes of an optional part that was refused; demonstration district


# -- made when the whole is received


def receive(whole: Case, *, now: datetime) -> list[Case]:
    """One case for each member of the plan, with its own fields and papers and nothing else. A second time brings them up to date."""
    if not planning.is_bundle(whole):
        return []
    if _has_members(whole=whole.pk):
        return refill(whole)
    plan = planning.plan_of(whole)
    Bundle.objects.update_or_create(
        case=whole,
        defaults={"promised_days": plan.promised_days},
        create_defaults={
            "promised_days": plan.promised_days,
            "versions": {one.slug: one.version.pk for one in plan.members},
        },
    )
    made = [_member_of(whole, plan, place, now) for place in range(1, len(plan.members) + 1)]
    written.insert_all(made)
    written.insert_all(
        BundleMember(
            parent=whole, case=case, slug=one.slug, place=place, mandatory=one.mandatory, after=list(one.after), why=one.why
        )
        for place, (one, case) in enumerate(zip(plan.members, made, strict=True), 1)
    )  # fmt: skip
    _write_papers(whole, made)
    only_one.mark(made)
    _write_beginning(whole, made)
    journal.record_many(
        [(events.MemberReceived(case=case.pk, bundle=whole.pk), case.subject) for case in made], actor=PLATFORM
    )
    return made


def _member_of(whole: Case, plan: plans.Plan, place: int, now: datetime) -> Case:
    one = plan.members[place - 1]
    values = own_values(whole, plan, one)
    return Case(
        matter=one.version.matter,
        version=one.version,
        department=one.version.matter.department,
        parent=whole,
        applicant=whole.applicant,
        account=whole.account,
        channel=whole.channel,
        state=CaseState.RECEIVED,
        number=f"{whole.number}-{place:02d}",
        query_code=whole.query_code,
        situation=list(one.situation),
        values=values,
        step="check",
        saved_at=whole.saved_at,
        submitted_at=whole.submitted_at,
        received_on=whole.received_on,
        with_people=whole.with_people,
        delivery=whole.delivery,
        committed=bool((values.get("commit") or {}).get("value")),
        prepared_by=whole.prepared_by,
        signed_how=whole.signed_how,
        paper_kept=whole.paper_kept,
        created_at=now,
    )


def own_values(whole: Case, plan: plans.Plan, member: plans.Member) -> dict:
    """What of the one form this member needs to know, under its own names and with where each value came from."""
    held = plan.answers_of(member.slug, whole.values)
    form = Form.from_demo(member.version.form)
    return {one.id: held[one.id] for one in form.visible(rules.plain_values(held)) if one.id in held}


@composed(whole=BigIntegerField())
def _papers_of(whole):
    return CaseMaterial.objects.select_related("type").filter(case_id=whole)


def _write_papers(whole: Case, members: Iterable[Case]) -> None:
    """Each member has the papers its own guide asks for, as the whole satisfied them."""
    held = {row.type.slug: row for row in _papers_of(whole=whole.pk)}
    rows = []
    for case in members:
        for wanted in requirements(case.version, case.situation):
            row = held.get(wanted.slug)
            if row is None or (row.how == CaseMaterial.How.MISSING and not wanted.required):
                continue  # another member makes it, or nobody needs it
            rows.append(
                CaseMaterial(
                    case=case, type=row.type, how=row.how, required=wanted.required, document_id=row.document_id,
                    licence_id=row.licence_id, resource=row.resource, trust=row.trust, seen_by_id=row.seen_by_id,
                )
            )  # fmt: skip
    written.insert_all(rows)


def _write_beginning(whole: Case, members: Iterable[Case]) -> None:
    """How the whole was sent and received is how each of its members was."""
    sending = {SUBMIT.name, HAND_IN.name, "resubmit"}
    newest_first = list(whole.steps.filter(Q(move__in=sending) | Q(target=CaseState.RECEIVED)).order_by("-id"))
    sent = next((one for one in newest_first if one.move in sending), None)
    received = next((one for one in newest_first if one.target == CaseState.RECEIVED), None)
    steps = [one for one in dict.fromkeys([sent, received]) if one is not None]
    written.insert_all(
        Step(
            case=case, at=one.at, move=one.move, source=one.source, target=one.target, role=one.role,
            officer_id=one.officer_id, account_id=one.account_id,
        )
        for case in members
        for one in steps
    )  # fmt: skip


def refill(whole: Case) -> list[Case]:
    """What was changed in the whole before acceptance reaches the members it concerns; those corrected on their own stay as they are."""
    plan = planning.plan_of(whole)
    members = [
        part.case for part in parts_of(whole) if part.case.state == CaseState.RECEIVED and part.case.next_due is None
    ]
    by_slug = {one.slug: one for one in plan.members}
    for case in members:
        one = by_slug[case.matter.slug]
        case.values = own_values(whole, plan, one)
        case.received_on, case.delivery = whole.received_on, whole.delivery
        case.save(update_fields=["values", "received_on", "delivery", "updated_at"])
    only_one.mark(members)
    CaseMaterial.objects.filter(case__in=members).delete()
    _write_papers(whole, members)
    return members


# -- until acceptance the members move with the whole


WITH_THE_WHOLE = {
    step.name: sources
    for step, sources in (
        (REQUEST_CORRECTION, {CaseState.RECEIVED}),
        (CORRECT, {CaseState.CORRECTION_REQUESTED}),
        (LAPSE, {CaseState.CORRECTION_REQUESTED}),
        (NOT_ACCEPT, {CaseState.RECEIVED}),
        (WITHDRAW, set(WITHDRAW.sources)),
        (TERMINATE, set(TERMINATE.sources)),
    )
}


def move_along(
    whole: Case,
    step: Move,
    *,
    actor: Actor,
    now: datetime,
    officer: Officer | None,
    account: Account | None,
    reason: str,
    changes: dict,
) -> None:
    """What happens to the whole happens to its members as far as they are not over; those corrected on their own go on with that."""
    if step.name not in WITH_THE_WHOLE or not planning.is_bundle(whole):
        return
    one_by_one = step.name in {CORRECT.name, REQUEST_CORRECTION.name}
    parts = parts_of(whole)
    if step.name == TERMINATE.name and any(part.row.mandatory and part.lost for part in parts):
        return  # here the whole follows a member; what runs elsewhere is those departments' own
    for part in parts:
        case = part.case
        if case.state not in WITH_THE_WHOLE[step.name] or (one_by_one and case.next_due is not None):
            continue
        said = {name: changes[name] for name in ("decision", "decided_at", "ground", "received_on") if name in changes}
        go(
            case,
            step,
            actor=actor,
            now=now,
            officer=officer,
            account=account,
            reason=reason,
            what=_what(case, step),
            **said,
        )
        if step.target in ENDED:
            clocks.stop_all(case, clocks.local_day(now))
            clocks.show(case)
        if "decision" in said:
            case.reason = {"text": reason}
            case.save(update_fields=["reason"])
    if step is CORRECT or step.name == CORRECT.name:
        whole.refresh_from_db(fields=["values", "received_on"])
        refill(whole)


moving.AFTER_MOVES.append(move_along)


def _what(case: Case, step: Move):
    if step.name == NOT_ACCEPT.name:
        return events.CaseNotAccepted(case=case.pk)
    return events.CaseEnded(case=case.pk, state=step.target) if step.target in ENDED else None


def accept_members(
    whole: Case, step: Move, actor: Actor, officer, counted_from: date, now: datetime, *, deemed: bool
) -> None:
    """The yes to the whole is the yes to every member that is complete; each has its own limit by law, and one promise for all."""
    if not planning.is_bundle(whole):
        return
    promised = planning.promised_days(whole)
    parts = [part for part in parts_of(whole) if part.case.state == CaseState.RECEIVED]
    members = [part.case for part in parts]
    own_clock = [case for case in members if case.next_due is not None]
    go_all(
        members, step, actor=actor, officer=officer, now=now,
        what=lambda case: events.CaseAccepted(case=case.pk, deemed=deemed),
        accepted_at=now, claimed_by=None, claimed_at=None,
    )  # fmt: skip
    for case in own_clock:
        clocks.stop(case, ClockKind.ACCEPTANCE, clocks.local_day(now))
    apart = promising.parts_decided_within(whole, promised) if whole.committed and promised is not None else {}
    clocks.start_all(
        [clock for part in parts for clock in _clocks_of(part, counted_from, apart.get(part.row.slug, promised))]
    )
    clocks.show_members(members)
    for case in members:
        billing.charge(case, billing.AT_ACCEPTANCE, actor=actor, now=now)
    one_promise.show_limits(whole)
    journal.enqueue(GO_ON, once=f"go on:{whole.pk}:accepted", case=whole.pk)


def _clocks_of(part: Part, counted_from: date, promised: int | None) -> Iterator[Clock]:
    """The promise of the bundle runs from acceptance; the limit by law of a member that must wait, from when it reaches its department."""
    case, version = part.case, part.case.version
    if promised is not None:
        yield clocks.counted(case, ClockKind.DECISION_PROMISED, counted_from, promised, MatterVersion.Unit.WORKING_DAY)
    if version.statutory_days and not part.row.after:
        yield clocks.counted(
            case, ClockKind.DECISION_STATUTORY, counted_from, version.statutory_days, version.time_unit
        )


def take_turns(member: Case) -> None:
    """Accepted by itself, after a correction of its own: its review begins when it is its turn."""
    journal.enqueue(GO_ON, once=f"go on:{member.parent_id}:{member.pk}:{member.corrections}", case=member.parent_id)


def lacking(case: Case) -> list[CaseMaterial]:
    """Required papers that are not there; of a bundle, of the members that are accepted with it."""
    if not planning.is_bundle(case) or not _has_members(whole=case.pk):
        return _lacking_of(case=case.pk)
    if case.corrections or case.staff_changes.exists():
        refill(case)
    return _lacking_of_members(whole=case.pk)


def _missing():
    return CaseMaterial.objects.filter(required=True, how=CaseMaterial.How.MISSING).select_related("type")


@composed(case=BigIntegerField())
def _lacking_of(case):
    return _missing().filter(case_id=case)


@composed(whole=BigIntegerField())
def _lacking_of_members(whole):
    return _missing().filter(case__parent_id=whole, case__state=CaseState.RECEIVED)


@composed(whole=BigIntegerField())
def _has_members(whole):
    return BundleMember.objects.filter(parent_id=whole).values_list("pk", flat=True)[:1]


# -- reviews begin


GO_ON = "cases.go_on"
CONSIDER = "cases.consider"


@journal.carrier(GO_ON)
def go_on(case: int) -> None:
    """Begin the review of every member that is accepted and whose turn it is. A second time does nothing."""
    now = timezone.now()
    with transaction.atomic():
        whole = again(Case(pk=case))
        if whole.state == CaseState.ACCEPTED:
            go(whole, START_REVIEW, actor=PLATFORM, now=now)
        parts = parts_of(whole)
        granted = {part.row.slug: part for part in parts if part.granted}
        settled = {part.row.slug for part in parts if part.granted or part.gone}
        turn = [part for part in parts if part.case.state == CaseState.ACCEPTED and settled.issuperset(part.row.after)]
        go_all(
            [part.case for part in turn], START_REVIEW, actor=PLATFORM, now=now,
            what=lambda case: moved(case, START_REVIEW, CaseState.ACCEPTED),
        )  # fmt: skip
        for part in turn:
            _begin_review(part, [granted[slug] for slug in part.row.after if slug in granted], now)
            if part.row.after:
                _fill_in(part.case, list(granted.values()), now)
        one_promise.show_limits(whole)


def _begin_review(part: Part, before: list[Part], now: datetime) -> None:
    """The move is made; what comes with it."""
    case = part.case
    if part.row.after:
        with_results(before)
        _hand_on(case, before)
        version = case.version
        if version.statutory_days and not case.clocks.filter(kind=ClockKind.DECISION_STATUTORY).exists():
            today = clocks.local_day(now)
            clocks.start(case, ClockKind.DECISION_STATUTORY, today, version.statutory_days, version.time_unit)
            clocks.show(case)
    if case.version.decided_by in {MatterVersion.Decides.RULE, MatterVersion.Decides.FULL}:
        journal.enqueue(CONSIDER, once=f"consider:{case.pk}:in turn", case=case.pk)


def _hand_on(case: Case, before: list[Part]) -> None:
    """What the members before it granted is there now, as the paper its guide asks for."""
    held = set(case.materials.values_list("type__slug", flat=True))
    wanted = {one.slug: one for one in requirements(case.version, case.situation) if one.slug not in held}
    given = {part.result.licence.type.slug: part.result.licence for part in before if part.result.licence is not None}
    if not wanted:
        return
    kinds = planning.MaterialType.objects.filter(slug__in=wanted)
    rows = []
    for kind in kinds:
        licence = given.get(kind.licence_type) or given.get(kind.slug)
        if licence is not None:
            rows.append(
                CaseMaterial(
                    case=case, type=kind, how=CaseMaterial.How.LICENCE, required=wanted[kind.slug].required,
                    licence=licence, trust="A",
                )
            )  # fmt: skip
    CaseMaterial.objects.bulk_create(rows)


def _fill_in(case: Case, before: list[Part], now: datetime) -> None:
    """What nobody could be asked, because a member before it makes the licence that says it, stands in its answers now."""
    unasked = [
        one for one in case.version.form if one["id"] not in case.values and plans.licence_of(one.get("prefill"))
    ]
    if not unasked:
        return
    with_results(before)
    faces = {
        part.result.licence.type.slug: part.result.licence.face for part in before if part.result.licence is not None
    }
    known = {}
    for one in unasked:
        kind = plans.licence_of(one["prefill"])
        said = faces.get(kind, {}).get(one["prefill"].rpartition(".")[2])
        if said:
            known[one["id"]] = {"value": said, "source": f"licence:{kind}", "at": now.isoformat(), "changed": False}
    if known:
        case.values = case.values | known
        case.save(update_fields=["values"])


# -- the whole follows


def follow(member: Case, *, now: datetime, officer: Officer | None = None, account: Account | None = None) -> None:
    """A member has come to an end or to its result: judge all of them and move the whole. Call last in the act's transaction."""
    if member.parent_id is None:
        return
    judge(_held(member.parent_id), now=now, officer=officer, account=account)


# The guide of the whole is long and its answers are sealed: judging needs neither.
NOT_FOR_JUDGING = (
    "values", "rules_trace", "opinion",
    *(
        f"version__{name}"
        for name in (
            "form", "requirements", "situations", "steps", "places", "contacts", "appeal", "rights", "faqs", "editions", "members",
            "legal_basis", "conditions", "quota", "bars", "intermediary", "rules", "note", "handling_office", "entrusted_to",
            "authority_split", "special_procedures", "visit_reason", "cross_region", "joint_departments",
        )
    ),
)  # fmt: skip


def _held(pk: int) -> Case:
    return _for_judging(pk=pk)[0]


@composed(pk=BigIntegerField())
def _for_judging(pk):
    rows = Case.objects.select_related("matter", "version", "department", "applicant", "account")
    return rows.defer(*NOT_FOR_JUDGING).select_for_update(of=("self",)).filter(pk=pk)


def another_is_ready(member: Case) -> None:
    """A result is there: the whole may have waited for it."""
    if member.parent_id is None:
        return
    if _being_issued(whole=member.parent_id):
        journal.enqueue("cases.issue", once=f"issue:{member.parent_id}:{member.pk}", case=member.parent_id)


@composed(whole=BigIntegerField())
def _being_issued(whole):
    return Case.objects.filter(pk=whole, state=CaseState.ISSUING).values_list("pk", flat=True)


def judge(whole: Case, *, now: datetime, officer: Officer | None = None, account: Account | None = None) -> None:
    parts = parts_of(whole)
    _settle_choices(whole, parts, now)
    _end_what_waits_in_vain(parts, now, officer, account)
    _let_the_next_begin(whole, parts)
    if any(part.lost for part in parts):
        one_promise.keep(whole, parts)  # what was taken back while it stood still holds nobody up any more
    one_promise.show_limits(whole)
    if whole.state == CaseState.DELIVERED:
        journal.enqueue(
            "cases.close", once=f"close:{whole.pk}:{sum(part.case.state in ENDED for part in parts)}", case=whole.pk
        )
    if whole.state not in IN_REVIEW:
        return
    lost = next((part for part in parts if part.row.mandatory and part.lost), None)
    if lost is not None:
        _end_whole(whole, parts, lost, now, officer)
    elif any(part.open for part in parts):
        return
    elif any(part.to_be_chosen for part in parts):
        _departments_are_done(whole, now)
    elif whole.state == CaseState.UNDER_REVIEW:
        _grant_whole(whole, parts, now)


def _settle_choices(whole: Case, parts: list[Part], now: datetime) -> None:
    """An optional member that was refused waits for its applicant's choice; one that ended otherwise is left out at once."""
    for part in parts:
        if not part.to_be_chosen or part.row.choose_by is not None:
            continue
        if part.case.state == CaseState.REFUSED and whole.state in IN_REVIEW:
            part.row.choose_by = departments.calendar().due(clocks.local_day(now), CHOICE_DAYS).day
            part.row.save(update_fields=["choose_by"])
            journal.record(
                events.BundleChoiceAsked(case=whole.pk, member=part.case.pk), subject=whole.subject, actor=PLATFORM
            )
            changed(whole)
        else:
            drop(whole, part, now=now, actor=PLATFORM, why=part.case.state)


def drop(whole: Case, part: Part, *, now: datetime, actor: Actor, why: str) -> None:
    part.row.dropped_at, part.row.choose_by = now, None
    part.row.save(update_fields=["dropped_at", "choose_by", "choice"])
    journal.record(
        events.BundleMemberDropped(case=whole.pk, member=part.case.pk, why=why), subject=whole.subject, actor=actor
    )
    changed(whole)


def _end_what_waits_in_vain(parts: list[Part], now: datetime, officer: Officer | None, account: Account | None) -> None:
    """Whoever waits for a member of which nothing will come is told so, and how to go on; never left waiting."""
    by_slug = {part.row.slug: part for part in parts}
    ended = True
    while ended:
        ended = False
        for part in parts:
            if part.case.state != CaseState.ACCEPTED:
                continue
            lost = next((by_slug[slug] for slug in part.row.after if slug in by_slug and by_slug[slug].gone), None)
            if lost is not None:
                _end_in_vain(part, lost, now, officer or lost.case.approver, account)
                ended = True


def _end_in_vain(part: Part, lost: Part, now: datetime, officer: Officer | None, account: Account | None) -> None:
    case, name = part.case, lost.case.version.name
    reason = f"“{name['zh']}”({lost.case.number})没有办成，本事项以它为前提 / it rests on “{name['en']}”, which was not granted"
    if officer is not None:
        go(
            case, TERMINATE, actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=reason,
            what=events.CaseEnded(case=case.pk, state=CaseState.TERMINATED), claimed_by=None, claimed_at=None,
        )  # fmt: skip
    else:
        by = account or case.account
        actor = (
            applying(by, case) if by is not None else Actor(kind="applicant", role="applicant", party=case.applicant_id)
        )
        go(
            case, WITHDRAW, actor=actor, account=by, now=now, reason=reason,
            what=events.CaseEnded(case=case.pk, state=CaseState.WITHDRAWN),
        )  # fmt: skip
    clocks.stop_all(case, clocks.local_day(now))
    clocks.show(case)
    papers.make(
        case, "termination_notice", now=now, appeal=True,
        paragraphs=[
            {
                "zh": f"本事项须以“{name['zh']}”办成为前提。该事项（{lost.case.number}）没有办成，因此本事项终止办理。",
                "en": f"This part rests on “{name['en']}” ({lost.case.number}). That was not granted, so this part has ended.",
            },
            {
                "zh": "待前提具备后，您可以单独申请本事项，已填写的内容和已交的材料会自动带入。",
                "en": "As soon as it is, you may apply for this part alone; what you filled in and handed in comes along.",
            },
        ],
    )  # fmt: skip
    part.row.dropped_at = None if part.row.mandatory else now
    part.row.save(update_fields=["dropped_at"])


def _let_the_next_begin(whole: Case, parts: list[Part]) -> None:
    settled = {part.row.slug for part in parts if part.granted or part.gone}
    waiting = [part for part in parts if part.case.state == CaseState.ACCEPTED and settled.issuperset(part.row.after)]
    if waiting:
        once = f"go on:{whole.pk}:{'.'.join(str(part.row.place) for part in waiting)}"
        journal.enqueue(GO_ON, once=once, case=whole.pk)


def _departments_are_done(whole: Case, now: datetime) -> None:
    """Only the applicant's word is waited for: the promise of the departments has been kept or not."""
    clocks.stop(whole, ClockKind.DECISION_PROMISED, clocks.local_day(now))
    clocks.show(whole)


def _end_whole(whole: Case, parts: list[Part], lost: Part, now: datetime, officer: Officer | None) -> None:
    """One mandatory member was lost: so is the whole. What else was granted is the applicant's, what runs goes on by itself."""
    officer = officer or lost.case.approver
    name = lost.case.version.name
    reason = lost.case.reason.get("text", "") if lost.case.state == CaseState.REFUSED else _last_reason(lost.case)
    said = f"{name['zh']} {name['en']}: {reason}".strip(": ")
    what: events.CaseEnded | events.CaseDecided = events.CaseEnded(case=whole.pk, state=CaseState.TERMINATED)
    step, decided = TERMINATE, {}
    if lost.case.state != CaseState.TERMINATED and officer is not None:
        step = REFUSE
        what = events.CaseDecided(case=whole.pk, outcome=Case.Decision.REFUSED, by_machine=False)
        decided = {
            "decision": Case.Decision.REFUSED, "decided_at": now, "approver": officer, "ground": lost.case.ground,
        }  # fmt: skip
    if officer is None:
        return  # nobody ended it by a decision: withdrawn or lapsed with the whole, which has ended already
    if whole.state == CaseState.ACCEPTED and step is REFUSE:
        go(whole, START_REVIEW, actor=PLATFORM, now=now)
    go(whole, step, actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=said, what=what, **decided)
    clocks.stop_all(whole, clocks.local_day(now))
    clocks.show(whole)
    # nothing is held back any more: what was granted, and what will be, is handed over by itself
    BundleMember.objects.filter(parent=whole.pk, released_at__isnull=True).update(released_at=now)
    with_results(parts)
    if decided:
        whole.reason = {"text": said}
        whole.save(update_fields=["reason"])
    decision_letter(whole, parts, now)


def _last_reason(case: Case) -> str:
    last = case.steps.order_by("-id").first()
    return last.reason if last is not None else ""


def _grant_whole(whole: Case, parts: list[Part], now: datetime) -> None:
    by_machine = all(part.case.decided_by_machine for part in parts if part.granted)
    go(
        whole, AUTO_APPROVE, actor=PLATFORM, now=now, reason=EVERY_PART_DECIDED,
        what=events.CaseDecided(case=whole.pk, outcome=Case.Decision.GRANTED, by_machine=by_machine),
        decision=Case.Decision.GRANTED, decided_at=now, decided_by_machine=by_machine,
    )  # fmt: skip
    clocks.stop_all(whole, clocks.local_day(now))
    clocks.say(whole, [clocks.start(whole, ClockKind.ISSUANCE, clocks.local_day(now), ISSUANCE_DAYS)])
    with_results(parts)
    licence = _licence_of_whole(whole, [part for part in parts if part.granted], now)
    if licence is not None:
        whole.licence = licence
    written.keep(whole, "licence", *clocks.SHOWN)
    more = ending.after_grant_of_whole(whole, [part.result for part in parts if part.granted], now=now)
    decision_letter(whole, parts, now, more)
    journal.enqueue("cases.issue", once=f"issue:{whole.pk}", case=whole.pk)


def _licence_of_whole(whole: Case, granted: list[Part], now: datetime) -> Licence | None:
    """The one licence of an industry, listing what its members granted; a bundle of results has none of its own."""
    result = whole.version.result or {}
    if not plans.is_industry(whole.version) or not _is_a_type(slug=result["ref"]):
        return None
    today = clocks.local_day(now)
    return industry.issue_industry(
        holder=whole.applicant,
        industry=whole.version.name,
        permits=[_permit(part, today) for part in granted],
        decision=whole.subject,
        actor=PLATFORM,
        lead=whole.department,
        address=str(whole.value("premises") or whole.value("address") or ""),
        issued_on=today,
        now=now,
    )


@composed(slug=CharField())
def _is_a_type(slug):
    return LicenceType.objects.filter(slug=slug).values_list("pk", flat=True)


def _permit(part: Part, today: date) -> industry.Permit:
    case = part.result
    if case.licence is not None:
        return industry.permit_of(case.licence, key=part.row.slug, mandatory=part.row.mandatory)
    return industry.Permit(
        key=part.row.slug,
        name=case.version.name,
        number=case.number or "",
        regulator=case.department,
        issued_on=timezone.localdate(case.decided_at) if case.decided_at else today,
        valid_to=rules.licence_validity(case.version, case.version.validity, today),
        mandatory=part.row.mandatory,
        decision=case.subject,
    )


# -- one letter


RESULTS: dict[str, Bilingual] = {
    "granted": {"zh": "准予", "en": "granted"},
    CaseState.REFUSED: {"zh": "不予", "en": "refused"},
    CaseState.NOT_ACCEPTED: {"zh": "不予受理", "en": "not accepted"},
    CaseState.WITHDRAWN: {"zh": "已撤回", "en": "withdrawn"},
    CaseState.LAPSED: {"zh": "逾期失效", "en": "lapsed"},
    CaseState.TERMINATED: {"zh": "终止办理", "en": "ended"},
    CaseState.REVOKED: {"zh": "已撤销", "en": "revoked"},
    "open": {"zh": "仍在办理，单独继续", "en": "still being handled, goes on by itself"},
}


def decision_letter(whole: Case, parts: list[Part], now: datetime, more: Sequence[tuple[Bilingual, str]] = ()) -> None:
    """What became of every member, by whom, on which ground, and what can be done against it: once, on one paper.

    `more`: what ended or was issued anew with the whole.
    """
    granted = whole.decision == Case.Decision.GRANTED
    dropped = [part for part in parts if part.dropped]
    lines: list[Bilingual] = [
        {"zh": "您申请的“一件事”各事项办理结果如下。", "en": "This is what became of every part of your application."}
    ]
    lines += [_said_of(part) for part in parts]
    if granted and dropped:
        lines.append(
            {
                "zh": "未办成的可选事项不影响其他结果；您可以随时单独再次申请。",
                "en": "The optional parts that were not granted do not touch the others; you may apply for them again at any time.",
            }
        )
    if not granted:
        lines.append(
            {
                "zh": "必办事项没有办成，因此整件事不予办成。已准予的事项继续有效，可以立即领取；仍在办理的事项单独继续，您也可以撤回。",
                "en": "A part that is always needed was not granted, so the whole is not. What was granted stays yours and can be had at once; "
                "what is still being handled goes on by itself, and you may withdraw it.",
            }
        )
    against = any(
        part.case.decision == Case.Decision.REFUSED or part.case.state == CaseState.NOT_ACCEPTED for part in parts
    )
    papers.make(
        whole, "bundle_decision", now=now, paragraphs=lines, appeal=against,
        rows=[*((part.case.version.name, _result_of(part)) for part in parts), *more],
    )  # fmt: skip


def _said_of(part: Part) -> Bilingual:
    case = part.result
    name, office = case.version.name, case.department.name
    result = RESULTS["granted"] if part.granted else RESULTS["open"] if part.open else RESULTS[CaseState(case.state)]
    reason, ground = case.reason.get("text", ""), case.ground.get("text", "")
    zh = f"{case.number} {name['zh']}（{office['zh']}）：{result['zh']}。"
    en = f"{case.number} {name['en']} ({office['en']}): {result['en']}."
    if case.licence is not None:
        zh += f"证照编号：{case.licence.identifier}。"
        en += f" Licence {case.licence.identifier}."
    if part.lost and reason:
        why, law = papers.both(reason, case.reason.get("en", "")), papers.both(ground, case.ground.get("en", ""))
        zh += f"理由：{why['zh']}。依据：{law['zh']}。"
        en += f" Reason: {why['en']}. Ground: {law['en']}."
    return {"zh": zh, "en": en}


def _result_of(part: Part) -> str:
    result = (
        RESULTS["granted"] if part.granted else RESULTS["open"] if part.open else RESULTS[CaseState(part.result.state)]
    )
    return f"{result['zh']} {result['en']}"


# -- what stands in


def stand_in(case: Case, *, now: datetime) -> bool:
    """A new decision of the same matter for the same applicant takes the place of the refused member that was waited for."""
    if case.parent_id is not None or case.decision != Case.Decision.GRANTED:
        return False
    waiting = BundleMember.objects.filter(
        choice=BundleMember.Choice.WAIT, dropped_at__isnull=True, stood_in__isnull=True, choose_by__isnull=False,
        slug=case.matter.slug, case__applicant=case.applicant_id,
    )  # fmt: skip
    found = waiting.values_list("pk", "parent").order_by("pk").first()
    if found is None or found[1] is None:
        return False
    with transaction.atomic():
        whole = _held(found[1])
        taken = waiting.filter(pk=found[0]).update(stood_in=case.pk, choose_by=None)
        if taken:
            judge(whole, now=now)
    return bool(taken)


def held_back(case: Case) -> bool:
    """Whether a finished member still waits for the others: results are handed over together unless asked for earlier."""
    if case.parent_id is None:
        return False
    row = next(iter(_release_of(case=case.pk)), None)
    return row is not None and row[0] is None and row[1] in {*IN_REVIEW, CaseState.APPROVED, CaseState.ISSUING}


@composed(case=BigIntegerField())
def _release_of(case):
    return BundleMember.objects.filter(case_id=case).values_list("released_at", "parent__state")


def may_withdraw(case: Case) -> None:
    """A member that the bundle cannot do without goes with the whole, or not at all."""
    if case.parent is None:
        return
    parts = parts_of(case.parent)
    own = next(part for part in parts if part.case.pk == case.pk)
    if case.parent.state in ENDED:
        return
    needed_by = [part for part in parts if own.row.slug in part.row.after and part.row.mandatory and not part.gone]
    if own.row.mandatory or needed_by:
        raise NotAllowed(
            "part-of-the-whole",
            _("The bundle cannot do without this part, so it is not withdrawn alone."),
            kept=_("Nothing was changed."),
            next_step=_("You can withdraw the whole bundle."),
        )


# -- handed over together


def results_are_there(whole: Case) -> bool:
    """Whether every result of a bundle that was granted can be handed over; of a single matter nothing else is waited for."""
    if not planning.is_bundle(whole):
        return True
    made = {CaseState.READY, CaseState.DELIVERED, CaseState.CLOSED, CaseState.REVOKED}
    return all(part.result.state in made for part in parts_of(whole) if part.granted)


def to_hand_over(whole: Case) -> list[Case]:
    """The members whose results go with the whole."""
    if not planning.is_bundle(whole):
        return []
    return [part.case for part in parts_of(whole) if part.case.state == CaseState.READY]


def to_close(whole: Case) -> list[Case]:
    if not planning.is_bundle(whole) or whole.state != CaseState.DELIVERED:
        return []
    return [part.case for part in parts_of(whole) if part.case.state == CaseState.DELIVERED]


def may_close(whole: Case) -> bool:
    """demo/states.yaml: closing a bundle needs every mandatory member closed, refused or dropped."""
    if not planning.is_bundle(whole):
        return True
    return all(part.case.state in ENDED or part.row.stood_in_id for part in parts_of(whole) if part.row.mandatory)


WAIT_AT_MOST = timedelta(days=60)  # the time to ask for reconsideration


__all__ = [
    "Part", "accept_members", "another_is_ready", "decision_letter", "drop", "follow", "go_on", "held_back", "judge", "lacking", "may_close", "may_withdraw",
    "parts_of", "receive", "refill", "results_are_there", "stand_in", "take_turns", "to_close", "to_hand_over",
]  # fmt: skip
