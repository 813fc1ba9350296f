import datetime

import pytest
from django.conf import settings
from django.utils import timezone

from tests import make
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.notices import checks, queries, services
from tongban.notices.gateways.mail.base import Refused
from tongban.notices.models import Dispatch, Message
from tongban.parties.models import Membership

pytestmark = pytest.mark.django_db

PARAMS = {"matter": {"zh": "居住证签注", "en": "Endorsement"}, "number": "310107261121000012", "due": "2026-12-01"}


def tell(party, kind="correction_requested", once="case:1", **more):
    return services.tell(
        party, kind, about="case:1", link="/my/cases/abc/", params=PARAMS, once=once, **({"needs_answer": True} | more)
    )


class Post:
    """Takes letters, or does with them what it is told."""

    def __init__(self, failure=None):
        self.sent, self.failure = [], failure

    def send(self, *what):
        if self.failure is not None:
            raise self.failure
        self.sent.append(what)

    def problems(self):
        return []


@pytest.fixture
def post(monkeypatch):
    post = Post()
    monkeypatch.setattr(services, "mail", lambda: post)
    monkeypatch.setattr(services, "text_messages", lambda: post)
    return post


def work():
    while journal.work_once():
        pass


def test_a_person_is_told_in_both_languages_by_inbox_mail_and_text(post):
    account = make.account()

    (message,) = tell(account.person)
    work()

    assert message.shown_title == "请补齐材料"
    assert "居住证签注" in message.body["zh"] and "Endorsement" in message.body["en"]
    assert sorted(Dispatch.objects.values_list("channel", "state")) == [("email", "sent"), ("sms", "sent")]
    (letter,), (to, text, _reference) = post.sent
    assert (letter.to, letter.subject) == (account.email, "请补齐材料")
    assert f"{settings.PUBLIC_URL}/my/cases/abc/" in letter.text
    assert "居住证签注" not in letter.text + text
    assert to == account.person.mobile


def test_the_same_occasion_is_told_once(post):
    account = make.account()

    assert [len(tell(account.person)), len(tell(account.person)), len(tell(account.person, once="case:2"))] == [1, 0, 1]
    assert Message.objects.count() == 2


def test_a_company_is_told_through_everybody_who_acts_for_it_today(post):
    owner, clerk, former = make.account(), make.account(), make.account()
    company = make.company(of=owner.person)
    today = timezone.localdate()
    Membership.objects.create(person=clerk.person, company=company, role="clerk", since=today)
    Membership.objects.create(
        person=former.person,
        company=company,
        role="clerk",
        since=datetime.date(2020, 1, 1),
        until=today - datetime.timedelta(1),
    )

    told = tell(company)

    assert sorted(message.account_id for message in told) == sorted([owner.pk, clerk.pk])


@pytest.mark.parametrize(
    ("wish", "kind", "needs_answer", "ways"),
    [
        ({"email": False, "sms": False}, "correction_requested", True, []),
        ({"email": True, "sms": False}, "correction_requested", True, ["email"]),
        ({"only_when_needed": True}, "result_ready", False, []),
        ({"only_when_needed": True}, "correction_requested", True, ["email", "sms"]),
        ({}, "case_accepted", False, ["email"]),
        ({}, "rate_invitation", False, []),
    ],
)
def test_outside_ways_are_the_ones_chosen_and_the_inbox_always_is(post, wish, kind, needs_answer, ways):
    account = make.account()
    services.set_preferences(account, **({"email": True, "sms": True, "only_when_needed": False} | wish))

    tell(account.person, kind, needs_answer=needs_answer)

    assert Message.objects.count() == 1
    assert sorted(Dispatch.objects.values_list("channel", flat=True)) == ways


def test_a_refusal_is_final_and_silence_is_tried_again_with_the_same_reference(post):
    account = make.account()
    services.set_preferences(account, email=True, sms=False, only_when_needed=False)
    tell(account.person)
    reference = Dispatch.objects.get().reference

    post.failure = TimeoutError("no answer")
    work()
    assert Dispatch.objects.get().state == "waiting"
    assert Job.objects.get(kind="notices.carry").state == "waiting"
    post.failure = None
    services.carry(Dispatch.objects.get().pk, number="1")
    services.carry(Dispatch.objects.get().pk, number="1")

    assert [letter.reference for (letter,) in post.sent] == [str(reference)]
    assert Dispatch.objects.get().state == "sent"


def test_a_refused_letter_is_not_tried_again(post):
    account = make.account()
    services.set_preferences(account, email=True, sms=False, only_when_needed=False)
    tell(account.person)

    post.failure = Refused("550 no such mailbox")
    work()

    row = Dispatch.objects.get()
    assert (row.state, row.reason) == ("refused", "550 no such mailbox")
    assert Job.objects.get(kind="notices.carry").state == "done"


def test_what_was_tried_to_the_end_is_shown_as_given_up(post):
    account = make.account()
    services.set_preferences(account, email=True, sms=False, only_when_needed=False)
    tell(account.person)
    Job.objects.update(state=Job.PARKED, last_error="TimeoutError: no answer")

    assert services.give_up_what_was_parked() == 1
    assert services.give_up_what_was_parked() == 0
    assert Dispatch.objects.get().state == "parked"
    assert len(checks.problems()) == 1


def test_nobody_reads_or_marks_another_ones_message(post):
    account, other = make.account(), make.account()
    (message,) = tell(account.person)

    assert queries.message(other, message.pk) is None
    assert services.mark_read(other, message.pk) == 0
    assert services.mark_read(account, message.pk) == 1
    assert services.mark_read(account, message.pk) == 0


def test_the_inbox_goes_by_pages_and_the_count_ends_at_99_plus(post):
    account = make.account()
    services.set_preferences(account, email=False, sms=False, only_when_needed=False)
    for number in range(60):
        tell(account.person, once=f"case:{number}")

    first, after = queries.inbox(account)
    second, later = queries.inbox(account, after)
    third, end = queries.inbox(account, later)

    assert [len(first), len(second), len(third), end] == [25, 25, 10, None]
    assert sorted({m.pk for m in (*first, *second, *third)}, reverse=True) == [m.pk for m in (*first, *second, *third)]
    assert queries.unread_shown(account) == "60"
    for number in range(60, 110):
        tell(account.person, once=f"case:{number}")
    assert (queries.unread_count(account), queries.unread_shown(account)) == (100, "99+")
    services.mark_read(account)
    assert queries.unread_shown(account) == ""


def test_a_letter_given_up_long_ago_is_found_behind_many_newer_ones(post):
    account = make.account()
    services.set_preferences(account, email=True, sms=False, only_when_needed=False)
    tell(account.person)
    Job.objects.update(state=Job.PARKED, last_error="TimeoutError: no answer")
    first = Job.objects.get(kind="notices.carry")
    Job.objects.bulk_create(
        Job(kind=first.kind, payload={"dispatch": 0}, state=Job.PARKED, last_error="x", run_at=first.run_at)
        for _one in range(501)
    )

    assert services.give_up_what_was_parked() == 1


def told_rows():
    rows = Message.objects.order_by("once", "account").values_list(
        "once", "account", "party", "kind", "title", "body", "about", "link", "needs_answer"
    )
    ways = Dispatch.objects.order_by("reference").values_list("channel", "address", "language", "reference")
    errands = [
        job.payload["number"] for job in Job.objects.filter(kind="notices.carry").order_by("payload__dispatch", "pk")
    ]
    return list(rows), list(ways), sorted(errands)


def test_many_occasions_at_once_are_told_as_one_by_one_and_in_as_few_statements(post, django_assert_max_num_queries):
    owner, plain, wishing, nobody = make.account(), make.account(), make.account(), make.person()
    company = make.company(of=owner.person)
    services.set_preferences(wishing, email=True, sms=False, only_when_needed=True)
    parties = [company, plain.person, wishing.person, owner.person, nobody]

    def occasions(which):
        return [
            services.Occasion(
                party.pk, kind, "case:1", "/my/cases/abc/", {**PARAMS, "number": f"{place}"}, f"{kind}:{place}", answer
            )
            for place, party in enumerate(which)
            for kind, answer in (("correction_requested", True), ("dates_changed", False), ("rate_invitation", False))
        ]

    services.tell_each(occasions([make.account().person]))  # what is composed once is composed
    Message.objects.all().delete()
    Job.objects.all().delete()
    for one in occasions(parties):
        services.tell(
            next(party for party in parties if party.pk == one.party), one.kind, about=one.about, link=one.link,
            params=one.params, once=one.once, needs_answer=one.needs_answer,
        )  # fmt: skip
    singly = told_rows()
    Message.objects.all().delete()
    Job.objects.all().delete()

    with django_assert_max_num_queries(11):
        told = services.tell_each(occasions(parties))

    assert (told, told_rows()) == (12, singly)
    assert len(singly[1]) > 6
    assert services.tell_each(occasions(parties)) == 0
