import json
from datetime import date
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_36

from tongban.lib import identifiers, yamls
from tongban.lib.identifiers import (
    KINDS,
    case_number,
    check_any_person_number,
    check_bank_account,
    check_case_number,
    check_foreign_permanent,
    check_hkmo_permit,
    check_hkmotw_residence,
    check_licence_identifier,
    check_mrz,
    check_passport,
    check_person_number,
    check_phone,
    check_resident_id,
    check_taiwan_permit,
    check_uscc,
    licence_identifier,
    mask_id,
    mask_name,
    mask_phone,
    mrz_check_digit,
)

ROOT = Path(__file__).parents[2]
ACTORS = yamls.read(ROOT / "demo/demo_actors.yaml")
TYPES = yamls.read(ROOT / "demo/licence_types.yaml")["licence_types"]
CODES = json.loads((ROOT / "tests/vectors/cn-identifiers/uscc.json").read_text("utf-8"))["uscc_valid"]
CASES = yamls.read(ROOT / "demo/states.yaml")["case_number"]["examples"]
TODAY = date(2026, 11, 21)


def resident(area: str, born: str, running: str) -> str:
    digits = area + born + running
    return digits + mod_11_2.calc_check_digit(digits)


# --- check characters, against a foreign reading of the standard ---


@given(st.text("0123456789", min_size=1, max_size=30))
def test_check_digits_agree_with_another_reading_of_the_standard(digits):
    assert identifiers.mod_11_2(digits) == mod_11_2.calc_check_digit(digits)
    assert identifiers.mod_11_10(digits) == mod_11_10.calc_check_digit(digits)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=60))
def test_check_characters_agree_with_another_reading_of_the_standard(text):
    assert identifiers.mod_37_36(text) == mod_37_36.calc_check_digit(text)


# --- people ---


@pytest.mark.parametrize("person", ACTORS["people"], ids=lambda person: person["id"])
def test_the_people_of_the_demonstration_pass(person):
    checked = KINDS[person["id_kind"]].check(person["id_no_demo"])

    assert checked.valid, checked.reason
    if person["id_kind"] == "id-card":
        assert checked.facts["birth_date"].isoformat() == person["birth_date"]
        assert checked.facts["sex"] == person["sex"]
        assert checked.facts["area"] == "990000"
        assert len(checked.remarks) == 1


@given(
    st.sampled_from(["110101", "310107", "650102", "440300"]),
    st.dates(date(1900, 1, 1), date(2020, 1, 1)),
    st.integers(1, 999),
)
def test_resident_numbers_agree_with_another_library(area, born, running):
    number = resident(area, f"{born:%Y%m%d}", f"{running:03d}")

    checked = check_resident_id(number, today=TODAY)

    assert (checked.valid, checked.remarks, checked.facts["birth_date"]) == (True, (), born)
    assert ric.calc_check_digit(number) == number[17]


@pytest.mark.parametrize("area", ["810000", "820000", "830000"])
def test_residents_from_hong_kong_macao_and_taiwan_are_served(area):
    number = resident(area, "19850830", "012")

    assert check_resident_id(number).valid
    assert check_resident_id(number).remarks == ()
    assert check_hkmotw_residence(number).valid


def test_another_area_is_no_permit_for_hong_kong_macao_or_taiwan():
    assert not check_hkmotw_residence(resident("310107", "19850830", "012")).valid


def test_a_number_of_the_old_kind_is_valid_and_remarked():
    checked = check_resident_id("310107550312003")

    assert (checked.valid, len(checked.remarks)) == (True, 1)
    assert checked.facts["birth_date"] == date(1955, 3, 12)
    assert checked.facts["long"] == resident("310107", "19550312", "003")


def test_an_unknown_area_is_a_remark_and_no_refusal():
    checked = check_resident_id(resident("990000", "19920708", "004"))

    assert (checked.valid, len(checked.remarks)) == (True, 1)


def test_spelling_does_not_matter():
    assert check_resident_id(" 99000019961120 007x ").value == "99000019961120007X"
    assert check_resident_id("990000-19920708-0045").valid
    assert check_resident_id("99000019920708004５").valid


@pytest.mark.parametrize(
    "number",
    [
        "",
        None,
        "1234",
        "99000019920708004",
        "9900001992070800455",
        "990000199207080046",
        "99000019921308004" + identifiers.mod_11_2("99000019921308004"),
        resident("990000", "19910229", "004"),
        resident("990000", "20270101", "004"),
        "31010755131200X",
        "٣١٠١٠٧٥٥٠٣١٢٠٠٣",
        "X" * 18,
        12.5,
        ["990000199207080045"],
    ],
)
def test_numbers_that_cannot_be_are_refused_with_a_sentence(number):
    checked = check_resident_id(number, today=TODAY)

    assert not checked.valid
    assert str(checked.reason).endswith((".", "。"))


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place, more):
    number = "990000199207080045"
    changed = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]

    assert not check_resident_id(changed, today=TODAY).valid


@pytest.mark.parametrize(
    "number", ["X90000009", "E12345678", "EA1234567", "G12345678", "123456789", "L898902C3", "x9 0000 009"]
)
def test_passports_of_many_countries_pass(number):
    assert check_passport(number).valid


@pytest.mark.parametrize("number", ["", "ABCDEFGH", "1234", "X" * 13, "X9000-О009"])  # the last О is Cyrillic
def test_what_is_no_passport_number_is_refused(number):
    assert not check_passport(number).valid


def test_permits_of_hong_kong_macao_and_taiwan_residents():
    assert check_hkmo_permit("H12345678").facts == {"region": "HK"}
    assert check_hkmo_permit("M1234567801").facts == {"region": "MO"}
    assert check_taiwan_permit("12345678").valid
    assert check_taiwan_permit("0123456789(B)").valid
    assert not check_hkmo_permit("X12345678").valid
    assert not check_taiwan_permit("1234567").valid


def test_foreign_permanent_residents_of_both_cards():
    new = "91112419810803002"
    new += identifiers.mod_11_2(new)
    old = "FRA11008506040"
    old += mrz_check_digit(old)

    assert check_foreign_permanent(new).facts["birth_date"] == date(1981, 8, 3)
    assert (check_foreign_permanent(old).valid, check_foreign_permanent(old).remarks) == (True, ())
    changed = check_foreign_permanent(old[:-1] + str((int(old[-1]) + 1) % 10))
    assert (changed.valid, len(changed.remarks)) == (True, 1)
    assert not check_foreign_permanent(new[:-1] + ("0" if new[-1] != "0" else "1")).valid
    assert not check_foreign_permanent("FRA110085136401").valid


def test_every_kind_has_a_name_and_a_check_and_unknown_kinds_are_refused():
    assert set(KINDS) >= {
        "id-card",
        "passport",
        "hkmo-permit",
        "taiwan-permit",
        "hkmotw-residence",
        "foreign-permanent",
    }
    assert all(str(kind.label) for kind in KINDS.values())
    assert check_person_number("passport", "X90000009").valid
    assert not check_person_number("library-card", "X90000009").valid


def test_a_field_that_does_not_ask_for_the_kind_takes_any_of_them():
    assert check_any_person_number("990000199207080045").facts["kind"] == "id-card"
    assert check_any_person_number("X90000009").facts["kind"] == "passport"
    with translation.override("en"):
        assert "last character" in str(check_any_person_number("990000199207080046").reason)
    assert not check_any_person_number("?").valid


# --- companies ---


@pytest.mark.parametrize("code", CODES)
def test_two_hundred_real_codes_pass(code):
    checked = check_uscc(code.lower())

    assert (checked.valid, checked.remarks, checked.value) == (True, (), code)


@pytest.mark.parametrize("company", ACTORS["companies"], ids=lambda company: company["id"])
def test_the_companies_of_the_demonstration_pass_with_a_remark(company):
    checked = check_uscc(company["uscc_demo"])

    assert (checked.valid, len(checked.remarks)) == (True, 1)


@given(st.sampled_from(CODES), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_a_slip_in_a_code_is_judged_as_another_library_does(code, place, letter):
    changed = code[:place] + letter + code[place + 1 :]

    assert check_uscc(changed).valid == (changed == code)
    if uscc.is_valid(changed):
        assert check_uscc(changed).valid


@pytest.mark.parametrize(
    "code", ["", "91990000999990001", "9199000099999000IM", "919900009999900O1M", "<script>alert(1)<"]
)
def test_codes_that_cannot_be_are_refused_with_a_sentence(code):
    checked = check_uscc(code)

    assert not checked.valid and str(checked.reason)


# --- telephones and accounts ---


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("138 0000 0000", "13800000000"),
        ("+86 138-0000-0000", "13800000000"),
        ("0086 13800000000", "13800000000"),
        ("１３８０００００００００"[:11], "13800000000"),
        ("021-6234 5678", "02162345678"),
        ("(0512) 62345678", "051262345678"),
        ("400-820-1234", "4008201234"),
        ("+44 20 7946 0000", "+442079460000"),
        ("00852 2345 6789", "+85223456789"),
    ],
)
def test_telephones_come_into_one_spelling(said, value):
    assert (check_phone(said).valid, check_phone(said).value) == (True, value)


@pytest.mark.parametrize("said", ["", "12345678901", "1380000000", "138000000000", "abc", "+0 123456", "+1", "110"])
def test_telephones_that_cannot_be_are_refused(said):
    assert not check_phone(said).valid


def test_a_card_with_a_wrong_last_digit_is_remarked_and_an_account_is_not():
    right = luhn.calc_check_digit("622202000000000")
    cards = {digit: check_bank_account(f"6222 0200 0000 000{digit}") for digit in "0123456789"}

    assert all(card.valid for card in cards.values())
    assert {digit for digit, card in cards.items() if not card.remarks} == {right}
    assert check_bank_account("1001234567890123456").remarks == ()
    assert not check_bank_account("12-34").valid


# --- machine readable zones ---

PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
SMALL = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
LONG = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<"
VISA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<"


def test_the_specimens_of_icao_9303_are_read():
    read = [check_mrz(zone, today=TODAY) for zone in (PASSPORT, CARD, SMALL, LONG, VISA)]

    assert [zone.valid for zone in read] == [True] * 5
    assert [zone.facts["number"] for zone in read] == [
        "L898902C3",
        "D23145890",
        "D23145890",
        "D23145890734",
        "L8988901C",
    ]
    assert [zone.facts["surname"] for zone in read] == ["ERIKSSON", "ERIKSSON", "ERIKSSON", "STEVENSON", "ERIKSSON"]
    assert [zone.facts["birth_date"].year for zone in read] == [1974, 1974, 1974, 1934, 1940]
    assert [zone.facts["expires_on"].year for zone in read] == [2012, 2012, 2012, 1995, 1996]
    assert read[0].facts["given_names"] == "ANNA MARIA"
    assert (read[0].facts["sex"], read[0].facts["nationality"], read[0].facts["optional"]) == ("F", "UTO", "ZE184226B")
    assert all(len(zone.remarks) == 1 for zone in read)  # all have expired


def test_a_zone_may_come_in_one_line_in_small_letters_and_with_blanks():
    assert check_mrz(PASSPORT.replace("\n", "").lower()).valid
    assert check_mrz(PASSPORT.replace("\n", " \r\n ")).valid


CHECKED_PLACES = [*range(45, 55), *range(58, 65), *range(66, 89)]  # in the second line, all but nationality and sex


@given(st.sampled_from(CHECKED_PLACES), st.integers(1, 9))
def test_a_misread_digit_is_noticed(place, more):
    character = PASSPORT[place]
    if not character.isdigit():
        return
    changed = PASSPORT[:place] + str((int(character) + more) % 10) + PASSPORT[place + 1 :]

    assert not check_mrz(changed, today=TODAY).valid


@pytest.mark.parametrize(
    "zone", ["", "P<UTO", "é" * 88, "P" * 88, "<" * 90, PASSPORT.replace("740812", "741312"), None, 5]
)
def test_zones_that_cannot_be_are_refused_with_a_sentence(zone):
    checked = check_mrz(zone, today=TODAY)

    assert not checked.valid and str(checked.reason)


def test_someone_who_does_not_know_the_day_of_birth_is_served():
    second = "L898902C36UTO740812" + "2" + "F1204159ZE184226B<<<<<1"
    body = second.replace("7408122", "74<<<<" + mrz_check_digit("74<<<<"))
    whole = body[:10] + body[13:20] + body[21:43]
    checked = check_mrz(PASSPORT.split("\n")[0] + "\n" + body + mrz_check_digit(whole), today=TODAY)

    assert checked.valid, checked.reason
    assert checked.facts["birth_date"] is None
    assert len(checked.remarks) == 2


# --- our own numbers ---


@pytest.mark.parametrize("number", CASES)
def test_the_case_numbers_of_the_district_are_made_and_read(number):
    checked = check_case_number(number)

    assert checked.valid
    assert case_number(checked.facts["division"], checked.facts["day"], checked.facts["running"]) == number


@given(st.integers(0, 999_999), st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 99_999))
def test_a_case_number_says_where_when_and_which(area, day, running):
    number = case_number(f"{area:06d}", day, running)

    assert len(number) == 18
    assert check_case_number(number).facts == {"division": f"{area:06d}", "day": day, "running": running, "part": None}


@given(st.sampled_from(CASES), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_in_a_case_number_is_noticed(number, place, more):
    changed = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]

    assert not check_case_number(changed).valid


def test_a_part_of_a_bundle_is_behind_a_dash():
    assert check_case_number(f"{CASES[0]}-02").facts["part"] == 2


@pytest.mark.parametrize(("division", "running"), [("31010", 1), ("31010x", 1), ("310107", 0), ("310107", 100_000)])
def test_a_case_number_that_cannot_be_is_a_mistake_of_ours(division, running):
    with pytest.raises(ValueError, match="no case number"):
        case_number(division, TODAY, running)


def test_a_subdistrict_gives_the_number_of_its_district():
    assert case_number("310107005", date(2025, 6, 9), 1) == CASES[0]


@given(
    st.sampled_from([one["type_code_demo"] for one in TYPES]),
    st.sampled_from([one["uscc_demo"] for one in ACTORS["companies"]]),
    st.integers(1, 999_999_999),
    st.integers(1, 999),
)
def test_a_licence_number_is_made_and_read(type_code, issuer, serial, version):
    number = licence_identifier(type_code, issuer, serial, version)

    assert number.startswith("1.2.156.3005.2.99990000")
    assert check_licence_identifier(number).facts == {
        "type_code": type_code,
        "issuer_uscc": issuer,
        "serial": f"{serial:09d}",
        "version": f"{version:03d}",
    }
    assert mod_37_36.is_valid("".join(number.split(".")[5:]))


@given(st.integers(15, 60), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_slip_in_a_licence_number_is_noticed(place, letter):
    number = licence_identifier("999900000003", "91990000999990001M", 42, 1)
    place %= len(number)
    changed = number[:place] + letter + number[place + 1 :]

    assert check_licence_identifier(changed).valid == (changed == number)


def test_a_licence_number_of_odd_parts_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="letters and digits"):
        licence_identifier("9999", "issuer one", 1, 1)


# --- masks ---


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("990000199207080045", "9900**********0045"),
        ("310107550312003", "3101*******2003"),
        ("X90000009", "X9*****09"),
        ("12345", "*****"),
        ("", ""),
        (None, ""),
    ],
)
def test_numbers_are_shown_by_their_ends(number, shown):
    assert mask_id(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13800000000", "138****0000"), ("+44 20 7946 0000", "+44******0000"), ("1234", "****"), (None, "")],
)
def test_telephones_are_shown_by_their_ends(number, shown):
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张示范", "张**"),
        ("张三", "张*"),
        ("张", "*"),
        ("阿卜杜·买买提", "阿**·***"),
        ("𠅤㛃", "𠅤*"),
        ("Anna Example", "A*** E******"),
        ("Jean-Luc d’Été", "J***-L** d’É**"),
        ("Zoë", "Z**"),
        ("", ""),
        (None, ""),
    ],
)
def test_names_are_shown_by_their_beginning(name, shown):
    assert mask_name(name) == shown


@given(st.text(min_size=10, max_size=40))
def test_a_mask_never_shows_more_than_its_ends(text):
    masked = mask_id(text)
    ends = 4 if len(text.strip()) >= 15 else 2

    assert len(masked) == len(text.strip())
    assert set(masked[ends:-ends]) <= {"*"}
