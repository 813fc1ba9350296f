"""The officer's queues: what is due first stands first; tabs by what the officer may do; what presses, in figures."""

from dataclasses import fields
from urllib.parse import urlencode

from django.db.models import CharField
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tongban.cases import desks, rules, time_spent
from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.permission import handler_of
from tongban.cases.queries import QueueKey, Wanted
from tongban.cases.states import CaseState
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import batch_words
from tongban.channels.pages.live import stand_before
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.composed import composed
from tongban.matters.models import MatterVersion
from tongban.places import queries as places

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
ALL_WORDS = _("All open")
LIGHT_WORDS = [
    ("late", _("Late")),
    ("today", _("Due today")),
    ("soon", _("Due within 2 working days")),
    ("later", pgettext_lazy("due day of a case", "Later")),
]
COLOUR_WORDS = [
    ("green", _("green")),
    ("yellow", _("yellow: limit near")),
    ("red", _("red: promise missed")),
    ("black", _("black: limit of the law missed")),
]
WHO_WORDS = [
    ("mine", _("on my desk")),
    ("free", _("nobody has it yet")),
    ("team", _("with a colleague")),
]
FURTHER = ("place", "channel", "since", "until", "bundle")
MATTERS_AT_MOST = 500
assert set(cases.TABS) == set(TAB_WORDS)


@require_GET
@for_officer
def queue(request, officer):
    """One queue, a page of it, with what presses above. Without any word in the address: the view this officer begins with."""
    habit = officer.habit = desks.habit_of(officer)
    if not request.GET and habit.begins_with is not None and desks.may_see_view(officer, habit.begins_with):
        return redirect(
            f"{reverse('office:queue')}?{urlencode({'view': habit.begins_with_id} | habit.begins_with.asked)}"
        )
    tabs = cases.tabs_of(officer)
    tab = request.GET.get("tab") if request.GET.get("tab") in {*tabs, cases.ALL} else tabs[0]
    wanted = Wanted.read(request.GET)
    asked = wanted.as_query()
    handler = handler_of(officer)
    rows, following = cases.queue_page(
        officer, tab, wanted=wanted, after=QueueKey.read(request.GET.get("after", "")), handler=handler
    )
    everywhere = bool(set(officer.roles) & (rules.HALL_ROLES | rules.READING_ROLES))
    department = wanted.department if everywhere else officer.department.code
    bodies = list(departments.departments()) if everywhere else [officer.department]
    watched = topics(bodies)
    stand_before(request, *watched.split())
    labels = desks.labels_on([case.pk for case in rows], officer)
    context = {
        "officer": officer,
        "tab": tab,
        "tabs": [
            {"label": words, "href": f"?tab={name}", "current": name == tab}
            for name, words in [*((name, TAB_WORDS[name]) for name in tabs), (cases.ALL, ALL_WORDS)]
        ],
        "asked": {one.name: asked.get(one.name, "") for one in fields(Wanted)},
        "kept": asked,
        "batch": batch_words.bar(officer),  # parts/batch_bar.html, lines.html
        "narrowed": bool(asked),
        "lights": [(_("Day"), LIGHT_WORDS), (_("Light"), COLOUR_WORDS)] if tab != "done" else [],
        "views": _views(officer, habit, request.GET.get("view", ""), {"tab": tab} | asked),
        "states": _states(officer, tab),
        "who": WHO_WORDS,
        "labels": [(str(one.pk), one.name) for one in desks.labels_of(officer.department)],
        "places": [(one.code, say(one.name)) for one in places.all_active() if len(one.code) <= 9],
        "channels": Case.Channel.choices,
        "further": any(asked.get(name) for name in FURTHER),
        "is_approver": bool({"dept_approver", "inspector"} & set(officer.roles)),
        "departments": [(one.code, one.shown_name) for one in bodies] if everywhere else [],
        "matters": _matters(department),
        "rows": [line(case) | {"labels": labels.get(case.pk, ())} for case in rows],
        "following": following,
        "begun": "after" in request.GET,
        "pressing": {name: shown(count) for name, count in cases.pressing(officer, tabs, handler=handler).items()},
        "on_desk": shown(cases.count_on_desk(officer)),
        "brought_up": shown(cases.count_brought_up(officer, handler=handler)),
        "topics": watched,
    }
    return render(request, "office/queue.html", context)


def _views(officer, habit, opened: str, asked: dict) -> list[dict]:
    """Views with their counters; current is the one whose words the address has."""
    return [
        {
            "view": one,
            "href": f"?{urlencode({'view': one.row.pk} | one.row.asked)}",
            "count": shown(one.count) if one.exact else f"{min(one.count, cases.MANY - 1)}+",
            "current": opened == str(one.row.pk) and {name: value for name, value in one.row.asked.items() if value} == asked,
        }
        for one in desks.views_of(officer, habit=habit)
    ]  # fmt: skip


def _states(officer, tab: str) -> list[tuple[str, str]]:
    """The states of this queue, in the order a case passes them; nothing to choose from where there is one."""
    held = cases.states_of(officer, tab)
    return [(state.value, str(state.label)) for state in CaseState if state in held] if len(held) > 1 else []


def _matters(department: str) -> list[tuple[str, str]]:
    """What to narrow to: the matters of one department; a list of all would be too long to choose from."""
    if not department:
        return []
    return sorted(((slug, say(name)) for slug, name in _published(department=department)), key=lambda one: one[1])


@composed(department=CharField())
def _published(department):
    rows = MatterVersion.objects.filter(matter__department__code=department, state=MatterVersion.State.PUBLISHED)
    return rows.values_list("matter__slug", "name")[:MATTERS_AT_MOST]


def topics(bodies) -> str:
    """What the live bar listens to: the queue of one's own department, or for the hall those of all."""
    return " ".join(f"queue:{one.code}" for one in bodies)


def shown(count: int) -> str:
    return f"{cases.MANY - 1}+" if count >= cases.MANY else str(count)


def line(case: Case) -> dict:
    left = cases.days_left(case)
    return {
        "case": case,
        "href": reverse("office:case", args=[case.ref]),
        "light": cases.light_of(case),
        "left": left,
        "left_words": "" if left is None else _left_words(left),
        "person": case.applicant.kind == "person",
    }


def _left_words(left: int) -> str:
    if left == 0:
        return gettext("today")
    if left < 0:
        return ngettext("%(days)s day over", "%(days)s days over", -left) % {"days": -left}
    return ngettext("%(days)s day left", "%(days)s days left", left) % {"days": left}


@require_GET
@for_officer
def desk(request, officer):
    """What this officer has taken, in whatever state it is."""
    watched = topics([officer.department])
    stand_before(request, *watched.split())
    lying, following = cases.desk(officer, after=QueueKey.read(request.GET.get("after", "")))
    labels = desks.labels_on([case.pk for case in lying], officer)
    spent = time_spent.days_on_desk(officer, [case.pk for case in lying])
    context = {
        "officer": officer,
        "rows": [line(case) | {"on_desk": spent[case.pk], "labels": labels.get(case.pk, ())} for case in lying],
        "following": following,
        "begun": "after" in request.GET,
        "topics": watched,
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
