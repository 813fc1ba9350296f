"""What a foreign reader (zxing-cpp) reads in a picture of ours.

Only QR codes are looked for. Asked for everything, the reader takes the noise of one code in four hundred for a line code (ITF, Codabar,
DataBar) that nobody printed; a test that compared all it says failed once in every ten runs of the suite.
"""

import zxingcpp
from PIL import Image


def codes_in(picture: Image.Image) -> list[str]:
    """The texts of the QR codes in `picture`, in the reader's order, each as often as it stands there."""
    return [one.text for one in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode) if one.text]
