"""A shop that opens: a bundle of five departments, made small, and ways to bring it anywhere."""

import uuid

from tests import make
from tests.cases import ways
from tongban.cases import bundles, services
from tongban.cases.models import Case
from tongban.cases.services import following
from tongban.matters.models import Matter

COMMON = [
    {"id": "name", "zh": "姓名", "en": "Name", "type": "text", "required": True, "prefill": "user.name", "readonly": True},
    {"id": "premises", "zh": "经营场所", "en": "Premises", "type": "address", "required": True},
    {"id": "delivery", "zh": "取件方式", "en": "How to get the result", "type": "choice", "required": True,
     "options": ["e_licence", "pickup"]},
    {"id": "truth", "zh": "真实性承诺", "en": "I state that this is true", "type": "consent", "required": True,
     "section": "statement"},
]  # fmt: skip
OWN = {
    "food": {"id": "kitchen", "zh": "厨房面积", "en": "Kitchen", "type": "number", "required": True},
    "fire": {"id": "exits", "zh": "安全出口", "en": "Exits", "type": "number", "required": True},
    "sign": {"id": "sign_text", "zh": "招牌文字", "en": "Words on the sign", "type": "text", "required": True},
    "drain": {"id": "waste", "zh": "排水量", "en": "Waste water", "type": "number", "required": True},
    "hygiene": {"id": "cleaner", "zh": "保洁负责人", "en": "Who cleans", "type": "text", "required": True},
}
DEPARTMENTS = {"food": "AMR", "fire": "FRB", "sign": "GRN", "drain": "WAT", "hygiene": "HC"}
ANSWERS = {
    "premises": "示范路1号", "delivery": "e_licence", "truth": True, "kitchen": 30, "exits": 2, "sign_text": "面馆", "waste": 5,
    "cleaner": "周示例",
}  # fmt: skip
MANDATORY = ("food", "fire", "drain")


def member(key: str, prefix: str = "", **elements) -> Matter:
    office = make.department(DEPARTMENTS[key])
    kind = make.licence_type(f"{key}-licence", issuer=office, holder_kind="any")
    given = {
        "name": {"zh": f"{key}事项", "en": f"{key} matter"}, "form": [*COMMON, OWN[key]], "promised_days": 5, "statutory_days": 20,
        "result": {"kind": "e_licence", "ref": kind.slug}, "pre_review": False,
    }  # fmt: skip
    return make.matter(f"{prefix}{key}", department=office, **(given | elements))


def bundle(
    *,
    mandatory=("food", "fire", "drain"),
    optional=("sign", "hygiene"),
    after=None,
    industry=False,
    of=None,
    prefix="",
    **elements,
) -> Matter:
    """The bundle, led by AMR. `after`: {member: members it waits for}; `of`: {member: elements of its guide}."""
    after, of = after or {}, of or {}
    for key in (*mandatory, *optional):
        if not Matter.objects.filter(slug=f"{prefix}{key}").exists():
            member(key, prefix, **of.get(key, {}))
    if industry:
        make.licence_type(
            "industry-licence", issuer=make.department("AMR"), holder_kind="any",
            face_fields=["company", "industry", "address", "items", "valid_to"],
        )  # fmt: skip
    result = {"kind": "e_licence", "ref": "industry-licence"} if industry else {"kind": "package", "ref": ""}
    members = [
        {
            "matter": f"{prefix}{key}", "required": key in mandatory, "after": [f"{prefix}{one}" for one in after.get(key, ())],
            "when": {} if key in mandatory else {"zh": f"需要{key}", "en": f"needs {key}"},
        }
        for key in (*mandatory, *optional)
    ]  # fmt: skip
    given = {
        "name": {"zh": "开店一件事", "en": "Opening a shop"}, "form": [], "requirements": [], "situations": [], "members": members,
        "promised_days": 7, "statutory_days": None, "result": result, "pre_review": False,
    }  # fmt: skip
    row = make.matter(f"{prefix}shop", department=make.department("AMR"), **(given | elements))
    Matter.objects.filter(pk=row.pk).update(kind=Matter.Kind.BUNDLE)
    return Matter.objects.get(pk=row.pk)


def draft(matter: Matter | None = None, chosen=("sign",), *, account=None, answers=None) -> Case:
    account = account or make.account()
    matter = matter or bundle()
    case = services.begin(matter, party=account.person, account=account, situation=chosen)
    return services.save(case, ANSWERS if answers is None else answers, revision=case.revision, account=account)


def submitted(matter: Matter | None = None, chosen=("sign",), **given) -> Case:
    case = draft(matter, chosen, **given)
    return services.submit(case, account=case.account, level=3, key=uuid.uuid4().hex)


def received(matter: Matter | None = None, chosen=("sign",), **given) -> Case:
    case = submitted(matter, chosen, **given)
    services.start_pre_review(case)
    return fresh(case)


def accepted(matter: Matter | None = None, chosen=("sign",), **given) -> Case:
    case = received(matter, chosen, **given)
    services.accept(case, officer=ways.hall("window_officer"))
    return fresh(case)


def in_review(matter: Matter | None = None, chosen=("sign",), **given) -> Case:
    case = accepted(matter, chosen, **given)
    following.go_on(case.pk)
    return fresh(case)


def fresh(case: Case) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account", "licence").get(
        pk=case.pk
    )


def part(whole: Case, key: str) -> bundles.Part:
    return next(one for one in bundles.parts_of(whole) if one.row.slug.endswith(key))


def of(whole: Case, key: str) -> Case:
    return fresh(part(whole, key).case)


def states(whole: Case) -> dict[str, str]:
    return {one.row.slug: one.case.state for one in bundles.parts_of(whole)}


def conclude(member: Case, proposal="approve") -> Case:
    return services.conclude(
        fresh(member), officer=ways.of_department("dept_reviewer", member), proposal=proposal, opinion="looked at"
    )


def grant(whole: Case, *keys: str) -> None:
    for key in keys:
        case = conclude(of(whole, key))
        services.approve(case, officer=ways.of_department("dept_approver", case))


def refuse(whole: Case, key: str) -> None:
    case = conclude(of(whole, key), "refuse")
    services.refuse(case, officer=ways.of_department("dept_approver", case), reason="does not fit", ground="Art. 38")
