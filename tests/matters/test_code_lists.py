"""Lists of answers shared by all matters: written by one, in force by another, used by forms, carried to other installations, open to machines."""

import datetime
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import doors, make
from tests.matters import editors
from tests.portal.test_applying import FORM, begin
from tongban.cases import rules
from tongban.lib.problems import Invalid
from tongban.licences import exchanging, type_drafts
from tongban.matters import code_lists
from tongban.matters.editing import checking, drafting
from tongban.matters.models import CodeList, CodeListVersion, Matter, MatterVersion, TypeDraft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english", "own_seal_keys")]

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
NAME = {"zh": "交通方式", "en": "Ways to travel"}
ENTRIES = [{"code": "train", "zh": "火车", "en": "Train"}, {"code": "coach", "zh": "长途客车", "en": "Coach"}]
ASKED = {"id": "way", "zh": "交通方式", "en": "How you travel", "type": "choice", "required": True, "code_list": "ways", "section": "need"}  # fmt: skip


@pytest.fixture
def office():
    return make.department("DSO")


@pytest.fixture
def writer(office):
    return editors.editor(office)


@pytest.fixture
def checker(office):
    return editors.manager(office)


def ways(office, entries=ENTRIES, since=LONG_AGO) -> CodeList:
    return code_lists.put("ways", owner=office, name=NAME, entries=entries, since=since)


def entered(officer) -> Client:
    return doors.enter(Client(HTTP_ACCEPT_LANGUAGE="en"), officer.account)


def changed(writer, checker, entries) -> CodeListVersion:
    """The list with these entries, in force by the second person."""
    row = type_drafts.begin("code_list", "ways", officer=writer)
    type_drafts.save(row, {"entries": entries}, seen=0, officer=writer)
    type_drafts.submit(row, officer=writer)
    type_drafts.put_in_force(row, officer=checker, seen=row.revision)
    return code_lists.current(code_lists.list_called("ways"))


def test_a_list_is_written_by_one_and_put_in_force_by_another(writer, checker):
    first, second = entered(writer), entered(checker)
    begun = first.post("/office/catalogue/types/new", {"sort": "code_list", "slug": "ways", "name.zh": NAME["zh"], "name.en": NAME["en"]})  # fmt: skip
    row = TypeDraft.objects.get()
    page = f"/office/catalogue/types/drafts/{row.pk}/"
    assert begun.url == page and "No." in first.get(page).content.decode()

    typed = {"name.zh": NAME["zh"], "name.en": NAME["en"], "owner": "DSO", "order": "0,1,2", "seen": "0", "do": "submit",
             "e.0.zh": "火车", "e.0.en": "", "e.0.number": "1", "e.1.zh": "长途客车", "e.1.en": "Coach", "e.1.number": "2"}  # fmt: skip
    refused = first.post(page, typed)
    assert refused.status_code == 422 and "Chinese and in English" in refused.content.decode()
    assert (
        first.post(
            page, typed | {"seen": "1", "e.0.code": "train", "e.0.en": "Train", "e.1.number": "1", "e.0.number": "2"}
        ).status_code
        == 302
    )
    row.refresh_from_db()
    assert (row.state, row.content["entries"]) == ("in_check", ENTRIES[::-1])
    assert code_lists.list_called("ways") is None

    assert first.post(f"{page}put_in_force", {"seen": str(row.revision), "sure": "true"}).status_code == 403
    assert second.post(f"{page}put_in_force", {"seen": str(row.revision), "sure": "true"}).status_code == 302
    assert code_lists.current(code_lists.list_called("ways")).entries == ENTRIES[::-1]
    assert "Ways to travel" in second.get("/office/catalogue/types/?sort=code_list").content.decode()


def test_a_form_offers_what_holds_today_a_draft_says_what_is_gone_and_what_was_sent_keeps_its_words(
    client, office, writer, checker
):
    ways(office)
    account = make.account(make.person(mobile="13800000000"))
    doors.enter(client, account, present=True)
    client.cookies["language"] = "en"
    matter = make.matter(form=[*FORM[:2], ASKED, FORM[4]], requirements=[])
    sent, case = begin(client, matter), begin(client, matter)
    for one in (sent, case):
        answers = {"revision": one.revision, "tab": "a", "reason": "work", "way": "coach", "truth": "true", "go": "on"}
        assert client.post(f"/apply/{one.ref}/form/", answers).status_code == 302
    sent_page = client.post(f"/apply/{sent.ref}/submit", {"sign": "true", "key": "one"})["Location"]

    changed(
        writer,
        checker,
        [{"code": "train", "zh": "列车", "en": "Railway"}, {**ENTRIES[1], "en": "Bus", "until": "2021-12-31"}],
    )

    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert (
        "Railway" in page and "Bus (no longer offered: choose again)" in page and "“Bus” is no longer offered" in page
    )
    case.refresh_from_db(), sent.refresh_from_db()
    assert rules.plain_values(case.values)["way"] == "coach"
    assert "way" in rules.checked(case).errors
    assert client.post(f"/apply/{case.ref}/submit", {"sign": "true", "key": "two"}).status_code != 302
    assert rules.form_of(sent)["way"].display("coach", "en") == "Coach"
    assert rules.checked(sent).errors == {}
    assert "Coach" in client.get(sent_page).content.decode()


def test_long_lists_are_found_by_typing_in_either_language_and_two_levels_have_headings(client, office):
    code_lists.put("ways", owner=office, name=NAME, entries=code_lists.countries(), since=LONG_AGO)
    doors.enter(client, make.account(make.person(mobile="13800000000")), present=True)
    case = begin(client, make.matter(form=[*FORM[:2], ASKED, FORM[4]], requirements=[]))
    assert len(code_lists.countries()) == 249

    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert 'list="way-offered"' in page and '<option value="Germany">德国</option>' in page
    for typed, code in (("Germany", "DE"), ("德国", "DE"), ("fr", ""), ("FR", "FR")):
        form = rules.form_of(case)
        cleaned = form.validate({"way": typed}, only=["way"], partial=True)
        assert cleaned.values.get("way", "") == code
        assert bool(cleaned.errors) == (not code)

    code_lists.put("ways", owner=office, name=NAME, entries=[{"code": "land", "zh": "陆路", "en": "By land"}, {**ENTRIES[0], "parent": "land"}, ENTRIES[1]], since=LONG_AGO)  # fmt: skip
    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert '<optgroup label="By land"><option value="train">' in page
    assert 'value="land"' not in page


def test_a_list_in_use_stays_an_entry_in_use_is_ended_and_its_page_says_where_it_is_used(office, writer, checker):
    ways(office)
    page = entered(writer)
    row = type_drafts.begin("code_list", "ways", officer=writer)
    type_drafts.save(row, {"removed": True}, seen=0, officer=writer)
    editors.matter("dog-licence", form=[*editors.FORM, ASKED])

    assert "dog-licence" in str(type_drafts.troubles("code_list", "ways", row.content)["removed"][0])
    with pytest.raises(Invalid):
        type_drafts.submit(row, officer=writer)
    type_drafts.save(row, {"removed": False, "entries": ENTRIES[:1]}, seen=row.revision, officer=writer)
    with pytest.raises(Invalid) as refused:
        type_drafts.submit(row, officer=writer)
    assert "coach" in str(refused.value.errors["entries"][0])
    type_drafts.discard(row, officer=writer)

    shown = page.get("/office/catalogue/lists/ways/").content.decode()
    assert "How you travel" in shown and "/office/catalogue/matters/dog-licence/" in shown
    changed(writer, checker, [ENTRIES[0], {**ENTRIES[1], "until": "2021-12-31"}])
    assert code_lists.offer("ways", None).codes == ("train",)
    assert "until 2021-12-31" in page.get("/office/catalogue/lists/ways/").content.decode()


def test_control_a_list_that_nobody_uses_is_taken_away(office, writer, checker):
    ways(office)
    row = type_drafts.begin("code_list", "ways", officer=writer)
    type_drafts.save(row, {"removed": True}, seen=0, officer=writer)
    type_drafts.submit(row, officer=writer)
    type_drafts.put_in_force(row, officer=checker, seen=row.revision)

    assert not CodeList.objects.exists() and code_lists.offer("ways", None).codes == ()


def test_an_editor_chooses_a_list_in_the_designer_and_a_missing_list_is_not_published(office, writer):
    ways(office)
    version = editors.draft(editors.matter("dog-licence", department=office), by=writer)
    page = entered(writer)
    where = f"/office/catalogue/drafts/{version.pk}/form/"
    assert page.post(where, {"do": "new", "type": "choice", "revision": version.draft.revision}).status_code == 302
    version = editors.fresh(version)
    assert "Ways to travel" in page.get(f"{where}?field=question_1").content.decode()

    said = {
        "field": "question_1",
        "type": "choice",
        "id": "question_1",
        "label.zh": "方式",
        "label.en": "Way",
        "code_list": "ways",
    }
    assert (
        page.post(where, said | {"when": "always", "do": "save", "revision": version.draft.revision}).status_code == 302
    )
    version = editors.fresh(version)
    one = next(field for field in version.form if field["id"] == "question_1")
    assert one["code_list"] == "ways" and "options" not in one
    assert "Coach" in page.get(f"/office/catalogue/drafts/{version.pk}/preview/?in=en").content.decode()

    def stops() -> set[str]:
        known = drafting.what_is_known(version)
        return {one.code for one in checking.findings(drafting.elements_of(version), known=known) if one.stops}

    assert "unknown-list" not in stops()
    code_lists.take_away("ways")
    assert "unknown-list" in stops()


def test_a_table_and_a_translation_go_out_and_come_back_with_their_differences_shown(office, writer):
    ways(office)
    page = entered(writer)
    row = type_drafts.begin("code_list", "ways", officer=writer)
    where = f"/office/catalogue/types/drafts/{row.pk}/"
    table = page.get(f"{where}?as=csv").content
    assert table == page.get("/office/catalogue/lists/ways/?as=csv").content
    assert code_lists.from_table(table) == ENTRIES

    more = table.decode("utf-8-sig").replace("Coach", "Bus") + "ship,轮船,Ship,2027-01-01,,\r\n"
    brought = SimpleUploadedFile("ways.csv", more.encode("utf-8-sig"))
    assert page.post(where, {"do": "file", "seen": "0", "file": brought}).status_code == 302
    shown = page.get(where).content.decode()
    assert "长途客车 · Bus" in shown and "轮船 · Ship · 2027-01-01" in shown
    assert code_lists.current(code_lists.list_called("ways")).entries == ENTRIES

    pieces = page.get(f"{where}?as=xliff-en").content.decode()
    assert pieces.count("<unit") == 4 and "轮船" in pieces
    back = SimpleUploadedFile("ways.xlf", pieces.replace(">Ship<", ">Steamer<").encode())
    assert page.post(where, {"do": "file", "seen": "1", "file": back}).status_code == 302
    row.refresh_from_db()
    assert [one["en"] for one in row.content["entries"]] == ["Train", "Bus", "Steamer"]
    for bad in (b"", b"a,b\n1,2\n", b"<!DOCTYPE x><x/>", b"PK\x03\x04broken"):
        answer = page.post(
            where,
            {"do": "file", "seen": "2", "file": SimpleUploadedFile("x", bad)} if bad else {"do": "file", "seen": "2"},
        )
        assert answer.status_code == 422


def test_another_installation_takes_the_lists_in_and_what_differs_waits_for_an_editor(office, checker):
    ways(office)
    editors.matter("dog-licence", department=office, form=[*editors.FORM, ASKED])
    file = exchanging.pack(Matter.objects.all())
    assert exchanging.unpack(file, officer=checker).clashes == []
    for model in (MatterVersion, Matter, CodeListVersion, CodeList):
        model.objects.all().delete()
    code_lists.forget()

    report = exchanging.unpack(file, officer=checker)

    assert report.made == ["ways"] and report.refused == []
    assert code_lists.current(code_lists.list_called("ways")).entries == ENTRIES
    assert exchanging.pack(Matter.objects.all()) == file
    said = json.loads(file)
    said["code_lists"][0]["entries"][0]["en"] = "Railway"
    del said["code_lists"][0]["entries"][1]
    report = exchanging.unpack(json.dumps(said).encode(), officer=checker)
    draft = TypeDraft.objects.get()
    assert len(report.clashes) == 1
    assert [(one.code, one.after["en"]) for one in code_lists.compare(ENTRIES, draft.content["entries"])] == [
        ("train", "Railway")
    ]
    assert code_lists.current(code_lists.list_called("ways")).entries == ENTRIES


def test_machines_read_lists_without_a_key_and_the_contract_says_so(client, office):
    ways(office, [ENTRIES[0], {**ENTRIES[1], "until": "2021-12-31"}])
    make.matter("dog-licence", form=[*make.SMALL_FORM, ASKED])

    listed, whole = client.get("/api/v1/code-lists"), client.get("/api/v1/code-lists/ways")

    assert [(one["id"], one["entries"], one["url"]) for one in listed.json()] == [
        ("ways", 2, "/api/v1/code-lists/ways")
    ]
    assert whole.json()["used_by"] == ["dog-licence"]
    assert [(one["code"], one["offered"]) for one in whole.json()["entries"]] == [("train", True), ("coach", False)]
    assert client.get("/api/v1/code-lists/nothing").status_code == 404
    assert {"/api/v1/code-lists", "/api/v1/code-lists/{key}"} <= set(client.get("/api/v1/openapi.json").json()["paths"])


def test_the_demonstrations_lists_are_used_by_several_matters(office):
    from tests.matters.shared_lists import ROWS
    from tests.matters.test_guides import CONTENT, MATTERS, ONLINE
    from tongban.matters import guides

    assert code_lists.load(ROWS, since=LONG_AGO) == code_lists.load(ROWS, since=LONG_AGO) == 4
    assert CodeListVersion.objects.count() == 4
    used = [
        one["code_list"] for slug in ONLINE for one in guides.form_of(MATTERS[slug], CONTENT) if one.get("code_list")
    ]
    assert {key for key in set(used) if used.count(key) > 1} == {row["id"] for row in ROWS}
    assert all(checking.form_of([{**ASKED, "code_list": key}])["way"].options for key in set(used))
