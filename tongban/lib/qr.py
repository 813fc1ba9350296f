"""QR codes as SVG that stands in a page by itself: no style attributes, a name for screen readers, white ground in dark mode."""

from typing import Any

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from .problems import Invalid

LEVELS = ("l", "m", "q", "h")


def svg(text: str, *, title: str, error: str = "m", border: int = 4) -> SafeString:
    """`error` is the share that may be dirty or torn: l 7 %, m 15 %, q 25 %, h 30 % (printed posters)."""
    if error not in LEVELS:
        raise ValueError(f"error correction is one of {LEVELS}")
    try:
        # Left to itself the coder takes some pairs of hanzi (王㛃) for Japanese, by their bytes: a text says that it is UTF-8.
        said: dict[str, Any] = {} if text.isascii() else {"mode": "byte", "encoding": "utf-8", "eci": True}
        code = segno.make_qr(text, error=error, boost_error=True, **said)
    except segno.DataOverflowError as wrong:
        raise Invalid("qr", _("This text is too long for a QR code.")) from wrong
    size = code.symbol_size(border=border)[0]
    name = escape(title)
    return mark_safe(  # noqa: S308 - the only text in it is escaped above
        f'<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{name}"'
        f' shape-rendering="crispEdges"><title>{name}</title><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path fill="#000" d="{squares(code.matrix, border)}"/></svg>'
    )


def squares(matrix, border: int) -> str:
    """One run of dark squares after the other, line by line."""
    runs = []
    for line, row in enumerate(matrix):
        start = None
        for place, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = place
            elif not dark and start is not None:
                runs.append(f"M{start + border} {line + border}h{place - start}v1H{start + border}z")
                start = None
    return "".join(runs)
