r"""A whole training step: what the Distiller adds to the teacher's and the student's own work.

    python benchmarks/step.py            # about four minutes, into docs/results/step.md
    python benchmarks/step.py --quick    # does it run?

All variants train in turn in one process, on batches of the same pipeline, with Keras's `fit`; a
turn is a few steps, of which the first is left out. The floor is the teacher's forward pass in
inference mode as a function of its own, plus a step of the student alone. The second table is a
profile by omission: our step without one of its parts.
"""

import time

import keras
import numpy as np
import tensorflow as tf

import common
from tf_lpdistill import Distiller, models
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

BATCH = 128
STEPS = 3  # a turn; the first one is left out
ROUNDS = 5
LEARNING_RATE = 1e-3  # small: labels of noise teach nothing, and must not lead to NaN
PAIRS = {
    "WRN-16-4 -> ResNet-20": ((models.wide_resnet, 16, 4), (models.resnet_cifar, 20)),
    "ResNet-56 -> ResNet-20": ((models.resnet_cifar, 56), (models.resnet_cifar, 20)),
}
QUICK_PAIRS = {"WRN-10-1 -> ResNet-8": ((models.wide_resnet, 10, 1), (models.resnet_cifar, 8))}
PER_EXECUTION = 4  # steps that one call of the train function makes, in one row of the profile


class Clock(keras.callbacks.Callback):
    """A step's wall-clock and processor seconds, from the end of the first execution on."""

    def on_train_begin(self, logs=None):
        """Forgets the last turn."""
        self.first = None

    def on_train_batch_end(self, batch, logs=None):
        """Notes the times; `batch` is the last one of the steps of an execution."""
        if self.first is None:
            self.first, self.start = batch, clocks()
        else:
            self.seconds = (clocks() - self.start) / (batch - self.first)


def clocks():
    """(wall-clock, processor) seconds; others on the machine add to the first alone."""
    return np.array([time.perf_counter(), time.process_time()])


def images(samples):
    """A data set of random images and labels."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(size=(samples, 32, 32, 3)).astype("float32")
    return tf.data.Dataset.from_tensor_slices((pixels, rng.integers(0, 10, samples)))


def batches(batch_size):
    """Endless batches of random images; their number is not known to the graph."""
    return images(4 * batch_size).cache().repeat().batch(batch_size).prefetch(2)


def make(network):
    """Builds a network: (function, *arguments)."""
    function, *arguments = network
    return function(*arguments)


def trained(model, dataset, steps=STEPS, momentum=0.9, metrics=("accuracy",), per_execution=1):
    """A function that trains for a turn, and returns the seconds of a step."""
    model.compile(
        keras.optimizers.SGD(LEARNING_RATE, momentum),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=list(metrics),
        steps_per_execution=per_execution,
    )
    clock = Clock()

    def turn():
        model.fit(dataset, steps_per_epoch=steps, callbacks=[clock], verbose=0, shuffle=False)
        return clock.seconds

    return turn


def forward(teacher, dataset):
    """A function that runs the teacher alone for a turn, and returns the seconds of a step."""
    run = tf.function(lambda images: teacher(images, training=False))
    iterator = iter(dataset)

    def turn():
        run(next(iterator)[0])
        start = clocks()
        for _ in range(STEPS - 1):
            run(next(iterator)[0])
        return (clocks() - start) / (STEPS - 1)

    return turn


def ours(teacher, student, layers=("features", "features")):
    """KD + LP with one forward pass of each network; LP on one layer of each."""
    losses = [SoftTarget(temperature=4.0), LocalityPreserving(*layers)]
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
    """Two rows of the first table: by wall-clock and by processor seconds."""
    times = common.take_turns(variants(teacher, student, batch_size), rounds)
    return [
        by_clock(pair, clock, {name: series[:, column] for name, series in times.items()})
        for column, clock in enumerate(("wall clock", "processor"))
    ]


def by_clock(pair, clock, times):
    """One row of the first table."""
    floor = times["teacher"] + times["student"]
    return {
        "teacher -> student": pair,
        "clock": clock,
        "student alone, ms": common.milliseconds(times["student"]),
        "teacher / student": common.ratio(times["teacher"], times["student"]),
        "ours / (teacher + student)": common.ratio(times["ours"], floor),
        "Keras / ours": common.ratio(times["Keras"], times["ours"]),
    }


def without_a_part(teacher, student, batch_size):
    """{name: function that runs a turn}: our step, and the same without one of its parts."""
    dataset = batches(batch_size)
    teacher = make(teacher)
    still = make(student)
    for layer in still.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)

    def turn(network=None, dataset=dataset, **settings):
        distiller = ours(teacher, network or make(student))
        return trained(distiller, dataset, 2 * PER_EXECUTION, **settings)

    return {
        "ours": turn(),
        "one batch from memory": turn(dataset=dataset.take(1).cache().repeat()),
        "no metrics": turn(metrics=()),
        "no momentum": turn(momentum=0.0),
        "the student's BatchNorm frozen": turn(still),
        f"{PER_EXECUTION} steps an execution": turn(per_execution=PER_EXECUTION),
    }


def profile(pairs, batch_size, rounds):
    """Rows of the second table."""
    rows = []
    for pair, networks in pairs.items():
        times = common.take_turns(without_a_part(*networks, batch_size), rounds)
        rows += [{"teacher -> student": pair} | row for row in against("ours", times)]
    return rows


def against(base, times):
    """Rows of one variant each: the time of a step, and its ratios to the variant `base`."""
    return [
        {
            "step": name,
            "wall clock, ms": common.milliseconds(series[:, 0]),
            f"wall clock / {base}": common.ratio(series[:, 0], times[base][:, 0]),
            f"processor / {base}": common.ratio(series[:, 1], times[base][:, 1]),
        }
        for name, series in times.items()
    ]


def measure(quick):
    """Returns the tables: see the top of this file."""
    pairs, batch_size, rounds = (QUICK_PAIRS, 8, 2) if quick else (PAIRS, BATCH, ROUNDS)
    parts = QUICK_PAIRS if quick else dict([*PAIRS.items()][1:]) | QUICK_PAIRS
    return {
        "KD + LP by a live teacher": [
            row
            for pair, (teacher, student) in pairs.items()
            for row in compare(pair, teacher, student, batch_size, rounds)
        ],
        "Our step without one of its parts": profile(parts, batch_size, rounds),
    }


if __name__ == "__main__":
    common.main("step", f"A step at batch {BATCH}", measure)
