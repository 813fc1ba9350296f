"""The catalogue's editors as pages: a person who cannot code changes a guide, a second person passes it, people see it."""

import datetime
import json
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.matters import editors
from tongban.departments.models import Department
from tongban.departments.services import load_departments
from tongban.journal.models import ReadEntry
from tongban.lib import yamls
from tongban.licences import exchanging
from tongban.licences.models import LicenceType
from tongban.matters.editing import checking, drafting, translating
from tongban.matters.models import Draft, MaterialType, Matter, MatterVersion, Save, Theme
from tongban.matters.queries import catalogue
from tongban.matters.services import load_demo
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    return enter(client, editors.editor())


def enter(client, officer):
    doors.enter(client, officer.account)
    return officer


def draft(officer, of=None, **changes):
    return editors.draft(of or editors.matter("dog-licence"), by=officer, **changes)


def address(name, version, *more) -> str:
    return reverse(f"office:guide_{name}", args=[version.pk, *more])


def fee_page(**given) -> dict:
    return {
        "fee.charged": "1",
        "fee.amount": "20",
        "fee.cases.order": "",
        "fee.text.zh": "",
        "fee.text.en": "",
        "revision": "0",
    } | given


# -- the list and a matter


def test_the_list_asks_the_same_number_of_questions_for_one_matter_and_for_three(client, editor):
    editors.matter("a-first")
    client.get("/office/catalogue/")
    with CaptureQueriesContext(connection) as one:
        client.get("/office/catalogue/")
    editors.draft(editors.matter("b-second"))
    editors.in_check(editors.matter("c-third"))
    with CaptureQueriesContext(connection) as three:
        answer = client.get("/office/catalogue/")

    assert len(one) == len(three)
    assert [line.matter.slug for line in answer.context["lines"]] == ["a-first", "b-second", "c-third"]


def test_the_list_goes_on_by_name_and_narrows(client, editor):
    for number in range(33):
        make.matter(f"matter-{number:02d}")
    first = client.get("/office/catalogue/")
    second = client.get(f"/office/catalogue/?after={first.context['following']}")
    found = client.get("/office/catalogue/?q=matter-07&state=published")

    assert [len(first.context["lines"]), len(second.context["lines"])] == [30, 3]
    assert [line.matter.slug for line in found.context["lines"]] == ["matter-07"]
    assert client.get("/office/catalogue/?q=示范事项").context["lines"]


def test_an_editor_sees_the_own_department_alone_and_the_service_office_all(client):
    editors.matter("ours")
    make.matter("theirs", department=make.department("HRB"))
    other = editors.draft(Matter.objects.get(slug="theirs"), by=editors.editor(make.department("HRB")))
    enter(client, editors.editor())

    assert [line.matter.slug for line in client.get("/office/catalogue/").context["lines"]] == ["ours"]
    for where in (
        "/office/catalogue/matters/theirs/",
        address("version", other),
        address("part", other, "fee"),
        address("form", other),
    ):
        assert client.get(where).status_code == 404

    enter(client, editors.manager(make.department("DSO")))
    assert len(client.get("/office/catalogue/").context["lines"]) == 2


def test_a_new_matter_is_begun_from_nothing_and_as_a_copy(client, editor):
    editors.matter("dog-licence")
    page = {
        "slug": "cat-licence",
        "name.zh": "养猫登记",
        "name.en": "Cat licence",
        "kind": "matter",
        "copy_of": "dog-licence",
    }

    assert client.get("/office/catalogue/new/?copy_of=dog-licence").status_code == 200
    answer = client.post("/office/catalogue/new/", page)
    again = client.post("/office/catalogue/new/", page)

    version = MatterVersion.objects.get(matter__slug="cat-licence")
    assert answer.headers["Location"] == address("part", version, "identity")
    assert version.form == editors.FORM
    assert again.status_code == 422 and "slug" in again.context["errors"]


# -- a draft


def test_every_page_of_a_draft_is_drawn_in_both_languages_for_everybody_who_may(client, editor):
    version = draft(
        editor,
        requirements=[
            {
                "material": make.material_type("lease").slug,
                "required": True,
                "exempt": "none",
                "electronic": True,
                "originals": 0,
                "copies": 0,
            }
        ],
    )
    parts = (
        "identity",
        "conditions",
        "time",
        "fee",
        "situations",
        "materials",
        "approvals",
        "result",
        "letters",
        "help",
    )
    where = [address("part", version, part) for part in parts]
    where += [
        address(name, version) for name in ("version", "form", "rules", "history", "compare", "translation", "preview")
    ]
    where += [
        f"{address('form', version)}?field=delivery",
        f"{address('rules', version)}?expert=1",
        f"{address('preview', version)}?in=en&as=elderly",
    ]
    for page in where:
        for language in ("zh-hans", "en"):
            assert client.get(page, headers={"accept-language": language}).status_code == 200, page
    assert client.get(address("part", version, "members")).status_code == 404
    assert client.get(address("part", version, "castle")).status_code == 404


def test_taking_up_leads_to_the_draft_that_is_there_already(client, editor):
    editors.matter("dog-licence")
    first = client.post("/office/catalogue/matters/dog-licence/draft")
    second = client.post("/office/catalogue/matters/dog-licence/draft")

    assert first.headers["Location"] == second.headers["Location"]
    assert Draft.objects.count() == 1


def test_a_fee_is_changed_by_hand_and_by_itself(client, editor):
    version = draft(editor)

    answer = client.post(address("part", version, "fee"), fee_page())
    told = client.post(
        address("part", version, "fee"),
        fee_page(**{"fee.amount": "25", "revision": "1"}),
        headers={"x-autosave": "1", "accept": "application/json"},
    )

    assert answer.status_code == 302
    assert told.json()["revision"] == 2
    assert editors.fresh(version).fee == {
        "charged": True,
        "amount": 25,
        "cases": [],
        "text": {"zh": "25元", "en": "CNY 25"},
    }

    said = client.post(
        address("part", version, "fee"),
        fee_page(**{"fee.amount": "0", "revision": "2"}),
        follow=True,
        headers={"accept-language": "en"},
    )

    assert "A fee is charged, and neither an amount nor a rule is given." in said.content.decode()  # and not "CNY 0"


def test_what_cannot_be_stored_stays_where_it_was_typed_with_its_reason(client, editor):
    version = draft(editor)

    answer = client.post(address("part", version, "fee"), fee_page(**{"fee.amount": "twenty", "fee.text.zh": "每件"}))
    told = client.post(
        address("part", version, "fee"), fee_page(**{"fee.amount": "twenty"}), headers={"x-autosave": "1"}
    )

    assert (answer.status_code, told.status_code) == (422, 422)
    assert 'value="twenty"' in answer.text and 'value="每件"' in answer.text
    assert not Save.objects.exists()


def test_rows_are_added_moved_and_taken_out_without_script(client, editor):
    version = draft(editor)
    page = {
        "steps.order": "0",
        "steps.0.id": "apply",
        "steps.0.name.zh": "说明",
        "steps.0.name.en": "Words",
        "revision": "0",
    }

    more = client.post(address("part", version, "approvals"), page | {"do": "add:steps"})
    assert more.headers["Location"].endswith("?more=steps#steps-last")
    page |= {"steps.order": "0,1", "steps.1.id": "decide", "steps.1.name.zh": "决定", "steps.1.name.en": "Decision"}
    client.post(address("part", version, "approvals"), page | {"do": "up:steps:1"})
    assert [one["id"] for one in editors.fresh(version).steps] == ["decide", "apply"]
    seen = {
        "steps.order": "0,1",
        "steps.0.id": "decide",
        "steps.0.name.zh": "决定",
        "steps.0.name.en": "Decision",
        "steps.1.id": "apply",
        "steps.1.name.zh": "说明",
        "steps.1.name.en": "Words",
    }
    client.post(address("part", version, "approvals"), seen | {"revision": "2", "do": "remove:steps:0"})

    assert [one["id"] for one in editors.fresh(version).steps] == ["apply"]


def test_the_later_of_two_editors_is_shown_both_and_puts_theirs_in_its_place(client, editor):
    version = draft(editor)
    drafting.save(
        version,
        "fee",
        {"fee": {"charged": True, "amount": 5, "cases": [], "text": editors.BOTH}},
        seen=0,
        officer=editors.editor(),
    )

    met = client.post(address("part", version, "fee"), fee_page())
    quiet = client.post(address("part", version, "fee"), fee_page(), headers={"x-autosave": "1"})
    client.post(address("part", version, "fee"), fee_page(revision="1"))

    assert (met.status_code, quiet.status_code) == (409, 409)
    assert met.context["met"]["differences"] and quiet.json()["code"] == "edited-together"
    assert editors.fresh(version).fee["amount"] == 20


def test_a_save_is_taken_back_from_the_history(client, editor):
    version = draft(editor)
    client.post(address("part", version, "fee"), fee_page())

    client.post(address("history", version), {"number": "1"})

    assert editors.fresh(version).fee["charged"] is False
    assert client.post(address("history", version), {"number": "1"}).status_code == 409
    assert client.post(address("history", version), {"number": "²"}).status_code == 409


# -- the designer


def field_page(**given) -> dict:
    page = {
        "field": "reason",
        "revision": "0",
        "label.zh": "事由",
        "label.en": "Reason",
        "type": "text",
        "required": "1",
        "when": "always",
        "id": "reason",
        "rows": "1",
    }
    return page | given


def test_the_editor_reads_beside_the_rows_how_long_everything_is_kept_with_this_draft(client, editor):
    version = draft(editor)
    standing = client.get(address("part", version, "keeping")).content.decode()
    rows = [
        {
            "state": "withdrawn",
            "years": 0,
            "months": 6,
            "then": "anonymise",
            "basis": {"zh": "own law", "en": "own law"},
        }
    ]
    MatterVersion.objects.filter(pk=version.pk).update(retention=rows)
    own = client.get(address("part", version, "keeping")).content.decode()

    assert ('id="kept-now"' in standing, "own law" in standing) == (True, False)
    assert own.partition('id="kept-now"')[2].count("own law") == 1


def test_a_question_with_a_condition_is_added_by_choosing_and_tried_without_saving(client, editor):
    version = draft(editor)
    made = client.post(address("form", version), {"do": "new", "type": "boolean", "after": "delivery", "revision": "0"})
    assert made.headers["Location"].endswith("?field=question_1#f-question_1")
    page = field_page(
        field="question_1",
        id="with_post",
        type="boolean",
        when="if",
        revision="1",
        **{
            "label.zh": "寄送？",
            "label.en": "By post?",
            "c.join": "all",
            "c.order": "0",
            "c.0.fact": "delivery",
            "c.0.op": "==",
            "c.0.value": "pickup",
        },
    )
    redrawn = client.post(address("form", version), {**page, "do": "redraw", "c.0.value": ""})
    assert redrawn.status_code == 200
    client.post(address("form", version), page | {"do": "close"})

    form = editors.fresh(version).form
    assert [one["id"] for one in form] == ["name", "reason", "delivery", "with_post", "truth"]
    assert form[3]["show_if"] == {"==": [{"var": "delivery"}, "pickup"]}
    before = Save.objects.count()
    answers = {"name": "示例", "reason": "x", "delivery": "e_licence", "truth": "on"}
    fits = client.post(address("preview", version) + "?in=en", answers)
    wrong = client.post(address("preview", version) + "?in=en", {**answers, "delivery": "pickup"})
    assert fits.context["fits"] and not wrong.context["fits"]
    assert "with_post" in wrong.context["errors"]
    assert (
        fits.headers["X-Frame-Options"] == "SAMEORIGIN"
        and "frame-ancestors 'self'" in fits.headers["Content-Security-Policy"]
    )
    assert Save.objects.count() == before and not ReadEntry.objects.exists()


@pytest.mark.parametrize("act", ["up:reason", "down:reason", "copy:reason", "delete:reason", "section:reason", "place:reason:0", "heading:0", "castle", "place:reason:x", "up:nobody"])  # fmt: skip
def test_every_button_of_a_card_leaves_a_form_that_can_be_drawn(client, editor, act):
    version = draft(editor)

    answer = client.post(
        address("form", version), {"do": act, "revision": "0", "heading.0.zh": "标题", "heading.0.en": "Heading"}
    )

    assert answer.status_code == 302
    assert client.get(address("preview", version)).status_code == 200


def test_answers_of_a_choice_are_added_and_named(client, editor):
    version = draft(editor)
    page = field_page(
        type="choice",
        **{
            "options.order": "0,1",
            "options.0.zh": "工作",
            "options.0.en": "Work",
            "options.1.zh": "学习",
            "options.1.en": "Study",
        },
    )
    client.post(address("form", version), page)
    client.post(
        address("form", version),
        page | {"revision": "1", "do": "down:options:0", "options.0.code": "work", "options.1.code": "study"},
    )

    assert editors.fresh(version).form[1]["options"] == ["study", "work"]
    assert client.post(address("form", version), page | {"revision": "2", "options.order": ""}).status_code == 422
    assert client.post(address("form", version), field_page(field="nobody")).status_code == 404


# -- rules


def rules_page(**given) -> dict:
    return {
        "revision": "0",
        "decided_by": "rule",
        "c.join": "all",
        "c.order": "0",
        "c.0.fact": "age",
        "c.0.op": ">=",
        "c.0.value": "16",
        "tests.order": "",
    } | given


def test_a_rule_with_its_tests_is_built_by_choosing_and_a_failing_test_stops_it(client, editor):
    version = draft(editor)
    client.post(address("rules", version), rules_page())
    client.post(address("rules", version), rules_page(revision="1", do="suggest"))

    made = editors.fresh(version)
    assert made.rules == {"and": [{">=": [{"var": "age"}, 16]}]}
    assert [(one["facts"], one["expected"]) for one in made.rule_tests] == [
        ({"age": 16}, "grant"),
        ({"age": 15}, "not_met"),
        ({}, "unknown"),
    ]
    page = client.get(address("rules", version))
    assert (page.context["trial"].seen, page.context["trial"].of, page.context["trial"].failed) == (2, 2, [])

    page = rules_page(
        revision="2",
        **{
            "c.0.value": "17",
            "tests.order": "t1",
            "tests.t1.expected": "grant",
            "tests.t1.0.fact": "age",
            "tests.t1.0.value": "16",
        },
    )
    client.post(address("rules", version), page)
    refused = client.post(address("act", version, "submit"), {"why.zh": "改", "why.en": "x"})
    assert refused.status_code == 422 and "rule_tests" in refused.context["errors"]


def test_experts_write_text_and_nonsense_is_said_beside_it(client, editor):
    version = draft(editor)
    page = {"revision": "0", "decided_by": "rule", "tests.order": ""}

    assert client.post(address("rules", version), page | {"expert": "{not json"}).status_code == 422
    assert client.post(address("rules", version), page | {"expert": '{"castle": 1}'}).status_code == 422
    client.post(
        address("rules", version), page | {"expert": '{"some": [{"var": "staff"}, {">": [{"var": "age"}, 17]}]}'}
    )

    assert editors.fresh(version).rules == {"some": [{"var": "staff"}, {">": [{"var": "age"}, 17]}]}
    assert client.get(address("rules", version)).context["expert"]


# -- a second person, a day, the public


def test_the_story_from_a_draft_to_the_public_and_its_history(client, editor):
    citizen = make.account()
    case = make.draft(editors.matter("dog-licence"), account_=citizen, answers={})
    version = draft(editor, Matter.objects.get(slug="dog-licence"))
    client.post(address("part", version, "fee"), fee_page())
    assert client.post(address("act", version, "submit"), {"why.zh": "改", "why.en": ""}).status_code == 422
    client.post(address("act", version, "submit"), {"why.zh": "收费二十元", "why.en": "A fee of twenty"})
    assert client.post(address("act", version, "publish"), {"when": "today"}).status_code == 403

    manager = enter(client, editors.manager())
    assert client.post(address("act", version, "publish"), {"when": "day", "on": "yesterday"}).status_code == 422
    client.post(address("act", version, "publish"), {"when": "today"})
    assert editors.fresh(version).state == "published" and editors.fresh(version).checked_by == manager

    guide = client.get("/matters/dog-licence/?lang=en")
    assert "20" in guide.text
    assert "A fee of twenty" in client.get("/matters/dog-licence/versions/").text
    running = client.get("/office/catalogue/matters/dog-licence/running/1/")
    assert [(one.case.pk, one.fee, one.against) for one in running.context["trials"]] == [(case.pk, True, "")]
    assert client.post("/office/catalogue/matters/dog-licence/running/1/", {"case": str(case.pk)}).status_code == 422
    client.post(
        "/office/catalogue/matters/dog-licence/running/1/",
        {"case": str(case.pk), "reason.zh": "收费调整", "reason.en": "The fee changed"},
    )

    case.refresh_from_db()
    assert case.version == editors.fresh(version)
    message = Message.objects.get(account=citizen, kind="case_moved_over")
    assert "The fee changed" in message.body["en"] and "收费调整" in message.body["zh"]


def test_search_finds_what_was_published_a_moment_ago(client, editor):
    version = draft(editor, name={"zh": "养鹦鹉登记", "en": "Parrot licence"})
    drafting.submit(version, why=editors.WHY, officer=editor)
    assert not [
        hit.entry.id for hit in catalogue.current().search("鹦鹉", {}, "zh", 5, 0).items if "鹦鹉" in hit.entry.zh
    ]

    drafting.publish_checked(version, on=timezone.localdate(), officer=editors.manager())

    assert "/matters/dog-licence/" in client.get("/search/?q=鹦鹉").text


def test_a_matter_ends_with_a_notice_that_leads_on(client):
    editors.matter("old-one"), editors.matter("new-one", name={"zh": "新事项", "en": "The new one"})
    page = {"on": timezone.localdate().isoformat(), "words.zh": "已并入", "words.en": "Merged", "forward_to": "new-one"}
    enter(client, editors.manager())
    assert client.post("/office/catalogue/matters/old-one/retire", page | {"forward_to": "nobody"}).status_code == 422
    assert '<option value="new-one">' in client.get("/office/catalogue/matters/old-one/").text
    client.post("/office/catalogue/matters/old-one/retire", page | {"forward_to": "新事项"})  # as it is called there
    assert client.post("/office/catalogue/matters/old-one/retire", {"act": "confirm"}).status_code == 403
    enter(client, editors.manager())
    second = client.get("/office/catalogue/matters/old-one/").text
    client.post("/office/catalogue/matters/old-one/retire", {"act": "confirm"})
    client.logout()

    guide = client.get("/matters/old-one/")

    assert re.search(r'href="/matters/new-one/">(新事项|The new one)</a>', second)
    assert guide.status_code == 410
    assert "已并入" in guide.text and "/matters/new-one/" in guide.text
    assert client.get("/matters/old-one/versions/").status_code == 200
    assert client.get("/matters/nobody/").status_code == 404
    assert client.get("/matters/nobody/versions/").status_code == 404


def test_a_bundle_refuses_members_that_wait_for_each_other(client, editor):
    editors.matter("one"), editors.matter("two")
    version = drafting.found(
        slug="both", name=editors.BOTH, department=editor.department, kind="bundle", officer=editor
    )
    page = {"revision": "0", "members.order": "0,1", "members.0.matter": "one", "members.0.required": "1", "members.0.after": "two",
            "members.1.matter": "two", "members.1.when.zh": "要吗？", "members.1.when.en": "Wanted?", "members.1.after": "one"}  # fmt: skip
    client.post(address("part", version, "members"), page)
    page |= {"revision": "1"}
    client.post(address("part", version, "members"), page)

    members = editors.fresh(version).members
    refused = client.post(address("act", version, "submit"), {"why.zh": "新", "why.en": "new"})

    assert [(one["matter"], one["required"], one["after"]) for one in members] == [
        ("one", True, ["two"]),
        ("two", False, ["one"]),
    ]
    assert members[1]["when"] == {"zh": "要吗？", "en": "Wanted?"}
    assert "members" in refused.context["errors"]


# -- files


def test_a_translators_file_goes_out_and_comes_in_by_the_page_and_for_programs(client, editor):
    version = draft(editor, conditions={"zh": "新的条件", "en": "Old words"})
    file = client.get(address("translation_file", version) + "?from=zh")
    back = file.content.decode().replace("<target>Old words</target>", "<target>New conditions</target>")

    answer = client.post(
        address("translation", version),
        {"file": SimpleUploadedFile("x.xlf", back.encode())},
        headers={"accept": "application/json"},
    )

    assert answer.json()["changed"] == [
        {"path": "/conditions", "source": "新的条件", "before": "Old words", "after": "New conditions"}
    ]
    assert editors.fresh(version).conditions["en"] == "New conditions"
    assert translating.SPACE in back
    for bad in (SimpleUploadedFile("x.xlf", b"no"), None):
        assert client.post(address("translation", version), {"file": bad} if bad else {}).status_code == 422


def test_a_matter_goes_to_another_installation_and_from_there_on_is_the_same_file(client):
    make.licence_type("dog-card")
    make.material_type("vaccination", licence_type="dog-card", note={"zh": "注", "en": "Note"})
    wanted = [
        {
            "material": "vaccination",
            "required": True,
            "originals": 0,
            "copies": 1,
            "electronic": True,
            "exempt": "licence",
            "tolerant": False,
            "when": {},
        }
    ]
    editors.matter(
        "dog-licence",
        requirements=wanted,
        form=[*editors.FORM, *COUNTED, *DOING],
        situations=[
            {
                "id": "large",
                "zh": "大型犬",
                "en": "A large dog",
                "name": {"zh": "大型犬", "en": "A large dog"},
                "adds": [],
                "removes": [],
                "handling_kind": "promised",
                "promised_days": 3,
                "inspection": "yes",
            }
        ],
        letters={
            "messages": [{"when": "ready", "to": "officers", "text": editors.BOTH, "if": {">": [{"var": "copies"}, 3]}}]
        },
        fee={
            "charged": True,
            "amount": None,
            "cases": [],
            "text": editors.BOTH,
            "reckoned": {"way": "answer", "field": "total"},
        },
        decided_by="rule",
        rules={"==": [{"var": "age"}, 5]},
        rule_tests=[{"id": "t1", "facts": {"age": 5}, "expected": "grant"}],
    )
    manager = enter(client, editors.manager(make.department("DSO")))
    file = client.get("/office/catalogue/matters/dog-licence/export").content
    assert client.get("/office/catalogue/exchange/all").content == file
    for model in (MatterVersion, Matter, MaterialType, LicenceType, Theme):  # the other installation has none of it
        model.objects.all().delete()

    answer = client.post("/office/catalogue/exchange/", {"file": SimpleUploadedFile("x.json", file)})

    version = answer.context["report"].drafts[0]
    assert version.shown_name in answer.content.decode() and ">dog-licence<" not in answer.content.decode()
    assert (version.state, sorted(answer.context["report"].made)) == ("draft", ["dog-card", "residence", "vaccination"])
    assert exchanging.pack(Matter.objects.all()) == file
    version = editors.fresh(version)
    assert version.form[-len(DOING) :] == DOING  # nothing of an action is lost or made different
    page = client.get(f"/office/catalogue/drafts/{version.pk}/form/?field=again").content.decode()
    assert "Look it up again" in page and 'name="does.0.do"' in page
    assert "action" not in {one.code for one in drafting.findings_of(version)}
    again = exchanging.unpack(file, officer=manager)
    assert (again.same, again.drafts, again.refused) == (["dog-licence"], [], [])
    said = json.loads(file)
    said["matters"][0]["elements"]["promised_days"] = 17
    other = exchanging.unpack(json.dumps(said).encode(), officer=manager)
    assert [slug for slug, _why in other.refused] == [
        "dog-licence"
    ]  # its draft is open: nobody's words are written over


@pytest.mark.parametrize(
    "wrong",
    [
        {"does": "x"}, {"does": [5]}, {"does": [{"do": []}]}, {"does": [{"do": "castle"}]}, {"on": "change", "of": []}, {"does": [{"do": "fill", "fields": 5}]}, {"does": []}, {"does": None}, {"on": []},
        {"on": "change", "of": "nobody"}, {"does": [{"do": "set", "field": "copies", "value": {"x": 1}}]}, {"does": [{"do": "go", "to": 7}]},
        {"show_if": {"castle": 1}},
    ],
)  # fmt: skip
def test_an_action_of_a_file_that_cannot_be_done_is_refused_or_stops_the_publication_and_its_page_is_drawn(
    client, wrong
):
    editors.matter("dog-licence", form=[*editors.FORM, *COUNTED, *DOING])
    manager = enter(client, editors.manager(make.department("DSO")))
    said = json.loads(exchanging.pack(Matter.objects.all()))
    said["matters"][0]["elements"]["form"][-1] |= wrong
    said["matters"][0]["slug"] = "cat-licence"

    report = exchanging.unpack(json.dumps(said).encode(), officer=manager)

    assert len(report.drafts) + len(report.refused) == 1
    for version in map(editors.fresh, report.drafts):
        assert {one.code for one in drafting.findings_of(version) if one.stops} & {"action", "form"}
        for path in ("form/", "form/?field=again", "preview/"):
            assert client.get(f"/office/catalogue/drafts/{version.pk}/{path}").status_code in (200, 302)


def test_what_clashes_is_named_and_nothing_of_ours_is_written_over(client):
    make.material_type("lease")
    editors.matter(
        "dog-licence", requirements=[{"material": "lease", "required": True, "exempt": "none", "electronic": True}]
    )
    manager = enter(client, editors.manager(make.department("DSO")))
    said = json.loads(exchanging.pack(Matter.objects.all()))
    said["materials"][0]["name"] = {"zh": "另一个", "en": "Another"}
    said["matters"][0]["elements"]["promised_days"] = 17
    said["matters"] += [
        said["matters"][0] | {"slug": "elsewhere", "department": "XXX"},
        said["matters"][0] | {"slug": "bad", "elements": {"form": "x"}},
        {"slug": 5},
        "x",
    ]
    said["licence_types"] = [{"slug": "x"}]

    report = exchanging.unpack(json.dumps(said).encode(), officer=manager)

    assert MaterialType.objects.get().name["en"] == "Lease"
    assert len(report.clashes) == 2 and len(report.drafts) == 1
    assert sorted(slug for slug, _why in report.refused) == ["5", "?", "bad", "elsewhere", "x"]
    assert Matter.objects.count() == 1


@pytest.mark.parametrize("file", [b"", b"[]", b"{}", b'{"format":"tongban-catalogue","schema":9}', b"\xff", b"[" * 100_000, b'{"format":"tongban-catalogue","schema":1,"themes":5}'])  # fmt: skip
def test_what_is_no_catalogue_is_refused_in_words(client, file):
    enter(client, editors.manager())

    answer = client.post("/office/catalogue/exchange/", {"file": SimpleUploadedFile("x.json", file)} if file else {})

    assert answer.status_code == 422
    assert not Draft.objects.exists()


def test_tomorrow_is_said_in_public_before_it_holds(client):
    version = editors.in_check(editors.matter("dog-licence"))
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    drafting.publish_checked(version, on=tomorrow, officer=editors.manager())

    page = client.get("/matters/dog-licence/versions/")

    assert page.context["coming"].effective_from == tomorrow


def test_the_whole_demonstration_goes_to_another_installation_and_comes_out_byte_by_byte():
    demo = Path(__file__).parents[2] / "demo"
    load_departments(yamls.read(demo / "departments.yaml")["departments"])
    load_demo(demo, today=timezone.localdate())
    manager = editors.manager(Department.objects.get(code="DSO"))
    file = exchanging.pack(Matter.objects.all())
    for model in (MatterVersion, Matter, MaterialType, Theme):
        model.objects.all().delete()

    report = exchanging.unpack(file, officer=manager)

    assert report.refused == []
    assert exchanging.pack(Matter.objects.all()) == file


DOING = [
    {"id": "found", "zh": "单位", "en": "Employer", "type": "text", "prefill": "employment-filing.employer"},
    {
        "id": "again", "zh": "重新查询", "en": "Look it up again", "type": "action", "on": "press",
        "help": {"zh": "单位刚备案时用", "en": "Where it was filed just now"}, "show_if": {">": [{"var": "copies"}, 1]},
        "does": [{"do": "fill", "fields": ["found"]}, {"do": "set", "field": "copies", "value": 2}, {"do": "go", "to": "copies"}, {"do": "save"}, {"do": "pdf"}],
    },
]  # fmt: skip
COUNTED = [
    {"id": "copies", "zh": "份数", "en": "Copies", "type": "number", "required": True},
    {"id": "total", "zh": "合计", "en": "In all", "type": "money", "formula": {"*": [{"var": "copies"}, 2.5]}},
]


def test_a_formula_is_chosen_said_tried_and_refused_where_nobody_could_reckon_it(client, editor):
    """GovStack 18 for whoever edits: no code, a sentence, a trial; circles and answers that are gone are not published."""
    price = {"id": "price", "zh": "单价", "en": "Price", "type": "money"}
    version = draft(editor, form=[*editors.FORM, price, *COUNTED])
    page = {
        "field": "price", "id": "price", "type": "money", "label.zh": "单价", "label.en": "Price", "when": "always", "revision": "0",
        "k.pick": "round", "k.digits": "1", "k.way": "up", "k.0.pick": "times", "k.0.0.pick": "a:copies", "k.0.1.pick": "number",
        "k.0.1.value": "1.23",
    }  # fmt: skip

    tried = client.post(address("form", version), {**page, "do": "try", "try.copies": "3"})
    assert tried.context["opened"]["trial"]["result"] in {"3.70 yuan", "3.70元", "3.70 元"}
    assert (
        tried.context["opened"]["formula"]["said"]["en"] == "(“Copies” × 1.23), rounded up to 1 digits after the point."
    )
    assert tried.context["opened"]["formula"]["said"]["zh"] == "（“份数” × 1.23），向上取到小数点后1位。"
    for wrong, name in (
        ({"k.0.0.pick": "a:total", "do": "x"}, ""),  # no circle yet: total does not take price
        ({"k.0.0.pick": "a:nobody"}, "k.0.0"),
        ({"k.0.1.value": "much"}, "k.0.1"),
        ({"k.pick": "age", "k.0.pick": "a:copies"}, "k.0"),
        ({"k.pick": "upper", "k.0.pick": "a:reason"}, "k"),
        ({"k.pick": "sum", "k.0.pick": ""}, "k.0"),
    ):
        answer = client.post(
            address("form", version), {**page, **wrong, "revision": editors.fresh(version).draft.revision}
        )
        assert (answer.status_code == 302) is not name or name in answer.context["errors"], wrong
    assert editors.fresh(version).form[4]["formula"] == {"round": [{"*": [{"var": "total"}, 1.23]}, 1, "up"]}
    circle = {
        **page, "field": "total", "id": "total", "label.zh": "合计", "label.en": "In all", "k.pick": "sum", "k.0.pick": "a:price",
        "revision": editors.fresh(version).draft.revision,
    }  # fmt: skip
    refused = client.post(address("form", version), circle)
    assert refused.status_code == 422 and "→" in str(refused.context["errors"]["k"][0])

    left = [one for one in editors.fresh(version).form if one["id"] != "copies"]
    stopped = [one for one in checking.findings({**drafting.elements_of(version), "form": left}) if one.stops]
    round_about = [
        {**COUNTED[1], "formula": {"+": [{"var": "price"}]}},
        {**price, "formula": {"+": [{"var": "total"}]}},
    ]
    circles = [one for one in checking.findings({**drafting.elements_of(version), "form": round_about}) if one.stops]
    assert "formula" in {one.code for one in stopped} and "formula" in {one.code for one in circles}


def test_a_fee_of_an_answer_is_written_without_code_and_tried(client, editor):
    version = draft(editor, form=[*editors.FORM, *COUNTED])
    page = fee_page(
        **{
            "fee.amount": "", "fee.reckoned.way": "piece", "fee.reckoned.field": "copies", "fee.reckoned.each": "10",
            "fee.reckoned.free": "1", "fee.reckoned.steps.order": "", "fee.when": "acceptance",
        }
    )  # fmt: skip
    client.post(address("part", version, "fee"), page)

    fee = editors.fresh(version).fee
    assert fee["reckoned"] == {"way": "piece", "field": "copies", "each": 10, "free": 1} and fee["when"] == "acceptance"
    assert fee["text"]["en"] == "CNY 10 for each of “Copies” (the first 1 free)"
    tried = client.get(address("part", version, "fee") + "?answer=3")
    assert tried.context["fee_tried"]["made"].amount == 2000
    gone = checking.findings({**drafting.elements_of(editors.fresh(version)), "form": editors.FORM})
    assert any(one.element == "fee" and one.stops for one in gone)
    client.post(
        address("part", version, "fee"), fee_page(revision="1")
    )  # back to one amount: nothing of the rule stays
    assert editors.fresh(version).fee["text"]["en"] == "CNY 20" and "reckoned" not in editors.fresh(version).fee
