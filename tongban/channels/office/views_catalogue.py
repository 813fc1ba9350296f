"""The catalogue as its editors see it: the list, a matter with its versions, a new one, the end of one."""

import datetime
from collections import defaultdict

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases.services import rebasing
from tongban.channels.doorkeeper import for_officer
from tongban.departments import queries as departments
from tongban.lib.bilingual import both
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters.editing import comparing, drafting, looking
from tongban.matters.models import Matter, MatterVersion, Retirement

EDITORS = ("catalogue_manager", "content_editor")
STATES = (
    ("", gettext_lazy("All")),
    ("draft", gettext_lazy("Being written")),
    ("in_check", gettext_lazy("Being checked")),
    ("scheduled", gettext_lazy("Takes effect later")),
    ("published", gettext_lazy("In force")),
    ("ended", gettext_lazy("Ending or ended")),
)


def own_matter(officer, slug) -> Matter:
    matter = looking.of(officer).filter(slug=slug).first()
    if matter is None:
        raise Http404
    return matter


def said(request, name: str, longest: int = 500) -> dict[str, str]:
    return both(*(request.POST.get(f"{name}.{language}", "").strip()[:longest] for language in ("zh", "en")))


def reasons_of(problem) -> dict[str, list]:
    """The reasons at each field; none where nothing is wrong."""
    return defaultdict(list, problem.errors if isinstance(problem, Invalid) else {})


def day_of(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


@require_GET
@for_officer(*EDITORS)
def catalogue(request, officer):
    """All matters of this officer, with what is in force, what is being written and what is to come."""
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "state", "department")}
    everywhere = officer.department.code == drafting.EVERYWHERE
    lines, following = looking.page(officer, **asked, after=request.GET.get("after", "")[:100])
    context = {
        "officer": officer,
        "lines": lines,
        "following": following,
        "begun": "after" in request.GET,
        "asked": asked,
        "narrowed": any(asked.values()),
        "states": STATES,
        "departments": [(one.code, one.shown_name) for one in departments.departments()] if everywhere else [],
        "waiting": looking.waiting_for(officer) if "catalogue_manager" in officer.roles else 0,
        "manager": "catalogue_manager" in officer.roles,
    }
    return render(request, "office/catalogue/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*EDITORS)
def new(request, officer):
    """A matter or bundle from nothing, or as a copy."""
    problem = None
    like = request.POST.get("copy_of") or request.GET.get("copy_of", "")
    if request.method == "POST":
        try:
            version = drafting.found(
                slug=request.POST.get("slug", ""),
                name=said(request, "name", 200),
                department=departments.department(request.POST.get("department", "")) or officer.department,
                kind=request.POST.get("kind", "matter"),
                officer=officer,
                copy_of=looking.of(officer).filter(slug=like).first() if like else None,
            )
            return redirect("office:guide_part", pk=version.pk, part="identity")
        except (Invalid, NotAllowed) as refused:
            problem = refused
    bodies = departments.departments() if officer.department.code == drafting.EVERYWHERE else [officer.department]
    context = {
        "officer": officer,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wrong": reasons_of(problem),
        "typed": request.POST,
        "copy_of": looking.of(officer).filter(slug=like).first() if like else None,
        "bodies": [(one.code, one.shown_name) for one in bodies],
        "kinds": Matter.Kind.choices,
        "labels": {
            "slug": _("Short name for addresses"),
            "name": pgettext("of a thing", "Name"),
            "department": _("Department"),
            "kind": _("Kind"),
        },
    }
    return render(request, "office/catalogue/new.html", context, status=problem.status if problem else 200)


@require_GET
@for_officer(*EDITORS)
def matter(request, officer, slug):
    """A matter: what is in force, the open draft, all versions, and who still runs on which."""
    return _matter_page(request, officer, own_matter(officer, slug))


def _matter_page(request, officer, row, problem=None):
    versions = looking.versions(row)
    by_state: dict = {}
    for one in versions:
        by_state.setdefault(one.state, one)
    running = rebasing.counted(row)
    retirement = Retirement.objects.select_related("asked_by", "confirmed_by", "forward_to").filter(matter=row).first()
    context = {
        "officer": officer,
        "matter": row,
        "name": (by_state.get("published") or (versions[0] if versions else row)),
        "versions": [{"version": one, "running": running.get(one.pk, 0)} for one in versions],
        "published": by_state.get("published"),
        "draft": by_state.get("draft") or by_state.get("in_check"),
        "coming": by_state.get("scheduled"),
        "others": _others(row) if "catalogue_manager" in officer.roles else [],
        "retirement": retirement,
        "leads_to": looking.in_force(retirement.forward_to) if retirement else None,
        "manager": "catalogue_manager" in officer.roles,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wrong": reasons_of(problem),
        "typed": request.POST,
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "office/catalogue/matter.html", context, status=problem.status if problem else 200)


def _others(row: Matter) -> list[tuple[str, dict]]:
    """Where an ended matter may lead on to: short name and name."""
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).exclude(matter=row)
    return list(rows.order_by("matter__slug").values_list("matter__slug", "name"))


@require_POST
@for_officer(*EDITORS)
def take_up(request, officer, slug):
    """Begin the next version."""
    row = own_matter(officer, slug)
    try:
        version = drafting.take_up(row, officer=officer, of_today=request.POST.get("of") == "today")
    except NotAllowed as refused:
        there = row.versions.filter(state__in=["draft", "in_check"], draft__isnull=False).first()
        if refused.code != "draft-there" or there is None:
            raise
        messages.info(request, _("There is a draft already: this is it."))
        return redirect("office:guide_version", pk=there.pk)
    return redirect("office:guide_version", pk=version.pk)


@require_GET
@for_officer(*EDITORS)
def compare(request, officer, slug):
    """Two versions side by side: what differs, in both languages."""
    row = own_matter(officer, slug)
    numbers = [request.GET.get(name, "") for name in ("from", "to")]
    chosen = {
        str(one.number): one
        for one in row.versions.filter(number__in=[n for n in numbers if n.isascii() and n.isdigit() and len(n) < 6])
    }
    before, after = (chosen.get(number) for number in numbers)
    if before is None or after is None:
        raise Http404
    differences = comparing.compare(drafting.elements_of(before), drafting.elements_of(after))
    context = {"officer": officer, "matter": row, "before": before, "after": after, "differences": differences}
    return render(request, "office/catalogue/compare.html", context)


@require_POST
@for_officer("catalogue_manager")
def retire(request, officer, slug):
    """Ask for the end of a matter, confirm it, or take it back."""
    row = own_matter(officer, slug)
    act = request.POST.get("act")
    try:
        if act == "confirm":
            drafting.confirm_retirement(row, officer=officer)
            messages.success(
                request, _("Confirmed. On its day the guide says that this matter has ended, and leads on.")
            )
        elif act == "take_back":
            drafting.take_retirement_back(row, officer=officer)
            messages.success(request, _("Taken back: this matter goes on."))
        else:
            wanted = request.POST.get("forward_to", "").strip()
            drafting.ask_retirement(
                row,
                on=day_of(request.POST.get("on", "")) or timezone.localdate() - datetime.timedelta(days=1),
                words=said(request, "words", 1000),
                forward_to=_forward(wanted) if wanted else None,
                officer=officer,
            )
            messages.success(request, _("Written down. It takes effect when another catalogue manager confirms it."))
    except (Invalid, NotAllowed) as problem:
        return _matter_page(request, officer, row, problem)
    return redirect("office:catalogue_matter", slug=slug)


def _forward(wanted: str) -> Matter:
    """By its short name, or by the name people know, in either language."""
    named = Q(versions__name__zh=wanted) | Q(versions__name__en=wanted)
    in_force = Matter.objects.filter(named, versions__state=MatterVersion.State.PUBLISHED)
    found = Matter.objects.filter(slug=wanted[:100]).first() or in_force.first()
    if found is None:
        raise Invalid(
            "retire",
            errors={"forward_to": [_("There is no matter of this name.")]},
            kept=_("Nothing was changed."),
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*EDITORS)
def running(request, officer, slug, number):
    """Who still runs on an older version; what moving would mean for each; moving those chosen, with a reason they read."""
    row = own_matter(officer, slug)
    old = row.versions.filter(number=number).first()
    target = row.versions.filter(state=MatterVersion.State.PUBLISHED).first()
    if old is None:
        raise Http404
    after = request.GET.get("after", "")
    problem, done = None, None
    if request.method == "POST" and target is not None:
        try:
            done = rebasing.move_over(
                [int(one) for one in request.POST.getlist("case") if one.isascii() and one.isdigit() and len(one) < 18],
                target,
                reason=said(request, "reason"),
                officer=officer,
            )
        except (Invalid, NotAllowed) as refused:
            problem = refused
    trials, following = (
        rebasing.dry_run(
            old, target, after=int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0
        )
        if target is not None and target.pk != old.pk
        else ([], 0)
    )
    context = {
        "officer": officer,
        "matter": row,
        "old": old,
        "target": target,
        "trials": trials,
        "following": following,
        "done": done,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wrong": reasons_of(problem),
        "typed": request.POST,
        "chosen": request.POST.getlist("case") if problem else [],
        "back": reverse("office:catalogue_matter", args=[slug]),
        "manager": "catalogue_manager" in officer.roles,
    }
    return render(request, "office/catalogue/running.html", context, status=problem.status if problem else 200)
