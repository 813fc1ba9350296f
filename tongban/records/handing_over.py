"""Handing an application over to the archive: everything about it as a sealed package, kept here until the archive's receipt names its hash."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from tongban.cases import rules as case_rules
from tongban.cases.models import Case, CaseDocument, CaseMaterial
from tongban.cases.sheets import draw
from tongban.cases.states import CaseState
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.moves import NotNow, make
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.licences.rendering import Letter, Paragraph, Table
from tongban.materials import queries as papers
from tongban.materials import store
from tongban.materials.models import Page
from tongban.payments.models import Bill
from tongban.records import bagging, events, owned, queries
from tongban.records.gateways import NotTaken, archive
from tongban.records.models import Handover, Keeping
from tongban.records.states import MAKE_ANEW, RECEIVE, HandoverState, KeepingState
from tongban.rights.exporting import plain

log = structlog.get_logger("records")

SHELF = "archive"
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/webp": "webp"}
FORM_TITLE = {"zh": "申请表（归档）", "en": "Application, for the archive"}
SECRETS = {"code_index", "query_code", "id_index", "mobile_index", "saver", "token", "ref"}  # open doors, say nothing


def hand_over(case: Case) -> Handover:
    """Outside any lock. A package that was made before goes again as it is, so the archive gets one thing however often it is tried.

    Raises NotTaken; then nothing may be destroyed.
    """
    gateway = archive()
    if gateway is None:
        raise NotTaken("no archive is connected")
    row = Handover.objects.filter(case=case).first()
    cases = queries.family(case)
    if row is not None and row.state == HandoverState.RECEIVED and says_the_same(row, cases):
        return row
    if row is None or not row.file or not says_the_same(row, cases):
        row = _made(case, cases, row)
    try:
        receipt = gateway.take(row.name, Kept(row.file, row.sha256))
    except store.Damaged as damage:
        log.warning("a package was damaged here and is made again", package=row.name, reason=str(damage)[:200])
        row = _made(case, cases, row)
        receipt = gateway.take(row.name, Kept(row.file, row.sha256))
    if receipt.sha256 != row.sha256:
        raise NotTaken("the receipt names another hash")
    with transaction.atomic():
        try:  # only for the package that was sent: another hand may have put a newer one in its place
            make(
                row, RECEIVE, only_if=Q(sha256=row.sha256), receipt=receipt.number[:100], archive=receipt.archive[:60], received_at=receipt.at, file="",
                simulated=receipt.simulated,
            )  # fmt: skip
        except NotNow:
            row.refresh_from_db()
            if row.state != HandoverState.RECEIVED:
                raise NotTaken("a newer package is on its way") from None
            return row
        journal.record(
            events.CaseHandedOver(case=case.pk, handover=row.pk, receipt=receipt.number),
            subject=case.subject,
            actor=PLATFORM,
        )
    return row


def says_the_same(row: Handover, cases: list[Case]) -> bool:
    """Nothing moved since the package was made: what the archive holds is what is destroyed here."""
    return all(case.updated_at <= row.made_at for case in cases)


@dataclass(frozen=True)
class Kept:
    """A package as it lies in our store."""

    file: str
    sha256: str

    def pieces(self) -> Iterator[bytes]:
        return store.pieces_of(self.file)


def was_received(given: Handover, cases: list[Case]) -> bool:
    """Asked under the lock: the archive has this very package, and it says what is about to go."""
    there = Handover.objects.filter(pk=given.pk, state=HandoverState.RECEIVED, sha256=given.sha256)
    return there.exists() and says_the_same(given, cases)


def _made(case: Case, cases: list[Case], before: Handover | None) -> Handover:
    """A new package and its row. Of two hands that make one at once the first one's counts; once the person is out none is made."""
    now = timezone.now()
    with package(case, cases, now=now) as made:
        sha256, size = made.digest()
        file = store.put_pieces(made.pieces, sha256=sha256, shelf=SHELF)
    # a name of its own for every package, or an archive would have to choose between two
    values: dict[str, Any] = {
        "name": f"{case.number or case.pk}-{sha256[:12]}", "file": file, "sha256": sha256, "size": size, "made_at": now,
    }  # fmt: skip
    with transaction.atomic():
        held = Case.objects.select_for_update().filter(pk__in=[one.pk for one in cases]).order_by("pk")
        if dict(held.values_list("pk", "updated_at")) != {one.pk: one.updated_at for one in cases}:
            raise NotTaken("it moved while its package was made")
        if Keeping.objects.filter(pk=case.pk, state=KeepingState.ANONYMISED).exists():
            raise NotTaken("it was made anonymous meanwhile")
        row = Handover.objects.filter(case=case).first()
        if row is None:
            return Handover.objects.create(case=case, **values)
        if before is None or row.sha256 != before.sha256:
            return row
        make(row, MAKE_ANEW, **values)
        return row


@journal.every("packages nobody waits for", timedelta(hours=6))
def clean() -> int:
    wanted = set(Handover.objects.exclude(file="").values_list("file", flat=True))
    return store.sweep(SHELF, wanted, before=timezone.now() - timedelta(days=1))


# -- the package


@contextmanager
def package(case: Case, cases: list[Case], *, now: datetime) -> Iterator[bagging.Package]:
    """The sealed bag of an application, with its members where it is a bundle. Of its files one at a time is in memory."""
    with store.Spool() as aside:
        yield _packed(case, cases, aside, now)


def _packed(case: Case, cases: list[Case], aside: store.Spool, now: datetime) -> bagging.Package:
    journal.note_reads(
        actor=PLATFORM,
        of_parties=[one.applicant_id for one in cases],
        purpose="archive",
        fields=["everything"],
        about=case.subject,
    )
    payload: dict[str, bagging.Content] = {}
    listed: list[dict[str, Any]] = []
    for one in cases:
        _files(one, f"{one.number or one.pk}/" if len(cases) > 1 else "", aside, payload, listed)
    rule, ended, until = queries.deciding(cases)
    payload["case.json"] = orjson.dumps(
        {
            "form": "tongban-archive-1",
            "number": case.number,
            "installation": settings.TONGBAN_DISTRICT,
            "demonstration": settings.DEMO,
            "retention": {"rule": rule.stored(), "ended_on": ended, "kept_until": until},
            "cases": [_told(one) for one in cases],
            "files": listed,
        },
        option=orjson.OPT_INDENT_2,
        default=str,
    )
    key = licences.archive_key(case.department, now)
    info = [
        ("Source-Organization", f"{case.department.name.get('zh', '')} {case.department.name.get('en', '')}"),
        ("External-Identifier", case.number or f"case {case.pk}"),
        ("External-Description", f"{case.version.name.get('zh', '')} {case.version.name.get('en', '')}"),
        ("Bag-Software-Agent", "Tongban"),
    ]
    return bagging.pack(
        payload, info, key_id=key.key_id, certificate=key.public.statement_certificate, sign=key.sign_statement, now=now
    )


def _files(
    case: Case, folder: str, aside: store.Spool, payload: dict[str, bagging.Content], listed: list[dict[str, Any]]
) -> None:
    """Papers, letters and licences as files. One that cannot be opened stops the handing over: nothing is destroyed unread."""

    def add(name: str, title: Any, content: bytes) -> None:
        payload[folder + name] = aside.keep(content)
        listed.append({"name": f"data/{folder}{name}", "title": title})

    add(
        "form.json", {"zh": "申请表", "en": "Application"}, orjson.dumps(form_answers(case), option=orjson.OPT_INDENT_2)
    )
    add("form.pdf", {"zh": "申请表", "en": "Application"}, form_on_paper(case, FORM_TITLE))
    papers_of = owned.papers_of([case.pk])
    for page in Page.objects.select_related("document").filter(document__in=papers_of).order_by("document", "order"):
        name = f"papers/{page.document_id}-{page.order:02d}.{ENDINGS.get(page.mime, 'jpg')}"
        add(name, page.document.name, papers.open_page(page))
    for sheet in CaseDocument.objects.select_related("case__department").filter(case=case).order_by("pk"):
        add(f"letters/{sheet.number}.pdf", (sheet.content or {}).get("title") or sheet.kind, draw(sheet))
    wanted = Licence.objects.select_related("type", "issuer")
    for licence in wanted.filter(models.Q(pk=case.licence_id) | models.Q(holder=case.applicant, decision=case.subject)):
        if licence.pdf:
            add(f"licences/{licence.type.slug}-{licence.serial}.pdf", licence.type.name, licences.open_pdf(licence))


def form_answers(case: Case) -> list[dict[str, Any]]:
    values = case_rules.plain_values(case.values)
    return [
        {
            "id": one.id,
            "label": one.label,
            "value": plain(values.get(one.id)),
            "source": (case.values.get(one.id) or {}).get("source", ""),
        }
        for one in case_rules.form_of(case).fields
        if values.get(one.id) not in (None, "")
    ]


def form_on_paper(case: Case, title: dict[str, str]) -> bytes:
    values = case_rules.plain_values(case.values)
    rows: list[list[Any]] = [
        [one.label, one.display(values.get(one.id)) or "—"]
        for one in case_rules.form_of(case).visible(values)
        if one.type != "consent"
    ]
    letter = Letter(
        kind="form",
        number=case.number or f"{case.pk}",
        case_number=case.number or "",
        issuer=case.department.name,
        addressee=case.applicant.name,
        dated=timezone.localdate(case.submitted_at or case.created_at),
        blocks=[
            Paragraph(case.version.name),
            Table([{"zh": "项目", "en": "Question"}, {"zh": "内容", "en": "Answer"}], rows),
        ],
        title=title,
        demo=settings.DEMO,
    )
    return licences.sealed_letter(letter, department=case.department)


def _told(case: Case) -> dict[str, Any]:
    """The case with everything that hangs on it, table by table, and its line in the log."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for model in apps.get_models():
        if model is Case or model._meta.app_label == "records":
            continue
        ways = owned.path_to_case(model)
        if not ways or model._meta.app_label == "materials":
            continue
        rows = model._default_manager.filter(models.Q(*[(way, case.pk) for way in ways], _connector=models.Q.OR))
        if lines := [_row(row) for row in rows.order_by("pk").distinct()]:
            tables[model._meta.label] = lines
    bills = Bill.objects.filter(about=case.subject)
    if lines := [_row(row) for row in bills]:
        tables["payments.Bill"] = lines
    return {
        "number": case.number,
        "matter": {
            "slug": case.matter.slug, "name": case.version.name, "version": case.version.number,
            "legal_basis": case.version.legal_basis,
        },
        "department": {"code": case.department.code, "name": case.department.name},
        "applicant": {"kind": case.applicant.kind, "name": case.applicant.name, "name_en": case.applicant.name_en},
        "state": {"code": case.state, "name": str(CaseState(case.state).label)},
        "case": _row(case),
        "materials": [
            {"type": row.type.slug, "name": row.type.name, "how": row.how}
            for row in CaseMaterial.objects.select_related("type").filter(case=case)
        ],
        "tables": tables,
        "events": [
            {"at": plain(row.at), "kind": row.kind, "by": row.actor_kind, "role": row.role, "department": row.department,
             "payload": row.payload, "code": row.code}
            for row in Event.objects.filter(subject=case.subject).order_by("pk")
        ],
    }  # fmt: skip


def _row(row: models.Model) -> dict[str, Any]:
    return {
        one.name: plain(getattr(row, one.attname))
        for one in row._meta.concrete_fields
        if one.name not in SECRETS and not one.name.endswith("_index")
    }
