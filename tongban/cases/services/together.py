"""Doing several things together: the list of one account, drafts begun from it side by side, answers given once for all of them.

Nothing here joins the applications: each is signed, sent and decided by itself. What is shared are answers, offered in the next
draft and marked with where they were given.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import offering, rules, standing
from tongban.cases.models import Case, ListedMatter
from tongban.cases.moving import again
from tongban.cases.services import drafting
from tongban.cases.states import CaseState
from tongban.lib.problems import NotAllowed, Problem
from tongban.matters.models import Matter, MatterVersion
from tongban.parties.models import Account, Party

MOST = 20


@dataclass(frozen=True)
class Begun:
    """What became of one matter when the list was begun: its draft, or the reason why there is none."""

    row: ListedMatter
    case: Case | None = None
    problem: Problem | None = None


def published(slugs: Iterable[str]) -> dict[str, MatterVersion]:
    """What is offered today under these names."""
    rows = MatterVersion.objects.filter(matter__slug__in=list(slugs), state=MatterVersion.State.PUBLISHED)
    return {one.matter.slug: one for one in rows.select_related("matter").only("name", "matter__slug")}


def members_of(bundle: str) -> list[str]:
    """The matters one errand is made of; none when it is not offered."""
    rows = MatterVersion.objects.filter(matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED)
    found = rows.filter(matter__slug=bundle).values_list("members", flat=True).first()
    return [member["matter"] for member in found or ()]


def holds(account: Account, case: Case) -> bool:
    """Was this begun from the list of this account?"""
    return account.listed.filter(case=case).exists()


def place_of(account: Account, case: Case) -> dict | None:
    """Where an application stands among those begun from the list, and which draft comes after it; None when it stands on none."""
    rows = list(account.listed.exclude(case=None).values_list("case", "case__ref", "case__state"))
    keys = [key for key, _ref, _state in rows]
    if case.pk not in keys or len(rows) < 2:
        return None
    drafts = [ref for key, ref, state in rows if state == CaseState.DRAFT and key != case.pk]
    return {"number": keys.index(case.pk) + 1, "total": len(rows), "next": drafts[0] if drafts else ""}


def add(account: Account, slugs: Iterable[str]) -> int:
    """Put matters on the list; what stands there already, or is not published, is left out. Answers how many came to it."""
    wanted = list(dict.fromkeys(slugs))[:MOST]
    with transaction.atomic():
        Account.objects.select_for_update().only("pk").get(pk=account.pk)  # two tabs do not make a list of 21
        held = set(account.listed.values_list("matter__slug", flat=True))
        offered = published(wanted)
        new = [offered[slug].matter for slug in wanted if slug in offered and slug not in held]
        if len(held) + len(new) > MOST:
            raise full()
        ListedMatter.objects.bulk_create([ListedMatter(account=account, matter=matter) for matter in new])
    return len(new)


def full() -> NotAllowed:
    return NotAllowed(
        "list-is-full",
        _("20 matters are on your list already, and more do not fit."),
        kept=_("Your list is kept as it is."),
        next_step=_("Begin some of them, or take some off the list."),
    )


def remove(account: Account, slug: str) -> None:
    """Take a matter off the list. A draft that was begun stays among the drafts. A second time does nothing."""
    account.listed.filter(matter__slug=slug).delete()


def clear(account: Account) -> None:
    account.listed.all().delete()


def exchange(account: Account, bundle: str) -> None:
    """The one errand instead of the matters it is made of, as far as nothing was begun for them."""
    version = MatterVersion.objects.filter(
        matter__slug=bundle, matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED
    ).first()
    if version is None:
        raise NotAllowed("not-found", _("This errand is not offered any more."), status=404)
    with transaction.atomic():
        Account.objects.select_for_update().only("pk").get(pk=account.pk)
        parts = [member["matter"] for member in version.members]
        account.listed.filter(matter__slug__in=parts, case=None).delete()
        ListedMatter.objects.get_or_create(account=account, matter=version.matter)


def begin_all(account: Account, *, party: Party, channel: str, now: datetime | None = None) -> list[Begun]:
    """A draft for each matter of the list that has none, for this party. Each is begun by itself: one that may not be begun says why
    and holds up no other; pressed again, what is there stays and what is missing follows."""
    now = now or timezone.now()
    done = []
    for row in account.listed.filter(case=None).select_related("matter", "matter__department"):
        try:
            done.append(Begun(row, case=_begin(row, account, party, channel, now)))
        except Problem as problem:
            done.append(Begun(row, problem=problem))
    return done


def _begin(row: ListedMatter, account: Account, party: Party, channel: str, now: datetime) -> Case | None:
    case = drafting.begin(row.matter, party=party, account=account, channel=channel, now=now)
    if not ListedMatter.objects.filter(pk=row.pk, case=None).update(case=case):
        # begun in another tab meanwhile, or taken off: this draft, which nobody has touched, is one too many
        Case.objects.filter(pk=case.pk, state=CaseState.DRAFT, revision=0).delete()
        row.refresh_from_db()
        return row.case
    return case


def share_answers(case: Case, *, account: Account, now: datetime | None = None) -> int:
    """Offer in this draft what was answered in the others of the list, for the same applicant; answers how many came.

    Only what is still empty here, may be typed here, means the same and is right here. What an authority says is not touched, and a
    statement of truth, a signature or a face is given each time anew.
    """
    now = now or timezone.now()
    if case.state != CaseState.DRAFT:
        return 0
    others = Case.objects.filter(listed__account=account, applicant=case.applicant_id).exclude(pk=case.pk)
    given: dict[str, offering.Offer] = {}
    for other in others.select_related("version", "matter").order_by("-saved_at"):
        for one in rules.form_of(other):
            held = other.values.get(one.id) or {}
            if held.get("source") == "applicant" and held.get("value") not in (None, "", []) and "dispute" not in held:
                given.setdefault(one.id, offering.Offer(held["value"], f"list:{other.ref}", one))
    if not given:
        return 0
    with transaction.atomic():
        case = again(case)
        if case.state != CaseState.DRAFT:
            return 0
        standing.prepare(account, case, now)
        more = offering.fitting(case, given, now)
        if more:
            case.values = rules.with_results(case, {**case.values, **more}, now)
            drafting.touch(case, now)
    return len(more)


def take_along(account: Account, slugs: Iterable[str]) -> None:
    """What a stranger chose, after they signed in: as much of it as fits."""
    room = MOST - account.listed.count()
    try:
        add(account, list(slugs)[: max(room, 0)])
    except (NotAllowed, IntegrityError):  # another tab was faster and the list is full
        return
