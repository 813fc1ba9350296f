"""Papers that storage has damaged: the case waits until its applicant has sent the page again. No clock stops: the fault is ours."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.lib.problems import NotAllowed, worded
from tongban.materials import queries as papers
from tongban.materials.models import Document, Page


def pages(case: Case) -> QuerySet[Page]:
    return papers.damaged(Document.objects.filter(case_materials__case=case).values("pk"))


def wait_for(case: Case) -> None:
    """Nobody accepts, concludes or decides on papers that cannot be read."""
    page = pages(case).first()
    if page is not None:
        raise NotAllowed(
            "page-damaged",
            worded(
                _("Page %(number)s of “%(name)s” was damaged in our storage, so this case waits."),
                number=page.order,
                name=page.document.name,
            ),
            kept=_("Everything else in the case is kept, and its clocks go on."),
            next_step=_("The applicant has been asked to send this page again. You are told here when it has come."),
        )
