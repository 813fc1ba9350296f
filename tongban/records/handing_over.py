"""Handing an application over to the archive: everything about it as a sealed package, kept here until the archive's receipt names its hash."""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import structlog
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
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
from tongban.records.models import Handover
from tongban.records.states import MAKE_ANEW, RECEIVE, HandoverState
from tongban.rights.exporting import plain

log = structlog.get_logger("records")

SHELF = "archive"
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/webp": "webp"}
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
        content = store.get(row.file)
    except store.Damaged as damage:
        row = _made(case, cases, row)
        log.warning("a package was damaged here and is made again", package=row.name, reason=str(damage)[:200])
        content = store.get(row.file)
    receipt = gateway.take(row.name, content)
    if receipt.sha256 != row.sha256:
        raise NotTaken("the receipt names another hash")
    with transaction.atomic():
        try:
            make(
                row, RECEIVE, receipt=receipt.number[:100], archive=receipt.archive[:60], received_at=receipt.at, file="",
                simulated=receipt.simulated,
            )  # fmt: skip
        except NotNow:
            row.refresh_from_db()
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


def _made(case: Case, cases: list[Case], before: Handover | None) -> Handover:
    now = timezone.now()
    content = package(case, cases, now=now)
    sha256 = hashlib.sha256(content).hexdigest()
    # a name of its own for every package, or an archive would have to choose between two
    values: dict[str, Any] = {
        "name": f"{case.number or case.pk}-{sha256[:12]}", "file": store.put(content, shelf=SHELF), "sha256": sha256,
        "size": len(content), "made_at": now,
    }  # fmt: skip
    if before is None:
        row, made = Handover.objects.get_or_create(case=case, defaults=values)
        if made:
            return row
        before = row
    make(before, MAKE_ANEW, **values)
    row = before
    return row


@journal.every("packages nobody waits for", timedelta(hours=6))
def clean() -> int:
    wanted = set(Handover.objects.exclude(file="").values_list("file", flat=True))
    return store.sweep(SHELF, wanted, before=timezone.now() - timedelta(days=1))


# -- the package


def package(case: Case, cases: list[Case], *, now) -> bytes:
    """The sealed bag of an application, with its members where it is a bundle."""
    journal.note_reads(
        actor=PLATFORM,
        of_parties=[one.applicant_id for one in cases],
        purpose="archive",
        fields=["everything"],
        about=case.subject,
    )
    payload: dict[str, bytes] = {}
    listed: list[dict[str, Any]] = []
    for one in cases:
        _files(one, f"{one.number or one.pk}/" if len(cases) > 1 else "", payload, listed)
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


def _files(case: Case, folder: str, payload: dict[str, bytes], listed: list[dict[str, Any]]) -> None:
    """Papers, letters and licences as files. One that cannot be opened stops the handing over: nothing is destroyed unread."""

    def add(name: str, title: Any, content: bytes) -> None:
        payload[folder + name] = content
        listed.append({"name": f"data/{folder}{name}", "title": title})

    add("form.json", {"zh": "申请表", "en": "Application"}, orjson.dumps(_form(case), option=orjson.OPT_INDENT_2))
    add("form.pdf", {"zh": "申请表", "en": "Application"}, _form_on_paper(case))
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


def _form(case: Case) -> list[dict[str, Any]]:
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


def _form_on_paper(case: Case) -> bytes:
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
        title={"zh": "申请表（归档）", "en": "Application, for the archive"},
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
