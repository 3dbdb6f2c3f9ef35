r"""The MNIST experiment of the paper: FitNets' thin student, its teacher, and five ways to learn.

The maxout networks of FitNets (arXiv 1412.6550): a teacher of 361,066 parameters, a student of
30,066 that is deeper and thinner. The student learns alone, by KD, by FitNets' hint and then KD, by
the locality preserving loss (LP), and by KD + LP, from several seeds. The table ends with the
published errors; the student best on the validation images becomes a phone bundle.

    python recipes/mnist.py                                    # Keras downloads MNIST
    python recipes/mnist.py --data mnist.npz --data_dir ~/data # or an .npz of your own
    python recipes/mnist.py --data tfds:mnist                  # or TensorFlow Datasets
    python recipes/mnist.py --epochs 500 --patience 100 --num_seeds 5    # as long as published
    python recipes/mnist.py --num_labels 2000 --resume         # few labels; go on where it stopped

RMSProp at 0.0005 and batches of 128 are published. Ours: He's initial weights in the place of
uniform(-0.005, 0.005), pixels scaled to 0..1, 6,000 training images to validate on, the number of
epochs, and the weight and the layer of LP (recipes/papers/paper.py). The teacher runs once over the
images and is kept in caches/. On a CPU an epoch of a student takes about half a minute, and one of
the teacher two.

What to look at afterwards, in the run folder: report.html, results.csv, phone/, student.keras.
"""

from absl import flags

import common
import methods
from comparing.experiment import Experiment
from given import sources, teacher_flags
from papers import paper
from results import published
from teaching import inputs
from teaching.optimizers import rmsprop

FLAGS = flags.FLAGS
TEACHER, STUDENT = "mnist_teacher", "mnist_student"


def main():
    """Trains teacher and students, exports and reports."""
    # Wrong settings are told before anything is written.
    chosen = methods.select(FLAGS.methods, paper.METHODS)
    teacher_flags.check()
    loaded = sources.load_data(FLAGS.data, FLAGS.data_dir)
    pixels = inputs.scaled(loaded)
    teacher = teacher_flags.source(TEACHER, loaded, pixels)
    build_student = sources.network("student", STUDENT, loaded)
    experiment = Experiment(
        data=loaded, pixels=pixels, teacher=teacher, build_student=build_student, methods=chosen,
        seeds=common.seeds(), epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size, num_labels=FLAGS.num_labels,
        optimizer=rmsprop(FLAGS.learning_rate), patience=FLAGS.patience, cached=True,
        published=published.MNIST if loaded.name == "mnist" else None,
    )  # fmt: skip
    experiment.run("mnist", "A thin deep student on MNIST")


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_string("data", "keras:mnist", "keras:mnist, FILE.npz, or tfds:NAME.")
    flags.DEFINE_integer("teacher_epochs", 15, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_float("learning_rate", 0.0005, "Of RMSProp, constant.", lower_bound=1e-9)
    flags.DEFINE_integer("num_labels", None, "Labelled images of a student.", lower_bound=1)
    flags.DEFINE_integer(
        "patience", None, "Epochs without gain until a training stops; never if unset.",
        lower_bound=1,
    )  # fmt: skip
    flags.DEFINE_list("methods", ["all"], "all, or some of: " + ", ".join(paper.METHODS))


if __name__ == "__main__":
    common.define_flags(run_dir="runs/mnist", epochs=30, batch_size=128, num_seeds=3)
    teacher_flags.define()
    define_flags()
    common.run_recipe(main)
