"""Several devices with one code: never two inside, and the second one ends it; with a control that shows what holds it."""

import secrets
import threading

import pytest

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases.models import CarriedDraft, ListedMatter
from tongban.cases.services import carrying
from tongban.cases.services import together as lists
from tongban.lib.moves import NotNow
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def offered():
    account = make.account()
    case = make.draft(account_=account)
    row, code = carrying.offer(case, account=account, session="s")
    return account, row, code


def test_of_two_scanners_at_once_none_stays_and_at_most_one_ever_had_a_number():
    _account, row, code = offered()

    answers = together(*(lambda: carrying.scan(code, device="x") for _one in range(2)))

    row.refresh_from_db()
    assert len(problems(answers)) == 1
    assert (row.state, row.why, row.token_index) == ("ended", "again", "")


def test_the_control_where_the_row_is_not_asked_both_scanners_get_in_line(monkeypatch):
    """Without the conditional move both would hold a secret and believe that they wait."""
    _account, row, code = offered()
    both_read = threading.Barrier(2)

    def unasked(row, step, *, only_if=None, **changes):
        CarriedDraft.objects.filter(pk=row.pk).update(state=step.target, **changes)

    def met(length):
        both_read.wait(10)  # both have read the row before either writes
        return secrets.token_hex(length)

    monkeypatch.setattr(carrying, "make", unasked)
    monkeypatch.setattr(carrying.secrets, "token_urlsafe", met)

    answers = together(*(lambda: carrying.scan(code, device="x") for _one in range(2)))

    assert problems(answers) == []
    assert len({token for _row, token in answers}) == 2


def test_let_in_and_cut_off_at_once_ends_outside_or_inside_and_never_half():
    account, row, code = offered()
    row, token = carrying.scan(code, device="x")
    number = row.number

    answers = together(
        lambda: carrying.let_in(row, number=number, account=account, session="s"),
        lambda: carrying.end(row, why="here", actor=carrying.applying(account, row.case)),
    )

    row.refresh_from_db()
    assert row.state == "ended" and carrying.waiting_or_at_work(token) is None
    assert all(isinstance(one, NotAllowed | NotNow) for one in problems(answers))


def test_three_wrong_numbers_at_once_are_three_tries():
    account, row, code = offered()
    row, _token = carrying.scan(code, device="x")
    wrong = f"{(int(row.number) + 1) % 10_000:04d}"

    together(*(lambda: carrying.let_in(row, number=wrong, account=account, session="s") for _one in range(4)))

    row.refresh_from_db()
    assert (row.state, row.why, row.tries) == ("ended", "number", 3)


def test_two_tabs_that_begin_a_list_make_one_draft_of_each():
    account = make.account()
    for slug in ("one", "two"):
        make.matter(slug)
    lists.add(account, ["one", "two"])

    together(*(lambda: lists.begin_all(account, party=account.person, channel="online_pc") for _one in range(2)))

    rows = ListedMatter.objects.filter(account=account)
    assert [row.case_id is not None for row in rows] == [True, True]
    assert account.person.cases.count() == 2


def test_two_tabs_do_not_make_a_list_of_more_than_twenty():
    account = make.account()
    slugs = [f"m{number}" for number in range(lists.MOST + 2)]
    for slug in slugs:
        make.matter(slug)
    lists.add(account, slugs[: lists.MOST - 1])

    answers = together(*(lambda slug=slug: lists.add(account, [slug]) for slug in slugs[lists.MOST - 1 :]))

    assert account.listed.count() == lists.MOST
    assert len(problems(answers)) == 2
