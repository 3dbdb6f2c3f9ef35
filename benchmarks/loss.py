r"""The locality preserving loss against the matrix product that it cannot do without.

    python benchmarks/loss.py            # about three minutes, into docs/results/loss.md
    python benchmarks/loss.py --quick    # does it run?

Student side: the energy of the features on a graph with k neighbours, forward and backward, in
the form that the library chooses, and in each of its two forms, against one product of an (N, N)
matrix with (N, d) features. Teacher side: centring, all distances, k neighbours and their weights,
against the same product. Read the ratios: a busy machine changes the milliseconds.
"""

import itertools
from unittest import mock

import numpy as np
import tensorflow as tf

import common
from tf_lpdistill.losses.locality_preserving import locality_preserving
from tf_lpdistill.ops import heat_affinities, laplacian, laplacian_energy

NEIGHBORS = 5
SIZES = [(128, 256), (128, 4096), (256, 1024), (512, 256), (512, 4096), (1024, 256), (1024, 4096)]
# (N, d, k) on both sides of where the form changes.
CHOICES = [
    (rows, width, neighbors)
    for rows, width in [*itertools.product((512, 1024, 2048), (256, 2048)), (4096, 256)]
    for neighbors in (2, 5, 16)
]
MEMORY_SIZES = [(128, 4096, 5), (1024, 4096, 5), (8192, 256, 5), (8192, 256, 32), (8192, 4096, 5)]
# What makes the library take one form: the number of samples for each neighbour from which on it
# sums over the edges.
FORMS = {"chosen": laplacian._ROWS_PER_NEIGHBOR, "Laplacian": 10**9, "edges": 0}


def features(rows, width, seed=0):
    """(rows, width) float32 normal features."""
    return tf.random.stateless_normal((rows, width), (seed, 0))


def student_side(form, indices, alpha, vectors, jit_compile):
    """A function without arguments that computes the energy in one form, and its gradient."""

    @tf.function(jit_compile=jit_compile)
    def compiled(indices, alpha, vectors):
        with mock.patch.object(laplacian, "_ROWS_PER_NEIGHBOR", FORMS[form]):
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                energy = laplacian_energy(indices, alpha, vectors)
        return energy, tape.gradient(energy, vectors)

    return lambda: compiled(indices, alpha, vectors)


def product(rows, width, jit_compile):
    """The floor: one (N, N) x (N, d) matrix product."""
    compiled = tf.function(lambda left, right: left @ right, jit_compile=jit_compile)
    left, right = features(rows, rows), features(rows, width, 1)
    return lambda: compiled(left, right)


def teacher_side(rows, width, jit_compile):
    """The search for neighbours and their weights."""
    compiled = tf.function(
        lambda teacher: heat_affinities(teacher, NEIGHBORS), jit_compile=jit_compile
    )
    teacher = features(rows, width, 2)
    return lambda: compiled(teacher)


def compare(rows, width, rounds, jit_compile):
    """One row of the first table."""
    graph = heat_affinities(features(rows, 16), NEIGHBORS)
    student = features(rows, width, 1)
    functions = {"floor": product(rows, width, jit_compile)}
    for form in FORMS:
        functions[form] = student_side(form, *graph, student, jit_compile)
    functions["teacher side"] = teacher_side(rows, width, jit_compile)
    calls = int(np.clip(2e8 / (rows * rows * width), 1, 30))
    times = common.interleave(functions, rounds, calls)
    floor = times.pop("floor")
    return {
        "N": rows,
        "d": width,
        "mode": "XLA" if jit_compile else "graph",
        "one product, ms": common.milliseconds(floor),
        **{f"{name} / product": common.ratio(series, floor) for name, series in times.items()},
    }


def choice(rows, width, neighbors, rounds, jit_compile):
    """One row of the second table: both forms, and which of them the library takes."""
    graph = heat_affinities(features(rows, 16), neighbors)
    student = features(rows, width, 1)
    forms = ("Laplacian", "edges")
    times = common.interleave(
        {form: student_side(form, *graph, student, jit_compile) for form in forms}, rounds
    )
    return {
        "N": rows,
        "d": width,
        "k": neighbors,
        "mode": "XLA" if jit_compile else "graph",
        "N / k": rows // neighbors,
        "Laplacian / edges": common.ratio(times["Laplacian"], times["edges"]),
        "chosen": forms[rows >= neighbors * laplacian._ROWS_PER_NEIGHBOR],
    }


def work(rows, width, neighbors):
    """Prepares the whole loss, forward and backward, of an unknown batch size, for its memory."""
    unknown = tf.TensorSpec((None, width))

    @tf.function(input_signature=[unknown, unknown])
    def compiled(teacher, student):
        with tf.GradientTape() as tape:
            tape.watch(student)
            value = locality_preserving(teacher, student, neighbors)
        return value, tape.gradient(value, student)

    compiled(features(8, width), features(8, width))
    teacher, student = features(rows, width), features(rows, width, 1)
    return lambda: bool(np.isfinite(compiled(teacher, student)[0]))


def memory(rows, width, neighbors):
    """One row of the third table."""
    added, whole, _ = common.peak_memory("loss", "work", rows, width, neighbors)
    return {"N": rows, "d": width, "k": neighbors, "added MiB": added, "process MiB": whole}


def measure(quick):
    """Returns the tables: see the top of this file."""
    sizes, choices, memory_sizes, rounds = SIZES, CHOICES, MEMORY_SIZES, 15
    if quick:
        sizes, choices, memory_sizes, rounds = [(64, 16)], [(64, 16, 2)], [(64, 16, 2)], 3
    modes = (False, True)
    return {
        "Student side, forward and backward, and teacher side, k = 5": [
            compare(*size, rounds, jit_compile) for jit_compile in modes for size in sizes
        ],
        "The choice between the forms": [
            choice(*size, min(rounds, 5), jit_compile) for jit_compile in modes for size in choices
        ],
        "Peak memory of the whole loss, forward and backward, in a process of its own": [
            memory(*size) for size in memory_sizes
        ],
    }


if __name__ == "__main__":
    common.main("loss", "The locality preserving loss", measure)
