"""Licences a department issued: found by number, looked at, suspended, given back and taken away, with the holder heard before."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.journal import queries as journal
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import bases, correcting, items, proceedings
from tongban.licences import queries as licences
from tongban.licences.face_labels import label
from tongban.licences.models import Licence, LicenceItem, Proceeding
from tongban.licences.states import CANCEL, RESUME, REVOKE, SUPERSEDE, SUSPEND, standing

KEEPERS = ("dept_approver", "dept_reviewer", "issuing_officer", "coordinator", "auditor")
ACTS = ("open", "carry_out", "drop", "resume", "correct", "cancel")
TYPED = (
    "aim", "basis", "reason", "ground", "urgent", "why", "resume_basis", "conclusion", "correct_basis", "correct_reason", "correct_ground",
    "cancel_basis", "cancel_reason", "cancel_ground", "changes",
)  # fmt: skip
A_PAGE = 30
FACE_APART = {"merged_licences", "qr", "photo", "valid_to"}


@require_GET
@for_officer(*KEEPERS)
def lobby(request, officer):
    """Find one; below what waits for a decision, what is suspended, and what is over. Nobody's name stands here."""
    said = request.GET.get("number", "").strip()[:80]
    tab = request.GET.get("tab", "")
    after = request.GET.get("after", "")
    rows = licences.found_for(officer, said) if said else licences.suspended_of(officer) if tab == "suspended" else None
    before = int(after[:18]) if after.isdecimal() else None
    found: list = []
    if rows is not None:
        found = list((rows.filter(pk__lt=before) if before else rows).defer("face", "statement")[: A_PAGE + 1])
    else:
        heard = licences.proceedings_for(officer, running=tab != "over")
        found = list((heard.filter(pk__lt=before) if before and tab == "over" else heard)[: A_PAGE + 1])
    context = {
        "officer": officer,
        "said": said,
        "rows": found[:A_PAGE] if rows is not None else [],
        "heard": found[:A_PAGE] if rows is None else [],
        "listed": rows is not None,
        "today": timezone.localdate(),
        "after": found[A_PAGE - 1].pk if len(found) > A_PAGE and (rows is not None or tab == "over") else None,
        "tab": tab,
        "sees_keys": bool({"dept_approver", "coordinator", "auditor"} & set(officer.roles)),
        "tabs": [
            {"label": _("Being heard"), "href": "?", "current": not said and tab not in {"suspended", "over"}},
            {"label": _("Suspended"), "href": "?tab=suspended", "current": not said and tab == "suspended"},
            {"label": _("Decided"), "href": "?tab=over", "current": not said and tab == "over"},
        ],
    }
    return render(request, "office/licences.html", context)


@require_GET
@never_cache
@for_officer(*KEEPERS)
def licence(request, officer, pk):
    """Its face, its state, what it merges, its history, and what this officer may do."""
    return _page(request, officer, _seen(officer, pk))


def _seen(officer, pk: int) -> Licence:
    return get_object_or_404(licences.office_sees(officer), pk=pk)


def _page(request, officer, row: Licence, problem=None):
    doorkeeper.reading(request, row.holder_id, "licence", list(row.face), about=f"licence:{row.pk}")
    today = timezone.localdate()
    merged = items.present(row, today) if items.is_industry(row) else []
    status, reason = standing(
        *items.judge(row.state, row.valid_from, row.valid_to, today), [one.part for one in merged]
    )
    newest = items.editions(row).defer("face", "statement").first()
    heard = list(licences.proceedings_about(row))
    running = {one.item_id: one for one in heard if one.state == "open"}
    own = [
        _subject(officer, one, running.get(one.item.pk))
        for one in merged
        if one.licence is None and one.regulator_code == officer.department.code
    ]
    if row.issuer_id == officer.department_id and newest is not None and newest.pk == row.pk:
        own.insert(0, _subject(officer, row, running.get(None)))
    context = {
        "officer": officer,
        "licence": row,
        "fields": [
            (
                say(label(row.type.slug, name).text),
                say(row.face[name]) if isinstance(row.face[name], dict) else row.face[name],
            )
            for name in row.type.face_fields
            if row.face.get(name) and name not in FACE_APART
        ],
        "permits": merged,
        "lines": [one for one in merged if one.licence is not None],
        "worth": {"status": status, "reason": reason},
        "newer": newest if newest is not None and newest.pk != row.pk else None,
        "subjects": own,
        "over": [one for one in heard if one.state != "open"],
        "others": [
            one for one in running.values() if one.pk not in {each["running"].pk for each in own if each["running"]}
        ],
        "acts": [
            {
                "act": one,
                "basis": bases.named(one.basis),
                "fields": [say(label(row.type.slug, name).text) for name in one.fields],
            }
            for one in correcting.acts_about(row)
        ],
        "came_from": row.decision if row.decision.startswith("correction:") else "",
        "aim_bases": bases.options("suspend") + [one for one in bases.options("revoke") if one[0] != bases.SECTOR],
        "resume_bases": bases.options("resume"),
        "correct_bases": bases.options("correct"),
        "cancel_bases": bases.options("cancel"),
        "words": _words_of(row, request.POST if problem else {}),
        "happened": journal.history(f"licence:{row.pk}").order_by("-id")[:30],
        "today": today,
        "problem": problem,
        "typed": {name: request.POST.get(name, "") if problem else "" for name in TYPED},
        "errors": {name: _errors(request, problem).get(name, []) for name in TYPED},
    }
    return render(request, "office/licence.html", context, status=problem.status if problem else 200)


def _errors(request, problem) -> dict:
    """Each form of the page has fields of its own; the services know only basis, ground and reason."""
    found = dict(getattr(problem, "errors", None) or {})
    move = request.resolver_match.kwargs.get("move", "")
    if move in ("correct", "cancel"):
        found |= {f"{move}_{name}": found.pop(name) for name in ("basis", "ground", "reason") if name in found}
    return found


def _words_of(row: Licence, typed) -> list[dict]:
    """The values that can be corrected, each as one text or one in each language."""
    found = []
    for name in correcting.correctable(row):
        value = row.face.get(name, "")
        title = say(label(row.type.slug, name).text)
        if isinstance(value, dict):
            found += [
                {
                    "name": f"face-{name}-{tongue}",
                    "label": f"{title} ({words})",
                    "value": typed.get(f"face-{name}-{tongue}", said),
                }
                for tongue, words, said in (("zh", "中文", value.get("zh", "")), ("en", "English", value.get("en", "")))
            ]
        else:
            found.append({"name": f"face-{name}", "label": title, "value": typed.get(f"face-{name}", value)})
    return found


def _changes(row: Licence, typed) -> dict:
    """What was typed, in the shape the face has."""
    found: dict = {}
    for name in correcting.correctable(row):
        value = row.face.get(name, "")
        if isinstance(value, dict):
            if f"face-{name}-zh" in typed:
                found[name] = {**value} | {
                    tongue: typed.get(f"face-{name}-{tongue}", "").strip() for tongue in ("zh", "en")
                }
        elif f"face-{name}" in typed:
            said = typed[f"face-{name}"].strip()
            found[name] = int(said) if isinstance(value, int) and said.isdecimal() and len(said) < 16 else said
    return found


def _subject(officer, what, running: Proceeding | None) -> dict:
    """One permit this department may do something about: the licence itself, or a line that is no licence of its own."""
    line = None if isinstance(what, Licence) else what.item
    state = line.state if line is not None else what.state
    approves = "dept_approver" in officer.roles
    return {
        "item": line,
        "name": line.name if line is not None else what.type.name,
        "state": state,
        "running": running,
        "may_open": running is None
        and bool(proceedings.OPENS & set(officer.roles))
        and (SUSPEND.may_start_from(state) or REVOKE.may_start_from(state)),
        "aims": [
            (name, words)
            for name, words, move in (("suspend", _("Suspend it"), SUSPEND), ("revoke", _("Revoke it"), REVOKE))
            if move.may_start_from(state)
        ],
        "may_be_urgent": approves and SUSPEND.may_start_from(state),
        "may_correct": line is None
        and running is None
        and approves
        and SUPERSEDE.may_start_from(state)
        and bool(correcting.correctable(what)),
        "may_cancel": line is None and running is None and approves and CANCEL.may_start_from(state),
        "may_resume": running is None and approves and RESUME.may_start_from(state),
        "may_decide": running is not None and approves and running.opened_by_id != officer.pk,
        "heard": running is not None and (running.stated_at is not None or timezone.localdate() > running.answer_until),
    }


@require_POST
@for_officer("dept_approver", "dept_reviewer")
def act(request, officer, pk, move):
    """Open a proceeding, decide it, let a suspended permit hold again; correct or cancel a licence without a hearing."""
    row = _seen(officer, pk)
    if move not in ACTS:
        raise Http404
    item = _item(row, request.POST.get("item", ""))
    typed = request.POST
    try:
        if move == "open":
            proceedings.open_proceeding(
                row, item=item, aim=typed.get("aim", ""), basis=typed.get("basis", ""), reason=typed.get("reason", ""),
                ground=typed.get("ground", ""), urgent=typed.get("urgent") == "true", officer=officer,
            )  # fmt: skip
        elif move == "resume":
            proceedings.resume(
                row, item=item, officer=officer, reason=typed.get("why", ""), basis=typed.get("resume_basis", "")
            )
        elif move == "correct":
            made = correcting.correct(
                row, changes=_changes(row, typed), basis=typed.get("correct_basis", ""), ground=typed.get("correct_ground", ""),
                reason=typed.get("correct_reason", ""), officer=officer,
            )  # fmt: skip
            return redirect("office:licence", pk=made.pk)
        elif move == "cancel":
            correcting.cancel(
                row, basis=typed.get("cancel_basis", ""), ground=typed.get("cancel_ground", ""),
                reason=typed.get("cancel_reason", ""), officer=officer,
            )  # fmt: skip
        else:
            running = get_object_or_404(
                licences.proceedings_for(officer, running=True), pk=_number(typed.get("proceeding", ""))
            )
            decide = proceedings.carry_out if move == "carry_out" else proceedings.drop
            decide(running, officer=officer, conclusion=typed.get("conclusion", ""))
    except (Invalid, NotAllowed) as problem:
        return _page(request, officer, _seen(officer, pk), problem)
    return redirect("office:licence", pk=pk)


def _item(row: Licence, said: str) -> LicenceItem | None:
    if not said:
        return None
    return get_object_or_404(row.items.select_related("regulator", "whole"), pk=_number(said), licence__isnull=True)


def _number(said: str) -> int:
    return int(said[:18]) if said.isdecimal() else 0
