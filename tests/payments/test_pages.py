"""Pages of money: what one owes and paying it, and the office's side, through real addresses."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from tests import doors, make
from tests.payments import tills
from tongban.cases import receipt_sheet
from tongban.journal.models import ReadEntry
from tongban.payments import queries, services
from tongban.payments.gateways import simulated
from tongban.payments.models import Bill, Payment, Receipt, Reduction, Refund, StatementLine, TwinCharge

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def at_home(account) -> Client:
    return doors.enter(Client(headers={"accept-language": "en"}), account)


def at_the_desk(*roles, of="DSO") -> Client:
    return doors.enter(Client(headers={"accept-language": "en"}), make.officer(*roles, of=make.department(of)).account)


@pytest.fixture
def account():
    return make.account()


def test_what_one_owes_is_paid_at_once_on_the_simulated_page_which_says_what_it_is(account):
    first, second = make.bill(account.person, 40), make.bill(account.person, 120)
    client = at_home(account)
    owed = client.get("/my/bills/")
    assert "¥160" in owed.text and owed.text.count('name="bill"') == 2

    twin = client.post("/my/bills/pay", {"bill": [first.number, second.number]})
    assert twin.status_code == 302 and twin["Location"].startswith("/simulated-payment/")
    page = client.get(twin["Location"])
    assert "no money moves" in page.text and "¥160" in page.text and "and 1 more" in page.text
    back = client.post(twin["Location"], {"way": "silent"})
    waiting = client.get(back["Location"])
    assert "We have not heard yet" in waiting.text and "nothing is charged twice" in waiting.text

    asked = client.post(f"{back['Location']}ask")
    assert "We have asked the payment service again" in client.get(asked["Location"]).text
    tills.work()
    paid = client.get(asked["Location"])

    assert "Paid. Thank you." in paid.text and "Simulation: no money moved" in paid.text
    assert "Nothing to pay" in client.get("/my/bills/").text
    assert set(Bill.objects.values_list("state", flat=True)) == {"paid"}


def test_pressed_twice_and_in_two_tabs_it_is_one_payment(account):
    bill = make.bill(account.person)
    pages = {at_home(account).post("/my/bills/pay", {"bill": bill.number})["Location"] for _tab in range(3)}

    assert len(pages) == 1 and Payment.objects.count() == 1
    assert "Being paid at this moment" in at_home(account).get("/my/bills/").text


def test_a_forged_notice_changes_nothing_and_closing_the_window_loses_nothing(account, monkeypatch):
    knocked = []
    monkeypatch.setattr(simulated, "post", lambda body, headers: knocked.append(
        Client().post("/gateways/simulated/notices", body, content_type="application/json", headers=headers).status_code
    ) or knocked[-1])  # fmt: skip
    client, bill = at_home(account), make.bill(account.person)
    twin = client.post("/my/bills/pay", {"bill": bill.number})["Location"]

    forged = client.post(twin, {"way": "forged"}, follow=True)
    assert "signed with a wrong key" in forged.text and "has not answered yet" in forged.text
    tills.work()
    assert (knocked, Payment.objects.get().state) == ([400], "started")
    page = client.get(twin).text
    assert "What should happen?" in page and "not believed" in page  # still open: nobody paid

    client.post(twin, {"way": "again"})
    tills.work()
    assert (knocked, Payment.objects.get().state) == ([400, 200, 200], "confirmed")
    page = client.get(twin).text
    assert "It is not charged again" in page and page.count("The office answered: taken") == 2
    client.post(twin, {"way": "pay"})
    assert TwinCharge.objects.get().times == 1


def test_stopped_it_can_be_paid_anew(account):
    client, bill = at_home(account), make.bill(account.person)
    client.post("/my/bills/pay", {"bill": bill.number})
    ref = Payment.objects.get().ref

    stopped = client.post(f"/my/payments/{ref}/stop")

    assert "Nothing was charged" in client.get(stopped["Location"]).text
    assert "cannot be paid any more" in client.get(f"/simulated-payment/{TwinCharge.objects.get().key}/").text
    client.post("/my/bills/pay", {"bill": bill.number})
    assert Payment.objects.count() == 2


def test_nothing_chosen_or_somebody_elses_number_is_answered(account):
    client = at_home(account)
    other = make.bill(make.account().person)

    assert client.post("/my/bills/pay", {}).status_code == 422
    for number in (other.number, "F1", "\x00"):
        assert client.post("/my/bills/pay", {"bill": number}).status_code in {400, 404, 422}
    assert client.get(f"/my/bills/{other.number}/").status_code == 404
    assert Payment.objects.count() == 0


def test_the_simulated_page_is_not_there_outside_the_demonstration(account, settings):
    tills.begun(make.bill(account.person))
    address = f"/simulated-payment/{TwinCharge.objects.get().key}/"
    assert Client().get(address).status_code == 200
    settings.DEMO = False

    assert Client().get(address).status_code == 404


def test_a_receipt_is_a_sealed_pdf_for_its_payer_that_says_that_no_money_moved(account):
    tills.paid(tills.begun(make.bill(account.person)))
    receipt = Receipt.objects.get()

    answer = at_home(account).get(f"/my/receipts/{receipt.number}.pdf")

    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert b"/ByteRange" in answer.content  # sealed
    assert "Demonstration, no money moved" in str(receipt_sheet.NO_MONEY.text)
    assert at_home(make.account()).get(f"/my/receipts/{receipt.number}.pdf").status_code == 404
    assert ReadEntry.objects.filter(purpose="own bills", of_party=account.person.pk).exists()


def test_the_number_of_questions_to_the_database_does_not_grow_with_the_bills(account):
    counts = []
    client = at_home(account)
    for more in (1, 3):
        for _bill in range(more):
            make.bill(account.person)
            tills.paid(tills.begun(make.bill(account.person)))
        for address in ("/my/bills/",):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(address).status_code == 200
            counts.append(len(asked))

    assert counts[0] == counts[1]


# -- the office


def test_money_is_taken_at_a_window_with_a_receipt(account):
    bill, client = make.bill(account.person), at_the_desk("window_officer")
    assert "Take the money at the window" in client.get(f"/office/bills/{bill.number}/").text

    assert client.post(f"/office/bills/{bill.number}/take", {"method": ""}).status_code == 422
    assert bill.number in client.get("/office/payments/", {"find": bill.number}).text  # nothing was paid for it yet
    other = client.post(f"/office/bills/{bill.number}/take", {"method": "cash", "counted": bill.total + 1})
    assert other.status_code == 409 and "The bill was changed meanwhile" in other.text and not Receipt.objects.exists()
    done = client.post(f"/office/bills/{bill.number}/take", {"method": "cash", "counted": bill.total})

    page = client.get(done["Location"])
    assert "The money is taken" in page.text and Receipt.objects.get().number in page.text
    assert client.get(f"/office/receipts/{Receipt.objects.get().number}.pdf").content.startswith(b"%PDF")
    assert client.post(f"/office/bills/{bill.number}/take", {"method": "cash"}).status_code == 409
    assert ReadEntry.objects.filter(purpose="accounts", about=bill.about, of_party=account.person.pk).exists()


def test_a_bill_being_paid_online_says_so_at_the_window(account):
    bill = make.bill(account.person)
    tills.begun(bill)

    page = at_the_desk("window_officer").get(f"/office/bills/{bill.number}/").text

    assert "it would be charged twice" in page and "Take the money at the window" not in page


def test_refund_and_reduction_pass_a_second_person(account):
    paid, open_ = make.bill(account.person), make.bill(account.person)
    tills.paid(tills.begun(paid))
    first, second = at_the_desk("issuing_officer"), at_the_desk("coordinator")

    bad = first.post(f"/office/bills/{paid.number}/refund", {"amount": "x", "why": "mistake", "reason": "wrong"})
    assert bad.status_code == 422 and "Write an amount in yuan" in bad.text and "wrong" in bad.text
    first.post(f"/office/bills/{paid.number}/refund", {"amount": "40", "why": "mistake", "reason": "wrong"})
    bare = first.post(
        f"/office/bills/{open_.number}/reduce", {"all": "1", "amount": "", "reason": "poor", "ground": ""}
    )
    assert bare.status_code == 422 and 'name="all" value="1" checked' in bare.text  # what was ticked is ticked still
    first.post(f"/office/bills/{open_.number}/reduce", {"all": "1", "reason": "poor", "ground": "art. 5"})
    refund, reduction = Refund.objects.get(), Reduction.objects.get()
    assert first.post(f"/office/money/refunds/{refund.pk}/approve").status_code == 409
    assert "somebody else says yes or no" in first.get("/office/money/second-person/").text

    agreed = second.post(f"/office/money/refunds/{refund.pk}/approve", follow=True)
    waived = second.post(f"/office/money/reductions/{reduction.pk}/grant", follow=True)
    assert ["Agreed." in agreed.text, "Granted:" in waived.text] == [True, True]
    tills.work()

    assert [row.state for row in Bill.objects.order_by("pk")] == ["refunded", "waived"]
    assert "Nothing waits here." in second.get("/office/money/second-person/").text


def test_the_registry_finds_by_bill_and_pages_by_key_with_constant_questions(account):
    client = at_the_desk("coordinator")
    counts = []
    for more in (1, 3):
        for _bill in range(more):
            tills.paid(tills.begun(make.bill(account.person)))
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/office/payments/")
        counts.append(len(asked))
    number = Bill.objects.first().number

    assert counts[0] == counts[1] and page.text.count("<tr data-href") == 4
    assert account.person.name not in page.text
    assert (
        client.get(f"/office/payments/?find={number}").text.count("<tr data-href") == 2
    )  # the bill, and what was paid for it
    Bill.objects.filter(number=number).update(label="310107261123000099")
    paid = Payment.objects.get(shares__bill__number=number)
    assert client.get("/office/payments/?find=310107261123000099").text.count("<tr data-href") == 2
    assert client.get(f"/office/payments/?find={paid.gateway_id}").text.count("<tr data-href") == 1
    if connection.vendor == "sqlite":
        assert (
            "bills_by_label"
            in queries.seen_by(make.officer("coordinator")).filter(queries._of_bill("310107261123000099")).explain()
        )
    assert client.get("/office/payments/?state=failed").text.count("<tr data-href") == 0
    rows, following = queries.registry(make.officer("coordinator"), limit=3)
    assert [row.pk for row in rows] == sorted((row.pk for row in rows), reverse=True) and following == rows[-1].pk
    assert client.get("/office/payments/?day=x&before=y&state=z&gateway=%00").status_code == 200


def test_the_day_is_compared_noted_and_taken_along_as_a_table_without_formulas(account):
    tills.paid(tills.begun(make.bill(account.person)))
    TwinCharge.objects.update(amount=1)
    client, today = at_the_desk("coordinator"), timezone.localdate().isoformat()

    done = client.post("/office/money/days/", {"gateway": "simulated", "day": today})
    assert "the amounts differ" in client.get(done["Location"]).text
    client.post(f"/office/money/lines/{StatementLine.objects.get().pk}/clear", {"note": "=cmd|' /C calc'!A0"})
    table = client.get(f"/office/money/days/simulated/{today}.csv").content.decode("utf-8-sig")

    assert table.splitlines()[1].startswith(
        f"simulated,{today},payment,{Payment.objects.get().ref},0.01,40.00,differs,'=cmd"
    )
    assert client.post("/office/money/days/", {"gateway": "simulated", "day": "2999-01-01"}).status_code == 422
    assert at_the_desk("window_officer").get("/office/money/days/").status_code == 403


def test_a_fee_that_is_not_taken_is_said_on_the_case_with_everything_typed():
    case = make.case("approved", make.matter(fee={"charged": True, "amount": None, "cases": []}))
    tills.work()
    client = at_the_desk("issuing_officer")

    page = client.post(f"/office/cases/{case.ref}/fee", {"amount": "0", "ground": "List of fees 2026, number 14"})

    assert (page.status_code, queries.bill_for(case.subject)) == (422, None)
    assert "Write an amount above nothing." in page.text and "List of fees 2026, number 14" in page.text


def test_the_case_shows_its_bill_to_both_sides():
    case = make.case("approved", make.matter(fee={"charged": True, "amount": 40}))
    tills.work()
    bill = queries.bill_for(case.subject)

    assert "Pay the fee" in at_home(case.account).get(f"/my/cases/{case.ref}/").text
    assert bill.number in at_home(case.account).get("/my/bills/").text
    window = make.officer("issuing_officer", of=make.department("DSO"))
    services.take_at_window([bill], officer=make.officer("window_officer", of=make.department("DSO")), method="cash")
    tills.work()
    assert "Bill and receipts" in at_home(case.account).get(f"/my/cases/{case.ref}/").text
    assert window.pk
