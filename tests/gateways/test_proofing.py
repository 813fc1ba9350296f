"""What every gateway to a register of people keeps to, whoever stands behind it."""

from datetime import date

import pytest

from tongban.lib.identifiers import mod_11_2
from tongban.parties import rules
from tongban.parties.gateways.proofing import proofing_gateway
from tongban.parties.gateways.proofing.base import Answer, Claim, Face, Match, Refused, Registered, Unanswered
from tongban.parties.gateways.proofing.by_hand import ByHand
from tongban.parties.gateways.proofing.simulated import Simulated, invented_number, known_people

GATEWAYS = [Simulated(), ByHand()]
CLAIMS = [
    Claim("id_card", "990000199207080045", "李示例", "13900001234"),
    Claim("id_card", "990000199207080045", "别人", "13900001234"),
    Claim("passport", "X90000009", "Anna Example", "+79161234567", date(1996, 2, 10), "F", "RU"),
    Claim("hkmo_permit", "H99001234", "刘港居", "13900001234", date(1985, 8, 30), "M"),
    Claim("foreign_permanent", "FRA990085083012", "Claire Exemple", "13900001234", date(1985, 8, 30), "F"),
]


@pytest.mark.parametrize("gateway", GATEWAYS, ids=lambda one: one.name)
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda one: f"{one.id_kind}-{one.name}")
def test_an_answer_is_whole_and_the_same_question_gets_the_same_one(gateway, claim):
    answer = gateway.compare(claim)

    assert answer == gateway.compare(claim)
    assert isinstance(answer, Answer) and answer.reference and len(answer.reference) <= 60
    assert (answer.match is Match.YES) == isinstance(answer.person, Registered)
    assert claim.id_no not in answer.reference


@pytest.mark.parametrize("gateway", GATEWAYS, ids=lambda one: one.name)
def test_a_face_is_judged_between_nothing_and_one_and_never_refuses(gateway):
    face = gateway.look_at(CLAIMS[0], b"")

    assert isinstance(face, Face)
    assert 0 <= face.score <= 1
    assert isinstance(rules.convinces(face.score, face.alive), bool)


def test_without_a_register_nobody_is_believed_by_a_machine():
    assert {ByHand().compare(claim).match for claim in CLAIMS} == {Match.BY_HAND}
    assert not rules.convinces(ByHand().look_at(CLAIMS[0], b"").score, True)


def test_only_the_demonstration_has_the_twin(settings):
    assert proofing_gateway().name == "simulated"

    settings.DEMO = False

    assert proofing_gateway().name == "by_hand"


def test_the_known_bad_cases_of_the_twin():
    def claim(end):
        return Claim("id_card", f"990000199001010{end}", "某人", "13900001234")

    with pytest.raises(Refused):
        Simulated().compare(claim("000"))
    with pytest.raises(Unanswered):
        Simulated().compare(claim("999"))
    with pytest.raises(Unanswered):
        Simulated().look_at(claim("999"), b"")
    assert Simulated().look_at(claim("997"), b"").score < rules.ALIKE_ENOUGH
    assert Simulated().look_at(claim("998"), b"").alive is False


def test_the_twin_knows_the_twelve_people_of_the_demonstration_and_one_is_sent_to_a_window():
    faces = {
        known.name: Simulated().look_at(Claim(*number, known.name), b"") for number, known in known_people().items()
    }

    assert len(faces) == 12
    assert {name for name, face in faces.items() if not rules.convinces(face.score, face.alive)} == {"郑高龄"}


def test_a_real_looking_number_is_believed_by_nobody():
    """Outside the invented area the twin knows nobody: no real number of anybody becomes a demonstration identity."""
    digits = "31010719900101001"
    answer = Simulated().compare(Claim("id_card", digits + mod_11_2(digits), "某人", "13900001234"))

    assert answer.match is Match.NO


def test_invented_numbers_for_newcomers_are_possible_all_different_and_none_is_a_bad_case():
    numbers = [invented_number(seed) for seed in range(1, 400)]

    assert len(set(numbers)) > 390
    for number in numbers:
        assert rules.check_number("id_card", number).valid
        assert Simulated().compare(Claim("id_card", number, "新来的", "13900001234")).match is Match.YES
        face = Simulated().look_at(Claim("id_card", number, "新来的"), b"")
        assert rules.convinces(face.score, face.alive)
