"""The officer's queues: what is due first stands first; tabs by what the officer may do; what presses, in figures."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tongban.cases import queries as cases
from tongban.cases import rules, time_spent
from tongban.cases.models import Case
from tongban.cases.queries import QueueKey, Wanted
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import batch_words
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.matters.models import MatterVersion

TAB_WORDS = {
    "pre_review": _("Pre-review"),
    "intake": _("Acceptance"),
    "review": _("Review"),
    "decision": _("Decision"),
    "inspection": _("Inspections"),
    "waiting": _("Waiting for others"),
    "issuing": _("Issuing"),
    "done": _("Done"),
}
LIGHT_WORDS = [
    ("", _("All")),
    ("late", _("Late")),
    ("today", _("Due today")),
    ("soon", _("Due within 2 working days")),
    ("later", _("Later")),
]
MATTERS_AT_MOST = 500
assert set(cases.TABS) == set(TAB_WORDS)


@require_GET
@for_officer
def queue(request, officer):
    """One queue, a page of it, with what presses above."""
    tabs = cases.tabs_of(officer)
    tab = request.GET.get("tab") if request.GET.get("tab") in tabs else tabs[0]
    asked = {name: request.GET.get(name, "")[:100] for name in ("matter", "department", "light", "free")}
    wanted = Wanted(asked["matter"], asked["department"], asked["light"], asked["free"] == "1")
    rows, following = cases.queue_page(officer, tab, wanted=wanted, after=QueueKey.read(request.GET.get("after", "")))
    everywhere = bool(set(officer.roles) & (rules.HALL_ROLES | rules.READING_ROLES))
    department = asked["department"] if everywhere else officer.department.code
    bodies = list(departments.departments()) if everywhere else [officer.department]
    context = {
        "officer": officer,
        "tab": tab,
        "tabs": [{"label": TAB_WORDS[name], "href": f"?tab={name}", "current": name == tab} for name in tabs],
        "asked": asked,
        "batch": batch_words.bar(officer),  # parts/batch_bar.html, parts/batch_tick.html
        "narrowed": any(asked.values()),
        "lights": LIGHT_WORDS if tab != "done" else [],
        "departments": [(one.code, one.shown_name) for one in bodies] if everywhere else [],
        "matters": _matters(department),
        "rows": [line(case) for case in rows],
        "following": following,
        "begun": "after" in request.GET,
        "pressing": {name: shown(count) for name, count in cases.pressing(officer, tabs).items()},
        "on_desk": shown(cases.count_on_desk(officer)),
        "brought_up": shown(cases.count_brought_up(officer)),
        "topics": topics(bodies),
    }
    return render(request, "office/queue.html", context)


def _matters(department: str) -> list[tuple[str, str]]:
    """What to narrow to: the matters of one department; a list of all would be too long to choose from."""
    if not department:
        return []
    rows = MatterVersion.objects.filter(matter__department__code=department, state=MatterVersion.State.PUBLISHED)
    found = [(slug, say(name)) for slug, name in rows.values_list("matter__slug", "name")[:MATTERS_AT_MOST]]
    return sorted(found, key=lambda one: one[1])


def topics(bodies) -> str:
    """What the live bar listens to: the queue of one's own department, or for the hall those of all."""
    return " ".join(f"queue:{one.code}" for one in bodies)


def shown(count: int) -> str:
    return f"{cases.MANY - 1}+" if count >= cases.MANY else str(count)


def line(case: Case) -> dict:
    return {
        "case": case,
        "light": cases.light_of(case),
        "left": cases.days_left(case),
        "person": case.applicant.kind == "person",
    }


@require_GET
@for_officer
def desk(request, officer):
    """What this officer has taken, in whatever state it is."""
    lying = cases.desk(officer)
    spent = time_spent.days_on_desk(officer, [case.pk for case in lying])
    context = {
        "officer": officer,
        "rows": [line(case) | {"on_desk": spent[case.pk]} for case in lying],
        "topics": topics([officer.department]),
    }
    return render(request, "office/desk.html", context)


@require_GET
@for_officer
def following(request, officer, ref):
    """The next case to work on; the queue when there is none."""
    here = cases.visible_to(officer).filter(ref=ref).first()
    found = cases.after_this(officer, here) if here is not None else None
    return redirect("office:case", ref=found.ref) if found else redirect("office:queue")


@require_GET
@for_officer
def find(request, officer):
    """A case by its number, among those this officer works on; any other is answered like one that does not exist."""
    number = "".join(request.GET.get("number", "").replace("-", " ").split())[:40]
    case = cases.visible_to(officer).filter(number=number).first() if number else None
    if case is not None and cases.concerns(officer, case):
        return redirect("office:case", ref=case.ref)
    return render(request, "office/find.html", {"officer": officer, "number": number}, status=404 if number else 200)
