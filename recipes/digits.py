r"""The first run: from a teacher to a phone file on real handwritten digits, on a CPU.

It trains a teacher on 1,000 of the 1,797 digits that come with the package, then one small student
several ways on few of them: alone, with KD, with the locality preserving loss (LP), and with both.
Each student is trained from several seeds. The best one, chosen on the validation images, becomes a
phone bundle, each file of which is scored on the test images. Last come a table and a report.

    python recipes/digits.py                                   # everything, into runs/digits
    python recipes/digits.py --run_dir runs/digits --resume    # go on where a stopped run was
    python recipes/digits.py --run_dir runs/more --num_labels 500 --epochs 80

With `--strategy=multi_worker` several computers share the work: see docs/distributed.md.

What to look at afterwards, in the run folder:

    report.html          the table, learning curves, neighbours, files: open it in a browser
    phone/*.tflite       what goes into an Android app, with labels and metadata inside
    student.keras        the same student for Keras; students/ holds all of them
    results.json         every number of the table
"""

import json
import statistics

import keras
import numpy as np
from absl import app, flags

import common
import evaluation
import summary
from tf_lpdistill import Distiller, Preprocessing, data, files, models, report, tflite
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

FLAGS = flags.FLAGS

# Few labels leave the student something to learn from the teacher; see the closing table.
NUM_LABELS = 300
NUM_SEEDS = 3
EPOCHS = 120
BATCH_SIZE = 100
TEACHER_EPOCHS = 30
LEARNING_RATE = 0.01  # Adam, falling to 0 along a cosine
TWO_PRECISIONS = ("float32", "int8")  # of what is compared; the chosen student gets all
VALIDATIONS = 15  # a student is validated this often on its way

PREPROCESSING = Preprocessing((8, 8), color="grayscale", scaling="0..1")
FEATURE = "features"  # the pooled embedding just before the logits, in both networks


def soft_target():
    """KD with the temperature of most public code, at a weight that leaves the labels a say."""
    return SoftTarget(temperature=4.0), 0.1


def locality_preserving():
    """LP between the embeddings."""
    return LocalityPreserving(FEATURE, FEATURE, num_neighbors=5), 0.3


# key: (name in the table, the distillation losses with their weights)
METHODS = {
    "alone": ("Student alone", []),
    "kd": ("KD", [soft_target]),
    "lp": ("LP", [locality_preserving]),
    "kd_lp": ("KD + LP", [soft_target, locality_preserving]),
}


def compile_model(model, steps):
    """Compiles a classifier, or a Distiller, for `steps` optimizer steps."""
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        keras.optimizers.Adam(schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def fit(run, model, split, validation, epochs, seed, progress):
    """Trains with validation every now and then; returns one dict of metrics per epoch."""
    steps = data.steps_per_epoch(split, FLAGS.batch_size)
    with run.strategy.scope():
        model = run.trainable(model)
        compile_model(model, steps * epochs)
    every = max(1, epochs // VALIDATIONS)
    history = model.fit(
        data.training_batches(split, PREPROCESSING, FLAGS.batch_size, seed=seed),
        epochs=epochs,
        steps_per_epoch=steps,
        validation_data=data.evaluation_batches(validation, PREPROCESSING, FLAGS.batch_size),
        validation_freq=every,
        callbacks=[progress],
        shuffle=False,
        verbose=0,
    ).history
    rows = []
    for epoch in range(epochs):
        row = {name: values[epoch] for name, values in history.items() if name[:4] != "val_"}
        if (epoch + 1) % every == 0:
            validated = (epoch + 1) // every - 1
            row |= {name: v[validated] for name, v in history.items() if name[:4] == "val_"}
        rows.append({"epoch": epoch + 1, **row})
    return rows


def train_teacher(run, digits, progress):
    """Trains the teacher, or reads the one that this run trained before."""
    path = run.path("teacher.keras")
    if run.has(path):
        progress.skip(FLAGS.teacher_epochs)
        with run.strategy.scope():
            return keras.saving.load_model(path)
    keras.utils.set_random_seed(FLAGS.seed)
    with run.strategy.scope():
        teacher = models.digits_teacher()
    progress.begin("teacher")
    rows = fit(
        run, teacher, digits.train, digits.validation, FLAGS.teacher_epochs, FLAGS.seed, progress
    )
    run.write_history(
        run.path("teacher.csv"), [{"method": "teacher", "seed": FLAGS.seed} | row for row in rows]
    )
    run.save(teacher, path)
    progress.say(f"teacher: test accuracy {embed(teacher, digits.test).accuracy:.4f}")
    return teacher


def embed(model, split):
    """A split as a model of this recipe sees it."""
    return evaluation.embed(model, split, PREPROCESSING, FEATURE)


def train_student(run, teacher, digits, key, seed, progress):
    """Trains one student, or reads the result of an earlier try; returns its result.

    Of several workers only the chief measures and writes; the others return None.
    """
    directory = run.path("students", f"{key}_seed{seed}")
    if run.has(directory / "result.json"):
        progress.skip(FLAGS.epochs)
        return json.loads((directory / "result.json").read_text(encoding="utf-8"))
    name, losses = METHODS[key]
    keras.utils.set_random_seed(seed)
    labelled = digits.train.subset(FLAGS.num_labels, seed)
    with run.strategy.scope():
        student = trained = models.digits_student()
        if losses:
            terms, weights = zip(*(loss() for loss in losses), strict=True)
            trained = Distiller(teacher, student, list(terms), list(weights))
    progress.begin(f"{name}, seed {seed}")
    rows = fit(run, trained, labelled, digits.validation, FLAGS.epochs, seed, progress)
    run.save(student, directory / "student.keras")
    if not run.chief:
        return None
    common.write_history(
        directory / "history.csv", [{"method": key, "seed": seed} | row for row in rows]
    )
    on_test = embed(student, digits.test)
    result = {
        "accuracy": on_test.accuracy,
        "validation_accuracy": embed(student, digits.validation).accuracy,
        "neighborhood_overlap": evaluation.overlap(embed(teacher, digits.test), on_test),
        "parameters": student.count_params(),
    }
    progress.say(f"{name}, seed {seed}: test accuracy {result['accuracy']:.4f}")
    files.write_json(directory / "result.json", result)
    return result


def main(argv):
    """Trains, exports, proves and reports."""
    if len(argv) > 1:
        raise app.UsageError(f"Unexpected arguments: {argv[1:]}")
    digits = data.load_digits()
    # Wrong settings are told before anything is trained.
    data.steps_per_epoch(digits.train.subset(FLAGS.num_labels), FLAGS.batch_size)
    run = common.start(
        "digits",
        "Handwritten digits: from a teacher to a phone file",
        several_workers=True,
        dataset={
            "name": digits.name,
            "description": "1,797 real handwritten digits, 8x8 pixels (UCI, CC BY 4.0)",
            "train": len(digits.train),
            "validation": len(digits.validation),
            "test": len(digits.test),
            "labelled": FLAGS.num_labels,
            "class_names": list(digits.class_names),
        },
    )
    seeds = list(range(FLAGS.seed, FLAGS.seed + FLAGS.num_seeds))
    progress = common.Progress(
        FLAGS.teacher_epochs + FLAGS.epochs * len(METHODS) * len(seeds), quiet=not run.chief
    )
    teacher = train_teacher(run, digits, progress)
    results = {
        key: [train_student(run, teacher, digits, key, seed, progress) for seed in seeds]
        for key in METHODS
    }
    progress.close()
    if run.chief:
        finish(run, teacher, digits, seeds, results)


def export(run, model, digits, name, directory, precisions):
    """Exports a model and proves its files; returns the figures of each."""
    print(f"exporting to {run.path(directory)}", flush=True)
    bundle = tflite.export_bundle(
        model,
        run.path(directory),
        name=name,
        labels=digits.class_names,
        preprocessing=PREPROCESSING,
        precisions=precisions,
        representative_data=digits.train.images,
    )
    return evaluation.prove(bundle, model, digits.test)


def finish(run, teacher, digits, seeds, results):
    """Exports every method's best student, writes the results and the report.

    Both choices, of the seed and of the method, are made on the validation images.
    """
    best_seed = {
        key: max(zip(of_method, seeds, strict=True), key=lambda p: p[0]["validation_accuracy"])[1]
        for key, of_method in results.items()
    }
    chosen = max(
        (key for key in METHODS if key != "alone"),
        key=lambda k: statistics.mean(result["validation_accuracy"] for result in results[k]),
    )
    students = {
        key: keras.saving.load_model(run.path("students", f"{key}_seed{seed}", "student.keras"))
        for key, seed in best_seed.items()
    }
    rows = [teacher_row(run, teacher, digits)]
    for key, (name, _) in METHODS.items():
        own = ("phone", tflite.PRECISIONS) if key == chosen else (f"exports/{key}", TWO_PRECISIONS)
        rows.append(
            {
                "name": name,
                "key": key,
                "accuracy": [result["accuracy"] for result in results[key]],
                "neighborhood_overlap": [r["neighborhood_overlap"] for r in results[key]],
                "parameters": results[key][0]["parameters"],
                "best": key == chosen,
                "tflite": export(run, students[key], digits, "digits", *own),
            }
        )
    with files.atomic_path(run.path("student.keras")) as temporary:
        students[chosen].save(temporary)
    embedded = [embed(m, digits.test) for m in (teacher, students[chosen], students["alone"])]
    with files.atomic_path(run.path("neighbors.npz")) as temporary:
        np.savez(temporary, **evaluation.neighbor_grid(*embedded, FLAGS.seed))
    write_report(run, rows, seeds, chosen)


def teacher_row(run, teacher, digits):
    """The teacher's row of the table."""
    return {
        "name": "Teacher",
        "key": "teacher",
        "accuracy": [embed(teacher, digits.test).accuracy],
        "neighborhood_overlap": None,
        "parameters": teacher.count_params(),
        "best": False,
        "tflite": export(run, teacher, digits, "teacher", "exports/teacher", TWO_PRECISIONS),
    }


def write_report(run, rows, seeds, chosen):
    """Writes history.csv, results.json and report.html; prints the table and the path."""
    parts = [run.path("teacher.csv"), *sorted(run.path("students").glob("*/history.csv"))]
    common.write_history(
        run.path("history.csv"), [row for part in parts for row in common.read_history(part)]
    )
    files.write_json(
        run.path("results.json"),
        {
            "rows": rows,
            "seeds": seeds,
            "reading": summary.reading(rows),
            "exported": chosen,
            "hardware": common.hardware(),
        },
    )
    summary.print_table(rows)
    print(f"\n{summary.reading(rows)}\n\nReport: {report.write_report(run.directory)}")


if __name__ == "__main__":
    common.define_flags(run_dir="runs/digits", epochs=EPOCHS, batch_size=BATCH_SIZE)
    flags.adopt_module_key_flags(common)
    flags.DEFINE_integer("teacher_epochs", TEACHER_EPOCHS, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_integer("num_labels", NUM_LABELS, "Labelled images of a student.", lower_bound=10)
    flags.DEFINE_integer("num_seeds", NUM_SEEDS, "Seeds of each method.", lower_bound=2)
    common.run_recipe(main)
