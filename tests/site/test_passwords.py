"""Passwords known from breaches are refused by a look into a file of the operator's; nothing leaves the machine."""

import hashlib

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pydantic import ValidationError as Wrong

from tongban.site.configuration import Configuration
from tongban.site.passwords import listed

KNOWN = [f"a long known phrase {number}" for number in range(997)]


@pytest.fixture(params=["\n", "\r\n"])
def breaches(tmp_path, request):
    lines = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in KNOWN)
    path = tmp_path / "pwned.txt"
    path.write_text("".join(f"{line}:{7 * place}{request.param}" for place, line in enumerate(lines)), newline="")
    return path


def test_every_password_of_the_list_is_found_and_no_other(breaches):
    assert all(listed(breaches, word) for word in KNOWN)
    assert not any(listed(breaches, f"an unknown phrase {number}") for number in range(1000))


def test_a_password_of_a_breach_is_refused_and_without_a_list_it_is_taken(breaches, settings):
    settings.BREACHED_PASSWORDS = breaches
    with pytest.raises(ValidationError) as refused:
        validate_password(KNOWN[500])
    assert [one.code for one in refused.value.error_list] == ["password_of_a_breach"]
    validate_password("creek of eighteen bends")

    settings.BREACHED_PASSWORDS = None
    validate_password(KNOWN[500])


@pytest.mark.parametrize("content", [None, "", "password\n123456\n", "5BAA61E4\n"])
def test_a_list_that_is_none_keeps_the_product_from_starting(tmp_path, content):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Wrong, match="breached_passwords"):
        Configuration(breached_passwords=path)
