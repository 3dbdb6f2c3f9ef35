"""The same pixels at the scalings that models are usually trained on."""

import numpy as np

from tf_lpdistill.preprocessing import IMAGENET, Preprocessing


def other_scalings(inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Scales model inputs back to pixels, and on to every usual scaling.

    The scaling that they have is recognised by their range; where it is none of the ranges, the
    least and the greatest value of each channel are taken for black and white.

    Args:
        inputs: (n, height, width, 1 or 3) float32 as a data set gives them.

    Returns:
        {scaling in words: array of the same shape}, without the scaling that they have. Empty for
        inputs of another form, or constant ones.
    """
    if inputs.ndim != 4 or inputs.shape[-1] not in (1, 3) or inputs.min() == inputs.max():
        return {}
    own, pixels = _to_pixels(inputs)
    color = "rgb" if inputs.shape[-1] == 3 else "grayscale"
    usual = Preprocessing(inputs.shape[1:3], color).usual()
    scalings = {_title(each.scaling): each.offset_and_scale for each in usual}
    mean, std = (f(pixels, axis=(0, 1, 2)) for f in (np.mean, np.std))
    std = np.maximum(std, 1e-3)
    scalings[f"by the data's own mean {_listed(mean)} and std {_listed(std)}"] = mean, std
    return {
        name: ((pixels - np.array(mean)) / np.array(std)).astype("float32")
        for name, (mean, std) in scalings.items()
        if name != own
    }


def _to_pixels(inputs):
    """(name of the scaling or None, pixels 0..255)."""
    low, high = float(inputs.min()), float(inputs.max())
    if low >= 0.0 and 1.5 < high <= 255.0:
        return "0..255", inputs
    if low >= 0.0 and 0.5 < high <= 1.0:
        return "0..1", inputs * 255.0
    if -1.0 <= low < -0.5 and 0.0 < high <= 1.0:
        return "-1..1", (inputs + 1.0) * 127.5
    low, high = (f(inputs, axis=(0, 1, 2)) for f in (np.min, np.max))
    return None, (inputs - low) / np.maximum(high - low, 1e-12) * 255.0


def _title(scaling):
    imagenet = scaling == IMAGENET["scaling"]
    return "by ImageNet's mean and std (see Preprocessing)" if imagenet else scaling


def _listed(values):
    return ", ".join(f"{value:.1f}" for value in values)
