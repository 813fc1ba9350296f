"""A shop's licence hangs on the wall, printed; a phone without a network says whether it is genuine, and how old what it knows is."""

import pytest

from tests.browser.people import Visitor, without_a_line

pytestmark = [pytest.mark.browser]

A_DAY_LATER = "() => { const now = Date.now; Date.now = () => now() + 25 * 3600 * 1000 }"


def answered(phone) -> tuple[str, str]:
    answer = phone.page.locator("[data-answer][data-state]")
    answer.wait_for()
    return answer.get_attribute("data-signature"), answer.get_attribute("data-state")


def test_a_shop_licence_on_paper_is_verified_by_a_phone_without_a_network(house, chromium, tmp_path):
    shop = house.case(f"paper:{tmp_path / 'wall.png'}")
    with Visitor(chromium, house.home, language="en") as phone:
        phone.go("/verify/offline/")
        phone.page.wait_for_selector("tb-verifier[data-kept] [data-ready][data-fresh=true]")
        phone.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

        with without_a_line(phone):
            phone.go("/verify/offline/")
            phone.page.wait_for_selector("[data-ready][data-fresh=true]")
            phone.page.set_input_files("#id_picture", tmp_path / "wall.png")
            assert answered(phone) == ("good", "valid")
            words = phone.page.locator("[data-answer]").inner_text()
            assert "Signature: genuine" in words and "Status as of" in words and shop["identifier"] in words
            code = phone.page.input_value("[name=token]")

            phone.page.goto(code)  # as the phone's own camera opens it: what stands behind # is enough
            assert answered(phone) == ("good", "valid")

            phone.page.fill("[name=token]", code[:-6] + ("A" if code[-6] != "A" else "B") + code[-5:])
            phone.page.keyboard.press("Enter")
            phone.page.wait_for_selector("[data-answer][data-signature=bad_signature]")
            assert "Do not rely on this licence" in phone.page.locator("[data-answer]").inner_text()

            phone.page.evaluate(A_DAY_LATER)
            phone.page.fill("[name=token]", code)
            phone.page.keyboard.press("Enter")
            phone.page.wait_for_selector("[data-answer][data-signature=good][data-state=unknown]")
            assert "Ask online" in phone.page.locator("[data-answer]").inner_text()

        phone.go(f"/verify/{shop['token']}")
        assert "Status: valid" in phone.words()
        assert [said for said in phone.troubles if "ERR_" not in said and "Failed to load" not in said] == []
