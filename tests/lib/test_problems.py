from django.utils import translation
from django.utils.translation import gettext_lazy

from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany, Unavailable, worded


def test_each_problem_knows_its_status():
    assert [
        Problem("a", "b").status,
        NotAllowed("a", "b").status,
        Invalid("a").status,
        TooMany("a", retry_after=30).status,
        Unavailable("a").status,
        Problem("a", "b", status=507).status,
    ] == [400, 409, 422, 429, 503, 507]


def test_a_problem_reads_as_what_happened_what_was_kept_and_what_next():
    problem = NotAllowed("late", "It is too late.", kept="Your draft is kept.", next_step="Begin a new application.")

    assert str(problem) == "It is too late. Your draft is kept. Begin a new application."


def test_invalid_names_every_field_and_all_its_reasons():
    problem = Invalid("form", errors={"mobile": ("Too short.", "No letters.")})

    assert problem.errors == {"mobile": ["Too short.", "No letters."]}


def test_a_worded_sentence_is_filled_in_the_language_of_the_reader():
    sentence = worded(gettext_lazy("Enter a valid date."), unused=1)
    filled = worded("%(state)s!", state=gettext_lazy("Yes"))

    with translation.override("en"):
        assert (str(sentence), str(filled)) == ("Enter a valid date.", "Yes!")
    with translation.override("de"):
        assert str(sentence) == "Bitte ein gültiges Datum eingeben."
