"""Fields that a formula fills and the fee that follows from them, through the pages: what the server reckons is the truth, with script and without."""

import pytest

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tests.doors import enter
from tongban.cases import correction, planning, rules, services
from tongban.cases.models import Case
from tongban.channels.portal import bundle_words
from tongban.lib.problems import NotAllowed
from tongban.payments import queries as payments

pytestmark = pytest.mark.django_db

OF_ROWS = {"map": [{"var": "items"}, {"*": [{"var": "pieces"}, {"var": "price"}]}]}
FORM = [
    make.SMALL_FORM[0],
    {"id": "items", "zh": "物品", "en": "Things", "type": "table", "columns": [
        {"id": "pieces", "zh": "件数", "en": "Pieces", "type": "number"},
        {"id": "price", "zh": "单价", "en": "Price", "type": "money"},
    ]},
    {"id": "total", "zh": "合计", "en": "In all", "type": "money", "required": True, "formula": {"sum": [OF_ROWS]}},
    {"id": "why", "zh": "说明", "en": "Why so much", "type": "text", "required": True, "show_if": "total > 100"},
    make.SMALL_FORM[3],
]  # fmt: skip
FEE = {
    "charged": True, "amount": None, "when": "acceptance", "text": {"zh": "合计的1%", "en": "1% of it"},
    "reckoned": {"way": "share", "field": "total", "percent": 1, "least": 0.5},
}  # fmt: skip


@pytest.fixture
def case(client) -> Case:
    account = make.account(make.person(mobile="13800000000"))
    enter(client, account, present=True)
    client.cookies["language"] = "en"
    answer = client.post(f"/matters/{make.matter(form=FORM, fee=FEE).slug}/apply/", {})
    assert answer.status_code == 302
    return Case.objects.latest("id")


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def sent(case: Case, *rows: tuple[str, str], **more) -> dict:
    cells = {
        f"items-{n}-{name}": said
        for n, row in enumerate(rows)
        for name, said in zip(("pieces", "price"), row, strict=True)
    }
    return {"revision": fresh(case).revision, "tab": "page", "truth": "true", "go": "on", **cells, **more}


def test_the_page_is_told_the_result_while_typing_and_nobody_can_send_another(client, case):
    empty = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert '<output id="id_total"' in empty and ">—</output>" in empty and 'name="total" value' not in empty
    assert "Reckoned from:" in empty and "NaN" not in empty

    told = client.post(f"/apply/{case.ref}/save", sent(case, ("3", "0.10"), ("1", ""), total="9999")).json()
    assert told["reckoned"] == {
        "total": "0.30 yuan"
    }  # a row that is not whole is left out; what was posted counts for nothing
    assert rules.plain_values(fresh(case).values)["total"] == "0.30"
    told = client.post(f"/apply/{case.ref}/save", sent(case, total="5")).json()
    assert told["reckoned"] == {"total": "—"} and "total" not in fresh(case).values

    judged = client.post(f"/apply/{case.ref}/form/", sent(case, total="77"))  # without script: each step
    assert judged.status_code == 422 and "cannot be reckoned yet. Please answer: Things" in judged.content.decode()
    shown = client.post(f"/apply/{case.ref}/form/", sent(case, ("2", "60.25"))).content.decode()
    assert ">120.50 yuan</output>" in shown and 'name="why"' in shown  # a result decides what is asked, as any answer


def test_the_fee_that_follows_is_told_before_sending_billed_to_the_fen_and_stands_from_acceptance(client, case):
    client.post(f"/apply/{case.ref}/form/", sent(case, ("2", "40.25")))
    page = client.get(f"/apply/{case.ref}/check/").content.decode()
    assert "¥0.81" in page and "1% of “In all”" in page and "In all" in page
    fresh_case = fresh(case)
    fresh_case.values["total"]["value"] = "1.00"  # however it got there: sending reckons anew
    fresh_case.save()
    case = services.submit(fresh(case), account=case.account, level=3, key="one")
    assert rules.plain_values(case.values)["total"] == "80.50"

    case = services.pass_pre_review(services.start_pre_review(fresh(case)))
    corrected = services.request_correction(
        case, [{"field": "total", "text": "too much"}], officer=ways.hall("window_officer"), only_marked=True
    )
    assert {"total", "items"} <= correction.changeable(
        corrected
    ).fields  # to change a result is to change what it is of
    client.post(f"/apply/{case.ref}/form/", sent(case, ("1", "40.25"), ("1", "40.00"), total="1"))
    case = services.correct(fresh(case), account=case.account, level=3)
    case = services.accept(fresh(case), officer=ways.hall("window_officer"))
    bill = payments.bill_for(case.subject)
    line = bill.lines.get()
    assert (bill.total, line.amount) == (80, 80)
    assert line.text["en"].endswith("rounded to the nearest fen; for the answer 80.25: CNY 0.80")
    assert "合计" in line.text["zh"] and "计0.80元" in line.text["zh"]
    with pytest.raises(NotAllowed) as locked:  # a billed fee cannot come to differ from its answers
        services.save(case, {"items": []}, revision=case.revision, account=case.account)
    assert locked.value.code == "not-editable"


def test_in_a_bundle_each_fee_is_reckoned_from_its_members_answers_and_they_are_summed():
    form = [*make.SMALL_FORM[:1], *FORM[1:3]]
    other = {**FEE, "reckoned": {"way": "piece", "field": "rows:items", "each": 4}}
    matter = shop.bundle(
        optional=("sign",), of={"food": {"fee": FEE, "form": form}, "sign": {"fee": other, "form": form}}
    )
    case = shop.draft(matter, ("sign",))
    asked = rules.form_of(case)
    assert [one.id for one in asked.reckoned_fields] == ["total"]  # the same formula of the same question: once
    assert bundle_words.fees(planning.plan_of(case))["open"]
    services.save(
        case, {"items": [{"pieces": 10, "price": "12.00"}, {"pieces": 1, "price": "0.99"}]},
        revision=case.revision, account=case.account,
    )  # fmt: skip

    told = bundle_words.checked(shop.fresh(case))["fees"]
    assert {row["amount"] for row in told["rows"]} == {"¥1.21", "¥8"} and told["total"] == "¥9.21" and not told["open"]
