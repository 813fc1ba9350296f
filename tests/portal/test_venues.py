"""At an entrance, and on the pages of whoever runs it."""

import io
import json

import pypdfium2
import pytest
from django.urls import reverse

from tests import eyes, make
from tests.codes import venues
from tests.doors import enter as sign_in
from tongban.codes import day_keys
from tongban.codes.models import EntranceCount, Passage, Poster, SealedVisit, VenueReport, VenueWorker
from tongban.codes.services import keeping_venues
from tongban.journal.actors import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def at(poster):
    return reverse("portal:at", args=[venues.token(poster)])


def enter(client, poster, **said):
    return client.post(reverse("portal:enter", args=[venues.token(poster)]), said)


def counts():
    return list(EntranceCount.objects.values_list("passed", "warned", "refused"))


def test_any_camera_shows_place_and_address_before_anything_is_asked(client):
    poster = venues.poster(venues.venue())

    page = client.get(at(poster)).content.decode()

    assert "Demo Market" in page and "1 Demo Road" in page and "East gate" in page
    assert page.index("1 Demo Road") < page.index("Is this where you are?") < page.index("Yes, I am here")
    assert counts() == []


def test_a_guest_enters_and_has_a_pass_with_the_word_that_the_guard_sees(client):
    row = venues.venue()
    manager = make.account()
    row.party_id = manager.person_id
    row.save()

    client.get(at(venues.poster(row)))
    shown = enter(client, venues.poster(row))
    passed = client.get(shown["Location"])
    guard = sign_in(type(client)(), manager).get(reverse("portal:venue_guard", args=[row.pk]))

    assert shown["Location"] == "/entered/"
    assert passed.context["word"] == guard.context["word"]
    assert passed.context["colour"] == guard.context["colour"]
    assert "Demo Market" in passed.content.decode()
    assert guard.context["word"]["zh"] in guard.content.decode()
    assert counts() == [(1, 0, 0)]
    assert list(Passage.objects.values_list("result", "how")) == [("pass", "guest")]


def test_a_pass_is_of_the_phone_that_scanned_and_of_nobody_else(client):
    enter(client, venues.poster(venues.venue()))

    assert client.get("/entered/").status_code == 200
    assert type(client)().get("/entered/").status_code == 410


def test_a_pass_that_is_over_shows_nothing(client, monkeypatch):
    enter(client, venues.poster(venues.venue()))
    monkeypatch.setattr("tongban.channels.portal.views_entering.PASS_LIVES", -1)

    page = client.get("/entered/")

    assert page.status_code == 410
    assert "Scan the code at the entrance once more" in page.content.decode()


def test_without_script_the_pass_says_its_second_and_is_renewed_by_a_button(client):
    enter(client, venues.poster(venues.venue()))

    page = client.get("/entered/")

    assert f"{page.context['now'].astimezone():%M:%S}" in page.content.decode()
    assert 'href="/entered/"' in page.content.decode()
    assert "refresh" not in page.headers


@pytest.mark.parametrize("wrong", ["A" * 34, "x", "../../etc", "A" * 500])
def test_a_forged_code_is_red_and_asks_for_nothing(client, wrong):
    page = client.get(reverse("portal:at", args=[wrong.replace("/", "-")]))

    assert page.status_code == 404
    assert "This is not our code" in page.content.decode()
    assert "/report-a-code/?why=forged" in page.content.decode()
    assert "Yes, I am here" not in page.content.decode()


def test_an_altered_code_is_red(client):
    token = venues.token(venues.poster(venues.venue()))
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")

    assert client.get(f"/at/{altered}").status_code == 404
    assert client.post(f"/at/{altered}/enter").status_code == 404
    assert counts() == []


def test_a_replaced_code_is_red_and_the_new_one_holds(client):
    old = venues.poster(venues.venue())
    account = make.account()
    new = keeping_venues.replace(venues.read(old), actor=make_actor(account), account=account)

    assert client.get(at(old)).status_code == 410
    assert enter(client, old).status_code == 410
    assert client.get(at(new)).status_code == 200
    assert counts() == []


def make_actor(account):
    return Actor("applicant", "applicant", account.pk)


def test_a_suspended_venue_says_so(client):
    row = venues.venue()
    keeping_venues.suspend(row, officer=make.officer("coordinator"), reason="wrong address")

    page = client.get(at(venues.poster(row)))

    assert page.status_code == 410
    assert "not in use" in page.content.decode()
    assert "wrong address" not in page.content.decode()


def test_who_says_it_is_another_place_is_stopped(client):
    page = client.get(reverse("portal:wrong_place", args=[venues.token(venues.poster(venues.venue()))]))

    assert page.status_code == 410
    assert "belongs to another place" in page.content.decode()


def test_the_scanner_opens_our_own_addresses_and_nothing_else(client, settings):
    poster = venues.poster(venues.venue())
    ours = f"{settings.PUBLIC_URL}/at/{venues.token(poster)}"

    assert client.post("/scan/", {"payload": ours})["Location"] == at(poster)
    for foreign in (
        "https://tongban.example.com/at/x", "http://localhost@evil.example/at/x", f"{settings.PUBLIC_URL}.evil.example/at/x",
        "javascript:alert(1)", f"{settings.PUBLIC_URL}/verify/../my/", "//evil.example/at/x", f"{settings.PUBLIC_URL}\\@evil.example/at/x",
    ):  # fmt: skip
        page = client.post("/scan/", {"payload": foreign})
        assert page.status_code == 404, foreign
        assert "leads somewhere else" in page.content.decode()
    assert client.post("/scan/", {"payload": "TB1:ABC"}).status_code == 422
    assert client.post("/scan/", {"payload": ""}).status_code == 422


def test_a_report_reaches_the_office_with_the_place_and_without_a_name(client):
    poster = venues.poster(venues.venue())
    account = make.account()
    sign_in(client, account)

    client.post("/report-a-code/", {"why": "replaced", "token": venues.token(poster), "text": "stuck over"})

    row = VenueReport.objects.get()
    assert (row.entrance_id, row.text, row.party_id, row.what) == (poster.entrance_id, "stuck over", None, "replaced")


def test_a_report_has_a_name_if_somebody_wishes(client):
    account = make.account()
    sign_in(client, account)

    page = client.post("/report-a-code/", {"what": "forged", "place": "", "named": "true"})
    client.post("/report-a-code/", {"what": "forged", "place": "Demo Road 3, left door", "named": "true"})

    assert page.status_code == 422
    assert VenueReport.objects.get().party_id == account.person_id


def test_colours_are_asked_only_under_an_order(client):
    row = venues.venue()
    venues.rule("green")
    enter(client, venues.poster(row))
    without = client.get("/entered/").context["verdict"]
    venues.order()
    second = type(client)(headers={"accept-language": "en"})

    second.get(at(venues.poster(row)))
    enter(second, venues.poster(row))
    page = second.get("/entered/")

    assert (without, page.context["verdict"]) == ("good", "warn")
    assert "Show the guard a paper certificate" in page.content.decode()
    assert page.context["word"]["zh"] not in page.content.decode()


def test_a_guest_is_asked_for_a_name_only_where_visits_are_written_down(client, tmp_path, monkeypatch):
    monkeypatch.setattr(day_keys, "folder", lambda: tmp_path)
    row = venues.venue()
    venues.rule("register")
    before = client.get(at(venues.poster(row))).content.decode()
    venues.order(diary=True, colours=False)
    day_keys.enter_office(tmp_path, day_keys.new_office_key(None)[1])

    under = client.get(at(venues.poster(row))).content.decode()
    refused = enter(client, venues.poster(row))
    done = enter(client, venues.poster(row), name="李外卖", phone="13812345678")

    assert 'name="phone"' not in before
    assert 'name="phone"' in under
    assert refused.status_code == 422
    assert done.status_code == 302
    assert SealedVisit.objects.count() == 1
    assert "李外卖" not in SealedVisit.objects.get().sealed


# -- whoever runs it


@pytest.fixture
def owner(client):
    account = make.account()
    sign_in(client, account)
    return account


def test_a_manager_sees_posters_rule_and_figures(client, owner):
    row = venues.venue(owner.person, capacity=100)
    enter(type(client)(), venues.poster(row))

    lines = client.get("/my/venues/").content.decode()
    page = client.get(f"/my/venues/{row.pk}/").content.decode()

    assert row.code_no in lines
    assert "East gate" in page and "Nothing is asked" in page
    assert f"/my/venues/{row.pk}/posters/" in page


def test_nobody_else_finds_the_venue(client, owner):
    row = venues.venue()
    entrance = row.entrances.get()
    poster = venues.poster(row)

    for path in (
        "",
        "staff/",
        "guard/",
        f"posters/{poster.pk}.pdf",
        f"entrances/{entrance.pk}/register/",
        f"entrances/{entrance.pk}/scan/",
    ):
        assert client.get(f"/my/venues/{row.pk}/{path}").status_code == 404, path


def test_posters_are_made_replaced_and_die_where_a_device_takes_over(client, owner):
    row = venues.venue(owner.person)
    here, entrance, poster = f"/my/venues/{row.pk}/", row.entrances.get(), venues.poster(row)

    client.post(here, {"act": "hang", "entrance": entrance.pk, "place": "left post"})
    client.post(here, {"act": "replace", "poster": poster.pk})
    two = list(Poster.objects.filter(state="current").values_list("place", flat=True))
    client.post(here, {"act": "control", "entrance": entrance.pk, "control": "device"})
    refused = client.post(here, {"act": "hang", "entrance": entrance.pk})

    assert sorted(two) == ["", "left post"]
    assert Poster.objects.get(pk=poster.pk).state == "replaced"
    assert not Poster.objects.filter(state="current").exists()
    assert refused.status_code == 409
    assert "never both" in refused.content.decode()


def test_an_entrance_is_added_with_its_poster(client, owner):
    row = venues.venue(owner.person)

    wrong = client.post(f"/my/venues/{row.pk}/", {"act": "entrance", "name": " "})
    client.post(f"/my/venues/{row.pk}/", {"act": "entrance", "name": "西门", "name_en": "West gate"})

    assert wrong.status_code == 422
    assert row.entrances.get(name__zh="西门").posters.count() == 1


def test_settings_are_kept_and_wrong_ones_said(client, owner):
    row = venues.venue(owner.person)
    here = f"/my/venues/{row.pk}/"

    wrong = client.post(here, {"act": "settle", "capacity": "", "stay_minutes": "2", "turns_back": "true"})
    client.post(here, {"act": "settle", "capacity": "120", "stay_minutes": "45", "turns_back": "true", "phone": "021"})
    row.refresh_from_db()

    assert wrong.status_code == 422 and set(wrong.context["errors"]) == {"stay_minutes", "turns_back"}
    assert (row.capacity, row.stay_minutes, row.turns_back, row.manager_phone) == (120, 45, True, "021")


def test_a_poster_is_a_page_to_print_whose_code_is_ours_and_no_other_host_is_on_it(client, owner, settings):
    row = venues.venue(owner.person)
    poster = venues.poster(row)

    pdf = client.get(f"/my/venues/{row.pk}/posters/{poster.pk}.pdf")
    page = pypdfium2.PdfDocument(io.BytesIO(pdf.content))[0]
    read = eyes.codes_in(page.render(scale=2).to_pil())
    text = page.get_textpage().get_text_bounded()

    assert read == [f"{settings.PUBLIC_URL}/at/{venues.token(poster)}"]
    assert (round(page.get_width()), round(page.get_height())) == (595, 842)
    for words in ("示范菜市场", "示范路1号", "没有手机怎么办", "Without a phone", settings.HELP_PHONE):
        assert words.replace(" ", "") in text.replace(" ", "").replace("\r\n", "")


def test_a_worker_agrees_and_only_then_stands_on_the_list(client, owner):
    row = venues.venue(owner.person)
    worker = make.account(make.person("陈摊主"))
    theirs = sign_in(type(client)(headers={"accept-language": "en"}), worker)

    code = client.post(f"/my/venues/{row.pk}/staff/", {"act": "invite", "name": "小陈", "job": "Stall 12"}).context[
        "code"
    ]
    before = list(VenueWorker.objects.values_list("state", flat=True))
    wrong = theirs.post("/my/work/", {"code": "AAAAA-AAAAA"})
    asked = theirs.post("/my/work/", {"code": code.lower()}, follow=True)
    theirs.post(asked.request["PATH_INFO"])
    listed = client.get(f"/my/venues/{row.pk}/staff/").content.decode()
    mine = theirs.get("/my/work/").content.decode()

    assert before == ["invited"]
    assert wrong.status_code == 422
    assert "never what it said" in asked.content.decode()
    assert "陈摊主" in listed
    assert "Demo Market" in mine

    theirs.post("/my/work/", {"act": "leave", "worker": VenueWorker.objects.get().pk})
    assert VenueWorker.objects.get().state == "ended"
    assert "陈摊主" not in client.get(f"/my/venues/{row.pk}/staff/").content.decode()


def test_a_guard_on_the_list_opens_the_screen_and_not_the_venue(client, owner):
    row = venues.venue(owner.person)
    guard = make.account()
    worker, _code = keeping_venues.invite(row, name="门卫", job="", guard=True, account=owner, actor=make_actor(owner))
    keeping_venues.agree(worker, account=guard, actor=make_actor(guard))
    theirs = sign_in(type(client)(), guard)

    assert theirs.get(f"/my/venues/{row.pk}/guard/").status_code == 200
    assert theirs.get(f"/my/venues/{row.pk}/").status_code == 404
    assert theirs.get(f"/my/venues/{row.pk}/staff/").status_code == 404
    assert f"/my/venues/{row.pk}/guard/" in theirs.get("/my/venues/").content.decode()


def test_people_without_a_phone_are_written_down_by_the_staff(client, owner):
    row = venues.venue(owner.person)
    here = reverse("portal:venue_register", args=[row.pk, row.entrances.get().pk])

    page = client.get(here).content.decode()
    client.post(here, {"let_in": "true"})
    client.post(here, {"let_in": "false"})

    assert "No name is needed at the moment" in page
    assert counts() == [(1, 0, 1)]
    assert SealedVisit.objects.count() == 0


def test_the_guards_screen_has_no_names(client, owner):
    row = venues.venue(owner.person, capacity=10)
    visitor = make.account(make.person("王访客"))
    theirs = sign_in(type(client)(), visitor)
    enter(theirs, venues.poster(row))

    page = client.get(f"/my/venues/{row.pk}/guard/")

    assert "王访客" not in page.content.decode()
    assert "Come in" in page.content.decode()
    assert page.context["inside"] == 1
    assert json.loads(page.context["minutes"])


def test_a_compound_says_what_is_in_force_with_its_dates(client):
    row = venues.venue(kind="residential compound", name="示范一村", entrances=("南门", "北门"))
    venues.rule("register", of=row, words={"zh": "访客请登记", "en": "Visitors register"})

    chosen = client.get("/compounds/", {"division": "310107005"}).content.decode()
    page = client.get(f"/compounds/{row.code_no}/").content.decode()
    scanned = client.get(at(venues.poster(row))).content.decode()

    assert f"/compounds/{row.code_no}/" in chosen
    assert "Visitors register" in page and "示范办法" in page
    assert "Visitors register" in scanned and f"/compounds/{row.code_no}/" in scanned
    assert client.get("/compounds/", {"division": "310107014"}).context["rows"] == []
    assert client.get("/compounds/nothing/").status_code == 404


def test_the_diary_page_knows_nothing(client):
    page = client.get("/diary/")

    assert "stands on this phone alone" in page.content.decode()


def test_whoever_runs_a_venue_under_another_name_is_led_there_and_not_told_that_there_is_none(client):
    owner = make.account()
    row = venues.venue(make.company(of=owner.person))
    sign_in(client, owner)

    page = client.get("/my/venues/").content.decode().split("<main")[1]
    switched = client.post(reverse("portal:switch"), {"space": str(row.party_id), "next": "/my/venues/"}, follow=True)

    assert "No venue yet" not in page
    assert f'name="space" value="{row.party_id}"' in page and "1 venue" in page
    assert "Demo Market" in switched.content.decode()
    stranger = sign_in(type(client)(), make.account())
    assert "No venue yet" in stranger.get("/my/venues/", headers={"accept-language": "en"}).content.decode()
