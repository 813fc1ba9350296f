"""Parts of joint errands that nobody lists by hand: for each department that grants permits to businesses, "cancel those we granted" and
"write what changed into those we granted". Which of them apply follows from what the applicant holds, so nobody is asked.

They stand in bundles only: not found by searching, not begun alone.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tongban.matters.guides import Content

PART = "bundle part"
"""`Matter.origin` of a part."""

NOT_MERGED = {
    "business-licence",
    "industry-licence",
    "e-seal",
}  # what the registrar, the lead and the seal maker end themselves
CLOSINGS = {"close-company": "company-cancel", "close-sole-prop": "sole-prop-cancel"}
CHANGE = "company-change"
CLEARED = "tax-clearance"
TOLD = {
    "cancel": {
        "zh": "名下的各项许可和行业综合许可证一并注销，无需另行申请",
        "en": "Every permit held in its name, and the industry licence, ends with it: there is nothing else to apply for",
    },
    "change": {
        "zh": "名下的各项许可和行业综合许可证随之换发，无需另行申请",
        "en": "Every permit held in its name, and the industry licence, is issued anew with it: there is nothing else to apply for",
    },
}
NEEDED, OFFERED = "needed", "offered"
EFFECTS: dict[str, dict[str, str]] = {
    "company-cancel": {"ends": "business"},
    "sole-prop-cancel": {"ends": "business"},
    "company-change": {"changes": "business"},
}


def slug_of(act: str, department: str) -> str:
    """`permits-cancel-amr`: the part of this department in cancelling (`cancel`) or changing (`change`)."""
    return f"permits-{act}-{department.lower()}"


def granting(content: "Content") -> list[str]:
    """Codes of the departments that grant what businesses hold, in the order of the list of departments."""
    codes = {
        one["issuer"]
        for slug, one in content.licence_types.items()
        if one["holder"] == "company" and slug not in NOT_MERGED
    }
    of = {one["id"]: one["department"] for one in content.matters}
    for industry in content.industries:
        codes |= {of[slug] for slug in industry["merges_always"]}
        codes |= {of[one["matter"]] for one in industry["merges_when"]}
    return [code for code in content.departments if code in codes]


def extended(content: "Content") -> "Content":
    """The content with the parts, and with the bundles that hold them. The content given stays as it is."""
    pattern = next(one for one in content.matters if one["id"] == "sole-prop-cancel")
    codes = granting(content)
    words = deepcopy({name: content.words[name] for name in ("fields", "rules", "questions")})
    parts = []
    for number, code in enumerate(codes, 1):
        name = content.departments[code]
        for act in ("cancel", "change"):
            slug = slug_of(act, code)
            parts.append(_part(pattern, slug, act, code, number, name))
            if act == "cancel":
                words["fields"][slug] = [
                    {"id": "reason", "zh": "注销原因", "en": "Reason", "type": "text", "required": True}
                ]
            words["rules"][slug] = [{"fact": "open_penalties", "op": "==", "value": 0}]
        words["questions"][_when(name)["when_en"]] = {
            "zh": f"是否持有{name['zh']}核发的许可？", "en": f"Do you hold permits of the {name['en']}?",
        }  # fmt: skip
    bundles, dependencies = [], list(content.dependencies)
    for row in content.bundles:
        act, need = ("cancel", NEEDED) if row["id"] in CLOSINGS else ("change", OFFERED)
        if row["id"] not in {*CLOSINGS, CHANGE}:
            bundles.append(row)
            continue
        held = [{"matter": slug_of(act, code), "held": need, **_when(content.departments[code])} for code in codes]
        told = TOLD[act]
        trigger = {"zh": f"{row['trigger']['zh']}。{told['zh']}", "en": f"{row['trigger']['en']}. {told['en']}"}
        bundles.append({**row, "trigger": trigger, "optional_members": [*row["optional_members"], *held]})
        for one in held:
            before, after = (CLEARED, one["matter"]) if act == "cancel" else (CHANGE, one["matter"])
            dependencies.append({"bundle": row["id"], "matter": after, "after": before})
            if act == "cancel":
                dependencies.append({"bundle": row["id"], "matter": CLOSINGS[row["id"]], "after": one["matter"]})
    return replace(
        content,
        matters=[*content.matters, *parts],
        bundles=bundles,
        dependencies=dependencies,
        words={**content.words, **words},
    )


def _when(name: Mapping[str, str]) -> dict[str, str]:
    return {"when_zh": f"持有{name['zh']}核发的许可", "when_en": f"holds permits of the {name['en']}"}


def _part(
    pattern: Mapping[str, Any], slug: str, act: str, code: str, number: int, name: Mapping[str, str]
) -> dict[str, Any]:
    cancels = act == "cancel"
    made = deepcopy(dict(pattern)) | {
        "id": slug,
        "basic_code": f"9998{number:03d}{1 if cancels else 2}0000",
        "zh": f"{name['zh']}核发许可的注销" if cancels else f"{name['zh']}核发许可的变更",
        "en": f"Cancelling the permits of the {name['en']}" if cancels else f"Changing the permits of the {name['en']}",
        "department": code,
        "objects": ["company", "sole_proprietor"],
        "auto_approval": "rule",
        "popularity": 0,
        "materials": [],
        "acceptance": {
            "zh": "持有本部门核发的有效许可，没有正在处理的案件" if cancels else "登记信息已变更，许可条件没有变化",
            "en": "Holds permits of this department, with nothing pending against them"
            if cancels
            else "The registered facts have changed, and the conditions of the permits have not",
        },
        "result": {"kind": "document", "ref": "doc:cancellation notice"}
        if cancels
        else {"kind": "data_change", "ref": ""},
        "effect": {"ends": "permits"} if cancels else {"changes": "permits"},
        "legal_basis": [{"zh": "行政许可法", "en": "Administrative Licensing Law"}],
        "provenance": "illustrative",
    }
    for name_ in ("note", "situations", "clock_exclusions"):
        made.pop(name_, None)
    return made


def effect_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What granting this matter does to what the applicant holds: kept with the result of its guide."""
    return dict(row.get("effect") or EFFECTS.get(row["id"], {}))


def chosen_by_holding(members: Iterable[Mapping[str, Any]], departments: Iterable[str]) -> list[str]:
    """The parts of a bundle that apply because of what is held, in their order. `departments`: whose permits they are."""
    wanted = {slug_of(act, code) for act in ("cancel", "change") for code in departments}
    return [row["matter"] for row in members if row.get("held") and row["matter"] in wanted]
