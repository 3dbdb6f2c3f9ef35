"""`fine_tune`: a student whose layers were changed learns again, with whatever teaches it."""

import math
from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from tf_lpdistill.batch import unpack
from tf_lpdistill.compression.state import State, fingerprint
from tf_lpdistill.compression.training import Training
from tf_lpdistill.taps import Tap
from tf_lpdistill.types import PathLike, Structure, Tensor


def fine_tune(
    student: keras.Model,
    dataset: tf.data.Dataset,
    objective: Callable[..., Tensor] | None = None,
    *,
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Trains a student against an objective, with Keras's own `fit` and progress bar.

    Args:
        student: a `keras.Model`, trained in place; how it was compiled does not matter. Its
            regularisers are added to the objective.
        dataset: a batched `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`, as the
            objective takes them.
        objective: function `(x, y, student_features, sample_weight=None) -> scalar`, where
            `student_features` is `(predictions, {layer name: tensor})` with the layers that its
            attribute `layer_names` lists, if it has one: `Distiller.objective`, which lets the
            teacher go on teaching. None: the cross-entropy of logits with integer labels.
        epochs: passes over `dataset`, >= 1.
        steps_per_epoch: batches an epoch, of data without an end (`data.training_batches`). None:
            those of `dataset`, whose length must then be known.
        learning_rate: of Adam, at the start; it falls to 0 along a half cosine.
        checkpoint_dir: folder that holds the state of this one training after each epoch. A
            killed run goes on from there, to the undisturbed result where a `dataset` made anew
            gives the same batches; a finished one is not repeated. None keeps nothing.
        verbose: 0 for silence, 1 for a progress bar, 2 for a line an epoch.

    Returns:
        `student`.

    Raises:
        TypeError: when `dataset` is not a `tf.data.Dataset`.
        ValueError: before the first step, for a dataset without a known length, numbers out of
            range, an objective that cannot be computed on this student, or a folder with the state
            of another one.
    """
    training = Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    return train(student, training)


def train(student: keras.Model, training: Training) -> keras.Model:
    """Does a `Training` on a student, in place, and returns it; see `fine_tune`."""
    model = FineTuning(student, training)
    model.check(next(iter(training.dataset)))
    steps = training.epochs * training.steps
    schedule = keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)
    model.compile(keras.optimizers.Adam(schedule))
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    state = State(training, "fine_tune", fingerprint(student.get_weights()), variables)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: state.keep(epoch + 1))
    done = state.restore()
    # One stream over all epochs: what shuffles anew in each of them does so in a resumed run too.
    batches = training.dataset.repeat().skip(done * training.steps)
    model.fit(
        batches, epochs=training.epochs, initial_epoch=done, steps_per_epoch=training.steps,
        callbacks=[keep], verbose=training.verbose, shuffle=False,
    )  # fmt: skip
    return student


class FineTuning(keras.Model):
    """One student and one objective, for `fit`.

    Args:
        student: the `keras.Model` to train.
        training: the `Training`, whose objective is minimised.
    """

    def __init__(self, student: keras.Model, training: Training):
        super().__init__(name="fine_tuning", dtype=student.dtype_policy, autocast=False)
        self.student = student
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.student_tap = Tap(student, training.layer_names)
        self.training = training  # a plain value: Keras does not track what its objective holds
        self.built = True

    def call(self, inputs: Structure, training: bool | None = None) -> Structure:
        """Returns the student's predictions."""
        return self.student(unpack(inputs).inputs, training=training)

    def train_step(self, data: Structure) -> dict[str, Tensor]:
        """One update of the student."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        variables = self.trainable_variables
        # The tape looks at the student alone: what a teacher computes leaves nothing on it.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            outputs = self.student_tap(unpack(x).inputs, training=True)
            loss = self.training.objective(x, y, outputs, sample_weight=sample_weight)
            loss = loss + sum(map(ops.sum, self.student.losses), ops.zeros(()))
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        reached = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
        self.optimizer.apply_gradients(reached)
        size = ops.shape(keras.tree.flatten(outputs[0])[0])[0]
        self.loss_tracker.update_state(loss, sample_weight=size)
        return {"loss": self.loss_tracker.result()}

    def check(self, data: Structure) -> None:
        """Computes the objective on one batch, without a step.

        Raises:
            ValueError: when it cannot be computed, or is not finite.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        outputs = self.student_tap(unpack(x).inputs, training=False)
        try:
            loss = self.training.objective(x, y, outputs, sample_weight=sample_weight)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            shapes = {name: tuple(tensor.shape) for name, tensor in outputs[1].items()}
            raise ValueError(
                f"The objective cannot be computed on {self.student.name!r}: {error} Received: "
                f"features of shapes {shapes}. A loss with weights of its own (Hint) knows the "
                "widths that the student had: keep those channels (prune_channels(..., keep=[...]))"
                ", or train the returned model in a new Distiller."
            ) from error
        if not math.isfinite(float(loss)):
            raise ValueError(
                f"The objective must be finite on the first batch. Received: {float(loss)} for "
                f"{self.student.name!r}. Check the labels and the scaling of the inputs."
            )
