"""Names and numbers with the most of them covered: enough for whoever knows them, too little for a stranger."""

import re

BEHIND = re.compile(r"\s*[（(][^（()）]*[)）]\s*$")


def number(value: object) -> str:
    """First three and last four characters of an identity number; the rest is covered, the length stays."""
    text = str(value or "")
    if len(text) > 8:
        return text[:3] + "*" * max(len(text) - 7, 4) + text[-4:]
    return text and text[:1] + "*" * (len(text) - 1)


def name(value: object) -> str:
    """王*明, J*** Smith. What stands behind a name in brackets, mostly the name once more, goes."""
    text = str(value or "")
    text = BEHIND.sub("", text) or text
    if not text:
        return ""
    if text.isascii():
        first, *rest = text.split(" ")
        return " ".join([first[:1] + "***", *rest[-1:]])
    return text[0] + "*" * max(len(text) - 2, 1) + (text[-1] if len(text) > 2 else "")
