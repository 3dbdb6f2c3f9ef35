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

import functools

from absl import flags

import common
from comparing.grid import train_once
from given import teachers
from results import answers, ending, evaluation, phone, readings, tables
from results.rows import mark_best, student_row, teacher_row
from teaching import curves
from teaching.progress import Progress
from teaching.training import Trainer
from tf_lpdistill import Distiller, Preprocessing, data, models
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

FLAGS = flags.FLAGS

# Few labels leave the student something to learn from the teacher; see the closing table.
NUM_LABELS = 300
NUM_SEEDS = 3
EPOCHS = 120
BATCH_SIZE = 100
TEACHER_EPOCHS = 30

PREPROCESSING = Preprocessing((8, 8), color="grayscale", scaling="0..1")
FEATURE = "features"  # the pooled embedding just before the logits, in both networks

# KD with the temperature of most public code; both weights are those of `methods.METHODS`.
KD = functools.partial(SoftTarget, temperature=4.0), 0.5
LP = functools.partial(LocalityPreserving, FEATURE, FEATURE, num_neighbors=5), 0.03

# key: (name in the table, the distillation losses with their weights)
METHODS = {
    "alone": ("Student alone", []),
    "kd": ("KD", [KD]),
    "lp": ("LP", [LP]),
    "kd_lp": ("KD + LP", [KD, LP]),
}


def embed(model, split):
    """A split as a model of this recipe sees it."""
    return evaluation.embed(model, split, PREPROCESSING, FEATURE)


def train_student(teacher, trainer, key, seed):
    """Trains and measures one student; returns its result, and what to say of it.

    Of several workers only the chief measures and writes.
    """
    run, digits = trainer.run, trainer.data
    with run.strategy.scope():
        student = trained = models.digits_student()
        if losses := METHODS[key][1]:
            terms, weights = zip(*((make(), weight) for make, weight in losses), strict=True)
            trained = Distiller(teacher, student, list(terms), list(weights))
    rows = trainer.fit(trained, digits.train.subset(FLAGS.num_labels, seed), FLAGS.epochs, seed)
    run.save(student, trainer.folder / "student.keras")
    if not run.chief:
        return None, ""
    curves.write_curves(trainer.folder / "history.csv", key, seed, rows)
    on_test = embed(student, digits.test)
    result = {
        "accuracy": on_test.accuracy,
        "validation_accuracy": embed(student, digits.validation).accuracy,
        "neighborhood_overlap": evaluation.overlap(embed(teacher, digits.test), on_test),
        "parameters": student.count_params(),
    }
    return result, f"test accuracy {result['accuracy']:.4f}"


def finish(trainer, teacher, results, seeds):
    """Exports the best student of every method, writes the results and the report."""
    measures = ("accuracy", "neighborhood_overlap")
    rows = [student_row(METHODS[key][0], key, results[key], measures) for key in METHODS]
    best = mark_best(rows[1:], results)  # not the student alone
    first = teacher_row(
        teacher, embed(teacher, trainer.data.test).accuracy, neighborhood_overlap=None,
        tflite=phone.export(trainer, teacher, "teacher", "exports/teacher", phone.TWO_PRECISIONS),
    )  # fmt: skip
    phone.export_rows(trainer, rows, results, seeds, trainer.data.name, phone.taught_by(first))
    answers.write(trainer, teacher, results, seeds, (FEATURE, FEATURE), best["key"])
    rows.insert(0, first)
    tables.STUDENTS.show(rows)
    ending.finish(trainer.run, rows, seeds, readings.of_students(rows), exported=best["key"])


def main():
    """Trains, exports, proves and reports."""
    digits = data.load_digits()
    # Wrong settings are told before anything is trained.
    data.steps_per_epoch(digits.train.subset(FLAGS.num_labels), FLAGS.batch_size)
    run = common.start(
        "digits",
        "Handwritten digits: from a teacher to a phone file",
        several_workers=True,
        dataset=evaluation.describe(digits, FLAGS.num_labels)
        | {"description": "1,797 real handwritten digits, 8x8 pixels (UCI, CC BY 4.0)"},
    )
    seeds = common.seeds()
    epochs = FLAGS.teacher_epochs + FLAGS.epochs * len(METHODS) * len(seeds)
    progress = Progress(epochs, quiet=not run.chief)
    trainer = Trainer(run, digits, PREPROCESSING, FLAGS.batch_size, progress)
    source = teachers.TeacherSource(models.digits_teacher, FLAGS.teacher_epochs)
    teacher = teachers.obtain(source, trainer, FLAGS.seed)
    progress.say(f"teacher: test accuracy {embed(teacher, digits.test).accuracy:.4f}")
    teach = functools.partial(train_student, teacher)
    results = {
        key: [train_once(trainer, key, title, seed, FLAGS.epochs, teach) for seed in seeds]
        for key, (title, _) in METHODS.items()
    }
    progress.close()
    if run.chief:
        finish(trainer, teacher, results, seeds)


if __name__ == "__main__":
    common.define_flags(
        run_dir="runs/digits", epochs=EPOCHS, batch_size=BATCH_SIZE, num_seeds=NUM_SEEDS,
        least_seeds=2,
    )  # fmt: skip
    flags.DEFINE_integer("teacher_epochs", TEACHER_EPOCHS, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_integer("num_labels", NUM_LABELS, "Labelled images of a student.", lower_bound=10)
    common.run_recipe(main)
