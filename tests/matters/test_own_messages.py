"""Messages in a matter's own words: wired by an editor, sent once at their moment, in the words of the case's own version."""

import json

import pytest
from django.http import QueryDict

from tests import make
from tests.cases import ways
from tests.matters import editors
from tongban.cases import told_own_words
from tongban.licences import exchanging
from tongban.matters import own_messages
from tongban.matters.editing import checking, comparing, conditions, elements, translating
from tongban.matters.editing.designing import readable as form_of
from tongban.matters.models import Matter, MatterVersion
from tongban.notices import queries as notices
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

TEXT = {
    "zh": "领取“{事项名称}”结果时，请带上旧证。办件编号：{办件编号}。",
    "en": "Bring the old card when you fetch “{name of the matter}” ({case number}), promised for { promised date }.",
}
ROW = {"when": "ready", "text": TEXT}


def letters(*rows) -> dict:
    return {"decision": editors.BOTH, "messages": list(rows or (ROW,))}


def told() -> list[Message]:
    return list(Message.objects.filter(kind="matter_message").order_by("pk"))


def test_it_is_sent_once_at_its_moment_in_the_words_of_the_version_of_the_case():
    matter = ways.matter_with_everything(letters=letters())
    case = ways.bring("ready", matter)
    ways.work()
    later = ways.bring("approved", matter)
    # what an editor writes meanwhile, and what others have in force, says nothing to this case
    fields = {one.attname: getattr(case.version, one.attname) for one in MatterVersion._meta.concrete_fields}
    changed = letters({**ROW, "text": {"zh": "新的话", "en": "New words"}})
    MatterVersion.objects.create(**fields | {"id": None, "number": 9, "state": "draft", "letters": changed})

    told_own_words.say(case.pk, "ready")  # an errand that is carried twice

    (message,) = told()
    name = case.version.name
    assert (message.account, message.link, message.about) == (case.account, f"/my/cases/{case.ref}/", case.subject)
    assert message.body["zh"].endswith(f"领取“{name['zh']}”结果时，请带上旧证。办件编号：{case.number}。")
    assert case.department.name["zh"] in message.body["zh"] and case.department.name["en"] in message.body["en"]
    assert f"“{name['en']}” ({case.number}), promised for {case.promised_due.day} " in message.body["en"]
    assert later.pk != case.pk and "{" not in message.body["zh"] + message.body["en"]


@pytest.mark.parametrize(("state", "when"), [
    ("received", "received"), ("accepted", "accepted"), ("correction_requested", "correction"), ("not_accepted", "not_accepted"),
    ("suspended", "suspended"), ("approved", "approved"), ("refused", "refused"), ("closed", "closed"),
])  # fmt: skip
def test_every_moment_says_its_own_words_and_no_other(state, when):
    rows = [{"when": moment, "text": {"zh": moment, "en": moment}} for moment, _label in own_messages.MOMENTS]
    case = ways.bring(state, ways.matter_with_everything(letters=letters(*rows)))
    ways.work()

    said = [one.body["en"].rpartition("\n")[2] for one in told()]

    assert when in said and len(said) == len(set(said))
    assert {one.about for one in told()} == {case.subject}
    never = {"refused", "not_accepted", "suspended", "resumed", "correction", "closed"} - {when}
    assert not never & set(said)


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "text": {"zh": "{身份证号码}", "en": "x"}}, {**ROW, "text": {"zh": "{办件编号", "en": "x"}}, {**ROW, "when": ""},
        {**ROW, "when": "someday"}, {**ROW, "text": {}}, {**ROW, "text": {"zh": "长" * 501, "en": "x"}},
        {**ROW, "text": {"zh": "找99000019900101004X", "en": "x"}}, {**ROW, "text": 5},
    ],
)  # fmt: skip
def test_what_cannot_be_sent_stops_the_publication_and_is_said(row):
    found = checking.findings({"letters": letters(row)})

    assert [one.part for one in found if one.code == "message" and one.stops] == ["letters"]
    told_own_words.own_messages.at(
        letters(row), "ready"
    )  # nor does it trouble a case, should an import have brought it


SHOP = [*make.SMALL_FORM, {"id": "area", "zh": "面积", "en": "Area", "type": "number", "required": False}]
LARGE = {">": [{"var": "area"}, 300]}


def test_a_message_goes_out_on_the_answers_it_hangs_on_and_to_officers_at_their_desks_once():
    rows = [
        {"when": "received", "text": {"zh": "大", "en": "large"}, "if": LARGE},
        {"when": "received", "text": {"zh": "小", "en": "small"}, "if": {"<=": [{"var": "area"}, 300]}},
        {
            "when": "received",
            "text": {"zh": "量一下：{办件编号}", "en": "Measure it: {case number}"},
            "if": LARGE,
            "to": "officers",
        },
        {"when": "received", "text": {"zh": "所有人", "en": "everybody"}},
    ]
    matter = make.matter(form=SHOP, letters={"messages": rows})
    reviewer, other, hall = (
        make.officer(role, of=of)
        for role, of in (("dept_reviewer", matter.department), ("dept_reviewer", make.department("TAX")), ("window_officer", matter.department))
    )  # fmt: skip
    large = make.submitted(matter, answers={**make.SMALL_ANSWERS, "area": 400})
    silent = make.submitted(matter)  # nobody said how large it is: no condition holds
    for _again in range(2):
        for case in (large, silent):
            told_own_words.say(case.pk, "received")

    def said(case, kind="matter_message"):
        return [
            one.body["en"].rpartition("\n")[2]
            for one in Message.objects.filter(kind=kind, about=case.subject).order_by("pk")
        ]

    assert (said(large), said(silent)) == (["large", "everybody"], ["everybody"])
    (desk,) = Message.objects.filter(kind="matter_message_staff")
    assert (desk.account_id, desk.party_id, desk.link) == (reviewer.account_id, None, f"/office/cases/{large.ref}/")
    assert desk.body["en"].endswith(f"Measure it: {large.number}") and notices.number_at_desk(reviewer) == 1
    assert [notices.number_at_desk(one) for one in (other, hall)] == [0, 0]


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "if": {"==": [{"var": "gone"}, 1]}}, {**ROW, "if": {"castle": 1}}, {**ROW, "to": "everybody"},
        {**ROW, "if": {"and": [LARGE, {"<": [{"var": "area"}, 5]}]}},
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_asked_stops_the_publication(row):
    found = checking.findings({"letters": letters(row), "form": SHOP})

    assert [(one.part, one.stops) for one in found if one.code == "message"] == [("letters", True)]
    assert not [
        one
        for one in checking.findings({"letters": letters({**ROW, "if": LARGE}), "form": SHOP})
        if one.code == "message"
    ]
    assert not own_messages.holds({"if": {"castle": 1}}, {})  # nor does it trouble a case


def test_the_editor_builds_a_condition_button_by_button_and_reads_it_back():
    part, options = elements.BY_SLUG["letters"], {"form_facts": list(conditions.facts_of_form(form_of(SHOP)).items())}
    name = "letters.messages.0.if"
    page = QueryDict(mutable=True)
    for key, value in {
        "letters.messages.order": "0",
        "letters.messages.0.to": "officers",
        f"{name}.asked": "if",
    }.items():
        page[key] = value

    begun = elements.as_typed(part, page, {}, options, ("condition", f"{name}.c"))  # of a row that says nothing yet
    messages = next(
        one for one in elements.controls(part, begun, options)[0]["columns"] if one["name"] == "letters.messages"
    )
    drawn = next(one for one in messages["rows"][0]["columns"] if one["kind"] == "condition")
    assert (drawn["asked"], [one["name"] for one in drawn["group"]["items"]]) == (True, [f"{name}.c.0"])

    typed = {
        "letters.messages.0.when": "ready",
        "letters.messages.0.text.zh": "量",
        "letters.messages.0.text.en": "Measure",
    } | {f"{name}.c.join": "all", f"{name}.c.order": "0", f"{name}.c.0.fact": "area", f"{name}.c.0.op": ">"}
    for key, value in typed.items():
        page[key] = value
    with pytest.raises(elements.Misread) as wrong:
        elements.read(part, page, {}, options)
    page[f"{name}.c.0.value"] = "300"
    read = elements.read(part, page, {}, options)

    assert list(wrong.value.errors) == [f"{name}.c.0.value"]
    row = {"when": "ready", "to": "officers", "text": {"zh": "量", "en": "Measure"}, "if": LARGE}
    assert read == {"letters": {"messages": [row]}}
    page[f"{name}.asked"] = ""
    assert "if" not in elements.read(part, page, read, options)["letters"]["messages"][0]


def test_two_at_the_same_moment_to_the_same_on_the_same_answers_are_one_too_many():
    assert (
        own_messages.troubles(letters(ROW, {**ROW, "when": "closed"}, {**ROW, "to": "officers"}, {**ROW, "if": LARGE}))
        == []
    )
    assert len(own_messages.troubles(letters(ROW, ROW))) == 1
    assert own_messages.rows({"messages": "x"}) == own_messages.rows(None) == []


def test_the_editor_reads_back_what_the_page_drew_and_a_long_one_stays_where_it_was_typed():
    page = QueryDict(mutable=True)
    page["letters.messages.order"] = "0"
    for name, value in {"when": "ready", "text.zh": TEXT["zh"], "text.en": TEXT["en"]}.items():
        page[f"letters.messages.0.{name}"] = value
    part = elements.BY_SLUG["letters"]

    read = elements.read(part, page, {}, {})

    assert read == {"letters": {"messages": [ROW]}}
    page["letters.messages.0.text.en"] = "x" * 501
    with pytest.raises(elements.Misread) as wrong:
        elements.read(part, page, {}, {})
    assert list(wrong.value.errors) == ["letters.messages.0.text.en"]


def test_it_goes_to_the_translator_is_compared_and_comes_to_another_installation_the_same(in_english):
    after = letters({**ROW, "text": {**TEXT, "en": ""}})
    file = translating.give({"letters": after}, source="zh", target="en", original="x").decode()
    changes, _report, _into = translating.take(
        {"letters": after}, file.replace("<target />", "<target>Bring it</target>").encode()
    )
    assert changes["letters"]["messages"][0]["text"]["en"] == "Bring it"

    (difference,) = comparing.compare({"letters": letters()}, changes)
    assert [str(step) for step in difference.changes[0].where] == [
        "Messages besides the letters",
        "the result is ready",
        "Message",
    ]

    editors.matter("dog-licence", letters=letters())
    packed = exchanging.pack(Matter.objects.all())
    MatterVersion.objects.all().delete()
    Matter.objects.all().delete()
    report = exchanging.unpack(packed, officer=editors.manager(make.department("DSO")))
    assert editors.fresh(report.drafts[0]).letters == letters() and exchanging.pack(Matter.objects.all()) == packed
    assert json.loads(packed)["matters"][0]["elements"]["letters"]["messages"] == [ROW]
