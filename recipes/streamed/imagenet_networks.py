"""The pairs of networks for ImageNet, and where their teachers come from."""

import pathlib

from given import teacher_flags, teachers
from streamed.imagenet_data import Streams
from tf_lpdistill import Preprocessing, models

SCALING = "-1..1"  # of what students are fed: what MobileNets are made for

# name: (teacher, student). Of the first, networks of torchvision's table, keras.applications has no
# weights: its teacher is trained here, or given as a file. The second is the paper's cost example.
PAIRS = {
    "resnet34_resnet18": ("resnet34", "resnet18"),
    "resnet101_inception_bn": ("applications:ResNet101", "inception_bn"),
    "resnet50_mobilenet": ("applications:ResNet50", "mobilenet_v1"),
}


def find_teacher(name, weights, scaling, epochs, streams: Streams, pixels: Preprocessing):
    """Finds the teacher that the flags name.

    Args:
        name: "applications:MODEL" or "keras_hub:PRESET", with ImageNet weights and their own
            preprocessing; another name for `models.get`, to be trained here; or a `.keras` file.
        weights: of "applications:MODEL": "imagenet", or a `.weights.h5` file.
        scaling: of a `.keras` file: the range of pixels that it was trained on.
        epochs: `(those that were asked for, or None; those of the students)`. If none were asked
            for, a teacher with weights is ready, and another one is trained like the students.
        streams: the data set.
        pixels: what the student is fed, and so the teacher.

    Returns:
        `TeacherSource`.

    Raises:
        ValueError: for a file or published weights that do not fit.
    """
    wanted, default = epochs
    if name.endswith(".keras"):
        return teachers.of_file(name, scaling, streams, pixels, wanted)
    if name.partition(":")[0] in ("applications", "keras_hub") and not wanted:
        return teachers.TeacherSource(lambda: _classifier(name, weights, streams, pixels), 0)
    return teachers.of_network(name, streams, pixels, default if wanted is None else wanted)


def check_flags(name, weights, scaling, wanted):
    """Refuses flags of `find_teacher` that do not go together; wants no data.

    Raises:
        ValueError: for such flags, and for a file that is not there.
    """
    if weights != "imagenet" and (wanted or not name.startswith("applications:")):
        raise ValueError(
            "--teacher_weights goes with --teacher=applications:MODEL only, and not beside "
            f"--teacher_epochs, which train from scratch. Received: --teacher={name} "
            f"--teacher_weights={weights} --teacher_epochs={wanted}"
        )
    teacher_flags.check_name(name, scaling)
    published = name.partition(":")[0] in ("applications", "keras_hub")
    if wanted == 0 and not published and not name.endswith(".keras"):
        raise ValueError(
            "--teacher_epochs may be 0 for a teacher with weights only: a .keras file, "
            "applications:MODEL or keras_hub:PRESET. Received: --teacher_epochs=0 "
            f"--teacher={name}"
        )


def _classifier(name, weights, streams, pixels):
    if weights != "imagenet" and not pathlib.Path(weights).is_file():
        raise ValueError(
            "--teacher_weights must be 'imagenet', or a .weights.h5 file with the classifier. "
            f"Received: --teacher_weights={weights}, and there is no such file"
        )
    teacher = models.imagenet_classifier(name, weights)
    if teacher.output_shape != (None, streams.num_classes):
        raise ValueError(
            f"--teacher must give one logit for each of the {streams.num_classes} classes of "
            f"{streams.name}. Received: --teacher={name} with outputs of shape "
            f"{teacher.output_shape}. With --teacher_epochs it is trained here, from scratch."
        )
    return models.adapted(teacher, pixels, "0..255")
