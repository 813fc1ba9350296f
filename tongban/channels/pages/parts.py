"""The elderly edition asks one thing on a page: the form in parts, a few questions of one section each."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from tongban.lib.bilingual import say
from tongban.lib.formschema import Field, Form

MANY = 3  # questions on a page
LONG = {"table", "person", "address", "photo", "scope_codes"}  # each of these is a page of its own


@dataclass(frozen=True)
class Part:
    """Some questions of a form, drawn and judged like a form. Its number does not depend on any answer, so addresses stay true."""

    number: int
    title: str
    fields: tuple[str, ...]
    form: Form

    def __iter__(self) -> Iterator[Field]:
        return (self.form[name] for name in self.fields)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> Field:
        return self.form[name]

    def visible(self, values: Mapping) -> list[Field]:
        return [one for one in self.form.visible(values) if one.id in self.fields]


def all_parts(form: Form) -> list[Part]:
    groups: list[list[Field]] = []
    for one in form:
        begins = (
            not groups
            or groups[-1][0].section != one.section
            or len(groups[-1]) == MANY
            or one.type in LONG
            or groups[-1][-1].type in LONG
        )
        if begins:
            groups.append([])
        groups[-1].append(one)
    return [
        Part(number, say(group[0].extra.get("section_name") or group[0].section), tuple(one.id for one in group), form)
        for number, group in enumerate(groups, 1)
    ]


def with_questions(form: Form, values: Mapping, left: Collection[str] = ()) -> list[Part]:
    """The parts in which something is asked, given these answers. `left`: what is not asked on this device."""
    shown = {one.id for one in form.visible(values)} - set(left)
    return [part for part in all_parts(form) if shown & set(part.fields)]


def chosen(form: Form, values: Mapping, number: str, left: Collection[str] = ()) -> Part:
    """The part of this number, else the next that asks something, else the last; an empty one where nothing is asked."""
    parts = with_questions(form, values, left) or [Part(1, "", (), form)]
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    return next((part for part in parts if part.number >= wanted), parts[-1])


def wanted(form: Form, request: HttpRequest) -> str:
    """The part that an address asks for: by its number, or by the question it leads to (`?field=rent`)."""
    name = request.GET.get("field", "").partition("-")[0]
    found = next((str(part.number) for part in all_parts(form) if name and name in part), "")
    return request.POST.get("part") or request.GET.get("part", "") or found


def posted(form: Form, post: Mapping) -> Part | None:
    """The part that a page sent, if it sent one."""
    number = post.get("part", "")
    return next((part for part in all_parts(form) if str(part.number) == number), None)


def elsewhere(form: Form, part: Part | None) -> set[str]:
    """The questions of the other parts: a page says nothing about them."""
    return {one.id for one in form if one.id not in part} if part is not None else set()


def around(
    part: Part, form: Form, values: Mapping, left: Collection[str] = ()
) -> tuple[Part | None, Part | None, int, int]:
    """The part before it and the one after it, which it is, and of how many."""
    parts = with_questions(form, values, left)
    before = [one for one in parts if one.number < part.number]
    after = [one for one in parts if one.number > part.number]
    return before[-1] if before else None, after[0] if after else None, len(before) + 1, len(parts)


def after_sending(
    part: Part, form: Form, values: Mapping, wrong: Iterable[str], *, back: bool, left: Collection[str] = ()
) -> Part | None:
    """Back whatever is typed, on when this page is right (else itself again), and None when all of it is."""
    before, after, _place, _many = around(part, form, values, left)
    if back:
        return before or part
    names = {name.split("-")[0] for name in wrong} - set(left)
    if names & set(part.fields):
        return part
    return after or next((one for one in with_questions(form, values, left) if names & set(one.fields)), None)
