"""What the losses that compare feature maps ask of their shapes."""

from tf_lpdistill.types import Shape


def check_maps(name: str, *shapes: Shape, min_pixels: int = 1) -> None:
    """Checks that shapes are of feature maps whose size is known.

    Args:
        name: who asks, for the message.
        *shapes: shapes with the batch.
        min_pixels: the fewest pixels (height times width) that make sense.

    Raises:
        ValueError: for another rank, an unknown size, or fewer pixels.
    """
    for shape in shapes:
        if len(shape) != 4 or None in shape[1:]:
            raise ValueError(
                f"{name}: expected feature maps (batch, height, width, channels) of known size. "
                f"Received: shape {tuple(shape)}. Name a convolutional layer, before flattening "
                "or global pooling, of a model with a fixed input size."
            )
        if shape[1] * shape[2] < min_pixels:
            raise ValueError(
                f"{name}: expected feature maps of {min_pixels} pixels or more. Received: shape "
                f"{tuple(shape)}. Name an earlier layer, before global pooling."
            )
