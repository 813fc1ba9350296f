"""Papers that storage has damaged: the case waits until its applicant has sent the page again. No clock stops: the fault is ours."""

from django.db.models import BigIntegerField, QuerySet
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.lib.composed import composed
from tongban.lib.problems import NotAllowed, worded
from tongban.materials import queries as papers
from tongban.materials.models import Document, Page


def pages(case: Case) -> QuerySet[Page]:
    return of(case.pk)


def of(case: int) -> QuerySet[Page]:
    """The same by the key of the case."""
    return papers.damaged(Document.objects.filter(case_materials__case_id=case).values("pk"))


@composed(case=BigIntegerField())
def _damaged(case):
    return of(case)[:1]


def wait_for(case: Case) -> None:
    """Nobody accepts, concludes or decides on papers that cannot be read."""
    found = _damaged(case=case.pk)
    if found:
        page = found[0]
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
