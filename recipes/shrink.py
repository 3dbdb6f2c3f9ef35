r"""Compares ways to make a distilled student smaller, from several seeds, file by file.

A student learns from the teacher by KD + LP. Each way then goes on from it, with the teacher still
teaching unless it says otherwise: quantization after training and quantization-aware training
(QAT), pruning, clustering, all three, low rank, fewer channels. Every result becomes a phone
bundle, and the table shows test accuracy, size, zipped size, latency on this computer, and the
oldest runtime that opens the file.

    python recipes/shrink.py --data clothing64_jpeg.npz --data_dir ~/data --student medium
    python recipes/shrink.py --data cifar10_jpeg.npz --data_dir ~/data --num_labels 5000 \
        --student resnet8 --teacher teacher.keras --teacher_scaling 0..255
    python recipes/shrink.py --ways distilled,qat_kd_lp,channels --num_seeds 1
    python recipes/shrink.py --resume                    # go on where a stopped run was

--data is as in recipes/compare.py. --student is small, medium or large (MobileNet V1), a name for
models.get, or a .keras file. The first three learn at the weight of LP of recipes/image_folder.py,
others at that of recipes/digits.py. Settings of the verbs are their defaults
(recipes/shrinking/ways.py): nothing is tuned to the data. Students keep their epoch best on the
validation images; a verb keeps its last.

What to look at afterwards, in the run folder: results.csv (every seed), table.md, report.html,
compressed/WAY_seedN/ with the bundle of each.
"""

from absl import flags

import common
import methods
from comparing.experiment import Experiment
from given import sources, teacher_flags
from photo_folder import photo_students
from photo_folder.presets import PRESETS
from results import phone
from results.rows import teacher_row
from shrinking import compressed, compressed_table
from shrinking.ways import WAYS
from teaching import inputs

FLAGS = flags.FLAGS


def main():
    """Trains teacher and students, compresses and reports."""
    # Wrong settings are told before anything is written.
    chosen = ways()
    teacher_flags.check()
    teacher_network = FLAGS.teacher_network or (
        "digits_teacher" if FLAGS.data == "digits" else "resnet20"
    )
    sources.check_name("teacher_network", teacher_network)
    if FLAGS.student not in photo_students.SIZES:
        sources.check_name("student", FLAGS.student)
    loaded = sources.load_data(FLAGS.data, FLAGS.data_dir, FLAGS.image_size)
    pixels = inputs.scaled(loaded)
    source = teacher_flags.source(teacher_network, loaded, pixels)
    ((_, build_student),) = photo_students.find([FLAGS.student], loaded, pixels.scaling).items()
    student = build_student()
    for key in chosen:
        WAYS[key].check(student)
    experiment = Experiment(
        data=loaded, pixels=pixels, teacher=source, build_student=build_student,
        methods={"distilled": method()}, seeds=common.seeds(), epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size, num_labels=FLAGS.num_labels, cached=True,
    )  # fmt: skip
    comparison = experiment.prepare("shrink", f"A compressed student on {loaded.name}")
    failed = [result for result in comparison.run()["distilled"] if "failed" in result]
    comparison.trainer.progress.close()
    if failed:
        raise ValueError(f"The student could not be trained: {failed[0]['failed']}")
    teacher = teacher_row(comparison.teacher, comparison.test_accuracy(comparison.teacher))
    settings = FLAGS.compression_epochs, phone.taught_by(teacher)
    found = {
        key: [compressed.result(comparison, key, seed, *settings) for seed in comparison.seeds]
        for key in chosen
    }
    compressed_table.finish(comparison.trainer.run, teacher, found, comparison.seeds)


def method():
    """KD + LP; the MobileNets would collapse at the weight that suits the others."""
    if FLAGS.student in photo_students.SIZES:
        return PRESETS["standard"].method
    return methods.METHODS["kd_lp"]


def ways():
    """The keys that --ways lists."""
    keys = list(WAYS) if FLAGS.ways == ["all"] else FLAGS.ways
    unknown = [key for key in keys if key not in WAYS]
    if unknown or not keys:
        raise ValueError(
            f"--ways must list some of {', '.join(WAYS)}, or be all. Received: --ways="
            f"{','.join(FLAGS.ways)}"
        )
    return keys


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_string("data", "digits", "digits, FILE.npz, FOLDER, tfds:NAME or keras:NAME.")
    flags.DEFINE_integer("image_size", None, "Pixels a side, for folders and tfds.", lower_bound=8)
    flags.DEFINE_string(
        "teacher_network", None,
        "The teacher to train, by its name [digits_teacher for the digits, else resnet20].",
    )  # fmt: skip
    flags.DEFINE_integer("teacher_epochs", 30, "Epochs of that teacher.", lower_bound=1)
    flags.DEFINE_string("student", "digits_student", "The student: see above.")
    flags.DEFINE_integer("num_labels", None, "Training images of a student.", lower_bound=1)
    flags.DEFINE_integer("compression_epochs", 5, "Epochs of each verb.", lower_bound=1)
    flags.DEFINE_list("ways", ["all"], "all, or some of: " + ", ".join(WAYS))


if __name__ == "__main__":
    common.define_flags(run_dir="runs/shrink", epochs=30, batch_size=64, num_seeds=3)
    teacher_flags.define()
    define_flags()
    common.run_recipe(main)
