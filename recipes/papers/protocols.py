"""The two protocols of recipes/cifar.py: what its flags are where they are not given."""

from absl import flags

import common
from results import published
from teaching.optimizers import rmsprop, sgd
from tf_lpdistill import models

FLAGS = flags.FLAGS
NETWORKS = ("fitnet1", "fitnet2", "fitnet3", "fitnet4")
FITNETS = {
    "data": "keras:cifar10", "epochs": 500, "patience": 100, "batch_size": 128,
    "learning_rate": 0.0005, "augment": ["flip"], "methods": ["all"],
}  # fmt: skip
PAIRS = {
    "data": "keras:cifar100", "epochs": 240, "batch_size": 64, "augment": ["crop", "flip"],
    "methods": [*published.METHODS, "locality_preserving", "kd_lp"],
}  # fmt: skip
SLOW = ("mobilenet", "shufflenet")  # networks of a learning rate of 0.01, all others 0.05


def take_networks():
    """Returns the names of teacher and student; their protocol fills the flags not given.

    Raises:
        ValueError: for names that there are not, and for flags that would be ignored.
    """
    teacher, _, student = FLAGS.pair.partition(":")
    if FLAGS.network:
        teacher, student = "fitnet_teacher", FLAGS.network
    if FLAGS.network and FLAGS["pair"].present or not {teacher, student} <= set(models.BUILDERS):
        raise ValueError(
            "--pair must be TEACHER:STUDENT, two names for models.get, and not beside --network. "
            f"Standard pairs: {', '.join(published.PAIRS)}; names: {', '.join(models.BUILDERS)}. "
            f"Received: --pair={FLAGS.pair} --network={FLAGS.network}"
        )
    if FLAGS.network:
        common.refuse_beside("network", "decay_at", "weight_decay")
    protocol = FITNETS if FLAGS.network else PAIRS | {"learning_rate": rate(student)}
    for name, value in protocol.items():
        if not FLAGS[name].present:
            setattr(FLAGS, name, value)
    FLAGS.teacher_epochs = FLAGS.teacher_epochs or FLAGS.epochs
    return teacher, student


def rate(network):
    """The learning rate at which a network of a pair is trained."""
    return 0.01 if network.startswith(SLOW) else 0.05


def optimizers(teacher):
    """Returns the optimizers of the students and of a teacher, by its name, after their protocol.

    Each network of a pair has its own learning rate, unless --learning_rate gives that of both.
    """
    if FLAGS.network:
        return rmsprop(FLAGS.learning_rate), rmsprop(FLAGS.learning_rate)
    shares = [float(share) for share in FLAGS.decay_at]
    given = FLAGS["learning_rate"].present
    of_teacher = FLAGS.learning_rate if given else rate(teacher)
    return tuple(sgd(r, shares, FLAGS.weight_decay) for r in (FLAGS.learning_rate, of_teacher))
