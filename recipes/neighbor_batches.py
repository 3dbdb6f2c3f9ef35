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

import json
import statistics

import keras
import numpy as np
from absl import app, flags

import common
import evaluation
from tf_lpdistill import Distiller, NeighborGraph, Preprocessing, data, files, report
from tf_lpdistill.graph import NeighborBatches
from tf_lpdistill.losses import LocalityPreserving
from tf_lpdistill.saving import load_model

FLAGS = flags.FLAGS
LEARNING_RATE = 0.01  # Adam, falling to 0 along a cosine
LP_WEIGHT = 0.3  # as in recipes/digits.py
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


def fit(run, model, batches, steps, epochs, progress):
    """Trains on `batches`; returns a row of metrics per epoch."""
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps * epochs)
    with run.strategy.scope():
        model.compile(
            keras.optimizers.Adam(schedule),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
    history = model.fit(
        batches, epochs=epochs, steps_per_epoch=steps, callbacks=[progress], shuffle=False,
        verbose=0,
    ).history  # fmt: skip
    columns = zip(*history.values(), strict=True)
    return [
        {"epoch": i, **dict(zip(history, row, strict=True))} for i, row in enumerate(columns, 1)
    ]


def train_teacher(run, images, pixels, progress):
    """Trains the teacher on all training images, or reads the one that this run trained."""
    path = run.path("teacher.keras")
    if path.exists():
        progress.skip(FLAGS.teacher_epochs)
        return load_model(path)
    with run.strategy.scope():
        teacher = network("teacher", images.image_shape, images.num_classes, TEACHER)
    progress.begin("teacher")
    batches = data.training_batches(images.train, pixels, FLAGS.batch_size, seed=FLAGS.seed)
    steps = data.steps_per_epoch(images.train, FLAGS.batch_size)
    fit(run, teacher, batches, steps, FLAGS.teacher_epochs, progress)
    run.save(teacher, path)
    return teacher


def train_student(run, teacher, images, labelled, pixels, graph, key, seed, progress):
    """Trains one student, or reads the result of an earlier try."""
    path = run.path("students", f"{key}_seed{seed}", "result.json")
    if path.exists():
        progress.skip(FLAGS.epochs)
        return json.loads(path.read_text(encoding="utf-8"))
    name, with_lp, near, repeat = ARMS[key]
    keras.utils.set_random_seed(seed)
    seeds = FLAGS.seeds_per_batch if near else FLAGS.batch_size  # all seeds: random batches
    batches = graph.batches(FLAGS.batch_size, seeds, repeat=repeat, seed=seed)
    with run.strategy.scope():
        student = model = network("student", images.image_shape, images.num_classes, STUDENT)
        if with_lp:
            loss = LocalityPreserving("features", "features", num_neighbors=5)
            model = Distiller(teacher, student, [loss], [LP_WEIGHT])
    progress.begin(f"{name}, seed {seed}")
    pipeline = data.ordered_batches(labelled, pixels, batches.epoch)
    rows = fit(run, model, pipeline, len(batches), FLAGS.epochs, progress)
    result = {
        **batches.measure(),
        "accuracy": evaluation.embed(student, images.test, pixels, "features").accuracy,
        "parameters": student.count_params(),
        "history": [{"method": key, "seed": seed, **row} for row in rows],
    }
    progress.say(f"{name}, seed {seed}: test accuracy {result['accuracy']:.4f}")
    files.write_json(path, result)
    return result


def finish(run, teacher_accuracy, teacher, results, seeds):
    """Prints the table; writes results and report."""
    print(f"\n{'':28}{'neighbour recall %':>20}{'coverage %':>12}{'test accuracy %':>18}")
    rows = [("Teacher", "teacher", [teacher_accuracy], teacher.count_params())]
    for key, of_arm in results.items():
        rows.append((ARMS[key][0], key, [r["accuracy"] for r in of_arm], of_arm[0]["parameters"]))
        recall, coverage = (
            100 * statistics.mean(result[name] for result in of_arm)
            for name in ("neighbor_recall", "coverage")
        )
        percent = [100 * accuracy for accuracy in rows[-1][2]]
        accuracy = f"{statistics.mean(percent):.2f} ±{statistics.stdev(percent):.2f}"
        print(f"{rows[-1][0]:28}{recall:>20.1f}{coverage:>12.1f}{accuracy:>18}")
    fields = ("name", "key", "accuracy", "parameters")
    rows = [{**dict(zip(fields, row, strict=True)), "best": False} for row in rows]
    history = [row for of_arm in results.values() for result in of_arm for row in result["history"]]
    common.write_history(run.path("history.csv"), history)
    reading = f"Fixed settings, last epoch, {len(seeds)} seeds; the batches are all that differs."
    summary = {"rows": rows, "seeds": seeds, "reading": reading, "hardware": common.hardware()}
    files.write_json(run.path("results.json"), summary | {"exported": None, "batches": results})
    print(f"Teacher: {100 * teacher_accuracy:.2f} %. Report: {report.write_report(run.directory)}")


def load_images():
    """The data set that --data names, and the part of it that has labels."""
    if FLAGS.data == "digits":
        images = data.load_digits()
    else:
        path = data.find_data_dir(FLAGS.data_dir) / FLAGS.data
        if not path.is_file():
            raise ValueError(f"--data must name a file that exists. Received: {path}")
        images = data.load_npz(path)
    if images.test is None:
        raise ValueError(f"--data must hold test images. Received: {FLAGS.data} without them")
    return images, images.train.subset(FLAGS.num_labels or len(images.train))


def main(argv):
    """Trains a teacher, finds its neighbours, trains the students, compares."""
    if len(argv) > 1:
        raise app.UsageError(f"Unexpected arguments: {argv[1:]}")
    images, labelled = load_images()
    # Wrong settings are told before anything is trained.
    NeighborBatches(np.zeros((len(labelled), 1)), FLAGS.batch_size, FLAGS.seeds_per_batch)
    height, width, channels = images.image_shape
    color = "grayscale" if channels == 1 else "rgb"
    pixels = Preprocessing((height, width), color=color, scaling="0..1")
    counts = {name: 0 for name in ("train", "validation", "test")}
    counts |= {name: len(split) for name, split in images.splits().items()}
    about = {"name": images.name, "description": f"{height}x{width} images", **counts}
    about |= {"labelled": len(labelled), "class_names": list(images.class_names)}
    run = common.start("neighbor_batches", "Batches that keep neighbours together", dataset=about)
    seeds = list(range(FLAGS.seed, FLAGS.seed + FLAGS.num_seeds))
    progress = common.Progress(FLAGS.teacher_epochs + FLAGS.epochs * len(ARMS) * len(seeds))
    teacher = train_teacher(run, images, pixels, progress)
    features = evaluation.embed(teacher, labelled, pixels, "features").features
    graph = NeighborGraph.build(np.asarray(features, np.float32), FLAGS.num_neighbors)
    graph.save(run.path("graph.npz"))
    setting = (run, teacher, images, labelled, pixels, graph)
    results = {
        key: [train_student(*setting, key, seed, progress) for seed in seeds] for key in ARMS
    }
    progress.close()
    on_test = evaluation.embed(teacher, images.test, pixels, "features")
    finish(run, on_test.accuracy, teacher, results, seeds)


if __name__ == "__main__":
    common.define_flags(run_dir="runs/neighbor_batches", epochs=60, batch_size=50)
    flags.adopt_module_key_flags(common)
    flags.DEFINE_string("data", "digits", '"digits", or an .npz file in the folder of data sets.')
    flags.DEFINE_integer("num_labels", 0, "Labelled images; 0 takes all.", lower_bound=0)
    flags.DEFINE_integer("num_neighbors", 10, "Neighbours in the graph (k).", lower_bound=1)
    flags.DEFINE_integer("seeds_per_batch", 10, "Seeds of a neighbour batch.", lower_bound=1)
    flags.DEFINE_integer("teacher_epochs", 20, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_integer("num_seeds", 5, "Random seeds of each student.", lower_bound=2)
    common.run_recipe(main)
