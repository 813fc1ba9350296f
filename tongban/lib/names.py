"""Whether two spellings are one name, across scripts, accents and the machine-readable lines of passports. Pure."""

import unicodedata

SHORTENED_FROM = 30  # letters: the machine-readable lines cut longer names


def folded(text: str) -> str:
    """One spelling: width, case, accents and everything that is not a letter or digit put aside."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold().replace("ß", "ss")
    return "".join(c if c.isalnum() else " " for c in text if not unicodedata.combining(c))


def same_name(one: str, other: str) -> bool:
    """The same name written differently: middle dots, width, case, accents, order of Latin parts, bracketed additions.

    Where one of them adds the name in another script (王演练 WANG YANLIAN), what both have is compared.
    """
    shared = _scripts(one) & _scripts(other)
    ones, others = (folded(_only(text, shared)).split() for text in (one, other))
    if "".join(ones) == "".join(others):
        return True
    return sorted(ones) == sorted(others) and all(part.isascii() for part in ones)


def comparable(one: str, other: str) -> bool:
    """Written in a script that both have: whether 王演练 is WANG YANLIAN is not for a machine to say."""
    return bool(_scripts(one) & _scripts(other))


def latin_name(read: str, typed: str) -> bool:
    """The machine-readable lines shorten long names: what is there must begin what was typed."""
    if same_name(read, typed):
        return True
    ones, others = sorted(folded(read).split()), sorted(folded(typed).split())
    return len("".join(ones)) >= SHORTENED_FROM and all(any(other.startswith(one) for other in others) for one in ones)


def _scripts(text: str) -> set[str]:
    return {_script(c) for c in unicodedata.normalize("NFKC", text) if c.isalpha()} - {""}


def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0]


def _only(text: str, scripts: set[str]) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if not c.isalpha() or _script(c) in scripts)
