"""Messages to many: written, seen as they will look, confirmed by a second person, followed while they go out."""

from datetime import date

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import circulating
from tongban.cases.circular_states import WRITERS, CircularState
from tongban.cases.models import Circular
from tongban.cases.services import circulating as services
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.live import stand_before
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import wording
from tongban.notices.models import Dispatch
from tongban.oversight import rules as oversight

READERS = ("auditor", *WRITERS)
PAGE = 30
SOMEBODY = {"zh": "（姓名）", "en": "(name)"}  # in the preview
CHANNELS = dict(Dispatch._meta.get_field("channel").flatchoices)
TYPED = (
    "who", "matter", "licence", "before", "title_zh", "title_en", "text_zh", "text_en", "kind", "by_text_message",
)  # fmt: skip


@require_GET
@for_officer(*READERS)
def circulars(request, officer):
    before = request.GET.get("before", "")
    rows = circulating.listed(
        officer, before=int(before[:18]) if before.isascii() and before.isdigit() else None, limit=PAGE + 1
    )
    context = {
        "officer": officer,
        "rows": rows[:PAGE],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "may_write": bool(set(officer.roles) & set(WRITERS)),
    }
    return render(request, "office/circulars.html", context)


@for_officer(*WRITERS)
def new(request, officer):
    """Write one: whom it is for by facts, the words in both languages. Nothing goes out from here. With `change` a draft is changed, with
    `like` one begins with the words of another."""
    problem = None
    named = request.POST if request.method == "POST" else request.GET
    change, like = named.get("change", "")[:20], named.get("like", "")[:20]
    before = _seen(officer, change or like) if change or like else None
    if request.method == "POST":
        try:
            if change and before is not None:
                row = services.rewrite(
                    before, officer=officer, said=request.POST, seen=request.POST.get("seen", "")[:16]
                )
            else:
                row = services.write(officer=officer, said=request.POST)
            return redirect("office:circular", ref=row.ref)
        except (Invalid, NotAllowed) as wrong:
            problem = wrong
    typed = request.POST if request.method == "POST" or before is None else circulating.as_typed(before)
    errors = problem.errors if isinstance(problem, Invalid) else {}
    context = {
        "officer": officer,
        "change": before if change else None,
        "seen": (request.POST.get("seen", "")[:16] or circulating.mark_of(before)) if change and before else "",
        "who": list(circulating.WHO.items()),
        "kinds": Circular.Kind.choices,
        "matters": [(slug, say(name)) for slug, name in circulating.matters_of(officer)],
        "licences": [(slug, say(name)) for slug, name in circulating.licence_types_of(officer)],
        "typed": {name: typed.get(name, "") for name in TYPED},
        "errors": {name: errors.get(name, []) for name in TYPED},
        "missing": isinstance(problem, Invalid),
        "problem": problem,
    }
    return render(request, "office/circular_new.html", context, status=problem.status if problem else 200)


@require_GET
@for_officer(*READERS)
def circular(request, officer, ref):
    stand_before(request, f"circular:{_seen(officer, ref).pk}")
    return _page(request, officer, _seen(officer, ref))


def _seen(officer, ref) -> Circular:
    row = circulating.seen(officer, ref)
    if row is None:
        raise Http404
    return row


def _page(request, officer, row, problem=None):
    own = row.department_id == officer.department_id or bool({"coordinator", "supervisor"} & set(officer.roles))
    writes = own and bool(set(officer.roles) & set(WRITERS))
    second = row.officer_id != officer.pk and oversight.may_be_second_person(
        officer.roles, officer.department.code, for_department=row.department.code
    )
    shorts = {}
    inbox = f"{settings.PUBLIC_URL}/my/inbox/"  # as it goes out: one sign that is no letter would make a text message of two
    for language in ("zh", "en"):
        kind = f"circular_{row.kind}"
        text = wording.SHORT[language] % {"title": row.title[language], "number": "", "address": inbox}
        shorts[language] = {"text": text, "needed": circulating.text_messages_needed(text), "signs": len(text)}
    mail = {
        language: wording.outside(
            kind, language, name=SOMEBODY[language], number="", address=inbox, title=row.title,
            decline=f"{settings.PUBLIC_URL}/unsubscribe/…/" if row.kind == Circular.Kind.INFORMATION else "",
        )[:2]
        for language in ("zh", "en")
    }  # fmt: skip
    why = circulating.why(row)
    S = CircularState
    context = {
        "officer": officer,
        "row": row,
        "seen": circulating.mark_of(row),
        "previews": [
            {
                "language": language,
                "title": row.title[language],
                "text": row.text[language],
                "why": why[language],
                "short": shorts[language],
                "mail": mail[language],
            }
            for language in ("zh", "en")
        ],
        "who": circulating.WHO[row.facts["who"]],
        "alone": row.estimate <= circulating.ALONE_UP_TO,
        "ends": date.fromisoformat(row.facts["before"]) if row.facts.get("before") else None,
        "done": round(100 * row.place / row.last) if row.last else 0,
        "returned": [(CHANNELS.get(channel, channel), reason) for channel, reason in circulating.returned(row)],
        "may": {
            "change": writes and row.state == S.DRAFT and row.department_id == officer.department_id,
            "like": writes and row.state in {S.STOPPED, S.DECLINED, S.SENT},
            "submit": writes and row.state == S.DRAFT and row.estimate > 0,
            "decide": second and row.state == S.ASKED,
            "pause": writes and row.state == S.SENDING,
            "go_on": writes and row.state == S.PAUSED,
            "stop": writes and row.state in {S.DRAFT, S.ASKED, S.SENDING, S.PAUSED},
        },
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
    }
    return render(request, "office/circular.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*WRITERS)
def act(request, officer, ref, move):
    row = _seen(officer, ref)
    try:
        if move == "submit":
            services.submit(row, officer=officer, seen=request.POST.get("seen", "")[:16])
        elif move in {"confirm", "decline"}:
            services.decide(row, officer=officer, confirm=move == "confirm", why=request.POST.get("why", ""))
        elif move in {"pause", "go_on", "stop"}:
            services.control(row, officer=officer, step=move)
        else:
            raise Http404
    except (Invalid, NotAllowed) as problem:
        return _page(request, officer, _seen(officer, ref), problem)
    return redirect("office:circular", ref=ref)
