"""What officers and visitors both see of a round table: its letter, and what its matters are called."""

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from tongban.halls import table_letters
from tongban.halls.models import RoundTable
from tongban.licences import services as licences
from tongban.licences.rendering import letter_of
from tongban.matters.models import MatterVersion


def matters(slugs: Sequence[str]) -> list[MatterVersion]:
    found = MatterVersion.objects.select_related("matter").filter(
        matter__slug__in=slugs, state=MatterVersion.State.PUBLISHED
    )
    return sorted(found, key=lambda one: slugs.index(one.matter.slug))


def letter(row: RoundTable) -> HttpResponse:
    """The letter as a sealed PDF, drawn anew from what it said when it was written."""
    said = row.letter or {}
    token = said.get(table_letters.TOKEN)  # letters written before there were codes have none
    drawn = letter_of(
        said,
        kind="round_table",
        number=row.number,
        verify_url=f"{settings.PUBLIC_URL}/verify/{token}" if token else "",
        checkable=bool(token),
        demo=settings.DEMO,
    )
    pdf = licences.sealed_letter(drawn, department=row.led_by.department, now=row.ended_at or timezone.now())
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{row.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
