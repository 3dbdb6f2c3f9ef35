r"""FitNets, AB, FSP and FT as they were published: in two stages, beside the same loss in one.

Each is a plain sequence of two Distillers: recipes/stages.py has the four, to read and to copy.
Here they train a student for the embedded digits, as many epochs as in one stage.

    python recipes/two_stages.py                          # about two minutes on a CPU
    python recipes/two_stages.py --num_seeds 5 --epochs 120 --run_dir runs/longer

The table gives test accuracy at the epoch that is best on the validation images, and at the last.
The student is wider than that of recipes/digits.py: its stages end in as many channels as the
teacher's, which FSP asks for.
"""

from absl import flags

import common
import methods
from comparing.experiment import Experiment
from given.teachers import TeacherSource
from tf_lpdistill import Preprocessing, data, models

FLAGS = flags.FLAGS
PREPROCESSING = Preprocessing((8, 8), color="grayscale", scaling="0..1")
FILTERS = (32, 16, 128)  # the teacher's stages end in 32 and 128 channels
METHODS = (
    "soft_target hint fitnets_two_stages activation_boundary ab_two_stages "
    "solution_flow fsp_two_stages factor_transfer ft_two_stages"
).split()


def build_student():
    """Makes the student."""
    return models.digits_student(filters=FILTERS)


def main():
    """Trains all students and reports."""
    experiment = Experiment(
        data=data.load_digits(), pixels=PREPROCESSING, build_student=build_student,
        teacher=TeacherSource(models.digits_teacher, FLAGS.teacher_epochs),
        methods=methods.select(METHODS), seeds=common.seeds(), epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size, num_labels=FLAGS.num_labels,
    )  # fmt: skip
    experiment.run("two_stages", "Four methods in their two stages")


if __name__ == "__main__":
    common.define_flags(run_dir="runs/two_stages", epochs=60, batch_size=100, num_seeds=2)
    flags.DEFINE_integer("teacher_epochs", 30, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_integer("num_labels", 300, "Labelled images of a student.", lower_bound=10)
    common.run_recipe(main)
