"""Methods that were published in two stages: plain sequences of two Distillers.

A first stage learns from the teacher alone (`student_loss_weight=0`), a second one with the labels.
Both together take the student as many epochs as a method of one stage. `job` is the `Apprentice`.
"""

import keras

from tf_lpdistill import Distiller
from tf_lpdistill.losses import ActivationBoundary, FactorTransfer, Hint, SoftTarget, SolutionFlow
from tf_lpdistill.losses.factor_transfer import make_paraphraser

FIRST = 1 / 3  # share of the epochs for the first stage: ours, the papers stop by other rules


def fitnets(job):
    """FitNets: the hint trains the student up to its guided layer, then KD trains the whole.

    KD at temperature 3, its weight falling from 4 to 1, divided by 3^2 since the paper's
    cross-entropy has no factor T^2: https://arxiv.org/abs/1412.6550, section 2.
    """
    first, second = _epochs(job)
    hint = Hint(*job.layers.pair("middle"))
    job.pretrain(job.distiller([hint], label_weight=0.0), first)
    kd = SoftTarget(temperature=3.0)
    job.train(job.distiller([kd], [falling_weight(job, second)]), second)


def falling_weight(job, epochs=None):
    """The weight of FitNets' KD over a training of so many epochs, or of all: see `fitnets`."""
    steps = job.steps(epochs or job.epochs)
    # Not `schedules.linear`: it differs in the last bit, and the study has such runs on record.
    return keras.optimizers.schedules.PolynomialDecay(4 / 9, steps, 1 / 9)


def activation_boundary(job):
    """AB: which neurons are active, then the labels: https://arxiv.org/abs/1811.03233."""
    first, second = _epochs(job)
    boundary = ActivationBoundary(*job.layers.pair("preactivation"))
    job.pretrain(job.distiller([boundary], label_weight=0.0), first)
    job.train(job.student, second)


def solution_flow(job):
    """FSP: the flow between the ends of neighbouring stages, then the labels (CVPR 2017)."""
    first, second = _epochs(job)
    flows = [SolutionFlow(*pair) for pair in neighbours(job.layers)]
    job.pretrain(job.distiller(flows, label_weight=0.0), first)
    job.train(job.student, second)


def factor_transfer(job):
    """FT: an autoencoder of the teacher's maps, then its factor with the labels.

    The first stage trains no student, so the second has all epochs. The weight is the authors'
    500, see `FactorTransfer`: https://arxiv.org/abs/1802.04977. The teacher's layer must not lie
    in a nested model.
    """
    teacher_layer, student_layer = job.layers.pair("maps")
    features = keras.Model(job.teacher.input, job.teacher.get_layer(teacher_layer).output)
    features.trainable = False
    encoder, decoder = make_paraphraser(features.output_shape[1:])
    autoencoder = keras.Sequential([features, encoder, decoder])
    reconstruction = Hint(regressor=keras.layers.Identity())
    first = Distiller(features, autoencoder, reconstruction, student_loss_weight=0.0)
    job.pretrain(first, _epochs(job)[0])
    transfer = FactorTransfer(teacher_layer, student_layer, paraphraser=encoder)
    job.train(job.distiller([transfer], [factor_weight(job)]), job.epochs)


def neighbours(layers):
    """The pairs of neighbouring stage ends, as names for `SolutionFlow`.

    Raises:
        ValueError: when the networks have fewer than two stages in common.
    """
    teacher, student = layers.pair("stages")
    if len(teacher) < 2:
        raise ValueError(
            "The flow needs two stage ends in each network. Name them: --teacher_stages, "
            f"--student_stages. Received: {teacher}, {student}"
        )
    return [(teacher[i : i + 2], student[i : i + 2]) for i in range(len(teacher) - 1)]


def factor_weight(job, rate=0.5):
    """The authors' 500 for a mean over the n entries of the normalised factor: 500 / sqrt(n)."""
    return 500.0 / (rate * job.layers.entries("maps")) ** 0.5


def _epochs(job):
    """Divides the student's epochs into two stages."""
    if job.epochs < 2:
        raise ValueError(f"Two stages need two epochs or more. Received: --epochs={job.epochs}")
    first = max(1, round(FIRST * job.epochs))
    return first, job.epochs - first
