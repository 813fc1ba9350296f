"""Cases as files: of each a folder with a summary, its letters, its answers as JSON and its papers; one ZIP of them, piece by piece.

The parts lie sealed in the store, one a case. The ZIP itself never lies anywhere: it is put together while it goes out, with a
manifest of every file at its end. Numbers that pages cover stay covered here, too.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tongban.cases import rules
from tongban.cases.models import Case
from tongban.cases.sheets import draw
from tongban.cases.states import CaseState
from tongban.lib.bilingual import Bilingual
from tongban.lib.problems import Problem
from tongban.licences.rendering import Fact, Letter, Paragraph, Table, render_document
from tongban.materials import queries as papers
from tongban.materials import store
from tongban.materials.models import Page

log = structlog.get_logger("cases")

SHELF = "batch"
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}
ABOUT = "about.json"  # of one part: what its files are called and what they hold; the manifest is made of these


def pack(case: Case) -> bytes:
    """One case as a folder, as a ZIP without compression (what fills it, PDF and pictures, is compressed already)."""
    folder = case.number or case.ref
    held = io.BytesIO()
    told: list[dict[str, Any]] = []
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, title, content in _files(case):
            path = f"{folder}/{name}"
            try:
                made = content()
            except (Problem, store.Damaged) as trouble:
                log.warning("a file is missing where a case was taken along", file=path, reason=str(trouble)[:200])
                told.append({"path": path, "title": title, "missing": str(trouble)})
                continue
            archive.writestr(_entry(path), made)
            told.append({"path": path, "title": title, "size": len(made), "sha256": hashlib.sha256(made).hexdigest()})
        archive.writestr(_entry(ABOUT), orjson.dumps(told))
    return held.getvalue()


def _entry(path: str) -> zipfile.ZipInfo:
    """Names are made of numbers and of names in the catalogue, never of what somebody typed; no file says which clock made it."""
    entry = zipfile.ZipInfo(path)
    entry.external_attr = 0o600 << 16
    return entry


def _files(case: Case) -> Iterator[tuple[str, Any, Callable[[], bytes]]]:
    yield "summary.pdf", {"zh": "办件摘要", "en": "Summary"}, partial(summary, case)
    yield "form.json", {"zh": "申请表", "en": "Form"}, partial(answers, case)
    for paper in case.documents.order_by("pk"):
        yield f"letters/{paper.number}.pdf", paper.content.get("title") or paper.kind, partial(draw, paper)
    names = {row.document_id: row.type for row in case.materials.select_related("type").exclude(document=None)}
    pages = Page.objects.select_related("document").filter(
        Q(document__case_materials__case=case) | Q(document__posted__case=case)
    )
    for page in pages.distinct().order_by("document_id", "order"):
        kind = names.get(page.document_id)
        ending = ENDINGS.get(page.mime, "bin")
        name = f"papers/{page.document_id}-{kind.slug if kind else 'posted'}-{page.order:02d}.{ending}"
        yield name, kind.name if kind else {"zh": "邮寄材料", "en": "By post"}, partial(papers.open_page, page)


# -- what was answered


def answers(case: Case) -> bytes:
    """The answers with their questions in both languages, each with where it came from."""
    values = rules.plain_values(case.values)
    fields = []
    for one in rules.form_of(case).visible(values):
        value, held = values.get(one.id), case.values.get(one.id) or {}
        fields.append(
            {
                "id": one.id,
                "label": one.label,
                "value": one.display(value, masked=True) if rules.is_covered(one) and value else value,
                "covered": bool(value) and rules.is_covered(one),
                "source": held.get("source", ""),
            }
        )
    content = {
        "number": case.number,
        "matter": {"id": case.matter.slug, "name": case.version.name, "version": case.version.number},
        "department": {"code": case.department.code, "name": case.department.name},
        "state": case.state,
        "received_on": case.received_on,
        "promised_due": case.promised_due,
        "situation": case.situation,
        "fields": fields,
        "materials": [
            {"id": row.type.slug, "name": row.type.name, "how": row.how, "required": row.required}
            for row in case.materials.select_related("type")
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def summary(case: Case) -> bytes:
    """One case on paper: who, what, how it stands, what was answered, handed in and done. It is a print and carries no seal."""
    now = timezone.now()
    values = rules.plain_values(case.values)
    asked = [
        [one.label, one.display(values.get(one.id), masked=True if rules.is_covered(one) else None) or "—"]
        for one in rules.form_of(case).visible(values)
        if one.type != "consent"
    ]
    handed_in = [[row.type.name, str(row.get_how_display())] for row in case.materials.select_related("type")]
    done = [
        [
            timezone.localtime(step.at).strftime("%Y-%m-%d %H:%M"), str(CaseState(step.target).label),
            step.officer.staff_no if step.officer else "—",
        ]
        for step in case.steps.select_related("officer")
    ]  # fmt: skip
    blocks: list[Any] = [
        Paragraph(
            {"zh": "由经办人从系统导出，供内部使用。", "en": "Taken out of the system by an officer, for use inside."}
        ),
        _table("填报内容", "What was answered", ("项目", "Question"), ("内容", "Answer"), rows=asked),
        _table("申请材料", "Papers", ("材料", "Paper"), ("提交方式", "How"), rows=handed_in),
        _table("办理过程", "What was done", ("时间", "When"), ("状态", "State"), ("经办人", "Officer"), rows=done),
    ]
    applicant = case.applicant.names
    letter = Letter(
        kind="receipt",
        number=case.number or case.ref,
        case_number=case.number or "",
        issuer=case.department.name,
        addressee=applicant.get("zh") or applicant.get("en") or "",
        dated=timezone.localtime(now).date(),
        facts=[
            Fact({"zh": "事项", "en": "Matter"}, case.version.name),
            Fact({"zh": "状态", "en": "State"}, str(case.get_state_display())),
            Fact({"zh": "收件日", "en": "Received"}, case.received_on),
            Fact({"zh": "承诺办结", "en": "Promised by"}, case.promised_due),
        ],
        blocks=[block for block in blocks if block is not None],
        title={"zh": "办件摘要", "en": "Summary of the case"},
        place_for_seal=False,
        demo=settings.DEMO,
    )
    return render_document(letter)


def _table(zh: str, en: str, *head: tuple[str, str], rows: list[list]) -> Table | None:
    """A table whose first column says what it is about; None where there is nothing."""
    if not rows:
        return None
    columns: list[Bilingual] = [{"zh": one, "en": other} for one, other in head]
    columns[0] = {"zh": f"{zh} · {head[0][0]}", "en": f"{en}: {head[0][1].lower()}"}
    return Table(columns, rows)


# -- the ZIP on its way out


class _Pipe(io.RawIOBase):
    """Takes what the archive writes and hands it on; it cannot be gone back in, so that nothing has to be kept."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.at = 0

    def writable(self) -> bool:
        return True

    def write(self, piece) -> int:
        self.pieces.append(bytes(piece))
        self.at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self.at

    def taken(self) -> bytes:
        pieces, self.pieces = b"".join(self.pieces), []
        return pieces


def stream(
    parts: Iterable[str], *, first: dict[str, bytes], about: dict[str, Any], left_out: list[dict[str, Any]]
) -> Iterator[bytes]:
    """The ZIP, one case in memory at a time: `first` the files at its beginning, then every part, the manifest last.

    A part that storage damaged is named in the manifest instead of breaking the rest off.
    """
    pipe = _Pipe()
    told: list[dict[str, Any]] = []
    missing = list(left_out)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, content in first.items():
            archive.writestr(_entry(name), content)
            told.append({"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        yield pipe.taken()
        for name in parts:
            try:
                part = zipfile.ZipFile(io.BytesIO(store.get(name)))
            except store.Damaged as damaged:
                log.error("a part of a download is damaged", part=name, why=str(damaged))
                missing.append({"part": name, "why": "damaged in storage"})
                continue
            with part:
                told += orjson.loads(part.read(ABOUT))
                for entry in part.infolist():
                    if entry.filename != ABOUT:
                        archive.writestr(_entry(entry.filename), part.read(entry))
                        yield pipe.taken()
        manifest = {**about, "files": told, "left_out": missing}
        archive.writestr(_entry("manifest.json"), orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    yield pipe.taken()


def named(ref: str, now: datetime) -> str:
    """The name of the download: a day and the list's own code, nothing of anybody's."""
    return f"cases-{timezone.localtime(now):%Y%m%d}-{ref}.zip"
