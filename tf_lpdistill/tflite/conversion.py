"""`Conversion`: the choices of an export that are rarely made."""

import dataclasses

_INPUTS = ("uint8", "float32")


@dataclasses.dataclass(frozen=True)
class Conversion:
    """Choices of a conversion that most exports leave at their defaults.

    Args:
        batch_size: pictures that a file takes at a time. MediaPipe opens files of 1 only.
        int8_input: what the int8 file takes, "uint8" or "float32" pixels, 0..255 both.
        float_layers: names of the student's layers that the int8 file computes in float, since
            int8 loses too much there (`verify` names them). Needs `int8_input="float32"`.

    Raises:
        ValueError: when an argument is not of the forms above.
    """

    batch_size: int = 1
    int8_input: str = "uint8"
    float_layers: tuple[str, ...] = ()

    def __post_init__(self):
        """Checks the fields."""
        object.__setattr__(self, "float_layers", tuple(self.float_layers))
        if type(self.batch_size) is not int or self.batch_size < 1:
            raise ValueError(
                f"`batch_size` must be a positive integer. Received: batch_size={self.batch_size!r}"
            )
        if self.int8_input not in _INPUTS:
            raise ValueError(
                f"`int8_input` must be one of {list(_INPUTS)}. "
                f"Received: int8_input={self.int8_input!r}"
            )
        if self.float_layers and self.int8_input != "float32":
            raise ValueError(
                "An int8 file with `float_layers` takes float32 pixels. "
                f"Received: int8_input={self.int8_input!r}. Give int8_input='float32'."
            )
