import datetime
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.licences.samples import NOON
from tongban.licences import keys


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "seals"


def test_the_first_question_makes_root_and_key_and_the_second_answers_the_same(directory):
    first = keys.current(directory, "AMR", "food-licence", now=NOON)
    second = keys.current(directory, "AMR", "food-licence", now=NOON + timedelta(days=30))

    assert first == second
    assert [key.key_id for key in keys.all_public(directory)] == [first.key_id]


def test_every_department_and_type_has_a_key_of_its_own(directory):
    made = {
        keys.current(directory, department, kind, now=NOON).key_id
        for department, kind in [("AMR", "food-licence"), ("AMR", "alcohol-licence"), ("HC", "food-licence")]
    }

    assert len(made) == 3


def test_a_key_lives_at_most_ninety_days_and_is_renewed_a_month_before_its_end(directory):
    first = keys.current(directory, "AMR", now=NOON)
    certificate = x509.load_der_x509_certificate(first.public.seal_certificate)

    late = keys.current(directory, "AMR", now=NOON + timedelta(days=61))

    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=90)
    assert late.key_id != first.key_id
    assert late.public.not_after - late.public.not_before <= timedelta(days=90)


def test_both_certificates_come_from_our_root_and_carry_the_key_id(directory):
    key = keys.current(directory, "AMR", "food-licence", now=NOON, name="Administration for Market Regulation")
    root = x509.load_pem_x509_certificate(keys.root_pem(directory, now=NOON))

    seal = x509.load_der_x509_certificate(key.public.seal_certificate)
    statement = x509.load_der_x509_certificate(key.public.statement_certificate)

    for certificate, kind in ((seal, ec.EllipticCurvePublicKey), (statement, ed25519.Ed25519PublicKey)):
        certificate.verify_directly_issued_by(root)
        assert isinstance(certificate.public_key(), kind)
        assert certificate.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value == key.key_id
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "demonstration root" in root.subject.rfc4514_string()


def test_files_are_readable_by_nobody_else(directory):
    keys.current(directory, "AMR", now=NOON)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert keys.troubles(directory, now=NOON) == []


def test_the_check_names_what_is_wrong(directory):
    key = keys.current(directory, "AMR", now=NOON)
    (directory / "root.key").chmod(0o644)

    found = keys.troubles(directory, now=NOON + timedelta(days=100))

    assert any("root.key can be read by others" in trouble for trouble in found)
    assert any(key.key_id in trouble and "has ended" in trouble for trouble in found)


def test_private_halves_are_shown_nowhere(directory):
    key = keys.current(directory, "AMR", now=NOON)

    assert key.seal_private.hex()[:20] not in repr(key)
    assert "private" not in repr(key)


def test_a_withdrawn_key_signs_no_more_and_stays_known(directory):
    key = keys.current(directory, "AMR", now=NOON)

    keys.withdraw(directory, key.key_id, now=NOON, why="lost")
    again = keys.withdraw(directory, key.key_id, now=NOON + timedelta(days=1), why="twice")

    assert again.withdrawn_at == NOON and again.withdrawn_why == "lost"
    assert keys.withdrawn(directory) == {key.key_id: "lost"}
    assert keys.held(directory, key.key_id, now=NOON) is None
    assert not (directory / f"{key.key_id}.key").exists()
    assert keys.current(directory, "AMR", now=NOON).key_id != key.key_id
    assert [public.key_id for public in keys.all_public(directory) if public.withdrawn_at is None] != [key.key_id]


def test_withdrawing_an_unknown_key_is_said(directory):
    with pytest.raises(keys.KeyTrouble):
        keys.withdraw(directory, "nobody", now=NOON, why="lost")


def test_private_halves_of_ended_keys_are_destroyed_and_their_signatures_still_verify(directory):
    key = keys.current(directory, "AMR", now=NOON)
    signature = key.sign_statement(b"said")

    gone = keys.destroy_ended(directory, now=NOON + timedelta(days=91))

    assert gone == [key.key_id]
    assert not (directory / f"{key.key_id}.key").exists()
    public = keys.find(directory, key.key_id)
    public.verify_statement(signature, b"said")
    with pytest.raises(InvalidSignature):
        public.verify_statement(signature, b"said otherwise")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "x" * 80, "é"])
def test_a_name_cannot_lead_out_of_the_directory(directory, name):
    with pytest.raises(keys.KeyTrouble):
        keys.current(directory, name, now=NOON)
    assert keys.find(directory, name) is None


def test_many_threads_agree_on_one_key_and_one_root(directory):
    with ThreadPoolExecutor(8) as hands:
        made = list(hands.map(lambda _: keys.current(directory, "AMR", now=NOON).key_id, range(24)))

    assert len(set(made)) == 1


def _ask(directory):
    return keys.current(directory, "AMR", now=NOON).key_id


def test_several_processes_agree_on_one_key(directory):
    with get_context("spawn").Pool(3) as hands:
        made = hands.map(_ask, [directory] * 3)

    assert len(set(made)) == 1


def test_without_the_lock_two_hands_make_two_keys(directory):
    """The negative control: creating is not idempotent by itself, only `current` under its lock is."""
    first, second = keys.create(directory, "AMR", now=NOON), keys.create(directory, "AMR", now=NOON)

    assert first.key_id != second.key_id


def test_the_key_set_for_verifiers_holds_living_keys_and_no_private_part(directory):
    kept, lost = keys.create(directory, "AMR", now=NOON), keys.create(directory, "HC", now=NOON)
    keys.withdraw(directory, lost.key_id, now=NOON, why="lost")

    told = keys.jwks(keys.all_public(directory))

    assert [member["kid"] for member in told["keys"]] == [kept.key_id]
    assert set(told["keys"][0]) == {"kty", "crv", "alg", "use", "kid", "x"}


def test_a_key_id_fits_its_column(directory):
    key = keys.current(
        directory, "ABCDEFGHIJKLMNOPQRST", "a-very-long-licence-type-slug-indeed-for-a-test-0123456789", now=NOON
    )

    assert len(key.key_id) <= 60
    assert datetime.timedelta(0) < key.public.not_after - NOON
