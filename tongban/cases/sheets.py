"""Papers of a case as sealed PDFs, drawn from what they say when somebody opens them."""

from django.conf import settings

from tongban.cases.models import CaseDocument
from tongban.licences import services as licences
from tongban.licences.rendering import letter_of


def draw(document: CaseDocument) -> bytes:
    """The paper as PDF, sealed with the key of the case's department."""
    letter = letter_of(
        document.content,
        kind=document.kind,
        number=document.number,
        verify_url=f"{settings.PUBLIC_URL}/track/",
        demo=settings.DEMO,
    )
    return licences.sealed_letter(letter, department=document.case.department, now=document.made_at)
