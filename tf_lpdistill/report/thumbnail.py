"""A small image on the page."""

import numpy as np

from tf_lpdistill.report.markup import Markup, tag
from tf_lpdistill.report.png import data_uri

_PIXELATED = 48  # pixels: images up to this size are shown with their pixels as squares


def thumbnail(image: np.ndarray, alt: str) -> Markup:
    """Returns the `img` element of an image.

    Args:
        image: uint8 (height, width, 1 or 3).
        alt: what it shows, for those who do not see it; empty for an image without a name.
    """
    pixelated = "pixelated" if max(image.shape[:2]) <= _PIXELATED else None
    return tag("img", src=Markup(data_uri(image)), alt=alt, class_=pixelated)
