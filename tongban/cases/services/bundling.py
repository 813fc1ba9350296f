"""What an applicant says about a bundle that runs: go on without a part or wait for it, and have a finished result early.

Beginning, saving, sending, accepting and deciding are the acts of any case; `following` makes members of a bundle and moves it.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import bundles, clocks, events
from tongban.cases.models import BundleMember, Case
from tongban.cases.moving import again, applying, changed
from tongban.cases.services import following
from tongban.cases.states import IN_REVIEW, CaseState
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.problems import Invalid, NotAllowed, Problem, worded
from tongban.parties.models import Account

log = structlog.get_logger("cases")

WAIT_DAYS = 60  # calendar days to ask for reconsideration; while one is being judged the part is not dropped


def choose(whole: Case, member: str, choice: str, *, account: Account, now: datetime | None = None) -> Case:
    """An optional part was refused: go on without it (`drop`), or let the whole wait for a new decision (`wait`).

    Who waits may still drop it; what was dropped stays so. A second time the same changes nothing.
    """
    now = now or timezone.now()
    if choice not in BundleMember.Choice.values:
        raise Invalid("choice", _("Please choose one of the two."), errors={"choice": [_("Please choose.")]})
    with transaction.atomic():
        whole = again(whole)
        part = _part(whole, member)
        if part.dropped and choice == BundleMember.Choice.DROP:
            return whole
        if not part.to_be_chosen or whole.state not in IN_REVIEW:
            raise NotAllowed(
                "nothing-to-choose",
                _("There is nothing to choose about this part now."),
                kept=_("Nothing was changed."),
            )
        if part.row.choice == choice:
            return whole
        part.row.choice = choice
        journal.record(
            events.BundleChoiceMade(case=whole.pk, member=part.case.pk, choice=choice),
            subject=whole.subject,
            actor=applying(account, whole),
        )
        if choice == BundleMember.Choice.DROP:
            following.drop(whole, part, now=now, actor=applying(account, whole), why="chosen")
        else:
            decided = clocks.local_day(part.case.decided_at or now)
            part.row.choose_by = decided + timedelta(days=WAIT_DAYS)
            part.row.save(update_fields=["choice", "choose_by"])
            changed(whole)
        following.judge(whole, now=now, account=account)
    return whole


def release_early(member: Case, *, account: Account, now: datetime | None = None) -> Case:
    """Have a finished result before the others. Asked before: nothing happens."""
    now = now or timezone.now()
    with transaction.atomic():
        member = again(member)
        row = BundleMember.objects.select_related("parent").filter(case=member.pk).first()
        if row is None or member.state != CaseState.READY:
            raise NotAllowed("not-ready", _("This result is not there yet."), kept=_("Nothing was changed."))
        if row.released_at is None and row.parent.state in IN_REVIEW:
            row.released_at = now
            row.save(update_fields=["released_at"])
            journal.record(
                events.BundleMemberReleased(case=row.parent_id, member=member.pk),
                subject=member.subject,
                actor=applying(account, member),
            )
            changed(member)
    return member


def _part(whole: Case, slug: str) -> bundles.Part:
    part = next((one for one in bundles.parts_of(whole) if one.row.slug == slug), None)
    if part is None:
        raise NotAllowed("no-such-part", worded(_("This bundle has no part “%(slug)s”."), slug=slug))
    return part


# -- because time passes


@journal.every("choices about parts of bundles", timedelta(minutes=30))
def drop_what_nobody_chose() -> int:
    """Nobody chose in time, or the time to wait is over and no reconsideration runs: the whole goes on without the part."""
    now, done = timezone.now(), 0
    pending = Case.objects.filter(pk=OuterRef("case"), appeals__state="asked")
    rows = BundleMember.objects.filter(choose_by__lt=timezone.localdate(now), dropped_at__isnull=True)
    for pk, whole in rows.exclude(Exists(pending)).order_by("choose_by").values_list("pk", "parent")[:500]:
        try:
            with transaction.atomic():
                held = again(Case(pk=whole))
                part = next((one for one in bundles.parts_of(held) if one.row.pk == pk), None)
                if part is None or not part.to_be_chosen or part.row.choose_by is None:
                    continue
                following.drop(held, part, now=now, actor=PLATFORM, why="time")
                following.judge(held, now=now)
            done += 1
        except Problem as problem:
            log.info("not dropped", case=whole, code=problem.code)
    return done


@journal.every("bundles that nobody moved on", timedelta(hours=1))
def follow_again() -> int:
    """A safety net: a bundle whose members are all over is judged once more. There should never be one."""
    running = BundleMember.objects.filter(
        parent=OuterRef("pk"), case__decision="", stood_in__isnull=True, dropped_at__isnull=True
    )
    stuck = Case.objects.filter(state=CaseState.UNDER_REVIEW, matter__in=bundles.wholes())
    stuck = stuck.filter(updated_at__lt=timezone.now() - timedelta(hours=1)).exclude(Exists(running))
    done = 0
    for pk in stuck.values_list("pk", flat=True).order_by("pk")[:200]:
        with transaction.atomic():
            whole = again(Case(pk=pk))
            following.judge(whole, now=timezone.now())
            if whole.state != CaseState.UNDER_REVIEW:
                log.error("a bundle stood still", case=pk)
                done += 1
    return done
