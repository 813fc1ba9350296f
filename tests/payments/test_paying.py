import pytest
from tests import make
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.payments import services, queries
from tongban.payments.gateways import simulated, gateway
from tongban.payments.models import *

pytestmark = pytest.mark.django_db

def work():
    while journal.work_once():
        pass

def test_a():
    case = make.case("approved", make.matter(fee={"charged": True, "amount": 10}))
    work()
    bill = queries.bill_for(case.subject)
    payment = services.start([bill], party=case.applicant, account=case.account)
    page = services.open_page(payment)
    print(page)
    charge = simulated.charge(page.split("/")[2])
    simulated.choose(charge, "silent")
    services.ask_soon(payment)
    work()
    assert Case.objects.get(pk=case.pk).state == "ready"
    assert Receipt.objects.get().number
