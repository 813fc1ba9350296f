"""What the machine does with an application: checks, accepts, decides by rule, or passes to people. It grants; it never refuses."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tongban.cases import damage, events, facts, noticed, planning, rules, standing, turned_back
from tongban.cases.models import Case, CaseMaterial
from tongban.cases.moving import again, changed, go
from tongban.cases.services import deciding, intake, tolerating
from tongban.cases.states import FALL_TO_PEOPLE, START_REVIEW, CaseState
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.rules import compile_rule
from tongban.matters.fact_labels import FACT_LABELS, VALUE_LABELS
from tongban.matters.models import MatterVersion
from tongban.parties.states import Act

SAMPLE_PERCENT = 5  # demo/forms.yaml: a share of machine grants is drawn for checking by people
SEEN_BY_MACHINE = {
    CaseMaterial.How.LICENCE,
    CaseMaterial.How.DATA,
    CaseMaterial.How.GENERATED,
    CaseMaterial.How.COMMITMENT,
}


@journal.carrier("cases.consider")
def consider(case: int) -> None:
    """Carry a submitted case as far as the machine may, one act after the other; each is a transaction of its own.

    Called again after a crash it goes on from where the case stands.
    """
    row = Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case)
    if row.state == CaseState.SUBMITTED:
        row = intake.start_pre_review(row)
    if row.state == CaseState.PRE_REVIEW and not _pre_review(row):
        return
    row.refresh_from_db()
    if row.state == CaseState.RECEIVED and row.parent_id is None and _accepts(row) and not tolerating.later(row):
        row = intake.auto_accept(row)
    if planning.is_bundle(row):
        return  # its members are considered each in its turn
    if row.state == CaseState.ACCEPTED and row.parent_id is None:
        row = _start_review(row)
    if row.state == CaseState.UNDER_REVIEW and _decides(row.version) and not row.with_people and not row.decided_at:
        _decide(row, timezone.now())


def on_the_spot(case: int) -> None:
    """An application that was handed in and accepted at a window is decided while its applicant still sits there, where the matter's rules
    decide and everything it rests on is the government's own: whoever brought papers waits for the people who read them. Twice: nothing more."""
    row = Case.objects.select_related("version").get(pk=case)
    if row.channel != "window" or row.parent_id is not None or not _decides(row.version):
        return
    if any(one.required and one.how not in SEEN_BY_MACHINE for one in row.materials.all()):
        return
    consider(case)


def _decides(version: MatterVersion) -> bool:
    return version.decided_by in {MatterVersion.Decides.RULE, MatterVersion.Decides.FULL}


def _accepts(case: Case) -> bool:
    """The machine accepts where it may decide; a bundle only where it may decide every one of its members."""
    if planning.is_bundle(case):
        return all(_decides(one.version) for one in planning.plan_of(case).members)
    return _decides(case.version)


def _pre_review(case: Case) -> bool:
    """Passes what is complete and rests on sources the machine can see. Uploaded papers wait for a person's eye."""
    materials = list(case.materials.select_related("type"))
    if rules.missing(case, materials, level=rules.SIGNING_LEVEL):
        return False
    if any(row.required and row.how not in SEEN_BY_MACHINE for row in materials):
        return False
    if noticed.being_read(case) or noticed.unsettled_warnings(case) or damage.pages(case).exists():
        return False
    if case.matter.slug in turned_back.TURNED_BACK:
        outcome, _known = evaluate(case)
        failed = [line for line in outcome.trace if line.result is False]
        if failed:
            today = timezone.localdate()
            intake.return_from_pre_review(case, [turned_back.finding(case, line, today) for line in failed])
            return False
    intake.pass_pre_review(case)
    return True


def _start_review(case: Case) -> Case:
    with transaction.atomic():
        case = again(case)
        if case.state == CaseState.ACCEPTED:
            go(case, START_REVIEW, actor=PLATFORM, now=timezone.now())
    return case


def evaluate(case: Case):
    """Ask the matter's rules about this case's facts: (outcome with a line a condition, facts used)."""
    known = facts.gather(case, today=timezone.localdate())
    return compile_rule(case.version.rules, FACT_LABELS, VALUE_LABELS)(known), known


def _decide(case: Case, now: datetime) -> None:
    """Facts are gathered from registers before any lock; then one act."""
    outcome, known = evaluate(case)
    trace = {
        "rules_version": case.version.rules_version,
        "at": now.isoformat(),
        "result": outcome.result,
        "facts": known,
        "lines": [
            {"text": line.text, "result": line.result, "left": line.left, "right": line.right} for line in outcome.trace
        ],
    }
    doubtful = noticed.unsettled_warnings(case, facts.papers_behind(case)) or damage.pages(case).exists()
    doubtful = doubtful or tolerating.open_ones(case).exists()
    if outcome.result is True and not doubtful and not drawn(case):
        deciding.approve_by_rule(case, trace=trace, now=now)
    else:
        granted_but = "paper" if doubtful else "sample"
        why = granted_but if outcome.result is True else "rule" if outcome.result is False else "unknown"
        pass_to_people(case, why=why, trace=trace, now=now)


def pass_to_people(case: Case, *, why: str, trace: dict, now: datetime) -> Case:
    """People decide: a rule failed, a fact is unknown, or the sample drew the case."""
    reasons = {
        "sample": "drawn for a check by people",
        "rule": "a rule does not hold",
        "unknown": "a fact is not known",
        "paper": "a paper needs a look by people",
    }
    with transaction.atomic():
        case = again(case)
        go(
            case, FALL_TO_PEOPLE, actor=PLATFORM, now=now, reason=reasons[why], with_people=True, sampled=why == "sample",
            what=events.CasePassedToPeople(case=case.pk, reason=why),
        )  # fmt: skip
        case.rules_trace = trace
        case.save(update_fields=["rules_trace"])
    return case


def ask_a_person(case: Case, *, account, now: datetime | None = None) -> Case:
    """The applicant wants a person to decide instead of the machine, before it did."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        actor = standing.act_as_applicant(account, case, Act.SUBMIT, "ask_a_person", now)
        Case.objects.filter(pk=case.pk, decided_at__isnull=True).update(with_people=True)
        journal.record(
            events.CasePassedToPeople(case=case.pk, reason="asked"), subject=case.subject,
            actor=actor,
        )  # fmt: skip
        changed(case)
    return case


def drawn(case: Case) -> bool:
    """Five in a hundred, by the case's own number: nobody can choose, and asking twice gives the same."""
    digest = hashlib.sha256(f"sample:{case.number}:{case.query_code}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < SAMPLE_PERCENT
