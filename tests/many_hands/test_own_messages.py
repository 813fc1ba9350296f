"""Several workers at the same errand: what a matter says in its own words reaches each account once."""

import pytest

from tests.cases import ways
from tests.many_hands.hands import problems, together
from tests.matters.test_own_messages import letters
from tongban.cases import told_own_words
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 5


def silent_case():
    """A case whose moment came while nobody carried errands."""
    matter = ways.matter_with_everything(letters=letters())
    return ways.bring("approved", matter)


def test_workers_at_the_same_moment_of_a_case_tell_once():
    case = silent_case()

    answers = together(*[lambda: told_own_words.say(case.pk, "ready")] * HANDS)

    assert problems(answers) == []
    assert Message.objects.filter(kind="matter_message").count() == 1


def test_without_the_name_of_the_occasion_each_would_tell_again_and_the_database_knows_it_by_that_name():
    """The control: hands that name the occasion each for itself tell five times; one name is refused a second time."""
    case = silent_case()

    answers = together(*[lambda hand=hand: told_own_words.say(case.pk, "ready", str(hand)) for hand in range(HANDS)])

    assert problems(answers) == []
    rows = list(Message.objects.filter(kind="matter_message"))
    assert len(rows) == HANDS
    rows[0].pk, rows[0].once = None, rows[1].once
    with pytest.raises(Exception, match="(?i)unique"):
        rows[0].save(force_insert=True)
