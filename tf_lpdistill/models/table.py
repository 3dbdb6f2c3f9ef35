"""The table of all networks in docs/models.md: `python -m tf_lpdistill.models` prints it."""

import inspect
import math
import re
from collections.abc import Callable

import keras

from tf_lpdistill.models.cost import count_macs, stage_names

HEADER = (
    "| name | source | input, classes | parameters | trained | MMAC | features | stages |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(name: str, builder: Callable[..., keras.Model]) -> str:
    """Builds a network at its defaults and describes it.

    Args:
        name: its name.
        builder: its builder.

    Returns:
        One line of markdown: name; paper; input and classes; all numbers it holds (the
        statistics of BatchNorm too) and those that are trained; millions of multiplications and
        additions for one image; width of "features"; names of the stages.
    """
    model = builder()
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    cells = [
        f"`{name}`",
        source(builder),
        "x".join(map(str, model.input_shape[1:])) + f", {model.output_shape[-1]}",
        f"{model.count_params():,}",
        f"{trained:,}",
        f"{count_macs(model) / 1e6:,.1f}",
        str(model.get_layer("features").output.shape[-1]),
        ", ".join(stage_names(model)) or "none",
    ]
    return f"| {' | '.join(cells)} |"


def source(builder: Callable[..., keras.Model]) -> str:
    """The first paper that a builder's docstring names, or else its file; "own" for none."""
    text = f"{builder.__doc__} {inspect.getsource(inspect.getmodule(builder))}"
    paper = re.search(r"https://arxiv\.org/abs/([\d.]+\d)", text)
    return f"[{paper[1]}]({paper[0]})" if paper else "own"
