"""A look at the wiring before training: what is found, why it matters, and the way out."""

from collections.abc import Iterable

from tf_lpdistill.distiller import Distiller
from tf_lpdistill.guidance.determinism import look_at_determinism
from tf_lpdistill.guidance.evidence import ensure_built, gather, teacher_models
from tf_lpdistill.guidance.features import look_at_features
from tf_lpdistill.guidance.finding import Finding, Findings
from tf_lpdistill.guidance.learning import look_at_learning
from tf_lpdistill.guidance.memory import look_at_memory
from tf_lpdistill.guidance.outputs import look_at_outputs
from tf_lpdistill.guidance.scores import look_at_scores
from tf_lpdistill.guidance.unchanged import unchanged
from tf_lpdistill.types import Structure

_LOOKS = (
    look_at_scores,
    look_at_outputs,
    look_at_determinism,
    look_at_features,
    look_at_learning,
    look_at_memory,
)


def check(distiller: Distiller, dataset: Iterable[Structure], num_samples: int = 256) -> Findings:
    """Looks at a few batches for the usual mistakes of wiring.

    Nothing is trained and nothing is changed: weights, moving statistics, the optimizer and the
    random states of Keras's layers, Python and numpy are as they were. The data set is read from
    its start once more; one that shuffles anew each time it is read shuffles on. A distiller that
    is not built yet is built, as its first step would do.

    It looks at: the teacher's score, and whether another input scaling, other labels or other roles
    would make it better; logits taken for probabilities and the reverse; a teacher in training
    mode; features that are constant or say less of the classes than the layer before the logits; k
    against the batch and its classes; what `fit` would refuse; gradients that reach no student
    weight, or the teacher; losses that do not prefer a student equal to its teacher; memory.

    Args:
        distiller: a `Distiller`, compiled: without `compile` the student's loss cannot be looked
            at. Its teacher may be a model, an ensemble or a cache.
        dataset: batches as `fit` takes them, e.g. a `tf.data.Dataset`, and that can be read again
            (no generator); with or without an end, labels, sample weights (samples of weight 0 do
            not count) and sample ids.
        num_samples: how many samples to look at, at least the first batch. With 256, shares of
            right answers are known to about 6 points.

    Returns:
        `Findings`, a list of `Finding`, the gravest first, that prints as a text; `.problems` are
        the errors and warnings, none for a wiring that is right as far as can be seen.

    Raises:
        ValueError: for a data set without a batch, and for a generator.
        RuntimeError: for a distiller that was loaded without its teacher.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from tf_lpdistill import Distiller, losses
        >>> teacher, student = (keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        ...                     for _ in range(2))
        >>> distiller = Distiller(teacher, student, losses.SoftTarget())
        >>> distiller.compile("sgd", "sparse_categorical_crossentropy")  # takes probabilities
        >>> found = check(distiller, [(np.eye(4, dtype="float32"), np.array([0, 1, 2, 0]))])
        >>> "softmax_missing" in [finding.name for finding in found.problems]
        True
    """
    with distiller.distribute_strategy.scope():
        ensure_built(distiller, dataset)
        with unchanged(distiller, *teacher_models(distiller).values()):
            evidence = gather(distiller, dataset, num_samples)
            findings = [finding for look in _LOOKS for finding in look(evidence)]
    return Findings([*_not_compiled(distiller), *findings])


def _not_compiled(distiller):
    if not distiller.compiled and distiller.student_loss_weight != 0:
        yield Finding(
            "not_compiled",
            "note",
            "The distiller has no supervised loss yet.",
            "Whether it takes logits or probabilities could not be looked at.",
            "Call `compile` first, then `check`.",
        )
