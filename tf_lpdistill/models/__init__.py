"""Teachers and students: networks from scaled pixels to logits, found by name.

All share the layer names "features" (the vector before the classifier) and "logits"; the ends of
their stages are "stage1", "stage2", ... (`stage_names`). A new builder in a new file here is found
without being listed.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from tf_lpdistill.models.adapted import adapted
from tf_lpdistill.models.applications import application, keras_hub_preset, known_applications
from tf_lpdistill.models.cost import count_macs, stage_names
from tf_lpdistill.models.imagenet import imagenet_classifier


def _discover():
    """Public functions with `num_classes`; a family's general builder wants more arguments."""
    named, general = {}, {}
    for module_info in pkgutil.iter_modules(__path__):
        if module_info.name in ("__main__", "adapted", "ends"):  # no networks, only parts of them
            continue
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for name, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            parameters = inspect.signature(value).parameters if own else {}
            if not name.startswith("_") and "num_classes" in parameters:
                required = [p for p in parameters.values() if p.default is p.empty]
                (general if required else named)[name] = value
    return named, general


BUILDERS, _GENERAL = _discover()
globals().update(_GENERAL | BUILDERS)
__all__ = [
    "BUILDERS", "adapted", "count_macs", "get", "imagenet_classifier", "stage_names",
    *sorted(_GENERAL | BUILDERS),
]  # fmt: skip

if TYPE_CHECKING:  # a checker cannot see what is found while the module runs

    def __getattr__(name: str) -> Any: ...


def get(name: str) -> Callable[..., keras.Model]:
    """Finds the builder of a network by its name.

    Args:
        name: a key of `BUILDERS` ("resnet20"); "applications:" and the name of a model in
            `keras.applications` ("applications:ResNet50"); "keras_hub:" and a preset
            ("keras_hub:resnet_18_imagenet").

    Returns:
        Function from `input_shape`, `num_classes` and `name`, all optional, to a `keras.Model`.

    Raises:
        ValueError: for a name that there is not; the known ones are listed.

    Examples:
        >>> get("resnet20")(num_classes=100).output_shape
        (None, 100)
    """
    source, _, rest = str(name).rpartition(":")
    if source == "applications" and rest in known_applications():
        return functools.partial(application, rest)
    if source == "keras_hub" and rest:
        return functools.partial(keras_hub_preset, rest)
    if name not in BUILDERS:
        known = [*sorted(BUILDERS), *(f"applications:{model}" for model in known_applications())]
        raise ValueError(
            f"Unknown model. Expected one of {known}, or 'keras_hub:PRESET'. Received: {name!r}"
        )
    return BUILDERS[name]
