"""Sheets, keys and sealed files for the tests of this room."""

import datetime
from functools import cache
from pathlib import Path

from tongban.lib import yamls
from tongban.licences.rendering import LicenceSheet

ROOT = Path(__file__).parents[2]
NOON = datetime.datetime(2026, 11, 21, 4, 0, tzinfo=datetime.UTC)
ISSUER = {"zh": "示范区市场监督管理局", "en": "Administration for Market Regulation of the Demonstration District"}
IDENTIFIER = "1.2.156.3005.2.999900000022.99990000000000002J.000000018.001.X"


@cache
def types() -> dict[str, dict]:
    content = yamls.read(ROOT / "demo" / "licence_types.yaml")
    return {kind["id"]: kind for kind in content["licence_types"]}


FACE = {
    "name": "张示范",
    "operator": {"zh": "示范区溪畔小馆餐饮有限公司", "en": "Creekside Bistro Catering Co., Ltd."},
    "company": "示范区溪畔小馆餐饮有限公司",
    "uscc": "99990000MA1ABCDE1X",
    "id_no": "990000195503120031",
    "address": {"zh": "示范区十八湾路18弄6号302室", "en": "Room 302, No. 6, Lane 18, Eighteen Bends Road"},
    "sex": {"zh": "男", "en": "Male"},
    "birth_date": "1955-03-12",
    "activities": [{"zh": "热食类食品制售", "en": "Hot food made and sold"}, {"zh": "自制饮品制售", "en": "Drinks"}],
    "licence_no": "JY29900000000001",
    "scope": {"zh": "餐饮服务；食品销售", "en": "Catering; sale of food"},
    "merged_licences": [
        {
            "name": {"zh": "食品经营许可证", "en": "Food business licence"},
            "number": "JY1",
            "valid_to": datetime.date(2031, 1, 1),
        }
    ],
}


def sheet(type_id: str = "food-licence", *, face: dict | None = None, **changes) -> LicenceSheet:
    kind = types()[type_id]
    given = {name: FACE.get(name, f"值{number} value {number}") for number, name in enumerate(kind["face_fields"])}
    told = {
        "type_id": type_id,
        "title": {"zh": kind["zh"], "en": kind["en"]},
        "identifier": IDENTIFIER,
        "issuer": ISSUER,
        "face_fields": kind["face_fields"],
        "face": given | (face or {}),
        "issued_on": datetime.date(2026, 11, 21),
        "valid_to": datetime.date(2031, 11, 20),
        "verify_url": "https://tongban.example/verify/3vQp7mZkT0eLw2sYxR8bNg",
        "holder_kind": kind["holder"],
    }
    return LicenceSheet(**(told | changes))
