"""Names of features of several teachers, and whether each loss can take what they stand for."""

from collections.abc import Sequence
from typing import Any

from tf_lpdistill.types import Structure


def split_path(path: str | None, names: Sequence[str]) -> tuple[str | None, str | None]:
    """Tells whether the name of a feature belongs to one teacher of an ensemble.

    Args:
        path: what a loss has as `teacher_layer_name`: str, or None.
        names: names of the teachers.

    Returns:
        (teacher, feature): the teacher's name, None for all teachers; the rest of the path, None
        for the teacher's output.
    """
    first, _, rest = (path or "").partition("/")
    return (first, rest or None) if first in names else (None, path)


def check_teacher_names(terms: Sequence[Any], names: Sequence[str]) -> None:
    """Checks the names of features that losses want of an ensemble of teachers.

    Args:
        terms: as `terms.make_terms` makes them.
        names: names of the ensemble's teachers, in its order; empty for a teacher that is none.

    Raises:
        ValueError: for a loss of one teacher that would be given several, and for a tuple of names
            that is not one of each teacher.
    """
    for term in terms if names else ():
        path = getattr(term.loss, "teacher_layer_name", None)
        parts = path if isinstance(path, tuple) else (path,)
        owners = tuple(split_path(part, names)[0] for part in parts)
        if getattr(term.loss, "several_teachers", False):
            if isinstance(path, tuple) and owners != names:
                each = ", ".join(f"'{name}/<layer>'" for name in names)
                raise ValueError(
                    f"{term.name}: several names must be one of each teacher, in the order of the "
                    f"ensemble: ({each}). Received: teacher_layer_name={path!r}"
                )
        elif len(set(owners)) != 1 or owners[0] is None:
            raise ValueError(
                f"{term.name}: this loss takes one teacher, and the ensemble has {len(names)}: "
                f"{list(names)}. Name a feature of one of them, '{names[0]}/<layer>', or its "
                f"output, '{names[0]}', as `teacher_layer_name`; losses such as SoftTarget take "
                f"all of them. Received: teacher_layer_name={path!r}"
            )


def check_single_teacher(term: Any, features: Structure) -> None:
    """Checks that one teacher is not mistaken for several: a model of several outputs is one.

    Args:
        term: a term whose loss is ours.
        features: what a teacher that is no ensemble gives the loss.

    Raises:
        ValueError: for several tensors where the loss compares one of each teacher.
    """
    if term.loss.several_teachers and isinstance(features, (tuple, list)):
        raise ValueError(
            f"{term.name}: expected one tensor of teacher features. Received: {len(features)} of "
            f"one model, teacher_layer_name={term.loss.teacher_layer_name!r}. Name one layer; "
            "several teachers are a tf_lpdistill.TeacherEnsemble."
        )
