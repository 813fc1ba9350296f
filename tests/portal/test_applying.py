"""The errand through its pages: begin, form, documents, check, send; nothing lost, nothing doubled, nothing of others seen."""

import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case, CaseMaterial
from tongban.departments import queries as departments
from tongban.materials.models import Page
from tongban.matters.models import MatterVersion

pytestmark = pytest.mark.django_db

FORM = [
    *make.SMALL_FORM[:2],
    {"id": "delivery", "zh": "取件方式", "en": "How to get the result", "type": "choice", "required": True,
     "options": ["e_licence", "post"]},
    {"id": "post_address", "zh": "邮寄地址", "en": "Postal address", "type": "address", "prefill": "user.address",
     "show_if": 'delivery == "post"'},
    make.SMALL_FORM[3],
]  # fmt: skip


@pytest.fixture
def applicant(client):
    account = make.account(make.person(mobile="13800000000"))
    enter(client, account, present=True)
    return account


@pytest.fixture
def english(client):
    client.cookies["language"] = "en"


def picture(colour=(200, 30, 30), name="page.png") -> io.BytesIO:
    held = io.BytesIO()
    Image.new("RGB", (60, 80), colour).save(held, "PNG")
    held.seek(0)
    held.name = name
    return held


def begin(client, matter) -> Case:
    answer = client.post(f"/matters/{matter.slug}/apply/", {})
    assert answer.status_code == 302, answer.content.decode()
    return Case.objects.latest("id")


def filled(case: Case, **answers) -> dict:
    return {"revision": case.revision, "tab": "this-page", "reason": "work", "delivery": "e_licence", "truth": "true", "go": "on"} | answers  # fmt: skip


def send(client, case: Case, **given):
    return client.post(f"/apply/{case.ref}/submit", {"sign": "true", "key": "one"} | given)


# -- the way through


def test_one_person_gets_from_the_guide_to_a_case_with_its_receipt(client, applicant):
    case = begin(client, make.matter(form=FORM))

    form = client.get(f"/apply/{case.ref}/form/")
    there = client.post(f"/apply/{case.ref}/form/", filled(case))
    check = client.get(f"/apply/{case.ref}/check/")
    sent = send(client, case)
    page = client.get(sent["Location"])

    case.refresh_from_db()
    assert "张示范" in form.content.decode()
    assert there["Location"] == f"/apply/{case.ref}/materials/"
    assert check.context["lacking"].fields == {}
    assert sent["Location"] == f"/my/cases/{case.ref}/?sent=1"
    assert case.state == "submitted"
    assert case.number in page.content.decode() and case.query_code in page.content.decode()
    receipt = client.get(f"/my/cases/{case.ref}/papers/{case.documents.get().number}.pdf")
    assert receipt.content.startswith(b"%PDF")


def test_every_prefilled_value_says_where_it_came_from(client, applicant):
    case = begin(client, make.matter(form=FORM))

    page = client.get(f"/apply/{case.ref}/form/")

    assert set(page.context["sources"]) == {"name", "post_address"}
    assert page.content.decode().count("tb-source") >= 1


def test_sending_needs_the_person_to_be_there(client):
    account = make.account()
    enter(client, account)
    case = make.draft(make.matter(form=FORM), account_=account)

    answer = send(client, case)

    assert answer["Location"].startswith("/account/presence/?next=")
    case.refresh_from_db()
    assert case.state == "draft"


def test_sending_is_signing(client, applicant):
    case = make.draft(account_=applicant)

    answer = send(client, case, sign="")

    assert answer.status_code == 422
    assert answer.context["sign_errors"]
    case.refresh_from_db()
    assert case.state == "draft"


def test_what_is_missing_is_listed_with_links_and_nothing_is_sent(client, applicant):
    make.material_type("lease")
    matter = make.matter(form=FORM, requirements=[{"material": "lease", "required": True, "exempt": "none"}])
    case = begin(client, matter)

    answer = send(client, case)

    body = answer.content.decode()
    assert answer.status_code == 422
    assert f"/apply/{case.ref}/form/?judge=1&amp;field=reason#id_reason" in body
    assert f"/apply/{case.ref}/materials/#material-lease" in body
    case.refresh_from_db()
    assert case.state == "draft"


def test_a_form_with_mistakes_keeps_everything_that_was_typed(client, applicant):
    matter = make.matter(
        form=[*FORM, {"id": "area", "zh": "面积", "en": "Area", "type": "number", "required": True, "min": 1}]
    )
    case = begin(client, matter)

    answer = client.post(f"/apply/{case.ref}/form/", filled(case, area="abc", delivery=""))

    body = answer.content.decode()
    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"area", "delivery"}
    assert 'value="abc"' in body and 'value="work"' in body
    assert Case.objects.get(pk=case.pk).value("reason") == "work"


def test_a_question_that_follows_from_an_answer_keeps_what_is_known_for_it(client, applicant):
    case = begin(client, make.matter(form=FORM))

    client.post(f"/apply/{case.ref}/save", filled(case, delivery="post"))

    case.refresh_from_db()
    assert case.values["post_address"] == {
        "value": applicant.person.address, "source": "account", "at": case.values["post_address"]["at"], "changed": False,
    }  # fmt: skip
    client.post(f"/apply/{case.ref}/save", filled(case, delivery="post", post_address="elsewhere 1"))
    case.refresh_from_db()
    assert (case.values["post_address"]["value"], case.values["post_address"]["changed"]) == ("elsewhere 1", True)


def test_the_situation_decides_which_documents_are_asked_for(client, applicant):
    for slug in ("layout-plan", "lease"):
        make.material_type(slug)
    matter = make.matter(
        form=FORM,
        situations=[{"id": "a", "zh": "甲", "en": "A", "adds": ["layout-plan"]}, {"id": "b", "zh": "乙", "en": "B"}],
        requirements=[{"material": slug, "required": True, "exempt": "none"} for slug in ("layout-plan", "lease")],
    )
    case = begin(client, matter)

    nothing = client.post(f"/apply/{case.ref}/situation/", {})
    forged = client.post(f"/apply/{case.ref}/situation/", {"situation": "c"})
    seen = {}
    for situation in ("b", "a"):
        client.post(f"/apply/{case.ref}/situation/", {"situation": situation})
        page = client.get(f"/apply/{case.ref}/materials/")
        seen[situation] = sorted(one["row"].type.slug for one in page.context["wanted"])

    assert (nothing.status_code, forged.status_code) == (422, 422)
    assert seen == {"b": ["lease"], "a": ["layout-plan", "lease"]}


# -- drafts


def test_autosave_answers_when_and_which_revision(client, applicant):
    case = begin(client, make.matter(form=FORM))

    answer = client.post(
        f"/apply/{case.ref}/save", filled(case, reason="half a wo"), headers={"accept": "application/json"}
    )

    case.refresh_from_db()
    assert (answer.status_code, answer.json()["revision"], case.value("reason")) == (200, case.revision, "half a wo")


def test_the_page_that_saves_may_save_again_and_another_is_told(client, applicant):
    case = begin(client, make.matter(form=FORM))
    first = filled(case, reason="here", tab="first")

    assert client.post(f"/apply/{case.ref}/save", first).status_code == 200
    assert client.post(f"/apply/{case.ref}/save", first | {"reason": "here again"}).status_code == 200
    other = client.post(
        f"/apply/{case.ref}/save", filled(case, reason="there", tab="second"), headers={"accept": "application/json"}
    )

    assert (other.status_code, other.json()["code"]) == (409, "changed-elsewhere")
    assert Case.objects.get(pk=case.pk).value("reason") == "here again"


def test_a_form_sent_from_a_second_device_shows_both_and_loses_nothing(client, applicant):
    case = begin(client, make.matter(form=FORM))
    client.post(f"/apply/{case.ref}/save", filled(case, reason="on the phone", tab="phone"))

    answer = client.post(f"/apply/{case.ref}/form/", filled(case, reason="at the desk", tab="desk"))
    assert answer.status_code == 409
    assert 'value="at the desk"' in answer.content.decode()
    assert Case.objects.get(pk=case.pk).value("reason") == "on the phone"

    again = client.post(
        f"/apply/{case.ref}/form/",
        filled(case, reason="at the desk", tab="desk", revision=answer.context["case"].revision),
    )
    assert again.status_code == 302
    assert Case.objects.get(pk=case.pk).value("reason") == "at the desk"


def test_a_draft_goes_on_where_it_was_left_on_any_device(client, applicant):
    case = begin(client, make.matter(form=FORM))
    client.post(f"/apply/{case.ref}/form/", filled(case, later="1"))

    elsewhere = enter(type(client)(), applicant)
    lists = elsewhere.get("/my/drafts/").content.decode()
    resumed = elsewhere.get(f"/apply/{case.ref}/", follow=True)

    assert f"/apply/{case.ref}/" in lists
    assert 'value="work"' in resumed.content.decode()


def test_rows_are_added_and_taken_out_without_script(client, applicant):
    columns = {
        "id": "staff",
        "zh": "员工",
        "en": "Staff",
        "type": "table",
        "required": True,
        "columns": ["name", "task"],
    }
    case = begin(client, make.matter(form=[*FORM, columns]))
    typed = {"staff-0-name": "one", "staff-0-task": "cook", "staff-1-name": "two", "staff-1-task": "waiter"}

    more = client.post(f"/apply/{case.ref}/form/", filled(case, **typed) | {"add-row": "staff"})
    case.refresh_from_db()
    fewer = client.post(f"/apply/{case.ref}/form/", filled(case, **typed) | {"remove-row": "staff-0"})

    assert 'name="staff-2-name"' in more.content.decode()
    assert [row["name"] for row in Case.objects.get(pk=case.pk).value("staff")] == ["two"]
    assert 'name="staff-1-name"' not in fewer.content.decode()
    assert 'formaction="#id_staff"' in fewer.content.decode()


def test_a_wrong_cell_is_named_by_its_row_and_column(client, applicant, english):
    columns = {
        "id": "staff", "zh": "员工", "en": "Staff", "type": "table", "required": True, "columns": ["name", "id_no"],
        "labels": {"id_no": {"zh": "证件号码", "en": "ID number"}}, "column_types": {"id_no": "id_number"},
    }  # fmt: skip
    case = begin(client, make.matter(form=[*FORM, columns]))

    answer = client.post(f"/apply/{case.ref}/form/", filled(case, **{"staff-0-name": "one", "staff-0-id_no": "12"}))

    assert answer.context["labels"]["staff-0-id_no"] == "Staff 1 ID number"


def test_a_draft_is_deleted_with_its_answers_and_a_sent_case_is_not(client, applicant):
    draft, sent = make.draft(account_=applicant), make.submitted(account_=applicant)

    assert client.post(f"/apply/{draft.ref}/delete").status_code == 302
    assert client.post(f"/apply/{sent.ref}/delete").status_code == 409

    assert list(Case.objects.values_list("pk", flat=True)) == [sent.pk]


# -- exactly one case


def test_sent_twice_reloaded_and_gone_back_it_is_one_case(client, applicant):
    case = make.draft(account_=applicant)

    answers = [send(client, case), send(client, case), send(client, case, key="of another tab")]
    back = [client.get(f"/apply/{case.ref}/{step}/") for step in ("form", "materials", "check")]

    assert {answer["Location"] for answer in answers} == {f"/my/cases/{case.ref}/?sent=1"}
    assert {answer["Location"] for answer in back} == {f"/my/cases/{case.ref}/"}
    assert Case.objects.get(pk=case.pk).documents.count() == 1
    assert Case.objects.count() == 1


def test_a_page_left_open_changes_nothing_after_sending(client, applicant):
    case = make.submitted(account_=applicant)

    answer = client.post(f"/apply/{case.ref}/form/", filled(case, reason="secretly other"))

    assert answer["Location"] == f"/my/cases/{case.ref}/"
    assert Case.objects.get(pk=case.pk).value("reason") == "work"


# -- other people


ADDRESSES = [
    ("get", "/apply/{}/"), ("get", "/apply/{}/form/"), ("get", "/apply/{}/check/"), ("get", "/apply/{}/materials/"),
    ("get", "/my/cases/{}/"), ("get", "/my/cases/{}/withdraw"), ("get", "/my/cases/{}/rate/"),
    ("post", "/apply/{}/save"), ("post", "/apply/{}/submit"), ("post", "/apply/{}/delete"), ("post", "/my/cases/{}/ask"),
    ("post", "/my/cases/{}/open"), ("post", "/my/cases/{}/person"), ("post", "/my/cases/{}/withdraw"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_other_peoples_cases_and_unknown_ones_are_the_same_not_found(client, applicant, method, address):
    draft, sent = make.draft(), make.submitted()
    before = (draft.revision, sent.state)

    answers = [
        getattr(client, method)(address.format(ref), headers={"x-request-id": "same"})
        for ref in (draft.ref, sent.ref, "nosuchcase22")
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    bodies = {_without_secrets(answer.content.decode(), (draft.ref, sent.ref, "nosuchcase22")) for answer in answers}
    assert len(bodies) == 1
    draft.refresh_from_db(), sent.refresh_from_db()
    assert (draft.revision, sent.state) == before


def _without_secrets(body: str, refs) -> str:
    """What differs from page to page whoever asks: the address itself, tokens and the number of the request."""
    import re

    for ref in refs:
        body = body.replace(ref, "REF")
    return re.sub(r'(nonce|value|name="csrfmiddlewaretoken" value)="[^"]{16,}"|[0-9a-f]{12}', "", body)


def test_other_peoples_papers_are_not_found(client, applicant):
    case = make.submitted()
    other = make.submitted(account_=applicant)

    for ref in (case.ref, other.ref):
        assert client.get(f"/my/cases/{ref}/papers/{case.documents.get().number}.pdf").status_code == 404


# -- several spaces


def test_a_link_to_a_companys_case_leads_into_the_companys_space(client):
    person = make.person()
    account, company = make.account(person), make.company(of=person)
    matter = make.matter(objects_served=["company"], form=FORM)
    case = services.begin(matter, party=company, account=account)
    enter(client, account, space=person)

    page = client.get(f"/apply/{case.ref}/form/")

    assert page.status_code == 200
    assert client.session["space"] == company.pk


def test_a_tab_saves_for_the_company_though_another_tab_went_back_to_the_person(client):
    person = make.person()
    account, company = make.account(person), make.company(of=person)
    case = services.begin(make.matter(objects_served=["company"], form=FORM), party=company, account=account)
    enter(client, account, space=person)

    answer = client.post(f"/apply/{case.ref}/save", filled(case, reason="for the shop"))

    assert answer.status_code == 200
    assert Case.objects.get(pk=case.pk).value("reason") == "for the shop"
    assert client.session["space"] == person.pk


def test_beginning_for_a_company_from_ones_own_space(client):
    person = make.person()
    account, company = make.account(person), make.company(of=person)
    enter(client, account, space=person)
    matter = make.matter(objects_served=["company"], form=FORM)

    assert company.name in client.get(f"/matters/{matter.slug}/apply/").content.decode()
    case = begin(client, matter)

    assert case.applicant_id == company.pk


# -- documents


@pytest.fixture
def wanting_a_lease(client, applicant) -> Case:
    for slug in ("lease", "plan"):
        make.material_type(slug)
    matter = make.matter(
        form=FORM, requirements=[{"material": slug, "required": True, "exempt": "none"} for slug in ("lease", "plan")]
    )
    case = begin(client, matter)
    client.post(f"/apply/{case.ref}/form/", filled(case))
    return case


def material(case: Case, slug="lease") -> CaseMaterial:
    return case.materials.get(type__slug=slug)


def test_several_pages_become_one_document_and_are_taken_out_one_by_one(client, wanting_a_lease):
    case = wanting_a_lease
    address = f"/apply/{case.ref}/materials/lease"

    client.post(address, {"file": [picture(), picture((0, 0, 200))]})
    client.post(address, {"file": picture((0, 200, 0))})
    assert material(case).document.pages.count() == 3
    client.post(address, {"remove-page": material(case).document.pages.get(order=2).pk})
    page = client.get(f"/apply/{case.ref}/materials/").content.decode()

    assert material(case).document.pages.count() == 2
    assert page.count('name="remove-page"') == 2
    client.post(address, {"detach": "1"})
    assert material(case).how == "missing"


def test_a_refused_file_is_told_in_words_and_everything_else_is_kept(client, wanting_a_lease, english):
    case = wanting_a_lease
    client.post(f"/apply/{case.ref}/materials/plan", {"file": picture()})
    program = io.BytesIO(b"MZ\x90\x00this is a program")
    program.name = "plan.png"

    page = client.post(f"/apply/{case.ref}/materials/lease", {"file": program})
    data = client.post(
        f"/apply/{case.ref}/materials/lease",
        {"file": io.BytesIO(b"hello, plain text")},
        headers={"accept": "application/json"},
    )

    assert (page.status_code, data.status_code) == (422, 422)
    assert "plan.png" in page.content.decode()
    assert data["Content-Type"] == "application/problem+json" and data.json()["title"]
    assert (material(case).how, material(case, "plan").how) == ("missing", "upload")
    assert Case.objects.get(pk=case.pk).value("reason") == "work"


def test_sending_no_file_is_said_at_the_field_of_that_paper_and_every_field_has_its_own_label(
    client, wanting_a_lease, english
):
    case = wanting_a_lease

    page = client.post(f"/apply/{case.ref}/materials/lease", {})
    words = page.content.decode()
    fields = re.findall(r'<input[^>]*type="file"[^>]*>', words)
    ids = [re.search(r' id="([^"]+)"', one)[1] for one in fields]

    assert page.status_code == 422
    assert [one for one in fields if 'aria-invalid="true"' in one] == [fields[0]]
    assert "No file was chosen." in words and 'id="file-lease-error"' in words
    assert len(set(ids)) == 2 and all(f'for="{one}"' in words for one in ids)


def test_pages_are_shown_to_their_owner_and_to_nobody_else(client, wanting_a_lease):
    case = wanting_a_lease
    client.post(f"/apply/{case.ref}/materials/lease", {"file": picture()})
    document = material(case).document
    address = f"/my/papers/{document.key}/{document.pages.get().pk}"

    mine = client.get(address)
    theirs = enter(type(client)(), make.account()).get(address)

    assert (mine.status_code, mine["X-Content-Type-Options"], theirs.status_code) == (200, "nosniff", 404)


def test_what_was_handed_in_stays_and_a_correction_works_on_a_copy(client, wanting_a_lease):
    case = wanting_a_lease
    for slug in ("lease", "plan"):
        client.post(f"/apply/{case.ref}/materials/{slug}", {"file": [picture(), picture((0, 0, 200))]})
    send(client, case)
    case.refresh_from_db()
    handed_in = material(case).document
    services.start_pre_review(case), services.pass_pre_review(case)
    services.request_correction(
        case, [{"material": "lease", "page": 2, "text": "cannot be read"}], officer=ways.hall("window_officer")
    )

    first = client.get(f"/apply/{case.ref}/form/").content.decode()
    client.post(f"/apply/{case.ref}/materials/lease", {"remove-page": handed_in.pages.get(order=2).pk})
    client.post(f"/apply/{case.ref}/materials/lease", {"file": picture((9, 9, 9))})
    answer = send(client, case)

    case.refresh_from_db()
    now = material(case).document
    assert "cannot be read" in first
    assert (answer.status_code, case.state) == (302, "received")
    assert handed_in.pages.count() == 2 and Page.objects.filter(document=handed_in).count() == 2
    assert now.pk != handed_in.pk and now.pages.count() == 2 and now.state == "handed_in"


def test_a_marked_answer_that_was_changed_counts_as_answered(client, applicant):
    case = make.case("correction_requested", make.matter(form=FORM), account_=applicant)

    open_point = send(client, case)
    client.post(f"/apply/{case.ref}/form/", filled(case, reason="work at the café in River Lane"))
    sent = send(client, case)

    assert open_point.status_code == 409
    assert sent.status_code == 302
    assert Case.objects.get(pk=case.pk).state == "received"


def test_a_licence_stands_in_for_paper_and_shared_data_too(client, applicant):
    make.material_type("id-paper", licence_type="residence-permit")
    ways.bring("closed", account_=applicant)
    matter = make.matter(form=FORM, requirements=[{"material": "id-paper", "required": True, "exempt": "licence"}])
    case = begin(client, matter)
    client.post(f"/apply/{case.ref}/form/", filled(case))

    page = client.get(f"/apply/{case.ref}/materials/")
    send(client, case)

    licence = material(case, "id-paper").licence
    assert [one["row"].how for one in page.context["ready"]] == ["licence"]
    assert [call.about for call in licence.calls.all()] == [f"case:{case.pk}"]


# -- lists


def test_lists_ask_the_database_the_same_for_one_row_and_for_three(client, applicant, monkeypatch):
    monkeypatch.setattr(departments, "LOOK_AGAIN_AFTER", 3600)  # or some second of the test asks for the calendar again
    matter = make.matter(form=FORM)
    counts = {}

    for _number in (1, 2, 3):
        make.submitted(matter, account_=applicant), make.draft(matter, account_=applicant)
        for address in ("/my/cases/", "/my/drafts/"):
            client.get(address)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(address).status_code == 200
            counts.setdefault(address, []).append(len(asked))

    assert {address: len(set(each)) for address, each in counts.items()} == {"/my/cases/": 1, "/my/drafts/": 1}


def test_the_list_of_cases_goes_on_page_by_page_without_losing_one(client, applicant):
    matter = make.matter(form=FORM)
    everything = [make.submitted(matter, account_=applicant).number for _number in range(27)]
    found, address = [], "/my/cases/"

    while address:
        page = client.get(address)
        found += [one["case"].number for one in page.context["rows"]]
        address = f"/my/cases/?before={page.context['next']}" if page.context["next"] else ""

    assert found == list(reversed(everything))


# -- every kind of field

EVERY = [
    {"id": "a_text", "type": "text"}, {"id": "a_number", "type": "number"}, {"id": "a_money", "type": "money"},
    {"id": "a_date", "type": "date"}, {"id": "a_boolean", "type": "boolean"},
    {"id": "a_choice", "type": "choice", "options": ["x", "y"]}, {"id": "a_multi", "type": "multi", "options": ["x", "y"]},
    {"id": "a_address", "type": "address"}, {"id": "a_phone", "type": "phone"}, {"id": "a_id", "type": "id_number"},
    {"id": "a_uscc", "type": "uscc"}, {"id": "a_person", "type": "person"}, {"id": "a_company", "type": "company_name"},
    {"id": "a_scope", "type": "scope_codes"}, {"id": "a_table", "type": "table", "columns": ["name", "task"]},
    {"id": "a_photo", "type": "photo"}, {"id": "a_bank", "type": "bank_account"}, {"id": "a_reference", "type": "reference"},
    {"id": "a_slot", "type": "slot"}, {"id": "a_division", "type": "division"}, {"id": "a_consent", "type": "consent"},
]  # fmt: skip
SAID = {
    "a_text": "words", "a_number": "12", "a_money": "12.50", "a_date": "2026-03-03", "a_boolean": "true", "a_choice": "x",
    "a_multi": ["x", "y"], "a_address": "River Lane 1", "a_phone": "13800138000", "a_id": "99000019961120007X",
    "a_uscc": "91990000999990002Q", "a_person-name": "王演练", "a_person-id_kind": "id-card",
    "a_person-id_no": "99000019961120007X", "a_company": "示范餐饮有限公司", "a_scope": ["餐饮服务", ""],
    "a_table-0-name": "one", "a_table-0-task": "cook", "a_bank": "9900000000000000109", "a_reference": "R-1",
    "a_slot": "2099-03-03T09:00", "a_consent": "true",
}  # fmt: skip


def test_every_kind_of_field_is_asked_kept_and_shown_again(client, applicant):
    form = [{"zh": one["id"], "en": one["id"], "required": False} | one for one in EVERY]
    case = begin(client, make.matter(form=form))
    asked = client.get(f"/apply/{case.ref}/form/").content.decode()

    answer = client.post(
        f"/apply/{case.ref}/form/", {"revision": case.revision, "tab": "t", **SAID, "a_photo": picture()}
    )

    errors = (
        {}
        if answer.status_code == 302
        else {name: [str(one) for one in each] for name, each in answer.context["errors"].items()}
    )
    assert errors.keys() == set(), json.dumps(errors, ensure_ascii=False)
    case.refresh_from_db()
    kept = {name for name in (one["id"] for one in EVERY) if case.value(name) not in (None, "", [])}
    assert kept | {"a_division"} == {one["id"] for one in EVERY}
    for one in EVERY:
        assert f'name="{one["id"]}' in asked, one
    page = client.get(f"/apply/{case.ref}/check/").content.decode()
    assert all(word in page for word in ("words", "12.50", "River Lane 1", "王演练", "餐饮服务", "cook"))


def test_matters_that_are_not_online_say_so(client, applicant):
    matter = make.matter(form=FORM)
    MatterVersion.objects.filter(matter=matter).update(online_depth=1)

    page = client.get(f"/matters/{matter.slug}/apply/")
    answer = client.post(f"/matters/{matter.slug}/apply/", {})

    assert page.status_code == 200
    assert answer.status_code == 409
    assert not Case.objects.exists()
