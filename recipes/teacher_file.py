"""A teacher in a `.keras` file, of any input size and scaling."""

import sources
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.data import ImageData


def find(path, scaling, loaded: ImageData, pixels: Preprocessing):
    """Returns a function that reads a `.keras` teacher, wrapped where its input is another.

    Raises:
        ValueError: when it cannot be read, has other classes, ends in a softmax, or the range of
            pixels is not told.
    """
    if scaling is None:
        raise ValueError(
            "--teacher_scaling must say which range of pixels a .keras teacher was trained on; it "
            f"still runs on another, and scores badly. Received: --teacher={path}"
        )
    sources.network("teacher", path, loaded)  # checks classes and logits

    def build():
        return models.adapted(sources.read_model("teacher", path), pixels, scaling)

    build()  # what does not fit is told before anything is written
    return build
