"""Licences that people and companies of the district hold from the start, and the sample papers they have in their drawer."""

import io
from datetime import date, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from tongban.departments.models import Department
from tongban.journal.actors import PLATFORM
from tongban.lib import yamls
from tongban.licences import industry
from tongban.licences import services as licences
from tongban.licences.models import Licence, LicenceType
from tongban.materials import services as materials
from tongban.materials.models import Document
from tongban.matters.services import types_kept_here
from tongban.parties.models import Account, Company, Person
from tongban.registers import services as registers
from tongban.site.demonstration.people import District

OWNED = {"li-na", "feng-talent", "zhang-wei", "chen-flex"}
DRIVERS = {"wang-anhui": 25, "chen-flex": 60, "feng-talent": 900, "wu-skill": 400}


def load_licence_types(demo: Path) -> int:
    """Rows of demo/licence_types.yaml, but none over what people here have written. Twice changes nothing."""
    rows = yamls.read(demo / "licence_types.yaml")["licence_types"]
    departments = Department.objects.in_bulk(field_name="code")
    written = types_kept_here("licence")
    for row in rows:
        if row["id"] in written:
            continue
        LicenceType.objects.update_or_create(
            slug=row["id"],
            defaults={
                "name": {"zh": row["zh"], "en": row["en"]},
                "holder_kind": row["holder"],
                "issuer": departments[row["issuer"]],
                "type_code": row["type_code_demo"],
                "face_fields": row["face_fields"],
                "told_apart_by": row.get("told_apart_by", []),
                "validity": row["validity"],
                "for_identity": bool(row.get("use_for_identity")),
            },
        )
    return len(rows)


def hand_out(district: District, today: date) -> int:
    """What everybody holds already. The worker seals them after the start."""
    given = 0
    for slug, person in district.people.items():
        attributes = district.attributes[slug]
        base = {
            "name": person.name,
            "sex": {"M": "男", "F": "女"}[person.sex],
            "birth_date": person.birth_date.isoformat(),
            "address": person.address,
            "id_no": person.id_no,
            "photo": _photograph(person),
        }
        wanted: list[tuple[str, dict, date, date | None]] = []
        if person.id_kind == "id_card":
            issued = date(2018, 3, 1)
            end = None if today.year - person.birth_date.year > 46 else issued.replace(year=issued.year + 20)
            card = base | {
                "ethnicity": "汉",
                "authority": "示范区公安分局",
                "valid_from": issued.isoformat(),
                "valid_to": end.isoformat() if end else "长期",
            }
            wanted.append(("id-card", card, issued, end))
            page = base | {"relation_to_head": "户主", "registered_on": "2010-05-06"}
            wanted.append(("hukou-page", page, date(2010, 5, 6), None))
            wanted.append(
                ("social-security-card", base | {"card_no_masked": f"{person.id_no[:3]}******{person.id_no[-2:]}",
                 "issuer_bank": "示范银行", "valid_to": "2031-06-30"}, date(2021, 7, 1), date(2031, 6, 30))
            )  # fmt: skip
        if slug in OWNED:
            cert = {"owners": person.name, "address": person.address, "area": "88.6", "use": "住宅",
                    "cert_no": f"示(2016)字第{person.pk:06d}号"}  # fmt: skip
            wanted.append(("real-estate-cert", cert, date(2016, 9, 1), None))
        if slug in {"wang-anhui", "anna", "zhao-grad"}:
            lease = {"tenant": person.name, "address": person.address, "term_from": (today - timedelta(340)).isoformat(),
                     "term_to": (today + timedelta(390)).isoformat(), "filing_no": f"ZL-990000-{person.pk:05d}"}  # fmt: skip
            wanted.append(("lease-filing", lease, today - timedelta(340), today + timedelta(390)))
        if slug == "wang-anhui":
            end = today + timedelta(20)
            permit = base | {"issued_on": (end - timedelta(364)).isoformat(), "valid_to": end.isoformat()}
            wanted.append(("residence-permit", permit, end - timedelta(364), end))
        if slug in DRIVERS:
            end = today + timedelta(DRIVERS[slug])
            driving = base | {"class": "C1", "first_issue": (end - timedelta(2190)).isoformat(), "points": "12",
                              "valid_to": end.isoformat(), "file_no": f"99{person.pk:010d}"}  # fmt: skip
            wanted.append(("driving-licence", driving, end - timedelta(2190), end))
        if attributes["married"]:
            wanted.append(
                ("marriage-cert", {"holder": person.name, "spouse": "(示例)", "registered_on": "2016-10-10",
                 "cert_no": f"J990000-{person.pk:06d}"}, date(2016, 10, 10), None)
            )  # fmt: skip
        if slug == "li-na":
            wanted.append(
                ("birth-cert", {"newborn": "李小示", "sex": "女", "birth_time": (today - timedelta(120)).isoformat(),
                 "hospital": "示范区妇幼保健院", "mother": person.name, "father": "(示例)", "cert_no": "U990000123"},
                 today - timedelta(118), None)
            )  # fmt: skip
        if slug == "sun-disabled":
            wanted.append(
                ("disability-cert", base | {"category": "肢体", "level": "一级", "valid_to": "2033-04-30"},
                 date(2023, 5, 1), date(2033, 4, 30))
            )  # fmt: skip
        if slug == "zhou-unemp":
            end = today + timedelta(500)
            wanted.append(
                ("nurse-cert", base | {"place_of_practice": "示范区第一医院", "valid_to": end.isoformat(),
                 "reg_no": "9900000000123"}, end - timedelta(1825), end)
            )  # fmt: skip
        given += _issue(person, slug, wanted)
    for slug, company in district.companies.items():
        established = company.established_on or today
        face = {
            "name": company.name,
            "company": company.name,
            "operator": company.name,
            "uscc": company.uscc,
            "type": "个体工商户" if company.company_kind == "sole_proprietor" else "有限责任公司",
            "legal_rep": company.legal_representative.name,
            "capital": "50万元",
            "established_on": established.isoformat(),
            "address": company.address,
            "scope": company.industry,
            "term": "长期",
        }
        wanted = [("business-licence", face, established, None)]
        if slug == "qihe-trade":
            end = today + timedelta(22)
            food = face | {
                "activities": "预包装食品销售",
                "licence_no": "JY19900000000001",
                "valid_to": end.isoformat(),
            }
            wanted.append(("food-licence", food, end - timedelta(1825), end))
        if slug == "global-hq":
            end = today + timedelta(25)
            clean = face | {"category": "宾馆", "licence_no": "WS-990000-0005", "valid_to": end.isoformat()}
            wanted.append(("hygiene-licence", clean, end - timedelta(1460), end))
        given += _issue(company, slug, wanted)
        if slug == "qihe-trade":
            given += _merge(company, today)
    return given


def _merge(company: Company, today: date) -> int:
    """One industry licence of a convenience store: the food licence it holds, and a sign that was filed, which is no e-licence."""
    food = Licence.objects.select_related("type", "issuer").get(holder=company, type__slug="food-licence")
    filed = today - timedelta(400)
    sign = industry.Permit(
        key="shop-sign",
        name={"zh": "户外招牌设置备案", "en": "Filing of a shop sign"},
        number="ZP-990000-0001",
        regulator=Department.objects.get(code="GRN"),
        issued_on=filed,
        valid_to=None,
        mandatory=False,
    )
    industry.issue_industry(
        holder=company,
        industry={"zh": "便利店", "en": "Convenience store"},
        permits=[industry.permit_of(food, key="food-licence-new", mandatory=True), sign],
        decision=f"register:{company.pk}",
        actor=PLATFORM,
        address=company.address,
        issued_on=filed,
    )
    return 1


def _photograph(person: Person) -> str:
    """The photo library's answer, asked for as any matter asks."""
    answer = registers.read(
        "photo-library", of=person, matter="residence-permit-first", about="", purpose="prefill", fields=["photo"],
        actor=PLATFORM,
    )  # fmt: skip
    return answer["photo"] if answer else ""


def _issue(holder, slug: str, wanted: list[tuple[str, dict, date, date | None]]) -> int:
    types = {row.slug: row for row in LicenceType.objects.filter(slug__in=[kind for kind, *_rest in wanted])}
    for kind, face, issued_on, valid_to in wanted:
        licences.issue(
            kind,
            holder=holder,
            face={name: face[name] for name in types[kind].face_fields if name in face},
            decision=f"register:{slug}",
            issued_on=issued_on,
            valid_from=issued_on,
            valid_to=valid_to,
            actor=PLATFORM,
        )
    return len(wanted)


def sample_paper(district: District, party, by: Account | None = None) -> Document:
    """A page that looks like a photographed paper, taken in through the same gate as everybody's. One for each party."""
    found = next((one for one in Document.objects.filter(owner=party) if one.name == "示例材料.png"), None)
    if found is not None:
        return found
    page = Image.new("RGB", (827, 1169), "#fbf8f1")
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 60, 767, 1109), outline="#b9b2a3", width=3)
    for line in range(18):
        length = 560 if line % 4 != 3 else 320
        draw.rectangle((120, 220 + line * 42, 120 + length, 230 + line * 42), fill="#c9c3b6")
    draw.rectangle((280, 120, 547, 146), fill="#8d8675")
    draw.ellipse((560, 900, 700, 1040), outline="#b5523b", width=5)
    draw.text((150, 1060), "SAMPLE - DEMONSTRATION DISTRICT", fill="#8d8675")
    held = io.BytesIO()
    page.save(held, "PNG", optimize=True)
    held.seek(0)
    held.name = "示例材料.png"
    return materials.keep([held], owner=party, by=by or district.account_for(party), name="示例材料.png")
