r"""The experiments on CIFAR and SVHN: the standard pairs of networks, and FitNets 1 to 4.

    python recipes/cifar.py                                  # WRN-40-2 teaches WRN-16-2, CIFAR-100
    python recipes/cifar.py --pair resnet32x4:resnet8x4 --num_seeds 5
    python recipes/cifar.py --network fitnet4 --data keras:cifar10
    python recipes/cifar.py --data tfds:svhn_cropped --augment= --network fitnet3
    python recipes/cifar.py --data cifar10.npz --data_dir ~/data --pair resnet56:resnet20 \
        --teacher teacher.keras --teacher_scaling 0..255 --epochs 30
    python recipes/cifar.py --pair vgg13:vgg8 --methods soft_target,rkd --resume

--pair TEACHER:STUDENT takes any two names for models.get and trains both as RepDistiller does: SGD
with momentum 0.9, batches of 64, a learning rate of 0.05 (0.01 for a MobileNet or ShuffleNet; or
--learning_rate for both), a tenth of it after 150, 180 and 210 of 240 epochs, weight decay 0.0005,
images cropped and flipped. The methods: recipes/methods.py, the hint as in
recipes/papers/repdistiller.py.

--network fitnet1 to fitnet4 learns from the teacher of the FitNets paper by the methods of the LP
paper (recipes/papers/paper.py): RMSProp, batches of 128, up to 500 epochs, of which 100 without
gain are the last, images flipped. Ours: He's initial weights, a learning rate of 0.0005, and pixels
that are standardized but not whitened.

Teacher and student see the same view. Without augmentation (--augment=) the teacher runs once and
is kept in caches/. A tenth of the training images is set aside to validate on: the table gives the
last epoch, and the best one on them, beside the published figures where there are such. All that
is not said above is ours, and a flag where it may matter. Full runs want a GPU; a few steps of
anything: --epochs 1 --num_labels 1000 --teacher_epochs 1.

What to look at afterwards, in the run folder: report.html, results.csv, phone/, student.keras.
"""

from absl import flags

import common
import methods
from comparing.experiment import Experiment
from given import sources, teacher_flags
from papers import paper, protocols, repdistiller
from results import published
from teaching import inputs
from tf_lpdistill import data

FLAGS = flags.FLAGS


def main():
    """Trains teacher and students, exports and reports."""
    # Wrong settings are told before anything is written.
    named, student = protocols.take_networks()
    chosen = methods.select(FLAGS.methods, paper.METHODS if FLAGS.network else repdistiller.METHODS)
    augmentation = data.Augmentation(FLAGS.augment)
    optimizer, of_teacher = protocols.optimizers(named)
    teacher_flags.check()
    loaded = sources.load_data(FLAGS.data, FLAGS.data_dir, FLAGS.image_size)
    pixels = inputs.standardized(loaded)
    teacher = teacher_flags.source(named, loaded, pixels, of_teacher)
    build_student = sources.network("student", student, loaded)
    experiment = Experiment(
        data=loaded, pixels=pixels, teacher=teacher, build_student=build_student, methods=chosen,
        seeds=common.seeds(), epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size, num_labels=FLAGS.num_labels, optimizer=optimizer,
        augmentation=augmentation, patience=FLAGS.patience, cached=True,
        published=published.find(named, student, loaded.name),
    )  # fmt: skip
    experiment.run("cifar", f"{named} teaches {student} on {loaded.name}")


def rising_shares(values):
    """Whether a list of texts holds numbers between 0 and 1, each larger than the one before."""
    try:
        shares = [0.0, *map(float, values), 1.0]
    except ValueError:
        return False
    return all(a < b for a, b in zip(shares, shares[1:], strict=False))


def define_flags():
    """Defines the flags of this recipe; None leaves a value to the protocol of the networks."""
    flags.DEFINE_string("data", None, "keras:NAME, tfds:NAME, FILE.npz, or a folder.")
    flags.DEFINE_integer("image_size", None, "Pixels a side, for folders and tfds.", lower_bound=8)
    flags.DEFINE_string("pair", "wrn_40_2:wrn_16_2", "TEACHER:STUDENT, names for models.get.")
    flags.DEFINE_enum("network", None, protocols.NETWORKS, "A FitNet, in the place of --pair.")
    flags.DEFINE_integer("teacher_epochs", None, "Teacher's; --epochs if unset.", lower_bound=1)
    flags.DEFINE_float("learning_rate", None, "Of teacher and student.", lower_bound=1e-9)
    flags.DEFINE_list("decay_at", ["0.625", "0.75", "0.875"], "Shares of the epochs, for SGD.")
    flags.register_validator("decay_at", rising_shares, "must rise, between 0 and 1")
    flags.DEFINE_float("weight_decay", 0.0005, "Of SGD.", lower_bound=0.0)
    flags.DEFINE_list("augment", None, f"Some of {', '.join(data.AUGMENTATIONS)}; or nothing.")
    flags.DEFINE_integer("patience", None, "Epochs without gain that end it.", lower_bound=1)
    flags.DEFINE_integer("num_labels", None, "Labelled images of a student.", lower_bound=1)
    flags.DEFINE_list(
        "methods", None, "all, or keys of recipes/methods.py or recipes/papers/paper.py."
    )


if __name__ == "__main__":
    common.define_flags(
        run_dir="runs/cifar", epochs=protocols.PAIRS["epochs"], batch_size=64, num_seeds=3
    )
    teacher_flags.define()
    define_flags()
    common.run_recipe(main)
