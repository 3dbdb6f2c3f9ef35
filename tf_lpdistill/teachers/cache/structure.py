"""A teacher's outputs as a flat dict of arrays, and back."""

from collections.abc import Mapping

from tf_lpdistill.types import Structure, Tensor


def names_of(outputs: Structure, prefix: str = "") -> Structure:
    """Names every tensor in a structure by its path.

    Args:
        outputs: a tensor, or dicts, lists and tuples of tensors.
        prefix: path of `outputs` itself.

    Returns:
        The same structure of str, such as "features.conv5/out"; tuples as lists, so that it is
        plain JSON.
    """
    if isinstance(outputs, dict):
        return {
            key: names_of(value, f"{prefix}.{key}".strip(".")) for key, value in outputs.items()
        }
    if isinstance(outputs, (list, tuple)):
        return [names_of(value, f"{prefix}.{i}".strip(".")) for i, value in enumerate(outputs)]
    return prefix


def flatten(names: Structure, outputs: Structure) -> dict[str, Tensor]:
    """Returns `{name: tensor}` of a structure that `names_of` named."""
    if isinstance(names, dict):
        parts = [flatten(names[key], outputs[key]) for key in names]
    elif isinstance(names, list):
        parts = [flatten(*pair) for pair in zip(names, outputs, strict=True)]
    else:
        return {names: outputs}
    return {name: tensor for part in parts for name, tensor in part.items()}


def assemble(names: Structure, arrays: Mapping[str, Tensor]) -> Structure:
    """Puts `{name: tensor}` back into the structure of `names`, lists as tuples."""
    if isinstance(names, dict):
        return {key: assemble(value, arrays) for key, value in names.items()}
    if isinstance(names, list):
        return tuple(assemble(value, arrays) for value in names)
    return arrays[names]
