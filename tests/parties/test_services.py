from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, close_old_connections, connections
from django.utils import timezone

from tongban.journal.actors import Actor
from tongban.journal.models import Event, Job
from tongban.journal.services import carry_out, work_once
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany, Unavailable
from tongban.parties import queries, rules, services
from tongban.parties.models import Account, Company, Membership, Person, Proofing

pytestmark = pytest.mark.django_db

PASSWORD = "creek-of-eighteen-bends"
LI_NA = {"id_kind": "id-card", "id_no": "990000199207080045", "name": "李示例", "mobile": "13900001234"}
ANNA = {
    "id_kind": "passport",
    "id_no": "X90000009",
    "name": "Anna Example",
    "mobile": "+79161234567",
    "birth_date": date(1996, 2, 10),
    "sex": "F",
    "nationality": "RU",
}
OFFICER = Actor(kind="officer", role="window_officer", account=0, department="GSO", name="Demo")


def account(login="li-na", **more):
    return services.register(login, PASSWORD, **more)


def invented(tail: str, born="19900101") -> str:
    """An identity number that no authority gives out, with a right check character."""
    from tongban.lib.identifiers import mod_11_2

    digits = f"990000{born}{tail}"
    return digits + mod_11_2(digits)


def number_ending(end: str) -> str:
    for day in range(1, 28):
        for serial in range(1000):
            number = invented(f"{serial:03d}", f"199001{day:02d}")
            if number.endswith(end):
                return number
    raise AssertionError(end)


# -- accounts


def test_an_account_is_opened_at_level_one_and_the_journal_says_so():
    opened = account("Li-Na", email="Na@Example.org", language="en")

    assert (opened.login, opened.email, opened.level, opened.language) == ("li-na", "na@example.org", 1, "en")
    assert opened.check_password(PASSWORD)
    assert Event.objects.values_list("kind", "subject", "payload").get() == (
        "AccountRegistered",
        f"account:{opened.pk}",
        {"account": opened.pk},
    )


@pytest.mark.parametrize(
    ("login", "field"),
    [("ab", "login"), ("two words", "login"), ("990000199207080045", "login"), ("LI-NA", "login")],
)
def test_names_that_cannot_be_sign_in_names_are_refused_with_a_reason(login, field):
    account("li-na")

    with pytest.raises(Invalid) as refused:
        account(login)

    assert list(refused.value.errors) == [field]
    assert Account.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password123", "1234567890123", "somebody-known"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(Invalid) as refused:
        services.register("somebody-known", password)

    assert list(refused.value.errors) == ["password"]


# -- identity


def test_what_the_register_knows_makes_the_person():
    proofing = services.prove(account(), **LI_NA)

    assert proofing.outcome == Proofing.Outcome.PROVED
    proved = Account.objects.get()
    person = proved.person
    assert proved.level == 2
    assert (person.name, person.name_en, person.birth_date, person.sex, person.nationality, person.id_no) == (
        "李示例",
        "Li Shili",
        date(1992, 7, 8),
        "F",
        "CN",
        "990000199207080045",
    )
    assert person.mobile == "13900001234"
    assert proofing.claimed == ""


def test_all_demonstration_people_are_known_by_their_names_in_both_languages():
    from tongban.parties.gateways.proofing.simulated import known_people

    people = known_people()
    assert len(people) == 12
    for number, ((id_kind, id_no), known) in enumerate(people.items()):
        if id_kind == "passport":
            continue
        name = known.name if number % 2 else known.name_en
        claim = {"id_kind": id_kind, "id_no": id_no, "name": name, "mobile": "13900001234"}
        assert services.prove(account(f"demo-{number}"), **claim).outcome == Proofing.Outcome.PROVED


DOCUMENTS = {
    "id_card": ("990000199001010011", {}),
    "hkmotw_residence": ("819900199408230021", {}),
    "hkmo_permit": ("H99001234", {"birth_date": date(1985, 8, 30), "sex": "M"}),
    "taiwan_permit": ("99001234", {"birth_date": date(1985, 8, 30), "sex": "M"}),
    "foreign_permanent": ("FRA990085083012", {"birth_date": date(1985, 8, 30), "sex": "M"}),
    "passport": ("X90000010", {"birth_date": date(1985, 8, 30), "sex": "M", "nationality": "HK"}),
}


@pytest.mark.parametrize("id_kind", DOCUMENTS)
def test_holders_of_every_kind_of_document_come_in(id_kind):
    id_no, more = DOCUMENTS[id_kind]
    if id_kind in {"id_card", "hkmotw_residence"}:
        from tongban.lib.identifiers import mod_11_2

        id_no = id_no[:17] + mod_11_2(id_no[:17])
    opened = account()

    proofing = services.prove(opened, id_kind=id_kind, id_no=id_no, name="刘港居", mobile="13900001234", **more)
    if proofing.outcome == Proofing.Outcome.BY_HAND:
        services.decide_proofing(proofing, proved=True, actor=OFFICER)

    opened.refresh_from_db()
    assert (opened.level, opened.person.id_kind, opened.person.id_no) == (2, id_kind, id_no)


def test_a_passport_is_compared_by_a_person_and_only_then_makes_level_two():
    opened = account("anna")

    proofing = services.prove(opened, **ANNA)

    assert proofing.outcome == Proofing.Outcome.BY_HAND
    assert (Account.objects.get().level, Person.objects.count()) == (1, 0)
    assert list(queries.proofings_waiting()) == [proofing]

    services.decide_proofing(proofing, proved=True, actor=OFFICER)

    opened.refresh_from_db()
    assert (opened.level, opened.person.name, opened.person.nationality) == (2, "Anna Example", "RU")
    assert list(queries.proofings_waiting()) == []
    assert Proofing.objects.get().claimed == ""


def test_asking_twice_by_hand_leaves_one_errand():
    opened = account("anna")

    first = services.prove(opened, **ANNA)
    second = services.prove(opened, **{**ANNA, "name": "Anna E. Example"})

    assert first == second
    assert Proofing.objects.count() == 1


def test_only_certain_officers_decide_and_nobody_about_himself_and_nobody_twice():
    opened = account("anna")
    proofing = services.prove(opened, **ANNA)
    helper = Actor(kind="officer", role="helper", account=0)
    herself = Actor(kind="officer", role="window_officer", account=opened.pk)

    for actor, code in ((helper, "not-your-role"), (herself, "own-matter")):
        with pytest.raises(NotAllowed) as refused:
            services.decide_proofing(proofing, proved=True, actor=actor)
        assert refused.value.code == code
    services.decide_proofing(proofing, proved=False, actor=OFFICER)
    with pytest.raises(NotAllowed) as refused:
        services.decide_proofing(proofing, proved=True, actor=OFFICER)

    assert refused.value.code == "already-decided"
    assert Account.objects.get().level == 1


def test_the_known_bad_cases_of_the_register():
    opened = account()
    claim = {"id_kind": "id_card", "name": "某人", "mobile": "13900001234"}

    outcomes = {
        "refused": services.prove(opened, id_no=number_ending("000"), **claim).outcome,
        "silent": services.prove(opened, id_no=number_ending("999"), **claim).outcome,
        "mobile": services.prove(opened, **{**LI_NA, "mobile": "13900000000"}).outcome,
        "name": services.prove(opened, **{**LI_NA, "name": "别人"}).outcome,
    }

    assert outcomes == {
        "refused": "not_matching",
        "silent": "unavailable",
        "mobile": "not_matching",
        "name": "not_matching",
    }
    assert Person.objects.count() == 0


def test_impossible_details_are_named_one_by_one_before_any_register_is_asked():
    with pytest.raises(Invalid) as refused:
        services.prove(account(), id_kind="passport", id_no="!", name=" ", mobile="12")

    assert sorted(refused.value.errors) == ["birth_date", "id_no", "mobile", "name", "nationality", "sex"]
    assert Proofing.objects.count() == 0


def test_guessing_names_ends_after_five_tries_a_day_and_begins_again_the_next():
    opened = account()
    for _try in range(rules.MISMATCHES_A_DAY):
        services.prove(opened, **{**LI_NA, "name": "别人"})

    with pytest.raises(TooMany):
        services.prove(opened, **LI_NA)
    Proofing.objects.update(at=timezone.now() - timedelta(days=1, minutes=1))

    assert services.prove(opened, **LI_NA).outcome == Proofing.Outcome.PROVED


def test_a_person_who_has_an_account_gets_no_second_one_and_nothing_is_said_about_the_first():
    services.prove(account("her-own"), **LI_NA)
    other = account("another")

    with pytest.raises(NotAllowed) as refused:
        services.prove(other, **LI_NA)

    assert "her-own" not in str(refused.value)
    other.refresh_from_db()
    assert (other.person, other.level) == (None, 1)
    assert Person.objects.count() == 1


def test_an_account_never_changes_its_person():
    opened = account()
    services.prove(opened, **LI_NA)

    with pytest.raises(NotAllowed) as refused:
        services.prove(opened, id_kind="id-card", id_no="990000195503120031", name="张示范", mobile="13900001234")

    assert refused.value.code == "account-has-a-person"
    assert Account.objects.get().person.name == "李示例"


def test_old_and_new_number_are_one_person():
    new = services.record_person(**_person("990000199207080045"))

    assert services.record_person(**_person("990000920708004")) == new
    assert queries.person_by_number("id-card", "990000920708004") == new


def _person(id_no, name="李示例"):
    return {
        "id_kind": "id_card",
        "id_no": id_no,
        "name": name,
        "birth_date": date(1992, 7, 8),
        "sex": "F",
        "nationality": "CN",
    }


def test_whoever_waited_is_told_by_letter_in_his_language():
    opened = account("anna", email="anna@example.org", language="en")
    services.decide_proofing(services.prove(opened, **ANNA), proved=True, actor=OFFICER)

    while work_once():
        pass

    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["anna@example.org"], "Your identity is verified")
    ]


# -- presence


def test_a_face_makes_level_three_and_a_doubtful_one_leads_to_a_window_and_takes_nothing_away():
    opened = account()
    services.prove(opened, **LI_NA)
    assert services.confirm_presence(opened).outcome == Proofing.Outcome.PROVED

    for end in ("997", "998"):
        doubtful = account(f"doubtful-{end}")
        services.prove(doubtful, id_kind="id_card", id_no=number_ending(end), name="某人", mobile="13900001234")
        with pytest.raises(NotAllowed) as sent:
            services.confirm_presence(doubtful)
        assert sent.value.code == "to-a-window"
        assert Account.objects.get(pk=doubtful.pk).level == 2


def test_a_silent_face_service_is_said_and_an_unproved_account_is_sent_to_prove_first():
    silent = account()
    person = services.record_person(**_person(number_ending("999"), "某人"))
    services.join_person(silent, person)

    with pytest.raises(Unavailable):
        services.confirm_presence(silent)
    with pytest.raises(NotAllowed) as first:
        services.confirm_presence(account("new"))
    assert first.value.code == "identity-first"


def test_outside_the_demonstration_nothing_is_believed_without_a_person(settings):
    settings.DEMO = False
    opened = account()

    proofing = services.prove(opened, **LI_NA)

    assert proofing.outcome == Proofing.Outcome.BY_HAND
    assert Account.objects.get().level == 1


# -- companies


TODAY = date(2026, 3, 2)


def company(name="示范河畔咖啡店"):
    return Company.objects.create(name=name, uscc="91990000999990002Q", company_kind="sole_proprietor")


def proved(login, claim=LI_NA):
    opened = account(login)
    services.prove(opened, **claim)
    return Account.objects.select_related("person").get(pk=opened.pk)


def test_spaces_are_oneself_and_the_companies_of_memberships_that_hold_today():
    opened = proved("li-na")
    cafe = company()
    membership = services.add_member(cafe, opened.person, "clerk", since=TODAY)

    def names(day):
        return [party.name for party in queries.spaces_of(opened, day)]

    assert names(TODAY - timedelta(days=1)) == ["李示例"]
    assert names(TODAY) == ["李示例", "示范河畔咖啡店"]
    services.end_membership(membership, on=TODAY + timedelta(days=10))
    assert names(TODAY + timedelta(days=9)) == ["李示例", "示范河畔咖啡店"]
    assert names(TODAY + timedelta(days=10)) == ["李示例"]
    assert queries.spaces_of(account("nobody-yet"), TODAY) == []


def test_a_clerk_acts_until_dismissed_and_not_a_moment_longer():
    clerk = proved("li-na")
    cafe = company()
    today = timezone.localdate()
    membership = services.add_member(cafe, clerk.person, "clerk", since=today - timedelta(days=3))
    assert queries.may_act_for(clerk, cafe, today)

    services.end_membership(membership)

    assert not queries.may_act_for(clerk, cafe, today)
    assert queries.may_act_for(clerk, clerk.person, today)


def test_a_membership_of_today_ended_today_is_gone_and_can_begin_anew():
    clerk, cafe, today = proved("li-na"), company(), timezone.localdate()
    membership = services.add_member(cafe, clerk.person, "clerk")

    services.end_membership(membership)
    assert not queries.may_act_for(clerk, cafe, today)
    services.add_member(cafe, clerk.person, "clerk")

    assert queries.may_act_for(clerk, cafe, today)
    assert Membership.objects.count() == 1


def test_only_the_legal_representative_names_others_and_a_clerk_cannot_pass_it_on():
    boss = proved("boss", {**LI_NA, "id_no": "990000195503120031", "name": "张示范"})
    clerk, cafe = proved("li-na"), company()
    friend = proved("friend", {**LI_NA, "id_no": "99000019961120007X", "name": "王演练"})
    services.add_member(cafe, boss.person, "legal_representative")
    by_boss = Actor(kind="applicant", role="applicant", account=boss.pk, party=cafe.pk)
    by_clerk = Actor(kind="applicant", role="agent", account=clerk.pk, party=cafe.pk)

    services.add_member(cafe, clerk.person, "clerk", actor=by_boss)
    with pytest.raises(NotAllowed) as refused:
        services.add_member(cafe, friend.person, "clerk", actor=by_clerk)

    assert refused.value.code == "not-the-representative"
    assert {m.person.name for m in queries.members_of(cafe, timezone.localdate())} == {"张示范", "李示例"}
    with pytest.raises(NotAllowed):
        services.end_membership(Membership.objects.get(person=boss.person), actor=by_boss)


def test_a_new_mobile_number_names_nobody_for_a_day_and_its_owner_is_warned():
    boss = proved("boss", {**LI_NA, "id_no": "990000195503120031", "name": "张示范"})
    Account.objects.filter(pk=boss.pk).update(email="boss@example.org", language="en")
    proved("li-na")
    cafe = company()
    services.add_member(cafe, boss.person, "legal_representative")
    by_boss = Actor(kind="applicant", role="applicant", account=boss.pk, party=cafe.pk)
    clerk = {"id_kind": "id-card", "id_no": LI_NA["id_no"], "name": LI_NA["name"]}

    services.change_mobile(boss.person, "13811112222", actor=by_boss)
    with pytest.raises(NotAllowed) as refused:
        services.name_member(cafe, **clerk, actor=by_boss)
    while work_once():
        pass

    assert refused.value.code == "number-is-new"
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["boss@example.org"], "Your mobile number was changed")
    ]
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        assert services.name_member(cafe, **clerk, actor=by_boss).role == "clerk"


def test_naming_somebody_says_the_same_for_a_wrong_name_and_for_a_number_nobody_has():
    boss = proved("boss", {**LI_NA, "id_no": "990000195503120031", "name": "张示范"})
    proved("li-na")
    cafe = company()
    services.add_member(cafe, boss.person, "legal_representative")
    by_boss = Actor(kind="applicant", role="applicant", account=boss.pk, party=cafe.pk)
    said = []
    for id_no, name in ((LI_NA["id_no"], "别人"), ("99000019961120007X", "王演练")):
        with pytest.raises(Invalid) as refused:
            services.name_member(cafe, id_kind="id-card", id_no=id_no, name=name, actor=by_boss)
        said.append({field: [*map(str, why)] for field, why in refused.value.errors.items()})

    assert said[0] == said[1]


def test_letters_about_accounts_lie_sealed_in_the_queue_and_arrive():
    services.post_mail("na@example.org", "Code", "Your code is 123456")
    services.post_mail("", "Code", "for an address nobody has")

    jobs = list(Job.objects.order_by("pk"))
    assert all("123456" not in str(job.payload) for job in jobs)
    assert [carry_out(job) for job in jobs] == [True, True]
    assert [(letter.to, letter.body) for letter in mail.outbox] == [(["na@example.org"], "Your code is 123456")]


# -- many hands


def hands(count, act):
    """Let `count` threads begin the same act at the same moment; answer what each got or raised."""
    begin, results = Barrier(count), [None] * count

    def one(number):
        close_old_connections()
        begin.wait(20)
        try:
            results[number] = act(number)
        except Exception as failure:
            results[number] = failure
        finally:
            connections.close_all()

    threads = [Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_hands_proving_one_person_make_one_person_with_one_account():
    accounts = [account(f"hand-{number}") for number in range(8)]

    results = hands(8, lambda number: services.prove(accounts[number], **LI_NA))

    proved_ones = [result for result in results if isinstance(result, Proofing)]
    told = [result for result in results if isinstance(result, NotAllowed)]
    assert (len(proved_ones), [problem.code for problem in told]) == (1, ["person-has-an-account"] * 7)
    assert Person.objects.count() == 1
    assert Account.objects.filter(person__isnull=False, level=2).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_hands_recording_one_person_all_get_the_same_row():
    results = hands(8, lambda number: services.record_person(**_person("990000199207080045")))

    assert {result.pk for result in results} == {Person.objects.get().pk}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_hands_opening_one_name_open_one_account():
    results = hands(6, lambda number: account("same-name"))

    assert sum(isinstance(result, Account) for result in results) == 1
    assert sum(isinstance(result, Invalid) and result.code == "login-taken" for result in results) == 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_looking_first_and_writing_then_lets_several_hands_through():
    """Without the care of `record_person` and `_join` the same eight hands run into the database's refusal, raw."""
    accounts = [account(f"hand-{number}") for number in range(8)]
    person = services.record_person(**_person("990000199207080045"))
    looked = Barrier(8)

    def careless(number):
        free = not Account.objects.filter(person=person).exists()
        looked.wait(20)
        if free:
            mine = accounts[number]
            mine.person, mine.level = person, 2
            mine.save()
        return free

    results = hands(8, careless)

    raw = [result for result in results if isinstance(result, IntegrityError)]
    assert len(raw) == 7
    assert not any(isinstance(result, Problem) for result in results)
