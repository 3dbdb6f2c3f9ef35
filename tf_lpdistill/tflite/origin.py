"""Where a student comes from: what only its maker knows, for the model card."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Origin:
    """How a student was trained, in sentences; "" leaves a part out of the card.

    Args:
        data: what it learnt from, how much of it, and under which licence.
        teacher: what taught it, and how well that does itself.
        method: how: the losses, the command, how it was chosen among others.
        limits: what it was not tested on, and should not be used for.
    """

    data: str = ""
    teacher: str = ""
    method: str = ""
    limits: str = ""
