r"""Tunes KD + LP with Optuna: weights, temperature, k, sigma and layers.

Each trial trains one student and is judged on the validation images alone. The first trial is the
setting of recipes/digits.py. At the end the best setting, that first one and the labels alone are
trained anew from seeds that no trial has seen, and compared on the test images: what tuning gained
there is what it is worth. The student of the best setting becomes the phone bundle. (Test
accuracies of trials are shown on the way, and choose nothing.)

    pip install -e ".[tuning]"
    python recipes/tune.py --num_labels 300                          # 40 trials on the digits
    python recipes/tune.py --num_labels 300 --resume                 # go on where it was stopped
    python recipes/tune.py --data mnist.npz --teacher teacher.keras --teacher_scaling 0..1 \
        --student mnist_student --num_labels 2000

What to look at afterwards, in the run folder: report.html with all trials, phone/, student.keras,
trials.csv, and trials.journal, which --resume reads (and Optuna's own plots, too).
"""

import dataclasses

from absl import flags

import common
from comparing.experiment import Experiment
from comparing.method import Method
from given import sources, teacher_flags
from results import ending
from search import journal, trials
from search.tuning import START, Search
from teaching import inputs

FLAGS = flags.FLAGS


def main():
    """Searches, trains the chosen setting anew, and reports."""
    journal.load_optuna()  # that it is missing is told before anything is trained
    teacher_flags.check()
    sources.check_name("student", FLAGS.student)
    loaded = sources.load_data(FLAGS.data, FLAGS.data_dir)
    pixels = inputs.scaled(loaded)
    teacher = teacher_flags.source("digits_teacher", loaded, pixels)
    build_student = sources.network("student", FLAGS.student, loaded)
    experiment = Experiment(
        data=loaded, pixels=pixels, teacher=teacher, build_student=build_student, methods={},
        seeds=[FLAGS.seed], epochs=FLAGS.epochs, batch_size=FLAGS.batch_size,
        num_labels=FLAGS.num_labels,
    )  # fmt: skip
    fits = FLAGS.num_trials + 3 * FLAGS.num_seeds
    comparison = experiment.prepare("tune", f"KD + LP tuned on {loaded.name}", more_fits=fits)
    search = Search.of(comparison)
    study = search.run(FLAGS.num_trials)
    trials.write_csv(comparison.trainer.run.path("trials.csv"), study, search.pairs)
    final = dataclasses.replace(
        comparison,
        methods={
            "alone": Method("Student alone"),
            "start": search.method("KD + LP, as it was", START),
            "tuned": search.method("KD + LP, tuned", study.best_params),
        },
        seeds=[seed + 1 for seed in common.seeds()],
    )
    results = final.run()
    comparison.trainer.progress.close()
    ending.finish_comparison(
        final, results, chosen="tuned", note=trials.reading(study, START),
        search=trials.describe(study, search.pairs),
    )  # fmt: skip
    teacher, student = search.pairs[study.best_params["pair"]]
    print(f"\nThe best setting: {study.best_params}, layers {teacher!r} and {student!r}")


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_string("data", "digits", "digits, FILE.npz, a folder, keras:NAME or tfds:NAME.")
    flags.DEFINE_integer("teacher_epochs", 30, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_string("student", "digits_student", "A name for models.get, or a .keras file.")
    flags.DEFINE_integer("num_labels", None, "Labelled images of a student.", lower_bound=1)
    flags.DEFINE_integer("num_trials", 40, "Trials in all.", lower_bound=1)


if __name__ == "__main__":
    common.define_flags(run_dir="runs/tune", epochs=60, batch_size=100, num_seeds=3)
    teacher_flags.define()
    define_flags()
    common.run_recipe(main)
