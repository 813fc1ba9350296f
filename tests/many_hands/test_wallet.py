"""A licence under many hands: one code once for each verifier, an end of the holder against a look, views that are counted, one reminder."""

import threading
from datetime import timedelta

import pytest

from tests import make
from tests.licences.test_presenting import NOW, TODAY, anyone, code, hand, licence, owner, shared  # noqa: F401
from tests.licences.test_reminding import ending, told
from tests.many_hands.hands import problems, together
from tongban.lib.problems import NotAllowed
from tongban.licences import authorising, presenting, reminding
from tongban.licences.models import LicenceCall, LicenceOpening, LicencePresentation

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_seal_keys", "in_english"),
]


def look(made, opener):
    return lambda: presenting.open_it(presenting.found(made.token), opener=opener, now=NOW)


def codes(answers) -> list[str]:
    return sorted(problem.code for problem in problems(answers))


def test_one_verifier_who_scans_six_times_at_once_is_let_in_once_and_others_too(licence, owner):  # noqa: F811
    made = presenting.show(licence, **hand(owner), now=NOW)

    answers = together(*[look(made, anyone("gate"))] * 6, look(made, anyone("other")))

    assert codes(answers) == ["code-used-here"] * 5
    assert sorted(LicenceOpening.objects.values_list("single", flat=True)) == [True, True]
    assert LicencePresentation.objects.get().views == 2


def test_a_share_for_three_looks_is_opened_three_times(licence, owner):  # noqa: F811
    made = shared(licence, owner, views_at_most=3)

    answers = together(*(look(made, anyone(str(n))) for n in range(8)))

    assert codes(answers) == ["share-used-up"] * 5
    assert (LicencePresentation.objects.get().views, LicenceOpening.objects.count()) == (3, 3)


def test_without_the_condition_in_the_row_more_would_get_in(licence, owner):  # noqa: F811
    """The control: judged beforehand and counted afterwards, several pass together."""
    made = shared(licence, owner, views_at_most=3)

    def judged_beforehand():
        row = presenting.found(made.token)
        if presenting.why_not(row, NOW) is not None:
            raise NotAllowed("share-used-up", "")
        started.wait(5)
        LicenceOpening.objects.create(presentation=row, by="anyone", opener="x", answer="valid", single=False)

    started = threading.Barrier(6)
    together(*[judged_beforehand] * 6)

    assert LicenceOpening.objects.count() == 6


def test_whoever_opens_after_the_end_finds_it_ended(licence, owner):  # noqa: F811
    """An end and looks at once: every look that got in came before the end, and afterwards none does."""
    made = shared(licence, owner)

    answers = together(
        *(look(made, anyone(str(n))) for n in range(4)),
        lambda: presenting.end(made.presentation, actor=hand(owner)["actor"], now=NOW),
    )

    refused = codes(answers)
    row = LicencePresentation.objects.get()
    assert row.ended_at is not None and set(refused) <= {"share-ended"}
    assert row.views == LicenceOpening.objects.count() == 4 - len(refused)
    with pytest.raises(NotAllowed) as late:
        look(made, anyone("late"))()
    assert code(late) == "share-ended"


def test_each_look_of_an_office_is_a_row_of_its_own_and_none_comes_after_the_end(licence, owner):  # noqa: F811
    office = make.department("EDU")
    row = authorising.authorise(
        licence,
        department=office,
        purpose="school",
        fields=["name"],
        until=TODAY + timedelta(days=3),
        **hand(owner),
        now=NOW,
    )
    officers = [make.officer("window_officer", of=office) for _one in range(4)]

    answers = together(
        *(lambda who=who: authorising.open_at_office(row, officer=who, now=NOW) for who in officers),
        lambda: authorising.end(row, **hand(owner), now=NOW),
    )

    refused = codes(answers)
    assert set(refused) <= {"no-authority"}
    row.refresh_from_db()
    assert row.openings == LicenceCall.objects.count() == 4 - len(refused)
    with pytest.raises(NotAllowed):
        authorising.open_at_office(row, officer=officers[0], now=NOW)


def test_two_workers_remind_everybody_once():
    owners = [ending(20, decision=f"case:{n}")[1] for n in range(4)]

    answers = together(*(lambda: reminding.remind(TODAY) for _worker in range(3)))

    assert problems(answers) == []
    assert sum(answers) == 4
    assert [told(one) for one in owners] == [1] * 4


def test_prints_at_once_share_one_code(licence, owner):  # noqa: F811
    answers = together(*[lambda: presenting.print_copy(licence, **hand(owner), now=NOW)] * 4)

    assert problems(answers) == []
    assert len({made.token for made in answers}) == 1
    assert LicencePresentation.objects.filter(kind="print").count() == 1
