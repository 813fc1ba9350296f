"""Elements of a guide that follow from what a matter says of itself: steps, places, contacts, appeal, rights, questions, form, rules.

Everything here is pure: rows of the demonstration content in, plain bilingual data out, ready for `services.publish`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tongban.lib import yamls
from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import Form
from tongban.lib.rules import compile_rule, from_conditions
from tongban.matters.fact_labels import FACT_LABELS
from tongban.matters.permit_errands import effect_of

ONLINE = {"online_pc", "online_mobile"}
COMPANIES = {"company", "sole_proprietor", "organisation"}
ACCEPTANCE_DAYS = 5  # Administrative Licensing Law, art. 32
ISSUE_DAYS = 10  # art. 44
RULES_VERSION = "2026.1"
NOTICE_DAYS = re.compile(r"public notice (?:of )?(\d+) days")

SERVED = {
    "person": both("个人", "Persons"),
    "company": both("企业", "Companies"),
    "sole_proprietor": both("个体工商户", "Sole proprietors"),
    "organisation": both("社会组织", "Organisations"),
}

RIGHTS = both(
    "您有权了解办理依据、条件、程序和期限，要求一次告知全部补正内容，陈述、申辩，依法要求听证，并在作出决定前撤回申请。"
    "您应当如实提交材料并对其真实性负责。能由证照或共享数据证明的内容，不要求您另行提交。",
    "You may learn the ground, conditions, procedure and time limits, be told everything missing at once, be heard, ask for a hearing "
    "where the law gives one, and withdraw before the decision. What you state must be true. What a licence or shared data "
    "proves need not be handed in.",
)

APPEAL = [
    {
        "kind": "reconsideration",
        "name": both("行政复议", "Administrative reconsideration"),
        "limit": both("自知道决定之日起60日内", "Within 60 days of learning of the decision"),
        "body": both("示范区人民政府（行政复议机构）", "People's government of the demonstration district"),
        "text": both(
            "可当面、邮寄或通过互联网提出申请。",
            "You may ask in person, by post or over the internet. It costs nothing.",
        ),
    },
    {
        "kind": "litigation",
        "name": both("行政诉讼", "Action before the court"),
        "limit": both("自知道决定之日起6个月内", "Within 6 months of learning of the decision"),
        "body": both("有管辖权的人民法院", "The people's court that is competent"),
        "text": both(
            "可以先申请复议，也可以直接起诉（法律另有规定的除外）。",
            "You may ask for reconsideration first or sue directly, unless a law says otherwise.",
        ),
    },
]


@dataclass
class Content:
    """The demonstration content that guides are made from, read once."""

    matters: list[dict]
    themes: list[dict]
    materials: list[dict]
    licence_types: dict[str, dict]
    departments: dict[str, dict]
    halls: list[dict]
    faqs: list[dict]
    forms: dict[str, dict]
    auto_rules: dict[str, dict]
    bundles: list[dict]
    dependencies: list[dict]
    industries: list[dict]
    venue_kinds: list[str]
    inspections: dict[str, Any]
    code_lists: list[dict]
    words: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> "Content":
        def said(name: str) -> dict:
            return yamls.read(Path(folder) / f"{name}.yaml")

        matters, forms, bundles = said("matters"), said("forms"), said("bundles")
        return cls(
            matters=matters["matters"],
            themes=matters["themes"],
            materials=said("materials")["materials"],
            licence_types={row["id"]: row for row in said("licence_types")["licence_types"]},
            departments={row["id"]: row for row in said("departments")["departments"]},
            halls=said("halls")["halls"],
            faqs=said("faqs")["faqs"],
            forms={row["matter"]: row for row in forms["forms"]},
            auto_rules={row["matter"]: row for row in forms["auto_rules"]},
            bundles=bundles["bundles"],
            dependencies=bundles["dependencies"],
            industries=said("industries")["industries"],
            venue_kinds=said("digital_codes")["venue_code"]["kinds"],
            inspections=said("inspections"),
            code_lists=said("code_lists")["code_lists"],
            words=said("wording"),
        )


def named(row: Mapping) -> Bilingual:
    return both(row["zh"], row["en"])


def is_online(row: Mapping) -> bool:
    return row["online_depth"] >= 2 and bool(ONLINE & set(row["channels"]))


def elements(row: Mapping, content: Content) -> dict[str, Any]:
    """All fields of the version of one matter of demo/matters.yaml."""
    time = row["time_limit"]
    # what is done in person has a form where it asks something of its own: a bundle asks it with the rest
    form = form_of(row, content) if is_online(row) or row["id"] in content.words["fields"] else []
    decided_by = row["auto_approval"] if form else "none"
    rules = rules_of(row, content) if decided_by != "none" else {}
    return {
        "name": named(row),
        "type": row["type"],
        "type_code": row["type_code"],
        "objects_served": list(row["objects"]),
        "level": row["level"],
        "power_source": row.get("power_source", "own"),
        "body_nature": row.get("body_nature") or body_nature(row, content),
        "entrusted_to": row.get("entrusted_to") or {},
        "joint_departments": [
            {"code": code, "name": named(content.departments[code])} for code in row.get("joint_departments", ())
        ],
        "handling_office": handling_office(row, content),
        "legal_basis": [named(basis) for basis in row["legal_basis"]],
        "authority_split": AUTHORITY_SPLIT[row["level"]],
        "handling_kind": row["handling_kind"],
        "statutory_days": time["statutory"],
        "promised_days": time["promised"],
        "time_unit": time["unit"],
        "special_procedures": special_procedures(row, content),
        "visits": row["visits"],
        "visit_reason": visit_reason(row),
        "online_depth": row["online_depth"],
        "channels": list(row["channels"]),
        "city_wide": row["city_wide"],
        "cross_region": list(row["cross_region"]),
        "conditions": both(row["acceptance"]["zh"], row["acceptance"]["en"]),
        "quota": row.get("quota") or {},
        "bars": row.get("bars") or {},
        "intermediary": intermediary(row, content),
        "fee": fee_of(row),
        "situations": [situation(one) for one in row.get("situations", ())],
        "requirements": [requirement(one, content) for one in row["materials"]],
        "form": form,
        "result": {**result_of(row, content), **effect_of(row)},
        "validity": validity_of(row, content),
        "decided_by": decided_by,
        "rules": rules,
        "rules_version": RULES_VERSION if rules else "",
        "commitment": row["commitment_available"],
        "tolerant": any(one.get("tolerant") for one in row["materials"]),
        "cosigners": row.get("cosigners"),
        "only_one": row.get("only_one"),
        "retention": row.get("retention"),
        "site_inspection": row["site_inspection"],
        "inspection_points": [
            {"id": name, **content.inspections["words"][name]}
            for name in (content.inspections["points"].get(row["id"], ()) if comes_to_look(row) else ())
        ],
        "public_notice": row["public_notice"],
        "notice_days": content.inspections["notice_days"].get(row["id"]) if row["public_notice"] else None,
        "notice_unit": content.inspections["notice_unit"].get(row["id"]) if row["public_notice"] else None,
        "appointment": row["appointment"],
        "express": row["express_delivery"],
        "pre_review": is_online(row),
        "steps": steps_of(row, content),
        "places": places_of(row, content.halls),
        "contacts": contacts_of(row["department"], content),
        "appeal": APPEAL,
        "rights": RIGHTS,
        "faqs": faqs_of(row, content.faqs),
        "editions": list(row["versions"]),
        "members": [],
        "letters": row.get("letters") or {},
        "note": note_of(row, content),
        "provenance": row["provenance"],
    }


# Organisations of the demonstration that act by authorisation and are no authorities themselves.
AUTHORISED_BODIES = {"HPF", "ARC", "DPF", "CRC"}

AUTHORITY_SPLIT = {
    "city": both("由市级部门行使，区级受理。", "The city's department decides; the district takes in."),
    "district": both("由区级部门行使。", "The district's department decides."),
    "subdistrict": both(
        "由区级部门行使，街道、镇就近受理。", "The district's department decides; subdistricts and towns take in."
    ),
    "town": both("由镇行使。", "The town decides."),
    "village": both("由街道、镇行使，居村就近受理。", "Subdistricts and towns decide; neighbourhoods take in."),
}


def body_nature(row: Mapping, content: Content) -> str:
    return "authorised" if row["department"] in AUTHORISED_BODIES else "legal_body"


def handling_office(row: Mapping, content: Content) -> Bilingual:
    """Who deals with it behind the front desk: one review office of each department (capabilities B04)."""
    name = content.departments[row["department"]]
    return both(f"{name['zh']}审批科", f"Review office, {name['en']}")


def special_procedures(row: Mapping, content: Content) -> list[dict]:
    """{"name", "limit", "counted": False}: steps whose time is not part of the promised time; `limit` in words, {} when the law says."""
    found = []
    for said in row.get("clock_exclusions", ()):
        notice = NOTICE_DAYS.match(said)
        limit = both(f"{notice[1]}日", f"{notice[1]} days") if notice else {}
        name = both(content.words["exclusions"][said]["zh"], said[:1].upper() + said[1:])
        found.append({"name": name, "limit": limit, "counted": "within the promised time" in said})
    return found


def intermediary(row: Mapping, content: Content) -> dict:
    """The paid service of a third party that a matter cannot do without, in both languages; {} when there is none."""
    if not row.get("intermediary_service"):
        return {}
    return both(content.words["intermediary"][row["id"]], row["intermediary_service"])


def visit_reason(row: Mapping) -> dict:
    if not row["visits"]:
        return {}
    if not is_online(row):
        return both(
            "本事项须本人到场核对身份或采集信息。",
            "You come in person so that your identity can be checked or details be taken.",
        )
    return both(
        "网上提交后，须到现场核验原件一次。", "After sending online you come once so that the originals can be checked."
    )


def fee_of(row: Mapping) -> dict:
    """{"charged", "amount" (CNY or None), "cases": [{"name", "amount"}], "text"}."""
    fee = row["fee"]
    if isinstance(fee, list):
        names = {
            "valid 1 year or less": "有效期1年及以下",
            "valid over 1 and up to 3 years": "有效期1年以上3年以下（含）",
            "valid over 3 and up to 5 years": "有效期3年以上5年以下（含）",
        }
        years = {"valid 1 year or less": 1, "valid over 1 and up to 3 years": 3, "valid over 3 and up to 5 years": 5}
        cases = [
            {"name": both(names[one["case"]], one["case"]), "amount": one["amount_cny"], "years": years[one["case"]]}
            for one in fee
        ]
        return {
            "charged": True,
            "amount": None,
            "cases": cases,
            "text": both("按有效期收费", "Charged by the time it is valid"),
        }
    if not fee["charged"]:
        return {"charged": False, "amount": 0, "cases": [], "text": both("不收费", "Free of charge")}
    if "reckoned" in fee:
        found: dict[str, Any] = {
            "charged": True,
            "amount": None,
            "cases": [],
            "reckoned": dict(fee["reckoned"]),
            "text": dict(fee["text"]),
        }
        return found | {name: fee[name] for name in ("when", "name", "basis", "rule") if name in fee}
    if "amount_cny" in fee:
        amount = fee["amount_cny"]
        return {"charged": True, "amount": amount, "cases": [], "text": both(f"{amount}元", f"CNY {amount}")}
    return {
        "charged": True,
        "amount": None,
        "cases": [],
        "text": both("按财产价值计收", "Charged by the value of the property"),
    }


def situation(row: Mapping) -> dict:
    return {
        "id": row["id"],
        "zh": row["zh"],
        "en": row["en"],
        "name": named(row),
        "adds": list(row.get("adds", ())),
        "removes": list(row.get("removes", ())),
        **{name: row[name] for name in ("handling_kind", "promised_days", "inspection") if name in row},
    }


def comes_to_look(row: Mapping) -> bool:
    """Whether somebody may come to look, in any situation of the matter."""
    return row["site_inspection"] or any(one.get("inspection") == "yes" for one in row.get("situations", ()))


def requirement(row: Mapping, content: Content) -> dict:
    held = {
        "material": row["material"],
        "required": row["required"],
        "originals": row["originals"],
        "copies": row["copies"],
        "electronic": row["electronic"],
        "exempt": row["exempt"],
        "tolerant": bool(row.get("tolerant")),
        "when": both(content.words["when"][row["when"]], f"When: {row['when']}") if row.get("when") else {},
    }
    return held


def result_of(row: Mapping, content: Content) -> dict:
    """{"kind", "ref", "name"}; `ref` of an e-licence is its type."""
    kind, ref = row["result"]["kind"], row["result"]["ref"]
    if kind == "data_change":
        return {"kind": kind, "ref": "", "name": named(content.words["data_change"])}
    if kind == "e_licence" and ref in content.licence_types:
        fields = row["result"].get("fields")  # which answer stands where on its face
        return {
            "kind": kind,
            "ref": ref,
            "name": named(content.licence_types[ref]),
            **({"fields": fields} if fields else {}),
        }
    plain = (ref or "doc:passport").removeprefix("doc:")
    zh = content.words["documents"][plain]["zh"]
    return {"kind": "document", "ref": plain, "name": both(zh, plain[:1].upper() + plain[1:])}


def validity_of(row: Mapping, content: Content) -> dict:
    """{"years": n, "text"} where a term in years is known, else only the words."""
    years = (row.get("validity") or {}).get("years")
    if years is None and row["result"]["kind"] == "e_licence":
        terms = content.licence_types.get(row["result"]["ref"], {}).get("validity", {}).get("years", [])
        years = terms[0] if len(terms) == 1 else None
    if isinstance(years, int):
        return {"years": years, "text": both(f"{years}年", f"{years} year" if years == 1 else f"{years} years")}
    return dict(TERMS.get(str(years), {}))


# terms of licence types that are no number of years
TERMS: dict[str, dict] = {
    "long-term": {"text": both("长期有效", "Without end")},
    "period on the face": {"text": both("以证明上的起止日期为准", "For the days that stand on it")},
    "hours on the face": {
        "hours": 48,
        "text": both("自出行日零时起48小时", "48 hours from the beginning of the day of travel"),
    },
    "until revoked": {"text": both("撤销前有效", "Until it is revoked")},
}


def steps_of(row: Mapping, content: Content) -> list[dict]:
    """The way of a case, from states and flags: {"id", "name", "who", "limit"} each."""
    office = named(content.departments[row["department"]])
    hall = both("综合窗口", "Comprehensive window")
    machine = both("系统自动", "The platform, by rules")
    by_machine = row["auto_approval"] != "none" and is_online(row)
    promised, statutory = row["time_limit"]["promised"], row["time_limit"]["statutory"]

    def step(slug, zh, en, who, limit_zh, limit_en) -> dict:
        return {"id": slug, "name": both(zh, en), "who": who, "limit": both(limit_zh, limit_en)}

    steps = [step("apply", "提交申请", "You apply", both("申请人", "You"), "随时", "At any time")]
    if is_online(row):
        steps.append(
            step(
                "pre_review",
                "网上预审",
                "Check before acceptance",
                machine if by_machine else both("预审人员", "Pre-review officer"),
                "1个工作日内",
                "Within 1 working day",
            )
        )
    steps.append(
        step(
            "accept",
            "受理",
            "Acceptance",
            machine if by_machine else hall,
            f"当场或{ACCEPTANCE_DAYS}个工作日内；逾期不告知视为受理",
            f"At once or within {ACCEPTANCE_DAYS} working days; silence counts as acceptance",
        )
    )
    counted = row.get("clock_exclusions", [])
    for said in counted:
        words = content.words["exclusions"][said]["zh"]
        notice = NOTICE_DAYS.match(said)
        limit = (f"{notice[1]}日", f"{notice[1]} days") if notice else ("依法", "As the law says")
        steps.append(step("special", words, said[:1].upper() + said[1:], office, *limit))
    if comes_to_look(row) and not any("inspection" in said for said in counted):
        steps.append(
            step("inspection", "现场核查", "Site inspection", office, "承诺时限内", "Within the promised time")
        )
    if row["public_notice"] and not any("public notice" in said for said in counted):
        steps.append(step("notice", "公示", "Public notice", office, "按规定天数", "For the days the rules say"))
    if promised == 0:
        limit = ("当场", "On the spot")
        for one in row.get("situations", ()):
            if days := one.get("promised_days"):
                limit = (
                    f"{limit[0]}；{one['zh']}：{days}个工作日",
                    f"{limit[1]}; {one['en']}: {days} working day{'' if days == 1 else 's'}",
                )
        steps.append(step("decide", "审查决定", "Decision", machine if by_machine else office, *limit))
    else:
        unit = {"working_day": ("个工作日", "working day"), "calendar_day": ("日", "day")}[row["time_limit"]["unit"]]
        law = (f"（法定{statutory}{unit[0]}）", f" (by law {statutory})") if statutory else ("", "")
        steps.append(
            step(
                "decide",
                "审查决定",
                "Review and decision",
                office,
                f"承诺{promised}{unit[0]}{law[0]}",
                f"Promised within {promised} {unit[1]}{'' if promised == 1 else 's'}{law[1]}",
            )
        )
    steps.append(
        step(
            "issue",
            "制证送达",
            "The result is issued and delivered",
            both("统一出件窗口", "Unified issuing window"),
            "电子结果即时；纸质至多10个工作日" if is_online(row) else "至多10个工作日",
            "Electronic at once; paper within 10 working days" if is_online(row) else "Within 10 working days",
        )
    )
    return steps


def hours_of(hours: Mapping) -> Bilingual:
    work = "、".join(hours["workdays"])
    work_en = " and ".join(hours["workdays"])
    if hours["saturday"]:
        rest = "、".join(hours["saturday"])
        return both(f"工作日 {work}；周末 {rest}", f"Working days {work_en}; weekends {rest}")
    return both(f"工作日 {work}", f"Working days {work_en}")


def places_of(row: Mapping, halls: Iterable[Mapping]) -> list[dict]:
    """Where it can be done in person: {"hall", "name", "address", "hours", "lat", "lng", "ways"}. The district's own halls only."""
    levels = {"city": {"city", "district"}, "district": {"district"}}.get(
        row["level"], {"subdistrict", "town", "village"}
    )
    ways = [way for way in ("window", "kiosk", "virtual_window") if way in row["channels"]]
    if not ways:
        return []
    found = []
    for hall in halls:
        ours = hall["division"].startswith("310107") or hall["level"] == "city"
        serves = hall["level"] in levels or (levels == {"district"} and hall["id"] == "putuo-centre")
        if not ours or not serves:
            continue
        there = [
            way
            for way in ways
            if way == "window"
            or (way == "kiosk" and (hall.get("self_service") or {}).get("kiosks"))
            or (way == "virtual_window" and hall.get("virtual_window_seats"))
        ]
        if there:
            found.append(
                {
                    "hall": hall["id"],
                    "name": named(hall),
                    "address": both(hall["address"]["zh"], hall["address"]["en"]),
                    "hours": hours_of(hall["hours"]),
                    "lat": hall["lat"],
                    "lng": hall["lng"],
                    "ways": there,
                }
            )
    return found


def contacts_of(department: str, content: Content) -> list[dict]:
    """{"kind", "name", "phone"}: who advises, who takes complaints."""
    office, service = content.departments[department], content.departments["DSO"]
    return [
        {"kind": "advice", "name": named(office), "phone": office["phone_demo"]},
        {"kind": "complaint", "name": named(service), "phone": service["phone_demo"]},
    ]


def faqs_of(row: Mapping, faqs: Iterable[Mapping]) -> list[dict]:
    """Questions asked about this very matter first, then those of its kind."""
    wanted = {"apply", "materials"}
    if COMPANIES & set(row["objects"]):
        wanted.add("business")
    if "kiosk" in row["channels"]:
        wanted.add("kiosk")
    if "elderly" in row["versions"]:
        wanted.add("elderly")
    if row["cross_region"]:
        wanted.add("yrd")
    own = [one for one in faqs if row["id"] in one["matters"]]
    general = [one for one in faqs if not one["matters"] and one["category"] in wanted]
    return [{"id": one["id"], "question": one["question"], "answer": one["answer"]} for one in (*own, *general)][:10]


def note_of(row: Mapping, content: Content) -> dict:
    zh, en = [], []
    if row.get("note"):
        zh.append(content.words["notes"][row["id"]])
        en.append(row["note"])
    return both("".join(zh), " ".join(en)) if zh else {}


# -- forms


def head_of(row: Mapping, content: Content) -> str:
    given = content.forms.get(row["id"])
    if given:
        return given["head"]
    return "person" if "person" in row["objects"] else "company"


def form_of(row: Mapping, content: Content) -> list[dict]:
    """The form of forms.yaml, or one made of the usual head, what the matter asks, delivery and statement; in both languages."""
    given = content.forms.get(row["id"])
    head = head_of(row, content)
    if given:
        fields = [dict(one) for one in given["fields"]]
    else:
        pattern = content.forms["residence-permit-endorse" if head == "person" else "hygiene-renew"]["fields"]
        who = 4 if head == "person" else 5
        ending = [dict(one) for one in pattern if one["id"] in {"delivery", "post_address", "truth"}]
        own = [dict(one) for one in content.words["fields"].get(row["id"], [])]
        fields = [*(dict(one) for one in pattern[:who]), *own, *ending]
        _deliver_as_the_guide_says(fields, row)
    for one in fields:
        _put_into_words(one, row["id"], content)
    Form.from_demo(fields)
    return fields


def _deliver_as_the_guide_says(fields: list[dict], row: Mapping) -> None:
    ways = ["e_licence", "pickup", *(["post"] if row["express_delivery"] else [])]
    for one in list(fields):
        if one["id"] == "delivery":
            one["options"] = ways
        elif one["id"] == "post_address" and "post" not in ways:
            fields.remove(one)


def _put_into_words(one: dict, matter: str, content: Content) -> None:
    """Labels of options and columns, types of columns, the section; the present address is the account's, not the household's."""
    words = content.words
    if one["id"] == "address" and one.get("prefill", "").startswith("population-base"):
        one["prefill"] = "user.address|population-base.household_address"
    if one["type"] == "person" and one.get("prefill") == "user.name":
        one["prefill"] = "user.person"  # a person is a name and a document
    if one.get("options", [""])[0].startswith("see digital_codes"):
        one["options"] = list(content.venue_kinds)
    if one.get("options"):
        one["labels"] = {option: words["options"][option] for option in one["options"]}
    if one["type"] == "table":
        own = words["column_words"].get(matter, {})
        one["labels"] = {column: own.get(column) or words["columns"][column] for column in one["columns"]}
        one["column_types"] = {
            column: words["column_types"][column] for column in one["columns"] if column in words["column_types"]
        }
        one["optional_columns"] = [column for column in one["columns"] if column in words["optional_columns"]]
    sections = {"delivery": "result", "post_address": "result", "truth": "statement", "commit": "statement"}
    who = {"name", "id_no", "mobile", "address", "company", "uscc", "legal_rep", "contact"}
    section = sections.get(one["id"], "who" if one["id"] in who else "need")
    one["section"] = section
    one["section_name"] = words["sections"][section]


# -- rules


USUAL = [
    {"fact": "identity.level", "op": ">=", "value": 2},
    {"fact": "materials.complete", "op": "==", "value": True},
    {"fact": "commitment.signed", "op": "==", "value": True},
]


def rules_of(row: Mapping, content: Content) -> dict:
    """What must hold for the machine to grant, as JsonLogic: the rule set of forms.yaml, or the usual one and what the matter adds."""
    given = content.auto_rules.get(row["id"])
    if given:
        conditions = given["pass_when"]
    else:
        conditions = {"all": [*USUAL, *content.words["rules"].get(row["id"], [])]}
    logic = from_conditions(conditions)
    nameless = set(compile_rule(logic).facts) - set(FACT_LABELS)
    if nameless:
        raise LookupError(f"{row['id']}: facts without a name: {', '.join(sorted(nameless))}")
    return logic


# -- bundles


def bundle_slug(row: Mapping) -> str:
    return f"one-thing-{row['id']}"


def industry_slug(row: Mapping) -> str:
    return f"industry-{row['id']}"


def bundle_elements(row: Mapping, content: Content) -> dict[str, Any]:
    """The guide of a "one thing": what belongs together, in which order, applied for with one form."""
    after: dict[str, list[str]] = {}
    for one in content.dependencies:
        if one["bundle"] == row["id"]:
            after.setdefault(one["matter"], []).append(one["after"])
    members = _members(row["id"], row["members"], row["optional_members"], after, content)
    return {
        **_of_members(row, members, content),
        "type": "public",
        "type_code": "20",
        "legal_basis": [],
        "statutory_days": None,
        "conditions": both(row["trigger"]["zh"], row["trigger"]["en"]),
        "result": {"kind": "package", "ref": "", "name": both("各事项结果一并送达", "The results of all its matters")},
        "validity": {},
    }


def industry_elements(row: Mapping, content: Content) -> dict[str, Any]:
    """The guide of an industry: the permits it merges, and the one licence that comes of them."""
    members = _members(row["id"], row["merges_always"], row["merges_when"], {}, content)
    matters = {one["id"]: one for one in content.matters}
    always = [matters[slug] for slug in row["merges_always"]]
    basis = {one["zh"]: named(one) for each in always for one in each["legal_basis"]}
    return {
        **_of_members(row, members, content),
        "type": "permit",
        "type_code": "01",
        "legal_basis": list(basis.values()),
        "statutory_days": max(one["time_limit"]["statutory"] for one in always),
        "conditions": both(
            f"已有营业执照，准备开办{row['zh']}",
            f"You hold a business licence and are about to open: {row['en'].lower()}",
        ),
        "result": {
            "kind": "e_licence",
            "ref": "industry-licence",
            "name": named(content.licence_types["industry-licence"]),
        },
        "validity": {
            "text": both(
                "以其中最先到期的许可为准，逐项提醒", "As valid as its weakest item; you are reminded of each item"
            )
        },
    }


def _members(
    event: str,
    always: Iterable[str],
    optional: Iterable[Mapping],
    after: Mapping[str, list[str]],
    content: Content,
) -> list[dict]:
    """{"matter", "name", "required", "when", "after", "online"} each, and where there is one: the question that decides whether it
    applies ("question", "help"), the situation that the event itself settles ("situation"), another wording for it ("ask")."""
    matters = {one["id"]: one for one in content.matters}
    words = content.words

    def member(slug: str, when: Mapping | None) -> dict:
        made = {
            "matter": slug,
            "name": named(matters[slug]),
            "required": when is None,
            "when": both(when["when_zh"], when["when_en"]) if when else {},
            "after": after.get(slug, []),
            "online": is_online(matters[slug]),
        }
        if when:
            asked = words["questions"][when["when_en"]]
            made["question"] = named(asked)
            if asked.get("help"):
                made["help"] = named(asked["help"])
            if when.get("held"):
                made["held"] = when["held"]
        settled = [name for name, events in words["settled"].get(slug, {}).items() if event in events]
        if when and slug in words["asked"] and when["when_en"] in words["asked"][slug].get("settled_by", {}):
            settled = [words["asked"][slug]["settled_by"][when["when_en"]]]
        if settled:
            made["situation"] = settled
        elif slug in words["asked"]:
            made["ask"] = {key: words["asked"][slug][key] for key in ("zh", "en", "help", "options")}
        return made

    return [*(member(slug, None) for slug in always), *(member(one["matter"], one) for one in optional)]


def _of_members(row: Mapping, members: list[dict], content: Content) -> dict[str, Any]:
    """The elements of a guide that follow from its members."""
    matters = {one["id"]: one for one in content.matters}
    always = [matters[one["matter"]] for one in members if one["required"]]
    held = {one["matter"] for one in members if one.get("held")}
    before = {one["matter"]: [slug for slug in one["after"] if slug not in held] for one in members}
    every = [matters[one["matter"]] for one in members]
    steps = [
        {
            "id": one["matter"],
            "name": one["name"],
            "who": named(content.departments[matters[one["matter"]]["department"]]),
            "limit": both(
                "在" + "、".join(f"“{matters[slug]['zh']}”" for slug in before[one["matter"]]) + "之后",
                "After " + " and ".join(f"“{matters[slug]['en']}”" for slug in before[one["matter"]]),
            )
            if before[one["matter"]]
            else both("与其他事项同时办理", "At the same time as the others"),
        }
        for one in members
        if one["required"]
    ]
    depths = [one["online_depth"] for one in always if is_online(one)]
    return {
        "name": named(row),
        "objects_served": bundle_serves(always),
        "level": "district",
        "handling_kind": "promised",
        "promised_days": row["promised_working_days"],
        "visits": max(one["visits"] for one in always),
        "visit_reason": visit_reason(max(always, key=lambda one: one["visits"])),
        "online_depth": min(depths, default=2),
        "channels": ["online_pc", "online_mobile", "window"],
        "city_wide": False,
        "fee": {},
        "situations": [],
        "requirements": [],
        "form": [],
        "decided_by": "none",
        "rules": {},
        "commitment": False,  # each member says it for itself; the whole is not decided on a promise
        "site_inspection": any(comes_to_look(one) for one in every),
        "express": all(one["express_delivery"] for one in always),
        "pre_review": True,
        "steps": steps,
        "places": places_of({"level": "district", "channels": ["window"], "online_depth": 5}, content.halls),
        "contacts": contacts_of(row["lead_department"], content),
        "appeal": APPEAL,
        "rights": RIGHTS,
        "faqs": [],
        "editions": ["standard", "elderly"],
        "members": members,
        "note": {},
        "provenance": row["provenance"],
    }


def bundle_serves(rows: Sequence[Mapping]) -> list[str]:
    """Who applies: whom every member serves; a founder where a company is made; else the company, not its people."""
    founding = next(
        (one for one in rows if one["result"]["ref"] == "business-licence" and "person" in one["objects"]), None
    )
    if founding:
        return list(founding["objects"])
    shared = set.intersection(*(set(one["objects"]) for one in rows))
    return sorted(shared or {who for one in rows for who in one["objects"]} - {"person"})
