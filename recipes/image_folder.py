r"""From a folder of photos to a model for the phone.

    photos/cat/*.jpg  photos/dog/*.jpg  ...   one folder a class, about a hundred photos in each

    python recipes/image_folder.py --data_dir photos/ --run_dir runs/photos
    python recipes/image_folder.py --data_dir photos/ --run_dir runs/photos --resume
    python recipes/image_folder.py --data_dir photos/ --teacher teacher.keras --teacher_scaling 0..1
    python recipes/image_folder.py --data_dir photos/ --preset funmatch --student small,resnet20

Photos are JPEG, PNG, BMP or GIF of any size. Each goes to training, validation or test by the hash
of its file, and stays there when you add others. What cannot be read, and every copy, is left out
and listed. A MobileNetV2 with ImageNet weights is fine-tuned and becomes the teacher: without a
network, download the weights elsewhere (--teacher_weights FILE), or it learns from scratch. Then
students of three sizes learn, each alone and from the teacher. The smallest one that is nearly as
good as the best, on the validation photos, becomes the phone bundle. All photos are held in memory
at --image_size: 10,000 of 96 pixels take about 300 MB.

What to look at afterwards, in the run folder:

    report.html      the table, accuracy against size, learning curves: open it in a browser
    phone/           .tflite files for an Android app, labels inside, and MODEL_CARD.md
    student.keras    the same student for Keras; students/ holds all of them
    left_out.csv     which files were left out, and why; classes.csv counts the others
"""

import dataclasses

from absl import flags

import common
import roles
from comparing.comparison import Comparison
from given import teacher_flags
from methods import METHODS
from photo_folder import photo_students, photo_teacher, photos, tradeoff
from photo_folder.presets import PRESETS
from teaching.progress import Progress
from teaching.training import Trainer
from tf_lpdistill import Preprocessing, data

FLAGS = flags.FLAGS
SCALING = "-1..1"  # what MobileNets are made for
IMAGE_SIZE = 96  # the smallest that MobileNetV2 was pretrained on


def main():
    """Trains teacher and students, exports, proves and reports."""
    # Wrong settings are told before anything is written.
    preset = take_preset()
    augmentation = data.Augmentation(FLAGS.augment)
    given = FLAGS.teacher, FLAGS.teacher_weights, FLAGS.teacher_scaling, FLAGS.teacher_epochs
    photo_teacher.check_flags(*given)
    found = photos.load(FLAGS.data_dir, FLAGS.image_size)
    pixels = Preprocessing(found.data.image_shape[:2], scaling=SCALING)
    students = photo_students.find(FLAGS.student, found.data, SCALING)
    source = photo_teacher.find(*given, found.data, pixels)
    batch_size = min(FLAGS.batch_size, len(found.data.train))
    run = common.start(
        "image_folder", "From photos to a phone file", batch_size=batch_size,
        dataset=found.describe(),
    )  # fmt: skip
    found.show()
    found.write(run)
    seeds = common.seeds()
    fits = 2 * len(students) * len(seeds)
    trainer = Trainer(
        run, found.data, pixels, batch_size,
        Progress(source.epochs + FLAGS.epochs * fits),
        augmentation, patience=FLAGS.patience or None,
    )  # fmt: skip
    teacher, about = photo_teacher.obtain(source, trainer, FLAGS.seed)
    comparisons = {
        short: compare(trainer, teacher, short, build, preset, seeds)
        for short, build in students.items()
    }
    results = {short: comparison.run() for short, comparison in comparisons.items()}
    trainer.progress.close()
    tradeoff.finish(comparisons, results, found, about, FLAGS.slack)


def take_preset():
    """Returns the preset; its settings fill the flags that are not given."""
    preset = PRESETS[FLAGS.preset]
    for name, value in (
        ("epochs", preset.epochs), ("augment", list(preset.augment)),
        ("patience", preset.patience or 0),
    ):  # fmt: skip
        if not FLAGS[name].present:
            setattr(FLAGS, name, value)
    if FLAGS.batch_size < photos.MINIMUM:
        raise ValueError(
            f"--batch_size must be {photos.MINIMUM} or more: LP looks for five neighbours of each "
            f"image in its batch. Received: --batch_size={FLAGS.batch_size}"
        )
    return preset


def compare(trainer, teacher, short, build, preset, seeds):
    """A student of one size, alone and taught."""
    layers = roles.Layers.of(teacher, build())
    methods = {
        f"{short}_{key}": dataclasses.replace(method, title=f"{short}, {words}")
        for key, method, words in (
            ("alone", METHODS["alone"], "alone"),
            (preset.key, preset.method, preset.method.title),
        )
    }
    return Comparison(
        trainer, teacher, build, layers, methods, seeds, FLAGS.epochs, len(trainer.data.train)
    )


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_integer("image_size", IMAGE_SIZE, "Pixels a side on the phone.", lower_bound=32)
    flags.DEFINE_string("teacher", photo_teacher.DEFAULT, "A .keras file, or a network's name.")
    flags.DEFINE_string(
        "teacher_weights", "imagenet",
        "Of the default teacher: imagenet, none, or a file of weights without a classifier.",
    )  # fmt: skip
    teacher_flags.define_scaling()
    flags.DEFINE_integer(
        "teacher_epochs", None, "Epochs of the teacher; 20, or 0 for a file.", lower_bound=0
    )
    sizes = ", ".join(photo_students.SIZES)
    flags.DEFINE_list("student", list(photo_students.SIZES), f"{sizes}, names or .keras files.")
    flags.DEFINE_enum("preset", "standard", list(PRESETS), "standard: KD + LP. funmatch: patient.")
    flags.DEFINE_list(
        "augment", None, f"Some of {', '.join(data.AUGMENTATIONS)}; the preset's if unset."
    )
    flags.DEFINE_integer(
        "patience", None, "Epochs without gain until a training stops; 0: never.", lower_bound=0
    )
    flags.DEFINE_float("slack", 1.0, "Points that a smaller student may lack.", lower_bound=0.0)


if __name__ == "__main__":
    common.define_flags(
        run_dir="runs/photos", epochs=PRESETS["standard"].epochs, batch_size=64, num_seeds=1
    )
    define_flags()
    common.run_recipe(main)
