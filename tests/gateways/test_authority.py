"""One contract for everybody who answers for the authorities."""

from pathlib import Path

import pytest

from tongban.lib import yamls
from tongban.registers.gateways.authority.base import NoAnswer, NotFound, Refused, Subject
from tongban.registers.gateways.authority.simulated import DEMO, SimulatedAuthority, holdings
from tongban.registers.gateways.authority.unconnected import Unconnected

pytestmark = pytest.mark.django_db  # the twin keeps its own changes

WANG = Subject("person", "99000019961120007X", "id_card")
CAFE = Subject("company", "91990000999990002Q")
STRANGER = Subject("person", "990000199001010018", "id_card")


@pytest.fixture(params=[SimulatedAuthority, Unconnected], ids=lambda kind: kind.name)
def authority(request):
    return request.param()


def test_an_answer_has_exactly_the_fields_asked_for_or_there_is_a_plain_failure(authority):
    for fields in ([], ["employer"], ["employer", "from", "no-such-field"]):
        try:
            answer = authority.read("employment-filing", WANG, fields, "case:1")
        except (NotFound, Refused, NoAnswer):
            continue
        assert sorted(answer) == sorted(fields)


def test_a_stranger_is_never_known(authority):
    with pytest.raises((NotFound, Refused, NoAnswer)):
        authority.read("employment-filing", STRANGER, ["employer"], "case:1")


def test_a_picture_nobody_holds_is_a_plain_failure(authority):
    with pytest.raises((NotFound, Refused, NoAnswer)):
        authority.picture("photo-library:../../etc/passwd")


def test_problems_are_sentences_and_ask_for_no_data(authority):
    assert all(isinstance(one, str) and one for one in authority.problems())


def test_the_twin_knows_the_newcomer():
    read = SimulatedAuthority().read

    assert read("employment-filing", WANG, ["employer", "active"], "x") == {
        "employer": "示范网安科技有限公司",
        "active": True,
    }
    assert read("residence-register", WANG, ["months_registered"], "x") == {"months_registered": 13}
    assert read("photo-library", WANG, ["photo"], "x") == {"photo": "photo-library:drawn-2"}
    assert SimulatedAuthority().picture("photo-library:drawn-2").startswith(b"\x89PNG")
    assert read("company-status", CAFE, ["legal_rep"], "x") == {"legal_rep": "陈灵活"}


def test_the_known_bad_cases_of_the_twin():
    with pytest.raises(NoAnswer):
        SimulatedAuthority().read("photo-library", Subject("person", "990000199001019995"), ["photo"], "x")
    with pytest.raises(Refused):
        SimulatedAuthority().read("photo-library", Subject("person", "990000199001019987"), ["photo"], "x")
    with pytest.raises(NotFound):
        SimulatedAuthority().read("vet-register", WANG, ["reg_no"], "x")
    with pytest.raises(NoAnswer):
        SimulatedAuthority(failing={"photo-library": NoAnswer}).read("photo-library", WANG, ["photo"], "x")


def test_the_twin_holds_something_in_every_register_of_the_catalogue_and_only_fields_it_lists():
    catalogue = yamls.read(Path(DEMO / "data_catalogue.yaml"))["resources"]
    written = yamls.read(Path(DEMO / "registers.yaml"))
    listed = {one["id"]: {*one["fields"], *written["more_fields"].get(one["id"], ())} for one in catalogue}
    listed |= {one["id"]: set(one["fields"]) for one in written["resources"]}
    held: dict[str, set] = {}
    for records in holdings(DEMO).values():
        for resource, values in records.items():
            held.setdefault(resource, set()).update(values)

    assert len(catalogue) == 23
    assert sorted(held) == sorted(listed)
    assert {name: sorted(fields - listed[name]) for name, fields in held.items() if fields - listed[name]} == {}


def test_a_correction_is_kept_or_there_is_a_plain_failure(authority):
    """Once, with what stood there before; the same reference again changes nothing."""
    try:
        before = authority.read("employment-filing", WANG, ["employer"], "case:1")["employer"]
        for _twice in range(2):
            authority.correct("employment-filing", WANG, "employer", "新雇主", reference="dispute:a", why="checked")
    except (NotFound, Refused, NoAnswer):
        return

    assert authority.read("employment-filing", WANG, ["employer", "active"], "case:1")["employer"] == "新雇主"
    assert [(one.before, one.after, one.why) for one in authority.history("employment-filing", WANG, "employer")] == [
        (before, "新雇主", "checked")
    ]
    assert authority.read(
        "employment-filing", Subject("person", "990000199207080045", "id_card"), ["employer"], "x"
    ) != {"employer": "新雇主"}


def test_of_a_stranger_nothing_is_corrected(authority):
    with pytest.raises((NotFound, NoAnswer)):
        authority.correct("employment-filing", STRANGER, "employer", "x", reference="dispute:b", why="")
