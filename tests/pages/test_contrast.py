"""The colours people read by, judged as WCAG judges them, from the tokens of the style sheet that is sent out."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "tongban/channels/pages"
SHEET = (PAGES / "static/tongban/tongban.css").read_text(encoding="utf-8")
COLOURS = ("accent", "neutral", "persimmon", "info", "success", "warning", "danger")
GROUNDS = ("background-default", "background-tinted", "surface-default", "surface-tinted", "surface-hover")


def tokens(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r"\{(color-scheme[^}]*)\}", SHEET).group(1)
    return dict(re.findall(r"--ds-color-([a-z-]+):(#[0-9a-f]{6})", block))


SCHEMES = {
    "light": tokens(":root,[data-color-scheme=light]"),
    "dark": tokens("[data-color-scheme=dark]"),
    "auto by night": tokens("[data-color-scheme=auto]"),
}


def brightness(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((brightness(one), brightness(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_itself_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("colour", COLOURS)
def test_words_stand_out_from_every_ground_they_are_used_on(scheme, colour):
    found = SCHEMES[scheme]

    too_faint = {
        (words, ground): round(contrast(found[f"{colour}-{words}"], found[f"{owner}-{ground}"]), 2)
        for words in ("text-subtle", "text-default")
        for owner in (colour, "neutral")
        for ground in GROUNDS
        if contrast(found[f"{colour}-{words}"], found[f"{owner}-{ground}"]) < 4.5
    }

    assert too_faint == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("colour", COLOURS)
def test_words_on_a_filled_button_stand_out_in_every_state(scheme, colour):
    found = SCHEMES[scheme]

    assert all(
        contrast(found[f"{colour}-base-contrast-default"], found[f"{colour}-base-{state}"]) >= 4.5
        for state in ("default", "hover", "active")
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("colour", COLOURS)
def test_the_edge_of_a_field_is_seen(scheme, colour):
    found = SCHEMES[scheme]

    assert all(
        contrast(found[f"{colour}-border-default"], found[f"neutral-{ground}"]) >= 3
        for ground in ("background-default", "surface-default")
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_focus_ring_is_seen(scheme):
    found = SCHEMES[scheme]

    assert contrast(found["focus-outer"], found["neutral-background-default"]) >= 4.5
    assert contrast(found["focus-outer"], found["neutral-surface-default"]) >= 4.5


def test_dark_by_the_readers_choice_and_by_the_machines_are_the_same_dark():
    assert SCHEMES["dark"] == SCHEMES["auto by night"]


def test_white_words_stand_out_on_every_licence_card():
    looks = re.findall(r"\.tb-licence(?:\[data-look=[a-z]+\])?\{--one:(#[0-9a-f]{6});--two:(#[0-9a-f]{6})", SHEET)

    assert len(looks) == 7
    assert [card for card in looks if min(contrast("#ffffff", colour) for colour in card) < 4.5] == []
