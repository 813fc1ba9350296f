"""Guides as data: what the list says, every element of one, and the whole catalogue as CPSV-AP 3.2."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from tongban.lib.bilingual import both
from tongban.lib.formschema import ACTION, Form
from tongban.matters import bundling, promises
from tongban.matters import code_lists as shared
from tongban.matters import queries as matters
from tongban.matters.guides import SERVED
from tongban.matters.models import CodeList, MaterialType, Matter, MatterVersion, Theme
from tongban.matters.permit_errands import PART
from tongban.registers import queries as registers

PUBLISHED = MatterVersion.State.PUBLISHED


def address(slug: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('portal:guide', args=[slug])}"


def lines(entries: Iterable) -> list[dict[str, Any]]:
    """What the list says of each entry of the index; one question to the database."""
    entries = list(entries)
    known = {
        row.matter.slug: row
        for row in MatterVersion.objects.filter(matter__slug__in=[one.id for one in entries], state=PUBLISHED)
        .select_related("matter")
        .only("promised_days", "online_depth", "matter__slug")
    }
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "code": one.code,
            "name": _said({"zh": one.zh, "en": one.en}),
            "department": {"code": one.department, "name": _said({"zh": one.department_zh, "en": one.department_en})},
            "promised_days": known[one.id].promised_days,
            "channels": list(one.channels),
            "online": one.online,
            "online_depth": known[one.id].online_depth,
            "themes": list(one.themes),
            "url": address(one.id),
        }
        for one in entries
        if one.id in known
    ]


def guide(asked: str) -> dict[str, Any] | None:
    """Every element of the guide in force of a matter, by its id or item code; None when there is none."""
    rows = MatterVersion.objects.select_related("matter__department").prefetch_related("themes").filter(state=PUBLISHED)
    version = rows.filter(matter__slug=asked).first() or rows.filter(matter__item_code=asked).first()
    if version is None:
        return None
    matter, department = version.matter, version.matter.department
    as_they_are = (
        *("name", "type", "type_code", "level", "legal_basis", "conditions", "handling_kind", "statutory_days"),
        *("promised_days", "visits", "visit_reason", "fee", "channels", "online_depth", "city_wide", "appointment"),
        *("express", "steps", "places", "result", "validity", "rights", "contacts", "appeal", "faqs"),
        *("decided_by", "rules", "rules_version", "commitment", "tolerant", "site_inspection", "public_notice"),
        *("editions", "members", "note", "provenance", "effective_from", "time_unit", "power_source", "body_nature"),
        *(
            "entrusted_to",
            "joint_departments",
            "handling_office",
            "authority_split",
            "special_procedures",
            "cross_region",
        ),
        *("quota", "bars", "intermediary", "only_one"),
    )
    return {
        **{name: getattr(version, name) for name in as_they_are},
        "situations": promises.told(version),
        "id": matter.slug,
        "kind": matter.kind,
        "basic_code": matter.basic_code,
        "implementing_code": implementing_code(version),
        "item_code": matter.item_code or "",
        "version": version.number,
        "department": {"code": department.code, "name": department.name},
        "objects": version.objects_served,
        "themes": [theme.slug for theme in version.themes.all()],
        "online": version.online,
        "requirements": _requirements(version),
        "form": Form.from_demo(version.form).json_schema() if version.online and version.form else None,
        "registers": [
            {
                "register": grant.resource.slug,
                "name": grant.resource.name,
                "fields": grant.fields,
                "purpose": grant.purpose,
                "ground": grant.ground,
            }
            for grant in registers.grants_of(matter.slug)
        ],
        "not_supplied": [str(words) for words in matters.not_supplied(version)],
        "url": address(matter.slug),
    }


def plan(asked: str, chosen: list[str]) -> dict[str, Any] | None:
    """What a bundle comes to for these answers; None when there is no such bundle."""
    version = bundling.published(asked)
    if version is None:
        return None
    made = bundling.plan(version, chosen)
    return {
        "id": version.matter.slug,
        "version": version.number,
        "chosen": list(made.chosen),
        "questions": [
            {
                "id": one.id,
                "text": one.text,
                "help": one.help or {"zh": "", "en": ""},
                "member": one.member,
                "options": [{"id": option.id, "name": option.name} for option in one.options],
            }
            for one in made.questions
        ],
        "unanswered": [one.id for one in made.unanswered],
        "members": [
            {
                "id": one.slug,
                "name": one.name,
                "version": one.version.number,
                "department": one.version.matter.department.code,
                "why": one.why,
                "mandatory": one.mandatory,
                "situation": list(one.situation),
                "after": list(one.after),
                "wave": one.wave,
                "promised_days": one.promised_days,
                "fee": one.fee,
                "in_person": one.in_person,
                "url": address(one.slug),
            }
            for one in made.members
        ],
        "requirements": [
            {
                "material": one.slug,
                "required": one.required,
                "exempt": one.exempt,
                "tolerant": one.tolerant,
                "asked_by": list(one.asked_by),
            }
            for one in made.requirements
        ],
        "made": [{"material": one.slug, "by": one.by, "asked_by": list(one.asked_by)} for one in made.made],
        "fee_total": made.fee_total,
        "fee_open": list(made.fee_open),
        "promised_days": made.promised_days,
        "by_commitment": made.by_commitment,
        "separately": asdict(made.separately),
        "together": asdict(made.together),
        "form": Form.from_demo(made.form).json_schema(),
        "asked_by": {one["id"]: one["asked_by"] for one in made.form if one["type"] != ACTION},
        "url": f"{address(version.matter.slug)}?chosen={','.join(made.chosen)}",
    }


def implementing_code(version: MatterVersion) -> str:
    """Issuer (18), kind (1), basic code (12): domain.md 1.2."""
    matter = version.matter
    if not matter.basic_code:
        return ""
    return f"{matter.department.uscc}{version.type_code[-1:]}{matter.basic_code}"


def _requirements(version: MatterVersion) -> list[dict[str, Any]]:
    types = MaterialType.objects.in_bulk([row["material"] for row in version.requirements], field_name="slug")
    made = []
    for row in version.requirements:
        kind = types.get(row["material"])
        made.append(
            {
                "material": row["material"],
                "name": kind.name if kind else both(row["material"], row["material"]),
                "required": bool(row.get("required")),
                "originals": row.get("originals") or 0,
                "copies": row.get("copies") or 0,
                "electronic": bool(row.get("electronic")),
                "exempt": row.get("exempt") or "none",
                "licence_type": kind.licence_type if kind else "",
                "register": kind.resource if kind else "",
                "tolerant": bool(row.get("tolerant")),
                "when": row.get("when") or {},
            }
        )
    return made


def _said(text: dict[str, str]) -> dict[str, str]:
    return {language: words for language, words in text.items() if words}


# -- the whole catalogue as linked data: CPSV-AP 3.2 (https://semiceu.github.io/CPSV-AP/releases/3.2.0/)

CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
CURRENCY = "http://publications.europa.eu/resource/authority/currency/CNY"
CHANNELS = {
    "online_pc": both("网上办理(电脑)", "Online, on a computer"),
    "online_mobile": both("网上办理(手机)", "Online, on a phone"),
    "window": both("窗口办理", "At a window"),
    "kiosk": both("自助终端", "At a self-service terminal"),
    "virtual_window": both("虚拟窗口(视频)", "By video with an officer"),
    "phone_help": both("电话", "By telephone"),
    "courier": both("邮寄", "By post"),
}


def catalogue() -> dict[str, Any]:
    """Every published guide. What has one address stands once, however many guides point to it."""
    rows = (
        MatterVersion.objects.filter(state=PUBLISHED)
        .exclude(matter__origin=PART)
        .select_related("matter__department")
        .prefetch_related("themes")
        .defer("form", "faqs", "rules", "steps", "rights", "appeal")
        .order_by("matter__slug")
    )
    types = {kind.slug: kind for kind in MaterialType.objects.all()}
    nodes: dict[str, dict] = {}
    for theme in Theme.objects.all():
        nodes[_id(f"theme:{theme.slug}")] = {"@type": "skos:Concept", "skos:prefLabel": _tagged(theme.name)}
    for way, words in CHANNELS.items():
        nodes[_id(f"way:{way}")] = {"@type": "skos:Concept", "skos:prefLabel": _tagged(words)}
    for served, words in SERVED.items():
        nodes[_id(f"audience:{served}")] = {"@type": "skos:Concept", "skos:prefLabel": _tagged(words)}
    for version in rows:
        for name, node in _service(version, types):
            nodes.setdefault(name, node)
    return {"@context": CONTEXT, "@graph": [{"@id": name, **node} for name, node in nodes.items()]}


def _id(name: str) -> str:
    kind, _colon, rest = name.partition(":")
    return f"{settings.PUBLIC_URL}/catalogue.jsonld#{kind}-{rest}"


def _ref(name: str) -> dict[str, str]:
    return {"@id": name}


def _tagged(text: Any) -> list[dict[str, str]]:
    if isinstance(text, str):
        return [{"@language": "zh-Hans", "@value": text}]
    tags = {"zh": "zh-Hans", "en": "en"}
    return [{"@language": tag, "@value": text[key]} for key, tag in tags.items() if (text or {}).get(key)]


def _service(version: MatterVersion, types: dict[str, MaterialType]) -> Iterator[tuple[str, dict]]:
    """One guide and the things it points to."""
    matter, department = version.matter, version.matter.department
    here = address(matter.slug)
    office = _id(f"department:{department.code}")
    yield (
        office,
        {
            "@type": "cv:PublicOrganisation",
            "dct:identifier": department.uscc or department.code,
            "dct:title": _tagged(department.name),
            "skos:prefLabel": _tagged(department.name),
            "dct:spatial": _ref(f"urn:gb:t2260:{settings.TONGBAN_DISTRICT}"),
        },
    )
    if matter.kind == Matter.Kind.BUNDLE:
        event = "cv:LifeEvent" if "person" in version.objects_served else "cv:BusinessEvent"
        yield (
            here,
            {
                "@type": event,
                "dct:identifier": matter.slug,
                "dct:title": _tagged(version.name),
                "dct:description": _tagged(version.conditions),
                "cv:hasRelatedService": [_ref(address(member["matter"])) for member in version.members],
            },
        )
        return
    service: dict[str, Any] = {
        "@type": "cpsv:PublicService",
        "dct:identifier": implementing_code(version) or matter.item_code or matter.slug,
        "dct:title": _tagged(version.name),
        "dct:description": _tagged(version.conditions) or _tagged(version.name),
        "adms:status": _ref("http://purl.org/adms/status/Completed"),
        "cv:hasCompetentAuthority": _ref(office),
        "cv:thematicArea": [_ref(_id(f"theme:{theme.slug}")) for theme in version.themes.all()],
        "dct:audience": [_ref(_id(f"audience:{one}")) for one in version.objects_served if one in SERVED],
        "foaf:page": _ref(here),
    }
    between = promises.range_of(version)
    days = between[1] if between is not None else promises.days(version)
    days = version.statutory_days if days is None else days
    if days is not None:
        service["cv:processingTime"] = {"@type": "xsd:duration", "@value": f"P{days}D"}
    for place, (kind, node) in enumerate(_parts(version, types)):
        property_, short = kind
        name = node.pop("@id", None) or f"{here}#{short}-{place}"
        service.setdefault(property_, []).append(_ref(name))
        yield name, node
    yield here, {name: value for name, value in service.items() if value != []}


def _parts(version: MatterVersion, types: dict[str, MaterialType]) -> Iterator[tuple[tuple[str, str], dict]]:
    """What a service has: ((property, word for its address), node)."""
    for way in version.channels:
        if way in CHANNELS:
            yield (
                ("cv:hasChannel", "channel"),
                {"@type": "cv:Channel", "dct:identifier": f"{version.matter.slug}/{way}", "dct:type": _ref(_id(f"way:{way}"))},
            )  # fmt: skip
    for row in version.requirements:
        kind = types.get(row["material"])
        name = kind.name if kind else row["material"]
        yield (
            ("cv:hasInputType", "input"),
            {
                "@id": _id(f"evidence:{row['material']}"),
                "@type": "cv:EvidenceType",
                "dct:identifier": row["material"],
                "dct:title": _tagged(name),
            },
        )
    if version.fee:
        amounts = [one["amount"] for one in version.fee.get("cases", ())] or [version.fee.get("amount")]
        for amount in amounts:
            cost: dict[str, Any] = {
                "@type": "cv:Cost",
                "dct:identifier": f"{version.matter.slug}/cost",
                "dct:description": _tagged(version.fee.get("text")),
            }
            if amount is not None:
                cost |= {
                    "cv:hasValue": {"@type": "xsd:double", "@value": f"{amount:.2f}"},
                    "cv:currency": _ref(CURRENCY),
                }
            yield ("cv:hasCost", "cost"), cost
    if version.result:
        yield (
            ("cpsv:produces", "output"),
            {
                "@type": "cv:Output",
                "dct:identifier": version.result.get("ref") or f"{version.matter.slug}/output",
                "dct:title": _tagged(version.result.get("name")),
            },
        )
    for law in version.legal_basis:
        yield ("cv:hasLegalResource", "law"), {"@type": "eli:LegalResource", "dct:title": _tagged(law)}
    if version.decided_by != "none":
        yield (
            ("cpsv:follows", "rule"),
            {
                "@type": "cpsv:Rule",
                "dct:identifier": f"{version.matter.slug}/{version.rules_version}",
                "dct:title": _tagged(both("自动审批规则", "Published rules of the automatic decision")),
                "dct:description": _tagged(version.conditions),
            },
        )
    for contact in version.contacts:
        if contact.get("phone"):
            yield (
                ("cv:contactPoint", "contact"),
                {"@type": "cv:ContactPoint", "cv:telephone": contact["phone"], "dct:title": _tagged(contact.get("name"))},
            )  # fmt: skip


# -- lists of answers


def _owner(row: CodeList) -> dict[str, Any]:
    return {"code": row.department.code, "name": row.department.name}


def code_lists() -> list[dict[str, Any]]:
    found = []
    for row in shared.all_lists():
        now = shared.current(row)
        found.append(
            {
                "id": row.slug,
                "version": now.number,
                "name": now.name,
                "owner": _owner(row),
                "entries": len(now.entries),
                "url": reverse("exchange:api:code_list_whole", args=[row.slug]),
            }
        )
    return found


def code_list(key: str) -> dict[str, Any] | None:
    row = shared.list_called(key)
    if row is None:
        return None
    now = shared.current(row)
    offered = set(shared.offered_on(now.entries, timezone.localdate()))
    return {
        "id": row.slug,
        "version": now.number,
        "in_force_since": now.since,
        "name": now.name,
        "owner": _owner(row),
        "used_by": sorted({one.version.matter.slug for one in shared.uses(key) if one.version.state == "published"}),
        "entries": [
            {
                "code": one["code"],
                "name": {"zh": one["zh"], "en": one["en"]},
                "valid_from": one.get("from") or None,
                "valid_until": one.get("until") or None,
                "parent": one.get("parent", ""),
                "offered": one["code"] in offered,
            }
            for one in now.entries
        ],
    }
