"""The training loop of a tf_keras model against an objective in Keras 3."""

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.batch import unpack
from tf_lpdistill.compression._tfmot.packages import load
from tf_lpdistill.compression._tfmot.taps import feature_outputs
from tf_lpdistill.compression.state import State


def train(model, bridged, training, prefix, title, end_of_epoch=lambda: None):
    """Trains a model of tf_keras; the teacher in the objective stays in Keras 3.

    Args:
        model: `tf_keras.Model` made of `bridged.model`, some of its layers wrapped; trained in
            place.
        bridged: the `Bridged`.
        training: a `Training`.
        prefix: what a wrapper puts before the name of its layer.
        title: str, what the progress bar and the checkpoint call it: the verb and its settings.
        end_of_epoch: called after each epoch, before its state is kept.

    Raises:
        ValueError: when the loss is not finite, or the checkpoint is of another run.
    """
    tf_keras, _ = load()
    features = feature_outputs(model, bridged, training.layer_names, prefix)
    tap = tf_keras.Model(model.inputs, [model.outputs[0], *features.values()])
    schedule = tf_keras.optimizers.schedules.CosineDecay(
        training.learning_rate, training.epochs * training.steps
    )
    optimizer = tf_keras.optimizers.Adam(schedule)
    optimizer.build(model.trainable_variables)
    step = _make_step(tap, list(features), optimizer, bridged.front, training)
    state = State(training, title, bridged.fingerprint, [*model.variables, *optimizer.variables])
    first = state.restore()
    # One stream over all epochs: what shuffles anew in each of them does so in a resumed run too.
    batches = iter(training.dataset.repeat().skip(first * training.steps))
    if training.verbose and first < training.epochs:
        print(f"{title}: tracing a step, seconds for a small student, a minute for a large one ...")
    for epoch in range(first, training.epochs):
        _run_epoch(step, batches, epoch, training, title)
        end_of_epoch()
        state.keep(epoch + 1)


def _make_step(tap, names, optimizer, front, training):
    @tf.function(input_signature=[training.dataset.element_spec])
    def step(data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        # Outside the tape: augmentation and scaling have nothing to learn.
        inputs = front(unpack(x).inputs, training=True)
        with tf.GradientTape() as tape:
            predictions, *found = tf.nest.flatten(tap(inputs, training=True))
            features = dict(zip(names, found, strict=True))
            loss = training.objective(x, y, (predictions, features), sample_weight)
        variables = tap.trainable_variables
        gradients = tape.gradient(loss, variables)
        reached = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
        optimizer.apply_gradients(reached)
        return loss

    return step


def _run_epoch(step, batches, epoch, training, title):
    if training.verbose:
        print(f"{title}: epoch {epoch + 1}/{training.epochs}")
    bar = keras.utils.Progbar(training.steps, verbose=training.verbose)
    losses = []
    for number in range(1, training.steps + 1):
        losses.append(float(step(next(batches))))
        bar.update(number, [("loss", losses[-1])])
    if not np.isfinite(losses).all():
        first = int(np.flatnonzero(~np.isfinite(losses))[0])
        raise ValueError(
            f"{title}: the loss is not finite. Received: {losses[first]} in step {first + 1} of "
            f"epoch {epoch + 1}. Lower `learning_rate`, or the weights of the losses."
        )
