"""Papers of a case as sealed PDFs, drawn from what they say when somebody opens them."""

from django.conf import settings

from tongban.cases.models import CaseDocument
from tongban.cases.services import lettering
from tongban.lib.bilingual import Bilingual
from tongban.licences import services as licences
from tongban.licences.rendering import letter_of


def draw(document: CaseDocument) -> bytes:
    """The paper as PDF, sealed with the key of the case's department. A letter that has no number yet takes it now."""
    entered = lettering.enter(document)
    letter = letter_of(
        document.content,
        kind=document.kind,
        number=entered.number["zh"] if entered else document.number,
        verify_url=f"{settings.PUBLIC_URL}/verify/{entered.token}" if entered else f"{settings.PUBLIC_URL}/track/",
        checkable=entered is not None,
        remark=_remark(document),
        demo=settings.DEMO,
    )
    return licences.sealed_letter(letter, department=document.case.department, now=document.made_at)


def _remark(document: CaseDocument) -> Bilingual | None:
    """What stands below the text: which letter this one replaces or is replaced by, or of which it is a copy."""
    newer = getattr(document, "replaced", None)
    if newer is not None:
        entered = lettering.enter(newer.document)
        number = entered.number if entered else {"zh": newer.document.number, "en": newer.document.number}
        return {
            "zh": f"本文书已由{number['zh']}替换。",
            "en": f"In the place of this letter there is now {number['en']}.",
        }
    if "copy_of" in document.content:
        number = document.content["copy_of"]
        return {
            "zh": f"本件为整件事文书（{number}）的副本，随本事项存档。",
            "en": f"A copy of the letter about the whole ({number}), kept with this part.",
        }
    return document.content.get("remark")
