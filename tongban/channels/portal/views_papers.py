"""An uploaded paper with what the machine noticed on it: the picture, what to do, what the form may take over."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import noticed, services
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages.marked_pages import marks_on, size_of
from tongban.channels.portal import papers_read
from tongban.channels.portal.views_applying import open_or_leave, shared


@require_GET
@for_party
@open_or_leave
def picture(request, party, case, slug):
    """The pages of one paper with the places marked, what was noticed beside them, and what the form may take."""
    row = get_object_or_404(noticed.uploads_of(case), type__slug=slug)
    services.look_over(case)
    doorkeeper.reading(request, party, "own application", ["materials"], about=case.subject)
    paper = papers_read.papers_of(request, case)[slug]
    pages = [
        {
            "number": number,
            "page": page,
            "size": size_of(page),
            "marks": marks_on(page, number, paper.lines),
            "src": reverse("portal:paper_preview", args=[row.document.key, page.pk]),
            "href": reverse("portal:paper", args=[row.document.key, page.pk]),
        }
        for number, page in enumerate(row.document.pages.all(), 1)
    ]
    context = shared(
        request, party, case, "materials", row=row, paper=paper, pages=pages, changeable=papers_read.changeable(case)
    )
    return render(request, "portal/apply/picture.html", context)


@require_POST
@for_party
@open_or_leave
def right(request, party, case, pk):
    """It is right as it is; whoever looks at the application sees that, and the remark."""
    row = services.it_is_right(case, pk, account=request.user, remark=request.POST.get("remark", ""))
    return redirect(_back(request, case, row.material))


@require_POST
@for_party
@open_or_leave
def take(request, party, case, slug, field):
    """Take what was read into the form, because the person pressed for it."""
    services.take_value(case, slug, field, account=request.user)
    return redirect(_back(request, case, slug))


def _back(request, case, slug) -> str:
    """To the page it was pressed on."""
    ways = {
        "check": reverse("portal:apply_check", args=[case.ref]),
        "form": reverse("portal:apply_form", args=[case.ref]),
        "materials": f"{reverse('portal:apply_materials', args=[case.ref])}#material-{slug}",
    }
    return ways.get(request.POST.get("from", ""), reverse("portal:apply_picture", args=[case.ref, slug]))
