"""The wallet as people use it: their own cards, their family's and companies', showing, sharing, letting in, reporting, the record."""

import json
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import make
from tests.doors import enter
from tests.eyes import without_tokens
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry
from tongban.licences import by_number, services
from tongban.licences.models import (
    FaceReport,
    Licence,
    LicenceAuthority,
    LicenceCall,
    LicenceOpening,
    LicencePresentation,
)
from tongban.parties.kin_states import KinState
from tongban.parties.models import Kinship, Mandate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]

FACE = {"name": "张示范", "id_no": "990000199001010011", "address": "示范路1号", "class": "C1"}


def issued(holder, decision="case:1", slug="driving", **more) -> Licence:
    today = timezone.localdate()
    kind = make.licence_type(slug, face_fields=["name", "id_no", "address", "class", "valid_to"], name={"zh": slug, "en": slug.title()})  # fmt: skip
    given = {"valid_to": today + timedelta(days=400), "face": FACE} | more
    return services.issue(
        kind, holder=holder, decision=decision, issued_on=today, valid_from=today, actor=PLATFORM, **given
    )


@pytest.fixture
def owner(client):
    make.calendar()
    account = make.account(make.person("张示范"))
    enter(client, account, present=True)
    return account


@pytest.fixture
def row(owner) -> Licence:
    return issued(owner.person)


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def shown(client, row) -> str:
    """The address in the code on the screen."""
    return json.loads(client.get(f"/my/licences/{row.pk}/show/", headers={"accept": "application/json"}).content)["address"].rpartition("/")[2]  # fmt: skip


# -- all of them


def test_family_and_companies_stand_on_the_same_page_each_under_its_holder(client, owner, row):
    child = make.person("张小满", birth_date=date(2016, 5, 1))
    Kinship.objects.create(person=child, relative=owner.person, kind="child", state=KinState.CONFIRMED, ref="k" * 12)
    company = make.company(of=owner.person)
    rows = [row, issued(child, "case:2", "vaccination"), issued(company, "case:3", "food")]
    issued(make.person("别人"), "case:4", "other")

    answer = client.get("/my/licences/")

    assert [group["holder"].name for group in answer.context["groups"]] == ["张示范", company.name, "张小满"]
    assert {one.pk for one in answer.context["in_force"]} == {one.pk for one in rows}
    assert ReadEntry.objects.filter(of_party=child.pk, purpose="own licences").exists()


def test_a_child_that_has_grown_up_is_not_there_any_more(client, owner, row):
    grown = make.person("张大满", birth_date=date(2000, 5, 1))
    Kinship.objects.create(person=grown, relative=owner.person, kind="child", state=KinState.CONFIRMED, ref="k" * 12)
    theirs = issued(grown, "case:2", "other")

    assert [one.pk for one in client.get("/my/licences/").context["in_force"]] == [row.pk]
    assert client.get(f"/my/licences/{theirs.pk}/show/").status_code == 404


@pytest.mark.parametrize("many", [2, 12])
def test_the_wallet_asks_the_database_the_same_number_of_times(client, owner, many, django_assert_max_num_queries):
    for n in range(many):
        issued(owner.person, f"case:{n}", f"kind-{n}")
    client.get("/my/licences/")

    with django_assert_max_num_queries(24):
        client.get("/my/licences/")


def test_many_licences_are_searched_by_kind_holder_and_number(client, owner):
    rows = [issued(owner.person, f"case:{n}", f"kind-{n}") for n in range(10)]

    html = page(client, "/my/licences/")
    by_kind = client.get("/my/licences/?q=Kind-7").context["in_force"]
    number = client.get(f"/my/licences/?q={rows[3].identifier}").context["in_force"]

    assert 'name="q"' in html
    assert ([one.pk for one in by_kind], [one.pk for one in number]) == ([rows[7].pk], [rows[3].pk])
    assert "Nothing found" in page(client, "/my/licences/?q=nonsense")


def test_what_ends_soon_leads_to_its_renewal(client, owner):
    make.matter("driving-licence-renew", result={"kind": "e_licence", "ref": "driving"})
    row = issued(owner.person, valid_to=timezone.localdate() + timedelta(days=20))

    assert "ends in 20 days" in page(client, "/my/licences/")
    assert "/matters/driving-licence-renew/" in page(client, f"/my/licences/{row.pk}/")


# -- showing


def test_a_code_on_the_screen_opens_for_whoever_scans_it_and_the_holder_sees_that(client, owner, row):
    token = shown(client, row)
    guard = Client(headers={"accept-language": "en"})

    seen = guard.get(f"/verify/{token}").content.decode()
    again = guard.get(f"/verify/{token}")

    assert "Status: valid" in seen and "张示范" in seen and "990000199001010011" not in seen
    assert again.status_code == 409 and "each code works once for each verifier" in again.content.decode()
    assert "Opened by the code on your screen" in page(client, f"/my/licences/{row.pk}/use/")


def test_the_page_that_shows_works_without_script(client, owner, row):
    html = page(client, f"/my/licences/{row.pk}/show/")

    assert "<svg" in html and "New code" in html and "?again=1" in html
    assert LicencePresentation.objects.filter(kind="show").count() == 1


def test_an_old_code_is_refused_in_words_a_guard_understands(client, owner, row):
    token = shown(client, row)
    LicencePresentation.objects.update(expires_at=timezone.now() - timedelta(seconds=31))

    late = Client(headers={"accept-language": "en"}).get(f"/verify/{token}")

    assert late.status_code == 410 and "a code that is shown lasts 60 seconds" in late.content.decode()
    assert not LicenceOpening.objects.exists()


def test_an_officer_who_scans_is_named_to_the_holder_and_sees_the_face(client, owner, row):
    token = shown(client, row)
    officer = make.officer("inspector", of=make.department("AMR"))
    desk = enter(Client(headers={"accept-language": "en"}), officer.account, second_factor=True)

    seen = desk.get(f"/verify/{token}").content.decode()

    assert "示范路1号" in seen and "990000199001010011" not in seen
    assert officer.staff_no in page(client, f"/my/licences/{row.pk}/use/")


def test_the_interface_opens_a_shown_code_once_too(client, owner, row):
    token = shown(client, row)
    machine = Client()

    first, second = (machine.get(f"/api/v1/licences/verify/{token}") for _turn in range(2))

    assert (first.status_code, first.json()["status"]) == (200, "valid")
    assert first.json()["face"][0]["value"] == "张示范"
    assert (second.status_code, second.json()["code"]) == (409, "code-used-here")


def test_a_code_nobody_made_opens_nothing(client, owner, row):
    token = shown(client, row)
    LicencePresentation.objects.all().delete()

    assert Client().get(f"/verify/{token}").status_code == 404
    assert Client().get(f"/verify/{token[:-1]}!").status_code == 404
    assert Client().post(f"/verify/{token}/open").status_code == 404


def test_within_a_mandate_for_licences_one_may_show_and_nothing_else(client, owner, row):
    agent = make.account(make.person("代办人"))
    today = timezone.localdate()
    Mandate.objects.create(
        principal=owner.person, agent=agent.person, acts=["licences"], state="granted", since=today,
        until=today + timedelta(days=9), ref="m" * 12, how="window", granted_at=timezone.now(),
    )  # fmt: skip
    enter(client, agent, present=True, space=owner.person)

    assert client.get(f"/my/licences/{row.pk}/show/").status_code == 200
    for closed in ("share", "authorise", "print", "wrong", "use"):
        assert client.get(f"/my/licences/{row.pk}/{closed}/").status_code == 403, closed


# -- sharing and printing


def share(client, row, **more) -> LicencePresentation:
    typed = {
        "receiver": "Landlord Chen",
        "purpose": "renting",
        "fields": ["name", "class"],
        "lasts": "1d",
        "views": "1",
    }
    answer = client.post(f"/my/licences/{row.pk}/share/", typed | more)
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    return LicencePresentation.objects.latest("pk")


def test_a_shared_link_opens_by_a_press_shows_what_was_chosen_and_ends_with_its_number(client, owner, row):
    made = share(client, row)
    landlord = Client(headers={"accept-language": "en"})
    address = f"/verify/{made.token}"

    before = landlord.get(address).content.decode()
    opened = landlord.post(f"{address}/open").content.decode()
    after = landlord.post(f"{address}/open")

    assert "Landlord Chen" in before and "C1" not in without_tokens(before) and "张示范" not in before
    assert "C1" in opened and "示范路1号" not in opened and "990000199001010011" not in opened
    assert after.status_code == 410 and "could be opened 1 times" in after.content.decode()
    assert LicenceOpening.objects.count() == 1


def test_a_preview_of_a_link_counts_as_nothing(client, owner, row):
    made = share(client, row)

    for _turn in range(3):
        Client().get(f"/verify/{made.token}")

    made.refresh_from_db()
    assert made.views == 0 and not LicenceOpening.objects.exists()


def test_a_share_is_ended_at_any_time(client, owner, row):
    made = share(client, row)

    assert "End it now" in page(client, f"/my/licences/{row.pk}/shares/{made.pk}/")
    client.post(f"/my/licences/{row.pk}/shares/{made.pk}/end")

    refused = Client(headers={"accept-language": "en"}).post(f"/verify/{made.token}/open")
    assert refused.status_code == 410 and "The holder has ended this" in refused.content.decode()


def test_what_is_missing_is_said_with_everything_typed_kept(client, owner, row):
    answer = client.post(f"/my/licences/{row.pk}/share/", {"receiver": "", "purpose": "renting", "fields": ["name"], "lasts": "99y"})  # fmt: skip

    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"receiver", "lasts"}
    assert 'value="renting"' in answer.content.decode()


def test_a_printed_copy_says_only_whether_it_is_in_force(client, owner, row):
    html = page(client, f"/my/licences/{row.pk}/print/")
    token = LicencePresentation.objects.get(kind="print").token

    checked = Client(headers={"accept-language": "en"}).get(f"/verify/{token}").content.decode()

    assert "示范路1号" in html and "990000199001010011" not in html
    assert "Status: valid" in checked and "张示范" not in checked and "C1" not in without_tokens(checked)
    assert "Checked once by somebody with its code" in page(client, f"/my/licences/{row.pk}/use/")


# -- letting an office in


def test_an_office_is_let_in_seen_and_let_out_again(client, owner, row):
    school = make.department("EDU")
    until = (timezone.localdate() + timedelta(days=9)).isoformat()

    sent = client.post(f"/my/licences/{row.pk}/authorise/", {"department": "EDU", "purpose": "school", "fields": ["name"], "until": until})  # fmt: skip
    authority = LicenceAuthority.objects.get()
    html = page(client, f"/my/licences/{row.pk}/")
    client.post(f"/my/licences/{row.pk}/authorities/{authority.pk}/end")

    assert sent.status_code == 302 and school.shown_name in html and authority.code[:5] in html
    authority.refresh_from_db()
    assert authority.ended_at is not None and authority.ended_by == owner


def test_somebody_elses_shares_and_authorities_are_not_there(client, owner, row):
    made = share(client, row)
    other = enter(Client(), make.account(), present=True)

    for address in (f"shares/{made.pk}/", "show/", "share/", "authorise/", "print/", "wrong/", "use/"):
        assert other.get(f"/my/licences/{row.pk}/{address}").status_code == 404, address
    own = issued(make.person(), "case:9", "other")
    assert client.get(f"/my/licences/{own.pk}/shares/{made.pk}/").status_code == 404


# -- this is wrong


def test_an_error_is_reported_and_its_answer_read_in_the_wallet(client, owner, row):
    sent = client.post(f"/my/licences/{row.pk}/wrong/", {"field": "address", "says": "示范路2号", "why": "moved"})
    report = FaceReport.objects.get()

    assert sent.status_code == 302 and report.was == "示范路1号"
    assert "sent to the office that issued it" in page(client, f"/my/licences/{row.pk}/")
    FaceReport.objects.update(state="upheld", answer="It is right: see the register.")
    assert "It is right: see the register." in page(client, f"/my/licences/{row.pk}/")


def test_a_report_without_a_line_or_a_value_is_sent_back_with_both_named(client, owner, row):
    assert set(client.post(f"/my/licences/{row.pk}/wrong/", {}).context["errors"]) == {"field"}
    assert set(client.post(f"/my/licences/{row.pk}/wrong/", {"field": "address"}).context["errors"]) == {"says"}


def test_it_can_be_taken_back(client, owner, row):
    client.post(f"/my/licences/{row.pk}/wrong/", {"field": "address", "says": "x"})

    client.post(f"/my/licences/{row.pk}/wrong/{FaceReport.objects.get().ref}/take-back")

    assert FaceReport.objects.get().state == "withdrawn"


# -- times without a connection, paper that cannot be read


def test_the_page_a_device_may_keep_holds_a_signed_code_and_what_is_said_after_a_day(client, owner, row):
    answer = client.get(f"/my/licences/{row.pk}/")
    html = answer.content.decode()

    assert answer["Tongban-Keep"] == "own"
    assert "data-kept-face hidden" in html and "More than 24 hours without a connection" in html
    services.suspend(row, reason="x", actor=PLATFORM)
    assert "data-kept-face" not in page(client, f"/my/licences/{row.pk}/")
    assert "Tongban-Keep" not in client.get(f"/my/licences/{row.pk}/show/")


def test_a_paper_is_checked_by_number_and_a_word_on_it(client, owner, row):
    by_number.asking.clear()
    by_number.guessing.clear()
    anybody = Client(headers={"accept-language": "en"})

    right = anybody.post("/verify/by-number", {"number": row.identifier, "word": "张示范"})
    wrong = anybody.post("/verify/by-number", {"number": row.identifier, "word": "李示范"})
    alone = anybody.post("/verify/by-number", {"number": row.identifier})

    assert (right.status_code, wrong.status_code, alone.status_code) == (200, 404, 422)
    assert "Status: valid" in right.content.decode() and "C1" not in without_tokens(wrong.content.decode())


# -- the record


def test_the_record_names_offices_and_cases_and_pages(client, owner, row):
    officer = make.officer("inspector", of=make.department("EDU"))
    for n in range(35):
        LicenceCall.objects.create(licence=row, about=f"authority:1:{n}", matter="", purpose="authority", fields=["name"], officer=officer, office="EDU", for_case="990001")  # fmt: skip

    first = client.get(f"/my/licences/{row.pk}/use/")
    second = client.get(f"/my/licences/{row.pk}/use/", {"before": first.context["next"]})

    assert (len(first.context["lines"]), len(second.context["lines"]), second.context["next"]) == (30, 6, "")
    assert first.context["lines"][0]["case"] == "990001" and officer.staff_no in first.context["lines"][0]["who"]
    assert second.context["lines"][-1]["title"] == "Issued"


def test_the_wallet_leads_to_being_kept_on_the_phone_for_a_day_without_a_line(client, owner):
    way = 'href="/my/device/"'

    assert way not in client.get("/my/licences/").content.decode().split("<main")[1].split("</main")[0]
    issued(owner.person)
    assert way in client.get("/my/licences/").content.decode().split("<main")[1].split("</main")[0]
