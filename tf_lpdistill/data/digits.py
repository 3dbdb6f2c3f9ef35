"""The 1,797 handwritten digits that come with the package: 8x8 pixels, ten classes."""

import importlib.resources

import numpy as np

from tf_lpdistill.data.splits import ImageData, Split, stratified_order

_NUM_TEST, _NUM_VALIDATION = 500, 297


def load_digits(num_labels: int | None = None, seed: int = 0) -> ImageData:
    """Loads the embedded digits, split once and for all into 1,000, 297 and 500 images.

    They are the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak,
    1998, UCI, doi 10.24432/C50P49, CC BY 4.0; `digits.txt` beside this file has the details).
    A pixel counts the ink in a 4x4 block, 0..16; it is given as round(255 / 16 * count). The
    split is random within each class and does not depend on `seed`. The 13 writers are not told
    apart in the source, so all three splits know the same hands.

    Args:
        num_labels: how many images of the training split to keep, 10 to 1,000, in the class
            shares of the whole; `None` keeps all.
        seed: integer >= 0 that picks them.

    Returns:
        `ImageData` named "digits" with uint8 images (n, 8, 8, 1) and the class names "0" to "9".

    Raises:
        ValueError: when `num_labels` is out of bounds.

    Examples:
        >>> digits = load_digits(num_labels=100)
        >>> digits.train.images.shape, len(digits.validation), len(digits.test)
        ((100, 8, 8, 1), 297, 500)
    """
    source = importlib.resources.files(__package__).joinpath("digits.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        counts, labels = arrays["images"], arrays["labels"]
    pixels = np.rint(counts.astype(np.float64) * (255 / 16)).astype(np.uint8)
    whole = Split(pixels[..., None], labels)
    test, validation, train = np.split(
        stratified_order(whole.labels, seed=0), [_NUM_TEST, _NUM_TEST + _NUM_VALIDATION]
    )
    training = whole.take(np.sort(train))
    return ImageData(
        "digits",
        training if num_labels is None else training.subset(num_labels, seed),
        whole.take(np.sort(validation)),
        whole.take(np.sort(test)),
        tuple("0123456789"),
    )
