r"""Do batches that keep neighbours together help the locality preserving loss (LP)?

LP looks for neighbours within the batch (Eq. 6), where a random batch of a large set holds almost
none of a sample's true ones. This recipe finds the true ones in the teacher's features of the whole
training set (Eq. 4), lays batches around them, and trains the same student on random batches and on
those, with LP and without. Nothing is chosen: the settings are fixed, the last epoch counts.

    python recipes/neighbor_batches.py                       # the embedded digits
    python recipes/neighbor_batches.py --data mnist.npz --data_dir FOLDER --num_labels 10000 \
        --epochs 10 --batch_size 128 --seeds_per_batch 32 --teacher_epochs 2 --num_seeds 3 \
        --run_dir runs/neighbor_batches_mnist

It ends with a table and report.html. graph.npz in the run folder is the graph.
"""

import functools
import statistics

import keras
import numpy as np
from absl import flags

import common
from comparing.grid import train_once
from given import sources, teachers
from results import ending, evaluation
from results.rows import student_row, teacher_row
from results.tables import mean_sd
from teaching import curves, inputs
from teaching.progress import Progress
from teaching.training import Trainer
from tf_lpdistill import Distiller, NeighborGraph
from tf_lpdistill.graph import NeighborBatches
from tf_lpdistill.losses import LocalityPreserving

FLAGS = flags.FLAGS
LP_WEIGHT = 0.3  # good on MNIST (docs/results/locality.md); ten times the default
TEACHER, STUDENT = (32, 64, 128), (8, 16, 16)  # channels of the three convolutions

# key: (name in the table, whether LP is on, whether neighbours share batches, may they come again)
ARMS = {
    "alone": ("Alone, random batches", False, False, False),
    "alone_neighbors": ("Alone, neighbour batches", False, True, False),
    "lp": ("LP, random batches", True, False, False),
    "lp_neighbors": ("LP, neighbour batches", True, True, False),
    "lp_repeat": ("LP, neighbours come again", True, True, True),
}


def network(name, image_shape, num_classes, channels):
    """Three 3x3 convolutions, down to a quarter of the side (a half below 16 pixels)."""
    x = inputs = keras.Input(image_shape)
    for filters, stride in zip(channels, (1 if image_shape[0] < 16 else 2, 2, 1), strict=True):
        x = keras.layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        # With few steps the default momentum of 0.99 lags behind the weights.
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes)(features), name=name)


def train_student(teacher, labelled, graph, trainer, key, seed):
    """Trains and measures one student; returns its result, and what to say of it."""
    images, (_, with_lp, near, repeat) = trainer.data, ARMS[key]
    seeds = FLAGS.seeds_per_batch if near else FLAGS.batch_size  # all seeds: random batches
    batches = graph.batches(FLAGS.batch_size, seeds, repeat=repeat, seed=seed)
    with trainer.run.strategy.scope():
        student = model = network("student", images.image_shape, images.num_classes, STUDENT)
        if with_lp:
            loss = LocalityPreserving("features", "features", num_neighbors=5)
            model = Distiller(teacher, student, [loss], [LP_WEIGHT])
    rows = trainer.fit(model, labelled, FLAGS.epochs, seed, order=batches.epoch)
    curves.write_curves(trainer.folder / "history.csv", key, seed, rows)
    accuracy = evaluation.accuracy(student, images.test, trainer.preprocessing, trainer.batch_size)
    result = {"accuracy": accuracy, "parameters": student.count_params(), **batches.measure()}
    return result, f"test accuracy {accuracy:.4f}"


def finish(run, teacher, results, seeds):
    """Prints the table below the teacher's row; writes results and report."""
    print(f"\n{'':28}{'neighbour recall %':>20}{'coverage %':>12}{'test accuracy %':>18}")
    rows = [student_row(ARMS[key][0], key, results[key]) for key in results]
    for row in rows:
        recall, coverage = (
            100 * statistics.mean(result[name] for result in results[row["key"]])
            for name in ("neighbor_recall", "coverage")
        )
        accuracy = mean_sd(row["accuracy"])
        print(f"{row['name']:28}{recall:>20.1f}{coverage:>12.1f}{accuracy:>18}")
    print(f"{teacher['name']:28}{mean_sd(teacher['accuracy']):>50}")
    reading = f"Fixed settings, last epoch, {len(seeds)} seeds; the batches are all that differs."
    ending.finish(run, [teacher, *rows], seeds, reading, batches=results)


def main():
    """Trains a teacher, finds its neighbours, trains the students, compares."""
    # Wrong settings are told before anything is trained.
    images = sources.load_data(FLAGS.data, FLAGS.data_dir)
    labelled = images.train.subset(FLAGS.num_labels or len(images.train))
    NeighborBatches(np.zeros((len(labelled), 1)), FLAGS.batch_size, FLAGS.seeds_per_batch)
    run = common.start(
        "neighbor_batches",
        "Batches that keep neighbours together",
        dataset=evaluation.describe(images, len(labelled)),
    )
    seeds = common.seeds()
    progress = Progress(FLAGS.teacher_epochs + FLAGS.epochs * len(ARMS) * len(seeds))
    shape, classes = images.image_shape, images.num_classes
    pixels = inputs.scaled(images)
    trainer = Trainer(run, images, pixels, FLAGS.batch_size, progress)
    build = functools.partial(network, "teacher", shape, classes, TEACHER)
    teacher = teachers.obtain(
        teachers.TeacherSource(build, FLAGS.teacher_epochs), trainer, FLAGS.seed
    )
    features = evaluation.embed(teacher, labelled, pixels, "features").features
    graph = NeighborGraph.build(features, FLAGS.num_neighbors)
    graph.save(run.path("graph.npz"))
    teach = functools.partial(train_student, teacher, labelled, graph)
    results = {
        key: [train_once(trainer, key, arm[0], seed, FLAGS.epochs, teach) for seed in seeds]
        for key, arm in ARMS.items()
    }
    progress.close()
    accuracy = evaluation.accuracy(teacher, images.test, pixels, FLAGS.batch_size)
    finish(run, teacher_row(teacher, accuracy), results, seeds)


if __name__ == "__main__":
    common.define_flags(
        run_dir="runs/neighbor_batches", epochs=60, batch_size=50, num_seeds=5, least_seeds=2
    )
    flags.DEFINE_string("data", "digits", "digits, FILE.npz, a folder, tfds:NAME or keras:NAME.")
    flags.DEFINE_integer("num_labels", 0, "Labelled images; 0 takes all.", lower_bound=0)
    flags.DEFINE_integer("num_neighbors", 10, "Neighbours in the graph (k).", lower_bound=1)
    flags.DEFINE_integer("seeds_per_batch", 10, "Seeds of a neighbour batch.", lower_bound=1)
    flags.DEFINE_integer("teacher_epochs", 20, "Epochs of the teacher.", lower_bound=1)
    common.run_recipe(main)
