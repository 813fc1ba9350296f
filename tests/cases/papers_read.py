"""Cases with an uploaded paper, and what the machine read on it, written down as the reader writes it."""

import uuid

from django.db import transaction
from django.utils import timezone

from tests import make
from tongban.cases import services
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.materials import events
from tongban.materials.models import Document, Reading

BOX = [0.2, 0.3, 0.4, 0.05]
FORM = [
    *make.SMALL_FORM[:2],
    {"id": "lease_no", "zh": "租赁备案号", "en": "Lease filing number", "type": "text",
     "prefill": "e-licence-store.lease-filing.filing_no"},
    *make.SMALL_FORM[2:],
]  # fmt: skip


def value(text, *, confidence=0.97, page=1, box=BOX):
    return {"value": text, "text": str(text), "confidence": confidence, "page": page, "box": box}


def line(text, *, page=1, confidence=0.95):
    return {"page": page, "text": text, "confidence": confidence, "box": BOX}


def matter(*, required=True, **elements):
    make.material_type("addr-rent", licence_type="lease-filing")
    given = {"form": FORM, "requirements": [{"material": "addr-rent", "required": required, "exempt": "none"}]}
    return make.matter(**(given | elements))


def draft(of=None, *, pages=1, **more) -> Case:
    """A draft with a lease attached that nobody has read yet."""
    case = make.draft(of or matter(), **more)
    document = make.document(case.applicant, by=case.account, pages=pages)
    services.attach(case, "addr-rent", document, account=case.account)
    return Case.objects.get(pk=case.pk)


def read(
    case: Case, *, kind="addr-rent", kind_confidence=0.95, lines=None, values=None, quality=None, tell=True
) -> Reading:
    """The machine is through with the paper of this case."""
    document: Document = case.materials.get(type__slug="addr-rent").document
    pages = document.pages.count()
    reading, _fresh = Reading.objects.update_or_create(
        document=document,
        defaults={
            "state": "done", "read_at": timezone.now(), "pages_total": pages, "pages_done": pages, "kind": kind,
            "kind_confidence": kind_confidence, "lines": [line("房屋租赁合同")] if lines is None else lines,
            "values": values or {},
            "quality": [{"page": number + 1} for number in range(pages)] if quality is None else quality,
        },
    )  # fmt: skip
    if tell:
        with transaction.atomic():
            journal.record(events.DocumentRead(document.pk), subject=f"document:{document.pk}", actor=PLATFORM)
        work()
    return reading


def work() -> None:
    while journal.work_once():
        pass


def send(case: Case, **more) -> Case:
    case = Case.objects.get(pk=case.pk)
    return services.submit(case, account=case.account, level=3, key=uuid.uuid4().hex, **more)


def found(case: Case) -> list[str]:
    return [row.code for row in case.machine_findings.order_by("id")]
