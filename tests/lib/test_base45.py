"""Base45, against the examples of RFC 9285 and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.lib import base45


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_the_examples_of_the_rfc_hold_both_ways(content, text):
    assert base45.encode(content) == text
    assert base45.decode(text) == content


@given(st.binary(max_size=300))
def test_what_is_encoded_comes_back(content):
    assert base45.decode(base45.encode(content)) == content


@pytest.mark.parametrize("text", ["GGW", ":::", "::", "A", "BB8A", "bb8", " BB8\n", "BB8é", "BB８", "BB\x00", "BB_"])
def test_what_the_rfc_does_not_know_is_refused(text):
    with pytest.raises(ValueError, match="."):
        base45.decode(text)


@given(st.text(alphabet=base45.ALPHABET + "a_é", max_size=60))
def test_a_text_is_refused_or_is_the_only_spelling_of_its_content(text):
    try:
        content = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(content) == text
