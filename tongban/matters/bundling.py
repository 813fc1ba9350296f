"""One thing made of several matters: from the answers to the guide's questions to one notice, one form, one set of papers.

`plan` is the whole of it. A bundle's version remembers which version of each member it was published with (`members[].version`,
kept true by `services.publish`), so the same version and the same answers always give the same plan: a running application
keeps its own though its members are published anew.

Answers are ids: `alcohol-retail` (this optional member applies), `food-licence-new:catering` (this is the situation in that
member), `commitment` (the short way on one's word, for industries). Unknown ones are left out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q

from tongban.lib import money
from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import ACTION, TODAY, action_renamed
from tongban.lib.rules import SCOPED, facts_of, from_sugar
from tongban.matters import fees, promises
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.matters.requirements import Requirement, requirements

INDUSTRY = "industry-licence"
COMPANY_PAPER = "business-licence"
COMPANY_ITSELF = {"company.name", "company.uscc", "company.legal_rep"}
COMMITMENT = "commitment"

# One thing whatever a department calls it: the shop is where it is. Other fields of one id are one question only while their labels agree.
SAME_EVERYWHERE = {"premises", "area", "mobile", "bank", "home"}
# Any of the ways that every member offers; other choices must offer the same answers to be one question.
NARROWED = {"delivery"}
EXEMPTIONS = ("none", "commitment", "data", "licence", "generated")  # the strictest first
SECTIONS_BEFORE, SECTIONS_AFTER = ("who",), ("result", "statement")
TOGETHER = "need"


@dataclass(frozen=True)
class Option:
    id: str
    name: Bilingual


@dataclass(frozen=True)
class Question:
    """One question of the guide. With options one of them is the answer; without, its own id is chosen when the answer is yes."""

    id: str
    text: Bilingual
    member: str = ""
    help: Bilingual | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Member:
    """One matter that applies. `after`: members that must be granted before its review; `wave` 0 begins at once."""

    slug: str
    version: MatterVersion
    why: Bilingual
    mandatory: bool
    situation: tuple[str, ...]
    after: tuple[str, ...]
    wave: int

    @property
    def name(self) -> Bilingual:
        return self.version.name

    @property
    def fee(self) -> Mapping[str, Any]:
        return self.version.fee

    @property
    def promised_days(self) -> int:
        return promises.days(self.version, self.situation) or 0

    @property
    def inspected(self) -> bool:
        return promises.inspected(self.version, self.situation)

    @property
    def in_person(self) -> bool:
        return not self.version.online


@dataclass(frozen=True)
class Wanted:
    """One material of the set, however many members want it; the strictest of them decides whether something may stand in for it."""

    slug: str
    required: bool
    exempt: str
    tolerant: bool
    asked_by: tuple[str, ...]
    originals: int = 0
    copies: int = 0
    when: Bilingual | None = None


@dataclass(frozen=True)
class Made:
    """A paper nobody has to bring: `by` makes it, `asked_by` would have wanted it."""

    slug: str
    by: str
    asked_by: tuple[str, ...]


@dataclass(frozen=True)
class Fee:
    slug: str
    name: Bilingual
    charged: bool
    amount: int | Decimal | None
    text: Bilingual
    cases: tuple[Mapping[str, Any], ...] = ()
    told: bool = False  # its amount follows from answers, and `text` says how


@dataclass(frozen=True)
class Figures:
    """What an errand costs a person: for the two columns "separately" and "together"."""

    applications: int
    documents: int
    days: int
    visits: int


@dataclass(frozen=True)
class Plan:
    """`fee_total` sums the amounts that are known; `fee_open` names members whose amount is found later.

    `later`: fields of a member that nobody is asked for, because another member makes the company they describe, or the licence
    that says it: these are filled in when its turn comes.
    """

    version: MatterVersion
    chosen: tuple[str, ...]
    members: tuple[Member, ...]
    questions: tuple[Question, ...]
    unanswered: tuple[Question, ...]
    form: list[dict[str, Any]]
    later: dict[str, tuple[str, ...]]
    requirements: tuple[Wanted, ...]
    made: tuple[Made, ...]
    fees: tuple[Fee, ...]
    fee_total: int | Decimal
    fee_open: tuple[str, ...]
    promised_days: int
    by_commitment: bool
    separately: Figures
    together: Figures

    @cached_property
    def _by_slug(self) -> dict[str, Member]:
        return {one.slug: one for one in self.members}

    def member(self, slug: str) -> Member:
        return self._by_slug[slug]

    @property
    def waves(self) -> list[list[Member]]:
        """Members that run at the same time, in order."""
        found: dict[int, list[Member]] = {}
        for one in self.members:
            found.setdefault(one.wave, []).append(one)
        return [found[wave] for wave in sorted(found)]

    def answers_of(self, slug: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """What of the one form belongs to this member, under the member's own field ids: need to know."""
        own: dict[str, Any] = {}
        for field in self.form:
            name = field["field_of"].get(slug)
            if name and field["id"] in values:
                own[name] = values[field["id"]]
        return own

    def papers_of(self, slug: str) -> list[Wanted]:
        return [one for one in self.requirements if slug in one.asked_by]

    def with_fees_of(self, values: Mapping[str, Any]) -> "Plan":
        """The same with every fee that follows from answers, as far as these answers tell it."""
        found = []
        for member, fee in zip(self.members, self.fees, strict=True):
            if (member.fee or {}).get("reckoned"):
                made = fees.reckon(member.fee, self.answers_of(member.slug, values), member.version.form)
                amount = None if made.amount is None else money.in_yuan(made.amount)
                fee = replace(fee, amount=amount, text=made.text, told=made.amount is not None)
            found.append(fee)
        return replace(self, fees=tuple(found), **_sums(found))


def is_industry(version: MatterVersion) -> bool:
    """Whether one industry licence comes of it."""
    return version.result.get("ref") == INDUSTRY


def plan(version: MatterVersion, chosen: Iterable[str] = ()) -> Plan:
    """What applies, in which order, with one form and one set of papers. Two queries."""
    slugs = [row["matter"] for row in version.members]
    versions = MatterVersion.objects.filter(matter__slug__in=slugs).select_related("matter", "matter__department")
    pins = {row["matter"]: row["version"] for row in version.members if row.get("version")}
    wanted = Q(state=MatterVersion.State.PUBLISHED)
    for slug, number in pins.items():
        wanted |= Q(matter__slug=slug, number=number)
    found: dict[str, MatterVersion] = {}
    for one in versions.filter(wanted):
        slug = one.matter.slug
        if slug not in found or one.number == pins.get(slug):
            found[slug] = one
    asked = {row["material"] for one in found.values() for row in one.requirements}
    rows = MaterialType.objects.filter(slug__in=asked).values_list("slug", "licence_type", "resource")
    return planned(version, chosen, found, {slug: {slug, licence, data} - {""} for slug, licence, data in rows})


def planned(
    version: MatterVersion,
    chosen: Iterable[str],
    versions: Mapping[str, MatterVersion],
    answers_to: Mapping[str, Collection[str]],
) -> Plan:
    """The plan itself; touches nothing. `answers_to`: by what other names (licence, data) a material is known."""
    offered = [row for row in version.members if row["matter"] in versions]
    asked = questions(version, versions)
    known = {one.id for one in asked if not one.options} | {option.id for one in asked for option in one.options}
    known |= by_holding(version)
    given = tuple(dict.fromkeys(one for one in chosen if one in known))
    rows = {row["matter"]: row for row in offered if row["required"] or row["matter"] in given}
    situations = {slug: _situation(row, versions[slug], given) for slug, row in rows.items()}
    wanted = {slug: requirements(versions[slug], situations[slug]) for slug in rows}
    after, made = _order(rows, versions, wanted, answers_to)
    waves = _waves(after)
    slugs = sorted(rows, key=lambda slug: waves[slug])  # stable: within a wave as the department listed them
    members = tuple(
        Member(
            slug=slug,
            version=versions[slug],
            why=_why(version, rows[slug]),
            mandatory=bool(rows[slug]["required"]) or rows[slug].get("held") == "needed",
            situation=situations[slug],
            after=tuple(one for one in slugs if one in after[slug] and waves[one] < waves[slug]),
            wave=waves[slug],
        )
        for slug in slugs
    )
    papers, made_here = _papers(members, wanted, made)
    form, later = _form(members)
    charged = tuple(_fee(one) for one in members)
    days, by_commitment = _promise(version, members, given)
    return Plan(
        version=version,
        chosen=given,
        members=members,
        questions=asked,
        unanswered=tuple(
            one
            for one in asked
            if one.options and one.member in rows and not {option.id for option in one.options} & set(given)
        ),
        form=form,
        later=later,
        requirements=papers,
        made=made_here,
        fees=charged,
        **_sums(charged),
        promised_days=days,
        by_commitment=by_commitment,
        separately=Figures(
            applications=len(members),
            documents=sum(map(len, wanted.values())),
            days=sum(one.promised_days for one in members),
            visits=sum(one.version.visits or 0 for one in members),
        ),
        together=Figures(
            applications=1,
            documents=len(papers),
            days=days,
            visits=max((one.version.visits or 0 for one in members), default=0),
        ),
    )


# -- questions


def by_holding(version: MatterVersion) -> set[str]:
    """Members that apply because of the permits the applicant holds; nobody is asked about them."""
    return {row["matter"] for row in version.members if row.get("held")}


def questions(version: MatterVersion, versions: Mapping[str, MatterVersion]) -> tuple[Question, ...]:
    """Every question of the guide in its order: which optional members apply, which situation in each, and the short way."""
    found = []
    for row in version.members:
        slug = row["matter"]
        if slug not in versions or row.get("held"):
            continue
        if not row["required"]:
            found.append(Question(slug, row.get("question") or row["when"], slug, row.get("help")))
        situations = {one["id"]: one for one in versions[slug].situations}
        asked = row.get("ask")
        if asked:
            options = [(one["id"], both(one["zh"], one["en"])) for one in asked["options"] if one["id"] in situations]
            text = both(asked["zh"], asked["en"])
        elif len(situations) > 1 and not row.get("situation"):
            options = [(one["id"], both(one["zh"], one["en"])) for one in situations.values()]
            name = versions[slug].name
            text = both(f"“{name['zh']}”属于哪种情形？", f"{name['en']}: which of these is yours?")
        else:
            continue
        if len(options) > 1:
            found.append(
                Question(
                    f"{slug}:",
                    text,
                    slug,
                    asked.get("help") if asked else None,
                    tuple(Option(f"{slug}:{one}", words) for one, words in options),
                )
            )
    if _commitment_matters(version, versions):
        found.append(
            Question(
                COMMITMENT,
                both("是否采用告知承诺方式，先领证、后核查？", "Do you want the licence on your signed promise, and be checked afterwards?"),
                "",
                both(
                    "您书面承诺已达到全部条件，即可缩短办理时间；承诺不实的，将依法撤销许可。",
                    "You promise in writing that every condition is met; that makes it faster. A false promise costs you the licence.",
                ),
            )
        )  # fmt: skip
    return tuple(found)


def _commitment_matters(version: MatterVersion, versions: Mapping[str, MatterVersion]) -> bool:
    """Only where a member that always applies is slower than the industry's promise and a signed promise makes up for it."""
    always = [row for row in version.members if row["required"] and row["matter"] in versions]
    longest = [(versions[row["matter"]], row.get("situation", ())) for row in always]
    slower = [one for one, fixed in longest if promises.longest(one, fixed) > (version.promised_days or 0)]
    return is_industry(version) and bool(slower) and all(one.commitment for one in slower)


def _situation(row: Mapping[str, Any], version: MatterVersion, given: Collection[str]) -> tuple[str, ...]:
    """What the bundle fixes, else what was answered, else the only one there is."""
    ids = [one["id"] for one in version.situations]
    fixed = [one for one in row.get("situation", ()) if one in ids]
    answered = [one for one in ids if f"{row['matter']}:{one}" in given][:1]
    return tuple(fixed or answered or (ids if len(ids) == 1 else ()))


def _why(version: MatterVersion, row: Mapping[str, Any]) -> Bilingual:
    if row["required"]:
        name = version.name
        return both(f"“{name['zh']}”都要办理", f"Always part of “{name['en']}”")
    when = row["when"]
    return both(f"因为您的情况是：{when['zh']}", f"Because of your answer: {when['en']}")


# -- order


def _order(
    rows: Mapping[str, Mapping[str, Any]],
    versions: Mapping[str, MatterVersion],
    wanted: Mapping[str, list[Requirement]],
    answers_to: Mapping[str, Collection[str]],
) -> tuple[dict[str, set[str]], dict[tuple[str, str], str]]:
    """Which member waits for which, and {(member, material): the member that makes it}.

    The departments' own order stands. Whoever needs what another one makes waits for it, unless that would run in a circle:
    then the paper is asked for, because nobody could make it in time.
    """
    after: dict[str, set[str]] = {
        slug: {one for one in row.get("after", ()) if one in rows and one != slug} for slug, row in rows.items()
    }
    founder = _founded_by(versions[slug] for slug in rows)
    for slug in after:
        if founder and slug != founder and founder not in after[slug] and slug not in _before(after, founder):
            after[slug].add(founder)  # there is no company before
    made: dict[tuple[str, str], str] = {}
    makers = {name: slug for slug in rows for name in _results(versions[slug])}
    for slug, papers in wanted.items():
        for paper in papers:
            names = {paper.slug, *answers_to.get(paper.slug, ())}
            maker = next((makers[name] for name in sorted(names) if name in makers), None)
            if maker is None or maker == slug or slug in _before(after, maker):
                continue
            after[slug].add(maker)
            made[slug, paper.slug] = maker
    return after, made


def _results(version: MatterVersion) -> set[str]:
    """The names under which other guides may ask for what this matter gives."""
    ref = str(version.result.get("ref") or "")
    return {ref, ref.replace(" ", "-")} - {""}


def _before(after: Mapping[str, set[str]], slug: str) -> set[str]:
    """Everything that must be there before this member."""
    found: set[str] = set()
    waiting = list(after[slug])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(after[one])
    return found


def _waves(after: Mapping[str, set[str]]) -> dict[str, int]:
    """How many members must come one after the other before this one. Members that wait for each other begin together."""
    waves: dict[str, int] = {}
    left = dict(after)
    while left:
        ready = [slug for slug, before in left.items() if not before - set(waves)] or list(left)
        level = {slug: max((waves[one] + 1 for one in left[slug] if one in waves), default=0) for slug in ready}
        waves.update(level)
        for slug in ready:
            del left[slug]
    return waves


# -- papers, fees, promise


def _papers(
    members: tuple[Member, ...],
    wanted: Mapping[str, list[Requirement]],
    made: Mapping[tuple[str, str], str],
) -> tuple[tuple[Wanted, ...], tuple[Made, ...]]:
    asked: dict[str, list[tuple[str, Requirement]]] = {}
    given: dict[tuple[str, str], list[str]] = {}
    for member in members:
        for paper in wanted[member.slug]:
            maker = made.get((member.slug, paper.slug))
            if maker:
                given.setdefault((paper.slug, maker), []).append(member.slug)
            else:
                asked.setdefault(paper.slug, []).append((member.slug, paper))
    details = {
        (one.slug, row["material"]): row
        for one in members
        for row in one.version.requirements
        if row["material"] in asked
    }
    papers = []
    for slug, askers in asked.items():
        rows = [details.get((who, slug), {}) for who, _paper in askers]
        required = any(paper.required for _who, paper in askers)
        papers.append(
            Wanted(
                slug=slug,
                required=required,
                exempt=min((paper.exempt for _who, paper in askers), key=EXEMPTIONS.index),
                tolerant=all(paper.tolerant for _who, paper in askers),
                asked_by=tuple(who for who, _paper in askers),
                originals=max(row.get("originals") or 0 for row in rows),
                copies=max(row.get("copies") or 0 for row in rows),
                when=None if required else next((row["when"] for row in rows if row.get("when")), None),
            )
        )
    return tuple(papers), tuple(Made(slug, maker, tuple(who)) for (slug, maker), who in given.items())


def _sums(charged: Iterable[Fee]) -> dict[str, Any]:
    return {
        "fee_total": sum(one.amount or 0 for one in charged),
        "fee_open": tuple(one.slug for one in charged if one.charged and one.amount is None),
    }


def _fee(member: Member) -> Fee:
    fee = member.fee or {}
    charged = bool(fee.get("charged"))
    return Fee(
        slug=member.slug,
        name=member.name,
        charged=charged,
        amount=fee.get("amount") if charged else 0,
        text=fee.get("text") or both("不收费", "Free of charge"),
        cases=tuple(fee.get("cases") or ()),
    )


def _promise(version: MatterVersion, members: tuple[Member, ...], given: Collection[str]) -> tuple[int, bool]:
    """The one promise in working days, and whether it rests on a signed promise of the applicant.

    A bundle has its own time, which the departments agreed on. An industry's holds where no member is slower, or where a signed
    promise stands in for the slower ones; else the longest way through its members is promised.
    """
    own = version.promised_days or 0
    slower = [one for one in members if one.promised_days > own]
    if not is_industry(version) or not slower:
        return own, False
    if COMMITMENT in given and all(one.version.commitment for one in slower):
        return own, True
    reached: dict[str, int] = {}
    for one in sorted(members, key=lambda each: each.wave):
        reached[one.slug] = one.promised_days + max((reached.get(before, 0) for before in one.after), default=0)
    return max(reached.values()), False


# -- one form


def _form(members: tuple[Member, ...]) -> tuple[list[dict[str, Any]], dict[str, tuple[str, ...]]]:
    """Each question once, grouped by what it is for: who asks, what several want, what each wants alone, delivery, statement.

    A field says who asked for it (`asked_by`) and what each of them calls it (`field_of`: {member: its field id}).
    """
    fields: list[dict[str, Any]] = []
    renamed: dict[str, dict[str, str]] = {}
    others, founded = _served_apart(members), _founded_by(one.version for one in members)
    later: dict[str, tuple[str, ...]] = {}
    for member in members:
        names = renamed.setdefault(member.slug, {})
        made_before = _made_before(member, members)
        later[member.slug] = tuple(
            one["id"]
            for one in member.version.form
            if (founded and member.slug != founded and one.get("prefill") in COMPANY_ITSELF)
            or licence_of(one.get("prefill")) in made_before
        )
        for said in member.version.form:
            if said["id"] in later.get(member.slug, ()):
                continue
            own = _of_another_person(said) if member.slug in others else dict(said)
            if founded and str(own.get("prefill", "")).startswith("company."):
                own["prefill"] = ""  # a company that is only being founded has nothing yet
            same = next((one for one in fields if _same_question(one, own, member.slug in others)), None)
            if same is not None:
                names[said["id"]] = same["id"]
                continue
            taken = {one["id"] for one in fields}
            name = said["id"]
            if name in taken:
                name = f"{member.slug.replace('-', '_')[:40]}__{said['id']}"[:60]
            names[said["id"]] = name
            fields.append({**own, "id": name, "_asked": said["id"], "_apart": member.slug in others, "_of": []})
    by_id = {one["id"]: one for one in fields}
    for member in members:
        for said in member.version.form:
            if said["id"] in renamed[member.slug]:
                by_id[renamed[member.slug][said["id"]]]["_of"].append((member.slug, said))
    return _in_order([_merged(one, renamed, founded) for one in fields], members), {
        slug: names for slug, names in later.items() if names
    }


def licence_of(prefill: Any) -> str:
    """The kind of licence whose face alone answers this field; empty where something else does too."""
    store, _, rest = str(prefill or "").partition(".")
    return rest.partition(".")[0] if store == "e-licence-store" and "|" not in rest else ""


def _made_before(member: Member, members: tuple[Member, ...]) -> set[str]:
    """Licences that stand, and are filled in by themselves, when this member begins: nobody can know before what they will say."""
    by_slug, found, waiting = {one.slug: one for one in members}, set(), [*member.after]
    while waiting:
        before = by_slug[waiting.pop()]
        waiting += before.after
        result = before.version.result or {}
        if result.get("kind") == "e_licence" and before.version.form:
            found.add(str(result.get("ref")))
    return found


def _served_apart(members: tuple[Member, ...]) -> set[str]:
    """Where some matters serve only companies and others only persons, the person is another one than who applies: an employee.

    Not so where the company is founded here: then the person is its founder.
    """
    served = {one.slug: set(one.version.objects_served) for one in members}
    if _founded_by(one.version for one in members):
        return set()
    if not any(who and "person" not in who for who in served.values()):
        return set()
    return {slug for slug, who in served.items() if who == {"person"}}


def _founded_by(versions: Iterable[MatterVersion]) -> str:
    """The matter by which persons make the company that the others are for."""
    return next(
        (one.matter.slug for one in versions if COMPANY_PAPER in _results(one) and one.objects_served == ["person"]), ""
    )


def _of_another_person(said: Mapping[str, Any]) -> dict[str, Any]:
    """A question about somebody who does not sit here: nothing the account knows can answer it."""
    own = dict(said)
    if own.get("section") not in SECTIONS_AFTER and str(own.get("prefill", "")).startswith("user."):
        own["prefill"], own["readonly"] = "", False
        own["zh"], own["en"] = f"{own['zh']}（当事人）", f"{own['en']} (of the person concerned)"
        own["section"], own["section_name"] = TOGETHER, {}
    return own


def _same_question(one: Mapping[str, Any], other: Mapping[str, Any], apart: bool) -> bool:
    if one["_asked"] != other["id"] or one["type"] != other["type"]:
        return False
    if one["type"] == ACTION and any(one.get(key) != other.get(key) for key in ("on", "of", "does", "show_if")):
        return False
    if apart != one["_apart"] and one.get("section") not in SECTIONS_AFTER:
        return False
    if other["id"] in NARROWED:
        return bool(set(one.get("options", ())) & set(other.get("options", ())))
    if set(one.get("options") or ()) != set(other.get("options") or ()) or one.get("code_list") != other.get(
        "code_list"
    ):
        return False
    if [*one.get("columns", ())] != [*other.get("columns", ())]:
        return False
    if one.get("formula") != other.get("formula"):
        return False
    return other["id"] in SAME_EVERYWHERE or one.get("zh") == other.get("zh") or one.get("en") == other.get("en")


def _not_yet(said: Mapping[str, Any], founded: str) -> bool:
    """What only a company that exists can know, such as its bank account, may follow."""
    return bool(founded) and str(said.get("prefill", "")).startswith("company.")


def _merged(one: dict[str, Any], renamed: Mapping[str, Mapping[str, str]], founded: str) -> dict[str, Any]:
    """The strictest of what its askers say: required, read-only and covered by any; shown when anybody needs it."""
    of = one.pop("_of")
    asked, apart = one.pop("_asked"), one.pop("_apart")
    said = [row for _slug, row in of]
    field = {
        **one,
        "required": any(row.get("required") and not _not_yet(row, founded) for row in said),
        "masked": any(row.get("masked") for row in said),
        "readonly": not apart and any(row.get("readonly") for row in said),
        "asked_by": [slug for slug, _row in of],
        "field_of": {slug: row["id"] for slug, row in of},
    }
    if not apart and not founded and not field.get("prefill"):
        field["prefill"] = next((row["prefill"] for row in said if row.get("prefill")), "")
    if asked in NARROWED:
        field["options"] = [each for each in one["options"] if all(each in row["options"] for row in said)]
        field["labels"] = {each: one["labels"][each] for each in field["options"] if each in one.get("labels", {})}
    lowest = [row["min"] for row in said if row.get("min") is not None]
    highest = [row["max"] for row in said if row.get("max") is not None]
    if lowest and all(isinstance(each, int | float) for each in lowest):
        field["min"] = max(lowest)
    if highest and all(isinstance(each, int | float) for each in highest):
        field["max"] = min(highest)
    conditions: list[Any] = []
    for slug, row in of:
        logic = row.get("show_if")
        if not logic:
            conditions = []
            break
        logic = _with_names(from_sugar(logic) if isinstance(logic, str) else logic, renamed[slug])
        if logic not in conditions:
            conditions.append(logic)
    if formula := field.get("formula"):
        names = renamed[of[0][0]]
        field["formula"] = _with_names(formula, names)
        field["required"] &= {fact.split(".")[0] for fact in facts_of(formula)} <= {*names, TODAY}
    if one["type"] == ACTION:
        field = action_renamed(field, renamed[of[0][0]])
    field.pop("show_if", None)
    if conditions:
        field["show_if"] = conditions[0] if len(conditions) == 1 else {"or": conditions}
    return field


def _with_names(logic: Any, names: Mapping[str, str]) -> Any:
    """A condition under the names its fields have in the one form."""
    if isinstance(logic, Mapping):
        if set(logic) == {"var"}:
            said = logic["var"]
            if isinstance(said, str):
                return {"var": names.get(said, said)}
            if isinstance(said, list) and said and isinstance(said[0], str):
                return {"var": [names.get(said[0], said[0]), *said[1:]]}
        return {
            key: [_with_names(part[0], names), *part[1:]]  # what follows speaks of the members of a list
            if key in SCOPED and isinstance(part, list) and part
            else _with_names(part, names)
            for key, part in logic.items()
        }
    if isinstance(logic, list):
        return [_with_names(part, names) for part in logic]
    return logic


def _in_order(fields: list[dict[str, Any]], members: tuple[Member, ...]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in fields:
        section = one.get("section") or TOGETHER
        if section not in (*SECTIONS_BEFORE, *SECTIONS_AFTER):
            only = one["asked_by"][0] if len(one["asked_by"]) == 1 and len(members) > 1 else ""
            section = f"{TOGETHER}-{only}" if only else TOGETHER
            one["section"] = section
            name = next((each.name for each in members if each.slug == only), None)
            one["section_name"] = name or both("各部门共用，只填一次", "Asked once for all departments")
        groups.setdefault(section, []).append(one)
    order = [*SECTIONS_BEFORE, TOGETHER, *(f"{TOGETHER}-{one.slug}" for one in members), *SECTIONS_AFTER]
    return [one for section in order for one in groups.get(section, ())]


def published(slug: str) -> MatterVersion | None:
    """The version in force of a bundle, for its guide."""
    return (
        MatterVersion.objects.filter(
            matter__slug=slug, matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED
        )
        .select_related("matter", "matter__department")
        .first()
    )
