"""The read log cannot be written: nobody sees personal data, not even for a minute; guides go on. Then all is as before."""

import os
import random
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests import make
from tests.cases.ways import work
from tests.doors import enter
from tongban.journal.models import ReadEntry
from tongban.licences.models import Licence

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
LOOKS = int(os.environ.get("TONGBAN_LOOKS", "120"))
NAME, NUMBER = "欧阳阿里木江", "990000196503120038"


@contextmanager
def a_read_log_that_takes_nothing():
    """As a full or locked store answers; everything else of the database goes on."""

    def refused(execute, sql, params, many, context):
        if sql.startswith("INSERT INTO") and "journal_readentry" in sql.split("VALUES")[0]:
            raise OperationalError("disk I/O error")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refused):
        yield


@pytest.fixture
def house(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    make.licence_type("residence-permit")
    matter = make.matter("a-guide", result={"kind": "e_licence", "ref": "residence-permit"})
    account = make.account(make.person(name=NAME, id_no=NUMBER))
    case = make.case("approved", matter, account_=account)
    work()
    citizen, officer = Client(), Client()
    citizen.raise_request_exception = officer.raise_request_exception = False
    enter(citizen, account, present=True)
    enter(officer, make.officer("dept_reviewer", of=case.department).account)
    licence = Licence.objects.get()
    return {
        "looks": [
            (citizen, f"/my/cases/{case.ref}/"),
            (citizen, f"/my/licences/{licence.pk}/"),
            (officer, f"/office/cases/{case.ref}/"),
        ],
        "guides": [(Client(), "/"), (Client(), "/matters/a-guide/"), (citizen, "/matters/a-guide/")],
    }


def shows_somebody(answer) -> bool:
    return answer.status_code == 200 and NAME in answer.content.decode()


def test_while_reads_cannot_be_written_down_none_is_shown_and_guides_go_on(house):
    choice = random.Random(30)
    before = ReadEntry.objects.count()
    unaudited = refused = 0
    with a_read_log_that_takes_nothing():
        for _look in range(LOOKS):
            client, address = choice.choice(house["looks"])
            answer = client.get(address)
            unaudited += NAME in answer.content.decode()
            refused += answer.status_code == 503
            assert "retry-after" in answer.headers
        for client, address in house["guides"]:
            assert client.get(address).status_code == 200

    print(f"\n{LOOKS} looks while the log takes nothing: {refused} refused with 503, {unaudited} shown unwritten")
    assert (unaudited, refused) == (0, LOOKS)
    assert ReadEntry.objects.count() == before


def test_control_when_the_log_works_the_same_pages_show_the_person_and_each_look_is_written(house):
    for client, address in house["looks"]:
        before = ReadEntry.objects.count()
        assert shows_somebody(client.get(address)), address
        assert ReadEntry.objects.count() > before, address
