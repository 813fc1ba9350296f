"""What runs beside a case, as its page at the desk shows it: each a line with its day, its light and what comes next."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.cases import correction, promising, rules
from tongban.cases.models import Case
from tongban.cases.procedure_states import HEARING_OVER, AppealState, HearingState, PromiseState
from tongban.cases.services import consulting, tolerating
from tongban.cases.states import CaseState
from tongban.channels.pages.templatetags.tongban import comma
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.channels.pages.templatetags.tongban import moment as moment_words
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.workdays import light


@dataclass(frozen=True)
class Line:
    """`lines` are further sentences, as people wrote them; `over` stands behind it and is shown quietly."""

    icon: str
    title: str
    text: str = ""
    lights: str = ""
    lines: tuple = ()
    href: str = ""
    over: bool = False


def beside_of(case: Case, there: Collection[str]) -> list[Line]:
    """Everything beside this case, what runs first; `there` as `seldom.beside` says it."""
    found = [
        *_correction(case),
        *_notices(case),
        *(_hearings(case) if "hearings" in there else ()),
        *_papers(case, "tolerances" in there),
        *(_opinions(case) if "consultations" in there else ()),
        *_promise(case),
        *(_changes(case) if "staff_changes" in there else ()),
        *(_appeals(case) if "appeals" in there else ()),
    ]
    return sorted(found, key=lambda line: line.over)


def _since(moment) -> Any:
    return timezone.localtime(moment).date()


def _light(due, since) -> str:
    return light(timezone.localdate(), due, None, since, departments.calendar())


def _notices(case: Case) -> list[Line]:
    """The notice that runs: until when, where it stands, and how many objections wait; before that day nothing is decided."""
    if case.state != CaseState.PUBLIC_NOTICE:
        return []
    found = case.public_notices.filter(over_at__isnull=True).annotate(
        objections_made=Count("objections", filter=Q(objections__taken_back_at__isnull=True)),
        without_an_answer=Count(
            "objections", filter=Q(objections__taken_back_at__isnull=True, objections__answered_at__isnull=True)
        ),
    )
    lines = []
    for row in found:
        said = _("Anybody concerned may object until %(day)s. After it the review goes on by itself.") % {
            "day": day_words(row.until)
        }
        number = row.objections_made
        came = ngettext("%(n)s objection came.", "%(n)s objections came.", number) % {"n": number}
        more = [came if number else _("No objection came so far.")]
        if waits := row.without_an_answer:
            more.append(
                ngettext(
                    "%(n)s waits for an answer: it stands below, and nothing is decided before.",
                    "%(n)s wait for an answer: they stand below, and nothing is decided before.",
                    waits,
                )
                % {"n": waits}
            )
        lines.append(
            Line(
                "eye", _("Published for objections"), said, lines=tuple(more),
                href=reverse("portal:notice", args=[row.ref]),
            )
        )  # fmt: skip
    return lines


def _correction(case: Case) -> list[Line]:
    lines = []
    request = correction.latest_request(case)
    if request is not None and case.state == CaseState.CORRECTION_REQUESTED:
        done, total = correction.progress(case)
        words = _("%(done)s of %(total)s points are answered.") % {"done": done, "total": total}
        more = (_("Only what is marked may be changed."),) if request.only_marked else ()
        lines.append(Line("flag", _("With the applicant for correction"), words, lines=more))
    if request is not None and request.second:
        said = _("Asked by %(who)s. Why it was not asked for the first time: %(why)s") % {
            "who": request.officer.shown_name,
            "why": request.why_again,
        }
        lines.append(Line("alert", _("Correction was asked for a second time: counted as a fault"), said))
    answers = [one for one in case.findings.all() if one.answer]
    if answers and case.state == CaseState.RECEIVED:
        lines.append(
            Line(
                "pen-sign",
                _("What the applicant says to the points"),
                lines=tuple(f"{one.text} → {one.answer}" for one in answers),
            )
        )
    return lines


def _hearings(case: Case) -> list[Line]:
    lines = []
    for row in case.hearings.select_related("leader"):
        title = f"{_('Hearing')}: {row.get_about_display()}"
        over = row.state in HEARING_OVER
        if row.state == HearingState.OFFERED:
            text, lights = _("May be asked for until %(day)s.") % {"day": day_words(row.ask_by)}, ""
        elif row.state == HearingState.ASKED:
            text = _("Asked for; must be held by %(day)s. Set day and place.") % {"day": day_words(row.hold_by)}
            lights = _light(row.hold_by, _since(row.asked_at))
        elif row.state == HearingState.INVITED:
            text = _("On %(at)s, %(place)s, led by %(who)s.") % {
                "at": moment_words(row.meets_at), "place": row.place, "who": row.leader.shown_name if row.leader else "",
            }  # fmt: skip
            lights = _light(row.hold_by, _since(row.asked_at)) if row.hold_by else ""
        else:
            text, lights = row.get_state_display(), ""
        came = ""
        if over and row.record:
            came = _("The applicant came.") if row.came else _("The applicant did not come.")
        more = tuple(
            words for words in (row.wish, came, row.record, row.get_result_display() if row.result else "") if words
        )
        lines.append(Line("people", title, text, lights, more, over=over))
    return lines


def _papers(case: Case, tolerated: bool) -> list[Line]:
    lines = []
    for row in case.tolerances.select_related("material__type") if tolerated else ():
        name = row.material.type.shown_name
        if row.settled == "":
            text = _("To be supplied by %(day)s. Nothing is decided before.") % {"day": day_words(row.due)}
            lines.append(Line("document", name, text, _light(row.due, _since(row.at))))
        else:
            day = row.due if row.settled == "late" else _since(row.settled_at)
            text = f"{row.get_settled_display()}{comma()}{day_words(day)}"
            more = (_("Granting needs it, or the reviewer decides without it."),) if row.settled == "late" else ()
            lines.append(
                Line(
                    "document",
                    name,
                    text,
                    "red" if row.settled == "late" else "",
                    (*more, *((row.why,) if row.why else ())),
                    over=row.settled != "late",
                )
            )
    for paper in tolerating.later(case) if case.accepted_at is None else ():
        lines.append(
            Line(
                "document", paper.type.shown_name, _("The applicant supplies it later: the day is set when you accept.")
            )
        )
    return lines


def _opinions(case: Case) -> list[Line]:
    lines = []
    today = timezone.localdate()
    for row in case.consultations.select_related("department", "answered_by").filter(recalled_at__isnull=True):
        title = _("Opinion of %(name)s") % {"name": row.department.shown_name}
        if row.answered_at is None:
            text = _("Asked on %(asked)s, to be answered by %(day)s.") % {
                "asked": day_words(_since(row.asked_at)),
                "day": day_words(row.due),
            }
            lines.append(Line("help", title, text, consulting.light_of(row, today), (row.question,)))
        else:
            who = row.answered_by.shown_name if row.answered_by else ""
            text = f"{row.get_position_display()} · {who} · {moment_words(row.answered_at)}"
            lines.append(Line("help", title, text, lines=(row.question, row.answer), over=True))
    return lines


def _promise(case: Case) -> list[Line]:
    row = promising.promise_of(case)
    if row is None:
        return []
    title = _("Decided on a promise") if case.decided_at else _("On a promise")
    texts = {
        PromiseState.SIGNED: _("Signed %(at)s. Decide within one working day of acceptance, without coming first.") % {"at": moment_words(row.signed_at)} if row.signed_at else "",
        PromiseState.TO_CHECK: _("To be checked by %(day)s.") % {"day": day_words(row.check_by)},
        PromiseState.PUT_RIGHT: _("To be put right by %(day)s, then looked at again.") % {"day": day_words(row.put_right_by)},
    }  # fmt: skip
    due = row.put_right_by or row.check_by
    lights = (
        _light(due, _since(case.decided_at)) if row.state in promising.CHECKED_IN and due and case.decided_at else ""
    )
    return [
        Line("pen-sign", title, texts.get(PromiseState(row.state)) or row.get_state_display(), lights,
             (row.seen,) if row.seen else (), over=row.state == PromiseState.KEPT)
    ]  # fmt: skip


def _changes(case: Case) -> list[Line]:
    form = rules.form_of(case)
    names = {row.type.slug: row.type.shown_name for row in case.materials.select_related("type")}
    lines = []
    for row in case.staff_changes.select_related("officer"):
        if row.field and row.field in form:
            one = form[row.field]
            title = say(one.label)
            text = _("%(before)s → %(after)s") % {
                "before": one.display((row.before or {}).get("value")) or "–", "after": one.display((row.after or {}).get("value")) or "–",
            }  # fmt: skip
        else:
            title, text = names.get(row.material, row.material), row.get_what_display()
        more = [f"{row.officer.shown_name} · {moment_words(row.at)} · {row.reason}"]
        if row.undone_at:
            more.append(
                _("Undone by the applicant %(at)s. %(why)s")
                % {"at": moment_words(row.undone_at), "why": row.undone_why}
            )
        lines.append(
            Line("edit", _("Put right by staff: %(what)s") % {"what": title}, text, lines=tuple(more), over=True)
        )
    return lines


def _appeals(case: Case) -> list[Line]:
    lines = []
    for row in case.appeals.all():
        text = row.get_state_display()
        if row.state == AppealState.ASKED:
            text = _("Asked on %(asked)s, to be decided by %(day)s.") % {
                "asked": day_words(_since(row.asked_at)),
                "day": day_words(row.due),
            }
        more = [
            words for words in (row.reason, row.get_follows_display() if row.follows else "", row.court_note) if words
        ]
        lines.append(
            Line("scale", _("Reconsideration"), text, lines=tuple(more), href=reverse("office:appeal", args=[row.pk]),
                 over=row.state != AppealState.ASKED)
        )  # fmt: skip
    return lines
