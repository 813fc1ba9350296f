"""Answers that somebody of the demonstration district would give to a form: plain, valid, and the same at every build."""

import random
from datetime import date, timedelta
from typing import Any

from tongban.cases import rules
from tongban.cases.models import Case

WORDS = {
    "reason": "个人需要",
    "suppliers": "示范酒类批发有限公司",
    "services": "职业中介、人力资源信息发布",
    "scope": "日用百货、文化用品零售",
    "wording": "河畔咖啡",
    "subjects": "中医科、全科医疗科",
    "industry": "餐饮业",
    "drug": "氨氯地平片",
    "dose": "5 mg",
    "place": "江苏省苏州市",
    "place_of_practice": "示范区中心医院",
    "tax_kind": "个人所得税",
    "period": "2025年全年",
    "use": "餐饮场所",
    "floors": "地上1层",
    "venue": "示范河畔咖啡店",
    "issuer_bank": "示范银行",
    "licence_no": "JY19900000000001",
    "permit_no": "990000196601010001",
    "file_no": "990000000001",
    "plan": "拟在示范区设立研发中心，首期团队二十人。",
    "facts": "工资被拖欠三个月，多次协商未果。",
    "discharge": "含油废水，经隔油后纳管",
    "treatment": "隔油池",
    "impact": "施工期噪声，设围挡、限时作业；运营期无排放。",
}
LISTS = {"scope": ["餐饮服务", "文创产品销售"]}
AMOUNTS = {"amount": "120000.00", "rent": "3200.00", "income": "5200.00", "base": "7384.00", "price": "860000.00"}
PEOPLE = {"name": "周示例", "id_kind": "id-card", "id_no": "990000199207080045"}


def fill(case: Case, rng: random.Random, today: date, *, commit: bool = True) -> dict[str, Any]:
    """{field: answer} for what the form still asks; what registers and licences gave stays."""
    form = rules.form_of(case)
    known = rules.plain_values(case.values)
    given: dict[str, Any] = {}
    for _turn in range(3):  # answers show further questions
        for field in form.visible({**known, **given}):
            if known.get(field.id) in (None, "", []) and field.id not in given and (field.required or field.show_if):
                given[field.id] = answer(field, rng, today, commit)
    return given


def answer(field, rng: random.Random, today: date, commit: bool = True) -> Any:
    if field.options and field.type == "choice":
        return "e_licence" if field.id == "delivery" else rng.choice(field.options)
    if field.type == "multi":
        return sorted(rng.sample(field.options, min(2, len(field.options))), key=field.options.index)
    if field.type == "table":
        return [{column.id: answer(column, rng, today) for column in field.columns}]
    if field.type == "person":
        return dict(PEOPLE)
    return {
        "text": lambda: WORDS.get(field.id, PEOPLE["name"] if field.id in ("name", "contact") else "示例内容"),
        "number": lambda: int(max(float(field.min or 1), 1)) + rng.randrange(0, 5 if field.max is not None else 60),
        "money": lambda: AMOUNTS.get(field.id, "5000.00"),
        "date": lambda: (today - timedelta(days=rng.randrange(3, 60))).isoformat(),
        "boolean": lambda: commit,
        "consent": lambda: True,
        "address": lambda: "示范区河湾路18号底层",
        "phone": lambda: "19999000099",
        "id_number": lambda: PEOPLE["id_no"],
        "id_kind": lambda: "id-card",
        "uscc": lambda: "91990000999990002Q",
        "company_name": lambda: "示范新芽文化有限公司",
        "scope_codes": lambda: LISTS["scope"],
        "bank_account": lambda: "9900000000000000997",
        "photo": lambda: "photo-library:drawn-1",
        "reference": lambda: "无",
        "slot": lambda: f"{today + timedelta(days=3)}T10:00",
        "division": lambda: "310107",
    }[field.type]()
