"""The weights that a MobileNetV2 is fine-tuned from."""

import pathlib
import warnings


def find(build, weights):
    """Tries the weights that `--teacher_weights` names.

    Args:
        build: function from `weights` to the network.
        weights: "imagenet", "none", or the path of a file.

    Returns:
        `(weights for the builder, or None; what the teacher is, in words; a warning or "")`.

    Raises:
        ValueError: when a file is missing or does not fit. A failed download is no error.
    """
    if weights == "none":
        return None, "MobileNetV2, from scratch", ""
    if weights != "imagenet":
        if not pathlib.Path(weights).is_file():
            raise ValueError(
                "--teacher_weights must be 'imagenet', 'none', or a file of weights without a "
                f"classifier. Received: --teacher_weights={weights}, and there is no such file"
            )
        try:
            with warnings.catch_warnings():
                # Keras only warns of layers that the file has no weights for.
                warnings.simplefilter("error", UserWarning)
                build(weights=weights)
        except (ValueError, KeyError, OSError, UserWarning) as error:
            raise ValueError(
                "--teacher_weights must fit MobileNetV2 without a classifier (alpha 1.0). "
                f"Received: --teacher_weights={weights}, and Keras says: {error}"
            ) from error
        return weights, f"MobileNetV2, fine-tuned from {weights}", ""
    try:
        build(weights="imagenet")
    # Keras raises a bare Exception for whatever goes wrong with a download.
    except Exception as error:
        about = "MobileNetV2 FROM SCRATCH: its ImageNet weights could not be had"
        advice = (
            "With few photos a fine-tuned teacher is much better: download the weights elsewhere "
            f"and give --teacher_weights=FILE. Keras says: {error}"
        )
        return None, about, advice
    return "imagenet", "MobileNetV2, fine-tuned from ImageNet", ""
