"""What the machine noticed on papers, asked: beside one case, and over all of them."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from tongban.cases.finding_states import ANSWERED, OVERRULED, TAKEN_UP, UNSETTLED
from tongban.cases.models import Case, CaseMaterial, MachineFinding
from tongban.cases.states import CaseState
from tongban.materials.reading.states import BEGUN as READING


def uploads_of(case: Case) -> QuerySet[CaseMaterial]:
    """The materials of a case that rest on a document somebody sent."""
    rows = CaseMaterial.objects.filter(case=case, how=CaseMaterial.How.UPLOAD, document__isnull=False)
    return rows.select_related("type", "document", "document__reading")


def standing(case: Case) -> list[MachineFinding]:
    """What the machine noticed on the papers that are handed in now, in the order of materials and pages."""
    rows = {row.document_id or 0: place for place, row in enumerate(uploads_of(case))}
    found = MachineFinding.objects.filter(case=case, document_id__in=list(rows)).select_related("overruled_by")
    return sorted(found, key=lambda one: (rows[one.document_id], one.page or 0, one.pk))


def unsettled_warnings(case: Case, slugs: Collection[str] | None = None) -> bool:
    """Is there a warning on a paper (on one of these) that no officer has set aside? The applicant's word is not enough."""
    rows = MachineFinding.objects.filter(case=case, severity="warning", state__in=UNSETTLED)
    rows = rows.filter(document__in=uploads_of(case).values("document"))
    return (rows if slugs is None else rows.filter(material__in=slugs)).exists()


def being_read(case: Case) -> bool:
    """Does the machine still read one of the papers?"""
    return uploads_of(case).filter(document__reading__state__in=READING).exists()


def how_often_overruled(since: datetime | None = None) -> list[dict]:
    """For each code how often it was found, and what became of it: the ground for changing or dropping a comparison."""
    rows = MachineFinding.objects.exclude(case__state=CaseState.DRAFT)
    if since is not None:
        rows = rows.filter(found_at__gte=since)
    counted = rows.values("code").annotate(
        found=Count("pk"),
        overruled=Count("pk", filter=Q(state=OVERRULED)),
        taken_up=Count("pk", filter=Q(state=TAKEN_UP)),
        answered=Count("pk", filter=Q(state=ANSWERED)),
    )
    return [
        {**one, "share": round(100 * one["overruled"] / one["found"])} for one in counted.order_by("-found", "code")
    ]
