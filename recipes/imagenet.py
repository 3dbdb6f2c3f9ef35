r"""ImageNet, on one GPU or several: the standard pairs, alone and from their teachers.

    python recipes/imagenet.py --data_dir ~/tensorflow_datasets --strategy mirrored \
        --mixed_precision --batch_size 1024
    python recipes/imagenet.py ... --resume       # after the last whole epoch of a stopped run
    python recipes/imagenet.py ... --pair resnet101_inception_bn --methods soft_target,kd_lp
    python recipes/imagenet.py ... --teacher teacher.keras --teacher_scaling 0..1
    python recipes/imagenet.py ... --teacher keras_hub:resnet_vd_34_imagenet

ImageNet must be prepared by TensorFlow Datasets (imagenet2012: register at image-net.org, put its
two archives into DATA_DIR/downloads/manual, then the command that this recipe names without them);
any other JPEG data set of its form will do (--dataset). The protocol is that of the published
tables: SGD, momentum 0.9, weight decay 1e-4, learning rate 0.1 for 256 images and in proportion
for more, five epochs of warm-up, random crops and mirroring, 100 epochs; a tenth of the rate after
30, 60 and 90 of them (--schedule step), or a cosine. A hundredth of the training images is held
out: the student that is best on it is exported. Reported is the last epoch on the validation split.

What to look at afterwards, in the run folder: report.html, results.json with top-5 accuracies,
phone/, student.keras, and students/METHOD_seedN/ with epochs.csv while they train.
"""

from absl import flags

import common
import methods
from given import sources, teacher_flags, teachers
from roles import Layers
from streamed import imagenet_data, imagenet_experiment
from streamed.imagenet_networks import PAIRS, SCALING, check_flags, find_teacher
from streamed.imagenet_training import StreamTrainer
from teaching.optimizers import warmed_sgd
from teaching.progress import Progress
from tf_lpdistill import Preprocessing

FLAGS = flags.FLAGS
RATE, BATCH = 0.1, 256  # the learning rate grows in proportion to the batch: Goyal et al. 2017
WEIGHT_DECAY = 1e-4
STEPS = (0.3, 0.6, 0.9)  # shares of the training after which the rate is a tenth


def main():
    """Trains teacher and students, exports, proves and reports."""
    # Wrong settings are told before anything is written.
    chosen = imagenet_experiment.check_methods(methods.select(FLAGS.methods))
    named_teacher, named_student = PAIRS[FLAGS.pair]
    name, student = FLAGS.teacher or named_teacher, FLAGS.student or named_student
    check_flags(name, FLAGS.teacher_weights, FLAGS.teacher_scaling, FLAGS.teacher_epochs)
    sources.check_name("student", student)
    streams = imagenet_data.load(FLAGS.dataset, FLAGS.data_dir, FLAGS.image_size)
    if FLAGS.batch_size > len(streams.train):
        raise ValueError(
            f"--batch_size must be at most {len(streams.train)}, the number of training images. "
            f"Received: --batch_size={FLAGS.batch_size}"
        )
    pixels = Preprocessing((FLAGS.image_size, FLAGS.image_size), scaling=SCALING)
    build_student = sources.network("student", student, streams, SCALING)
    source = find_teacher(
        name, FLAGS.teacher_weights, FLAGS.teacher_scaling,
        (FLAGS.teacher_epochs, FLAGS.epochs), streams, pixels,
    )  # fmt: skip
    layers = Layers.of(source.build(), build_student())
    run = common.start("imagenet", f"{streams.name}, {FLAGS.pair}", dataset=streams.describe())
    seeds = common.seeds()
    progress = Progress(source.epochs + FLAGS.epochs * len(chosen) * len(seeds))
    trainer = StreamTrainer(
        run, streams, pixels, FLAGS.batch_size, progress, optimizer(), run.directory
    )
    teacher = teachers.obtain(source, trainer, FLAGS.seed)
    accuracy = trainer.score(teacher, streams.validation)["accuracy"]
    teachers.tell(trainer, accuracy, "images that are held out")
    experiment = imagenet_experiment.StreamComparison(
        trainer, teacher, build_student, layers, chosen, seeds, FLAGS.epochs
    )
    results = experiment.run()
    progress.close()
    imagenet_experiment.finish(experiment, results, FLAGS.phone_images)


def optimizer():
    """The optimizer of the published tables; in a short trial the rate rises for less long."""
    decay_at, longest = (STEPS, STEPS[0]) if FLAGS.schedule == "step" else ((), 0.5)
    return warmed_sgd(
        FLAGS.learning_rate * FLAGS.batch_size / BATCH,
        min(FLAGS.warmup_epochs / FLAGS.epochs, longest),
        WEIGHT_DECAY,
        decay_at,
    )


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_string("dataset", "imagenet2012", "Prepared in --data_dir by that name.")
    flags.DEFINE_enum("pair", "resnet34_resnet18", list(PAIRS), "Teacher and student.")
    flags.DEFINE_string(
        "teacher", None,
        "Instead of the pair's: applications:MODEL, keras_hub:PRESET, a name, or a .keras file.",
    )  # fmt: skip
    flags.DEFINE_string(
        "teacher_weights", "imagenet", "Of applications:MODEL: imagenet, or a .weights.h5 file."
    )
    teacher_flags.define_scaling()
    flags.DEFINE_integer(
        "teacher_epochs", None,
        "Epochs to train the teacher here; if unset, 0 for one with weights, else --epochs.",
        lower_bound=0,
    )  # fmt: skip
    flags.DEFINE_string("student", None, "Instead of the pair's: a name, or a .keras file.")
    flags.DEFINE_integer("image_size", 224, "Pixels a side.", lower_bound=16)
    flags.DEFINE_list(
        "methods", ["soft_target", "locality_preserving", "kd_lp"],
        "Rows of recipes/methods.py of one stage; the student alone is always there.",
    )  # fmt: skip
    flags.DEFINE_enum("schedule", "step", ["step", "cosine"], "How the learning rate falls.")
    flags.DEFINE_float("warmup_epochs", 5.0, "Epochs in which it rises.", lower_bound=0.0)
    flags.DEFINE_float(
        "learning_rate", RATE, "For 256 images; grows with the batch.", lower_bound=1e-9
    )
    flags.DEFINE_integer(
        "phone_images", 1000, "Images that calibrate and score the phone files.", lower_bound=8
    )


if __name__ == "__main__":
    common.define_flags(run_dir="runs/imagenet", epochs=100, batch_size=256, num_seeds=1)
    define_flags()
    common.run_recipe(main)
