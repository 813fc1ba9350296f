"""A page that comes again is not read again, where somebody said so, and only there."""

import pytest

from tongban.materials.reading import desk


class CountedDesk(desk.Desk):
    def __init__(self):
        super().__init__()
        self.asked = []

    def _read(self, content, mime, page, turned):
        self.asked.append((content, mime, page, turned))
        if content == b"broken":
            raise desk.Broken("torn")
        return {"lines": [{"text": content.decode()}]}


def test_the_same_page_gets_its_answer_without_being_read_again():
    counted = CountedDesk()

    with counted.remembering():
        answers = [counted.read(b"one", mime="image/png") for _time in range(3)]
        answers[0]["lines"].clear()
        again = counted.read(b"one", mime="image/png")

    assert len(counted.asked) == 1
    assert again == answers[1] == {"lines": [{"text": "one"}]}


def test_another_page_or_the_same_one_turned_is_read():
    counted = CountedDesk()

    with counted.remembering():
        counted.read(b"one", mime="image/png")
        counted.read(b"two", mime="image/png")
        counted.read(b"one", mime="image/png", turned=90)
        counted.read(b"one", mime="application/pdf", page=1)

    assert len(counted.asked) == 4


def test_what_broke_the_reader_is_tried_again_and_afterwards_everything_is_read():
    counted = CountedDesk()

    with counted.remembering():
        for _time in range(2):
            with pytest.raises(desk.Broken):
                counted.read(b"broken", mime="image/png")
        counted.read(b"one", mime="image/png")
    counted.read(b"one", mime="image/png")
    counted.read(b"one", mime="image/png")

    assert len(counted.asked) == 5
