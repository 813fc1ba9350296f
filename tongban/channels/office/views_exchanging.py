"""Files in and out of the catalogue: a draft to its translator and back, matters to another installation and from it."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS, own_matter
from tongban.channels.office.views_draft import frame, own_draft
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import exchanging
from tongban.matters.editing import drafting, looking, translating

LANGUAGES = {"zh": "en", "en": "zh"}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*EDITORS)
def translation_page(request, officer, pk):
    """One file out, one file in, and what became of each piece."""
    version = own_draft(officer, pk)
    report, problem, target = None, None, ""
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            if file is None:
                raise Invalid(
                    "no-file",
                    errors={"file": [_("Please choose the file that the translator gave back.")]},
                    kept=_("Nothing was changed."),
                )
            changes, report, target = translating.take(
                drafting.elements_of(version), file.read(translating.MOST_BYTES + 1)
            )
            drafting.save(
                version, "translation", changes, seen=version.draft.revision, officer=officer, what=f"xliff:{target}"
            )
            messages.success(request, _("The translation is in the draft."))
        except (Invalid, NotAllowed) as refused:
            problem, report = refused, None
        if request.headers.get("accept", "").startswith("application/json") and report is not None:
            return JsonResponse(report.as_data(), json_dumps_params={"ensure_ascii": False})
        version = own_draft(officer, pk)
    elements = translating.units(drafting.elements_of(version))
    context = {
        **frame(request, officer, version),
        "report": report,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "pieces": len(elements),
        "without_en": sum(not one.words["en"] for one in elements),
        "without_zh": sum(not one.words["zh"] for one in elements),
    }
    return render(request, "office/catalogue/translation.html", context, status=problem.status if problem else 200)


@require_GET
@never_cache
@for_officer(*EDITORS)
def translation_file(request, officer, pk):
    version = own_draft(officer, pk)
    source = request.GET.get("from") if request.GET.get("from") in LANGUAGES else "zh"
    name = f"{version.matter.slug}-{version.number}-{LANGUAGES[source]}.xlf"
    content = translating.give(
        drafting.elements_of(version),
        source=source,
        target=LANGUAGES[source],
        original=f"{version.matter.slug}#{version.number}",
    )
    return _file(content, name, "application/xliff+xml")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("catalogue_manager")
def exchange(request, officer):
    """Matters from another installation, as drafts; all of ours for another one."""
    report, problem = None, None
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            if file is None:
                raise Invalid(
                    "no-file", errors={"file": [_("Please choose a catalogue file.")]}, kept=_("Nothing was changed.")
                )
            report = exchanging.unpack(file.read(exchanging.MOST_BYTES + 1), officer=officer)
        except (Invalid, NotAllowed) as refused:
            problem = refused
    context = {
        "officer": officer,
        "report": report,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
    }
    return render(request, "office/catalogue/exchange.html", context, status=problem.status if problem else 200)


@require_GET
@never_cache
@for_officer("catalogue_manager")
def export_all(request, officer):
    return _file(exchanging.pack(looking.of(officer).order_by("slug")), "catalogue.json", "application/json")


@require_GET
@never_cache
@for_officer("catalogue_manager")
def export_one(request, officer, slug):
    return _file(exchanging.pack([own_matter(officer, slug)]), f"{slug}.json", "application/json")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
