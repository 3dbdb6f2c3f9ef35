"""Distillation losses, one method a file; each new file here is found without being listed."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import keras

from tf_lpdistill.losses.base import Loss, snake_case


def _discover():
    classes = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Loss) and _is_registered(value):
                classes[value.__name__] = value
    return classes


def _is_registered(loss):
    """Methods are registered with Keras; the abstract bases are not."""
    return keras.saving.get_registered_name(loss) != loss.__name__


_CLASSES = _discover()
globals().update(_CLASSES)
__all__ = ["Loss", "get", *sorted(_CLASSES)]

if TYPE_CHECKING:  # a checker cannot see what is found while the module runs

    def __getattr__(name: str) -> Any: ...


def get(identifier: str | type[Loss]) -> type[Loss]:
    """Finds a loss class by its name.

    Args:
        identifier: the class's name in snake case ("locality_preserving") or as it is
            ("LocalityPreserving"), or such a class itself.

    Returns:
        The class, a subclass of `Loss`.

    Raises:
        ValueError: for a name that no loss has; all names are listed.

    Examples:
        >>> get("soft_target")(temperature=3.0).temperature
        3.0
    """
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier
    by_name = {snake_case(name): loss for name, loss in _CLASSES.items()} | _CLASSES
    if identifier not in by_name:
        known = sorted(snake_case(name) for name in _CLASSES)
        raise ValueError(f"Unknown loss. Expected one of {known}. Received: {identifier!r}")
    return by_name[identifier]
