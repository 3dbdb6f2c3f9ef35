r"""A whole training step: what the Distiller adds to the teacher's and the student's own work.

    python benchmarks/step.py                                     # into docs/results/step.md
    python benchmarks/step.py --torch_python ~/torch/bin/python   # PyTorch beside it
    python benchmarks/step.py --quick                             # does it run?

All variants train in turn in one process, on batches of the same pipeline, with Keras's `fit`; a
turn is a few steps, of which the first is left out. The floor is the teacher's forward pass in
inference mode as a function of its own, plus a step of the student alone. A Python with PyTorch
runs the same step in a process that waits while TensorFlow works, and the other way round.
"""

import json
import subprocess
import time

import keras
import numpy as np
import tensorflow as tf
from absl import flags

import common
import networks
from tf_lpdistill import Distiller
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

FLAGS = flags.FLAGS
flags.DEFINE_string("torch_python", None, "A Python that can import torch; None: no PyTorch.")

BATCH = 128
STEPS = 3  # a turn; the first one is left out
ROUNDS = 9
PAIRS = {
    "WRN-16-4 -> ResNet-20": ((networks.wide_resnet, 2, 4), (networks.resnet, 3)),
    "ResNet-56 -> ResNet-20": ((networks.resnet, 9), (networks.resnet, 3)),
}
QUICK_PAIRS = {"ResNet-14 -> ResNet-8": ((networks.resnet, 2), (networks.resnet, 1))}


class Clock(keras.callbacks.Callback):
    """Seconds from the end of the first step of a fit to the end of the last."""

    def on_train_batch_end(self, batch, logs=None):
        """Notes the time."""
        now = time.perf_counter()
        self.start = now if batch == 0 else self.start
        self.seconds = (now - self.start) / max(batch, 1)


def batches(batch_size):
    """Endless batches of random images; their number is not known to the graph."""
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(4 * batch_size, 32, 32, 3)).astype("float32")
    labels = rng.integers(0, 10, 4 * batch_size)
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).cache()
    return dataset.repeat().batch(batch_size).prefetch(2)


def make(network):
    """Builds a network: (function, *arguments)."""
    function, *arguments = network
    return function(*arguments)


def compiled(model, steps):
    """Compiles as the student alone is compiled."""
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=steps,
    )
    return model


def trained(model, dataset, steps_per_execution=1):
    """A function that trains for a turn, and returns the seconds of a step."""
    compiled(model, steps_per_execution)
    clock = Clock()

    def turn():
        model.fit(dataset, steps_per_epoch=STEPS, callbacks=[clock], verbose=0, shuffle=False)
        return clock.seconds

    return turn


def forward(teacher, dataset):
    """A function that runs the teacher alone for a turn, and returns the seconds of a step."""
    run = tf.function(lambda images: teacher(images, training=False))
    iterator = iter(dataset)

    def turn():
        run(next(iterator)[0])
        start = time.perf_counter()
        for _ in range(STEPS - 1):
            run(next(iterator)[0])
        return (time.perf_counter() - start) / (STEPS - 1)

    return turn


def ours(teacher, student):
    """KD + LP with one forward pass of each network."""
    losses = [SoftTarget(temperature=4.0), LocalityPreserving("features", "features")]
    return Distiller(teacher, student, losses, [1.0, 0.1])


def keras_own(teacher, student):
    """The same two terms in Keras's own Distiller."""
    losses = [
        keras.distillation.LogitsDistillation(
            temperature=4.0, loss=keras.losses.KLDivergence(reduction="sum_over_batch_size")
        ),
        LocalityPreserving("features", "features"),
    ]
    return keras.distillation.Distiller(teacher, student, losses, [1.0, 0.1])


def variants(teacher, student, batch_size):
    """{name: function that runs a turn and returns the seconds of a step}."""
    dataset = batches(batch_size)
    teacher = make(teacher)
    return {
        "teacher": forward(teacher, dataset),
        "student": trained(make(student), dataset),
        "ours": trained(ours(teacher, make(student)), dataset),
        "Keras": trained(keras_own(keras.models.clone_model(teacher), make(student)), dataset),
    }


def compare(pair, teacher, student, batch_size, rounds):
    """One row of the first table."""
    times = common.take_turns(variants(teacher, student, batch_size), rounds)
    floor = times["teacher"] + times["student"]
    return {
        "teacher -> student": pair,
        "student alone, ms": common.milliseconds(times["student"]),
        "teacher / student": common.ratio(times["teacher"], times["student"]),
        "ours / (teacher + student)": common.ratio(times["ours"], floor),
        "Keras / ours": common.ratio(times["Keras"], times["ours"]),
    }
