"""Two applications were laid side by side: the later one is closed as a duplicate of the earlier, or it is remembered that it is none."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import alike, events, planning
from tongban.cases.models import Alike, Case
from tongban.cases.moving import acting, again
from tongban.cases.permission import permit, permit_to_work
from tongban.cases.services.deciding import terminate
from tongban.cases.services.intake import not_accept
from tongban.cases.states import ENDED, NOT_ACCEPT, TERMINATE, CaseState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.moves import Move
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import queries as parties

LONGEST = 1000
NO_RESULT = ENDED - {CaseState.CLOSED}


def why_not(earlier: Case, later: Case) -> str:
    """Why the later one cannot be closed as a duplicate; empty when it can."""
    if earlier.applicant_id not in parties.identities(later.applicant):
        return "other-applicant"
    if earlier.matter_id != later.matter_id:
        return "other-matter"
    if later.parent_id or planning.is_bundle(later):
        return "part"
    if earlier.state in NO_RESULT:
        return "first-is-over"
    return "" if ending_move(later) is not None else "not-now"


def ending_move(later: Case) -> Move | None:
    """Before acceptance it is not accepted, since it is not needed; afterwards the department ends it."""
    return next((step for step in (NOT_ACCEPT, TERMINATE) if step.may_start_from(later.state)), None)


def may_close(officer: Officer, later: Case) -> bool:
    step = ending_move(later)
    if step is None:
        return False
    try:
        permit(officer, later, step)
    except NotAllowed:
        return False
    return True


def is_duplicate(
    earlier: Case, later: Case, *, officer: Officer, reason: str = "", now: datetime | None = None
) -> Alike:
    """Close the later one with a letter that names the earlier, which goes on. A fee goes back as for everything that ends."""
    now = now or timezone.now()
    with transaction.atomic():
        earlier, later = again(earlier), again(later)
        code = why_not(earlier, later)
        if code:
            raise NotAllowed(code, alike.WHY_NOT[code], kept=_("Nothing was changed."))
        row = _judge(earlier, later, officer, True, reason, now)
        zh = (
            f"本次申请（{later.number}）与您此前提交的申请（{earlier.number}）内容重复。此前的申请继续办理或其结果继续有效，"
            "本次申请不再办理；已缴费用按原渠道退回。"
        )
        en = (
            f"This application ({later.number}) repeats one that you sent before ({earlier.number}). The earlier one goes on, or its "
            "result stays valid; this one is not handled any more. What was paid for it is given back."
        )
        reason, english = (
            " ".join([zh, row.reason]).strip(),
            {"reason": " ".join([en, row.reason]).strip(), "ground": GROUND_EN},
        )
        if ending_move(later) is NOT_ACCEPT:
            not_accept(later, officer=officer, reason=reason, ground=GROUND, english=english, now=now)
        else:
            terminate(later, officer=officer, reason=reason, english=english, now=now)
    return row


GROUND, GROUND_EN = "《中华人民共和国行政许可法》第三十二条第一款第一项", "Administrative Licensing Law, art. 32 (1) 1"


def is_different(
    earlier: Case, later: Case, *, officer: Officer, reason: str = "", now: datetime | None = None
) -> Alike:
    """Remember that they are two. Nobody is asked about this pair again; a colleague may still see it and think otherwise."""
    permit_to_work(officer, later)
    with transaction.atomic():
        return _judge(earlier, later, officer, False, reason, now or timezone.now())


def _judge(earlier: Case, later: Case, officer: Officer, duplicate: bool, reason: str, now: datetime) -> Alike:
    if earlier.pk >= later.pk:
        raise NotAllowed("order", _("The later application is the duplicate, never the earlier one."))
    if len(reason) > LONGEST:
        raise Invalid("too-long", errors={"reason": [_("Please write at most 1,000 characters.")]})
    row, _made = Alike.objects.update_or_create(
        earlier=earlier, later=later,
        defaults={"duplicate": duplicate, "officer": officer, "reason": reason.strip(), "at": now},
    )  # fmt: skip
    journal.record(
        events.CasesCompared(case=later.pk, earlier=earlier.pk, duplicate=duplicate),
        subject=later.subject,
        actor=acting(officer, next(iter(officer.roles), "")),
    )
    return row
