"""What eyes see of what we make: codes in a picture, read by a foreign reader (zxing-cpp), and words on a page.

Only QR codes are looked for. Asked for everything, the reader takes the noise of one code in four hundred for a line code (ITF, Codabar,
DataBar) that nobody printed; a test that compared all it says failed once in every ten runs of the suite.
"""

import re

import zxingcpp
from PIL import Image


def codes_in(picture: Image.Image) -> list[str]:
    """The texts of the QR codes in `picture`, in the reader's order, each as often as it stands there."""
    return [one.text for one in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode) if one.text]


def without_tokens(html: str) -> str:
    """A page without its tokens (forms', links', the nonce): a short word may stand in one of them by chance, once in forty pages."""
    return re.sub(r"[A-Za-z0-9_-]{20,}", "…", html)
