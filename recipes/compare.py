r"""Compares distillation methods: methods x seeds on any data, for any teacher and student.

It trains the teacher (or takes a trained one), then one student for each method and seed. Settings
are chosen on the validation images only; the table gives test accuracy at the epoch best on them
and at the last epoch, mean and standard deviation over the seeds, the parameters that a method
trains beside the student, and the time of a step against the student alone.

    python recipes/compare.py --num_labels 300                 # all methods, on the digits
    python recipes/compare.py --num_labels 300 --resume        # go on where a stopped run was
    python recipes/compare.py --methods soft_target,locality_preserving,kd_lp --num_seeds 5
    python recipes/compare.py --data mnist.npz --data_dir ~/data --num_labels 2000 \
        --teacher teacher.keras --input_scaling 0..1 --student student.keras
    python recipes/compare.py --data photos/ --image_size 64 --teacher T.keras --student S.keras \
        --input_scaling 0..1

--data is "digits" (comes with the package), an .npz file (x_train, y_train, x_test, y_test, and
x_val, y_val where there are such), a folder of class folders, tfds:NAME or keras:NAME. A .keras
teacher is taken as it is, or trained on with --teacher_epochs; of a .keras student the architecture
is taken, its weights are drawn anew for each seed. Methods, weights, sources: recipes/methods.py.

What to look at afterwards, in the run folder: report.html, results.csv, results.json; phone/ and
student.keras, the student that is best on the validation images; students/METHOD_seedN/ with
student.keras (its best epoch) and result.json. A method that cannot be trained on this pair is
listed with its reason; delete its folder and --resume to try it again.
"""

from absl import flags

import common
import methods
import roles
from comparing.experiment import Experiment
from given import classifiers, sources, teacher_flags
from given.teachers import TeacherSource
from tf_lpdistill import preprocessing

FLAGS = flags.FLAGS
TEACHER_EPOCHS = 30  # of a teacher that is built here


def main():
    """Trains all students and reports."""
    # Wrong settings are told before anything is written.
    chosen = methods.select(FLAGS.methods)
    check_flags()
    loaded = sources.load_data(FLAGS.data, FLAGS.data_dir, FLAGS.image_size)
    teacher = teacher_source(loaded)
    build_student = sources.network("student", FLAGS.student, loaded, scaling(), resized=True)
    layers, pixels = look(teacher.build(), build_student())
    experiment = Experiment(
        data=loaded, pixels=pixels, teacher=teacher, build_student=build_student, methods=chosen,
        seeds=common.seeds(), epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size, num_labels=FLAGS.num_labels, layers=layers,
    )  # fmt: skip
    experiment.run("compare", f"Distillation methods on {loaded.name}")


def scaling():
    """The range of the pixels that both networks are given."""
    return FLAGS.input_scaling or "0..1"


def check_flags():
    """Refuses networks that there are not, and what does not go with the teacher."""
    teacher_flags.check_epochs(FLAGS.teacher, FLAGS.teacher_epochs)
    if FLAGS.teacher.endswith(".keras"):
        teacher_flags.check_file(FLAGS.teacher, FLAGS.input_scaling, "input_scaling")
    for flag in ("teacher", "student"):
        sources.check_name(flag, FLAGS[flag].value)


def teacher_source(loaded):
    """Returns the `TeacherSource`: the images are resized to what it takes, it is not wrapped."""
    epochs = FLAGS.teacher_epochs
    if not FLAGS.teacher.endswith(".keras"):
        build = sources.network("teacher", FLAGS.teacher, loaded, scaling(), resized=True)
        return TeacherSource(build, TEACHER_EPOCHS if epochs is None else epochs)
    classifiers.read_classifier("teacher", FLAGS.teacher, loaded)
    return TeacherSource(lambda: classifiers.read_model("teacher", FLAGS.teacher), epochs or 0)


def look(teacher, student):
    """Returns the layers of both networks by role, and the preprocessing that feeds both."""
    pixels = preprocessing.of_model(student, scaling=scaling())
    seen = preprocessing.of_model(teacher, scaling=scaling())
    if seen != pixels:
        raise ValueError(
            "--teacher and --student must take inputs of one shape. Received: "
            f"{seen.input_shape} and {pixels.input_shape}. A teacher with another input is "
            "wrapped first: tf_lpdistill.models.adapted does it."
        )
    networks = [
        roles.Network.of(
            name, model, **{role: FLAGS[f"{name}_{role}"].value for role in roles.ROLES}
        )
        for name, model in (("teacher", teacher), ("student", student))
    ]
    return roles.Layers(*networks), pixels


def define_flags():
    """Defines the flags of this recipe."""
    flags.DEFINE_string("data", "digits", "digits, FILE.npz, a folder, tfds:NAME or keras:NAME.")
    flags.DEFINE_integer("image_size", None, "Pixels a side, for folders and tfds.", lower_bound=8)
    flags.DEFINE_integer("num_labels", None, "Labelled images of a student.", lower_bound=1)
    flags.DEFINE_string("teacher", "digits_teacher", "A name for models.get, or a .keras file.")
    flags.DEFINE_string("student", "digits_student", "A name for models.get, or a .keras file.")
    flags.DEFINE_integer(
        "teacher_epochs", None, "Epochs of the teacher; 30 for a builder, 0 for a file.",
        lower_bound=0,
    )  # fmt: skip
    flags.DEFINE_enum(
        "input_scaling", None, preprocessing.SCALINGS,
        "Range of the pixels that both networks are fed; needed with a .keras teacher.",
    )  # fmt: skip
    flags.DEFINE_list("methods", ["all"], "all, or some of: " + ", ".join(methods.METHODS))
    for name in ("teacher", "student"):
        for role, meaning in roles.ROLES.items():
            define = flags.DEFINE_list if role == "stages" else flags.DEFINE_string
            define(f"{name}_{role}", None, f"Layer of the {name}: {meaning}; found if unset.")


if __name__ == "__main__":
    common.define_flags(run_dir="runs/compare", epochs=60, batch_size=100, num_seeds=3)
    define_flags()
    common.run_recipe(main)
