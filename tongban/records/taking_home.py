"""An application as one sealed file for whoever made it: answers, letters, papers, licences, what was said and what was paid.

The same kind of package as an archive gets, so `tongban verify-archive` judges it; without what only the office writes down. The worker
makes it and keeps it as it keeps a copy of everything (`rights.exporting`): sealed, for its asker alone, seven days.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import receipt_sheet, talking
from tongban.cases.models import Case, CaseDocument
from tongban.cases.sheets import draw
from tongban.cases.states import CaseState
from tongban.journal import services as journal
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.materials import queries as papers
from tongban.materials import store
from tongban.materials.models import Page
from tongban.parties.models import Account
from tongban.payments import queries as payments
from tongban.records import bagging, handing_over, owned, queries
from tongban.rights import exporting
from tongban.rights.models import Export

log = structlog.get_logger("records")

ERRAND = "records.pack_case"
Progress = Callable[[int], None]
DRAWN, STEP = 90, 10  # per cent: when every file is drawn; how far between two things said to the page
File = tuple[str, Any, Callable[[], bytes]]  # name, what it is, its content when it is its turn
OPENED = {CaseState.DELIVERED, CaseState.CLOSED}  # before, opening the result is its delivery
BY_PAPER = ("document", "order")
TITLE = {"zh": "申请表", "en": "Application"}
RECEIPT = {"zh": "缴费收据", "en": "Receipt"}
FOLDERS = {
    "form.pdf": "form.pdf      您填写的内容 what you answered",
    "letters/": "letters/      文书 letters",
    "papers/": "papers/       您提交的材料 the papers you handed in",
    "licences/": "licences/     证照 licences",
    "receipts/": "receipts/     缴费收据 receipts",
}
SAID = "case.json     办理过程、往来留言和文件清单 what happened, what was said, and a list of the files"
README = """\
{zh}（{number}）
{en} ({number})

这是您这件办件的全部资料，由平台打包并加盖电子印章，供您自己保存。
This is everything about your application, packed and sealed by the platform, for you to keep.

{files}

怎样核验 How it is checked
- 每份 PDF 都有电子印章，PDF 阅读器可以显示；文书和证照上的码可以在 {site}/verify/ 核验。
  Every PDF carries a seal that PDF readers show; the code on letters and licences is checked at {site}/verify/.
- 整个文件：tongban verify-archive 文件名.zip。改动任何一个字节都会被发现。
  The whole file: tongban verify-archive FILE.zip. Any changed byte is found.
"""


def ask(case: Case, *, account: Account, now: datetime | None = None) -> Export:
    """Have an application packed, a bundle as a whole. Of each person one at a time: asked again for it, the one in hand is answered."""
    whole = case.parent or case
    row = exporting.ask(account, whole.applicant, case=whole, errand=ERRAND, now=now)
    if row.case_id != whole.pk:
        raise NotAllowed(
            "another-is-packed",
            _("Another of your applications is being packed at this moment."),
            kept=_("Nothing was changed."),
            next_step=_("Wait until it is ready, usually less than a minute, and press again."),
            status=409,
        )
    return row


@journal.carrier(ERRAND, slow=True)
def pack(export: int) -> None:
    def made(row: Export, progress: Progress) -> tuple[str, int]:
        assert row.case is not None
        now = timezone.now()
        with store.Spool() as aside:
            package = _packed(row.case, row.account, aside, now, progress)
            sha256, size = package.digest()
            return store.put_pieces(package.pieces, sha256=sha256, shelf=exporting.SHELF), size

    exporting.carry_out(export, made)


def pieces(case: Case, *, account: Account, now: datetime | None = None) -> Iterator[bytes]:
    """The package piece by piece; of its files one at a time is in memory.

    What cannot be opened is left out and named; nothing is destroyed here, so the rest is worth having.
    """
    with store.Spool() as aside:
        yield from _packed(case, account, aside, now or timezone.now()).pieces()


def _packed(
    case: Case, account: Account, aside: store.Spool, now: datetime, progress: Progress = lambda percent: None
) -> bagging.Package:
    cases = queries.family(case)
    wanted = [(one, file) for one in cases for file in _files(one, account)]
    said = 0
    payload: dict[str, bagging.Content] = {}
    listed: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for number, (one, (name, title, content)) in enumerate(wanted, 1):
        folder = f"{one.number or one.pk}/" if len(cases) > 1 else ""
        try:
            payload[folder + name] = aside.keep(content())
        except (Problem, store.Damaged, LookupError, ValueError) as trouble:  # damaged, or cannot be drawn any more
            log.warning("a file is missing where a case was taken home", file=name, reason=str(trouble)[:200])
            missing.append({"name": f"data/{folder}{name}", "title": title})
        else:
            listed.append({"name": f"data/{folder}{name}", "title": title})
        if (percent := DRAWN * number // len(wanted)) >= said + STEP or number == len(wanted):
            progress(said := percent)
    about = {"number": case.number, "installation": settings.TONGBAN_DISTRICT, "demonstration": settings.DEMO}
    told = {**about, "made_at": now, "cases": [_told(one) for one in cases], "files": listed, "missing": missing}
    payload["case.json"] = orjson.dumps(told, option=orjson.OPT_INDENT_2, default=str)
    names = {tongue: case.version.name.get(tongue, "") for tongue in ("zh", "en")}
    there = "\n".join(line for part, line in FOLDERS.items() if any(f"/{part}" in one["name"] for one in listed))
    words = README.format(**names, number=case.number, site=settings.PUBLIC_URL, files=f"{there}\n{SAID}")
    payload["README.txt"] = words.encode("utf-8-sig")  # the mark lets every editor see that it is UTF-8
    key = licences.archive_key(case.department, now)
    info = [
        ("Source-Organization", f"{case.department.name.get('zh', '')} {case.department.name.get('en', '')}"),
        ("External-Identifier", case.number or f"case {case.pk}"),
        ("External-Description", f"{names['zh']} {names['en']}"),
        ("Bag-Software-Agent", "Tongban"),
    ]
    return bagging.pack(
        payload, info, key_id=key.key_id, certificate=key.public.statement_certificate, sign=key.sign_statement, now=now
    )


def _files(case: Case, account: Account) -> Iterator[File]:
    yield "form.pdf", TITLE, partial(handing_over.form_on_paper, case, TITLE)
    yield "form.json", TITLE, lambda: orjson.dumps(handing_over.form_answers(case), option=orjson.OPT_INDENT_2)
    kinds = {row.document_id: row.type for row in case.materials.select_related("type").exclude(document=None)}
    for page in papers.pages_visible_to(account).filter(document__in=owned.papers_of([case.pk])).order_by(*BY_PAPER):
        kind = kinds.get(page.document_id)
        name = f"papers/{page.document_id}-{kind.slug if kind else 'paper'}-{page.order:02d}.{_ending(page)}"
        yield name, kind.name if kind else page.document.name, partial(papers.open_page, page)
    for sheet in CaseDocument.objects.select_related("case__department").filter(case=case).order_by("pk"):
        title = (sheet.content or {}).get("title") or sheet.kind
        yield f"letters/{sheet.number}.pdf", title, partial(draw, sheet)
    if case.state in OPENED:
        own = Q(pk=case.licence_id) | Q(holder=case.applicant, decision=case.subject)
        for licence in Licence.objects.select_related("type", "issuer").filter(own).exclude(pdf="").order_by("pk"):
            name = f"licences/{licence.type.slug}-{licence.serial}.pdf"
            yield name, licence.type.name, partial(licences.open_pdf, licence)
    for bill in payments.of_subject(case.subject):
        for receipt in bill.receipts.all():
            yield f"receipts/{receipt.number}.pdf", RECEIPT, partial(receipt_sheet.draw, receipt)


def _ending(page: Page) -> str:
    return handing_over.ENDINGS.get(page.mime, "jpg")


def _told(case: Case) -> dict[str, Any]:
    """What the applicant's own page says: where it stands, what happened, what was said. No officer's name."""
    return {
        "number": case.number,
        "matter": {"id": case.matter.slug, "name": case.version.name, "version": case.version.number},
        "department": {"code": case.department.code, "name": case.department.name},
        "applicant": {"kind": case.applicant.kind, "name": case.applicant.name, "name_en": case.applicant.name_en},
        "state": {"code": case.state, "name": str(CaseState(case.state).label)},
        "sent_at": case.submitted_at,
        "received_on": case.received_on,
        "accepted_at": case.accepted_at,
        "decided_at": case.decided_at,
        "promised_by": case.promised_due,
        "materials": [
            {"id": row.type.slug, "name": row.type.name, "how": row.how}
            for row in case.materials.select_related("type")
        ],
        "happened": [
            {"at": step.at, "state": step.target, "name": str(CaseState(step.target).label)}
            for step in case.steps.order_by("pk")
        ],
        "said": [
            {"at": line.question.at, "by": "office" if line.office else "applicant", "text": line.question.text}
            for line in talking.thread(case, whole=False)
        ],
    }
