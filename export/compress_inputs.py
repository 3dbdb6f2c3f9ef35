"""What export/compress.py works with: the images, and what the teacher asks of the student."""

import pathlib

import compress_options as options


def load_data(process):
    """Returns the `ImageData` of --data, with the split to score on as its test."""
    import dataclasses

    from tf_lpdistill import data
    from tf_lpdistill.tflite import label_file

    if pathlib.Path(options.DATA.value).is_dir():
        found, _ = data.load_image_folder(options.DATA.value, process.image_size, process.color)
    else:
        found = data.load_npz(options.DATA.value)
    names = (
        found.class_names if options.LABELS.value is None else label_file.read(options.LABELS.value)
    )
    if pathlib.Path(options.DATA.value).is_dir() and tuple(names) != found.class_names:
        raise ValueError(
            "The class folders, sorted, must be the labels in their order. "
            f"Received: --labels with {list(names)}, --data with {list(found.class_names)}"
        )
    test = found.test or found.validation
    if test is None:
        raise ValueError(
            f"No image is left to score on: give more. Received: --data={options.DATA.value}"
        )
    return dataclasses.replace(found, test=test, class_names=tuple(names))


def training_batches(split, process):
    """Returns batches without an end, always in the same order, and the steps of an epoch."""
    from tf_lpdistill import data

    size = options.BATCH.value
    batches = data.training_batches(split, process, size, seed=options.SEED.value)
    return batches, data.steps_per_epoch(split, size)


def make_objective(student, process):
    """Returns what the teacher and the labels ask of the student; None without a teacher."""
    if options.TEACHER.value is None:
        return None
    import keras

    from tf_lpdistill import Distiller, compression, models, tflite
    from tf_lpdistill.losses import LocalityPreserving, SoftTarget

    teacher, prefix = compression.as_logits(tflite.load_model(options.TEACHER.value)), ""
    if options.TEACHER_SCALING.value is not None:
        own = teacher
        teacher = models.adapted(own, process, options.TEACHER_SCALING.value)
        prefix = "" if teacher is own else f"{own.name}/"
    losses, weights = [SoftTarget(temperature=4.0)], [options.KD_WEIGHT.value]
    for pair in options.LAYERS.value:
        theirs, ours = pair.split(":")
        losses.append(LocalityPreserving(prefix + theirs, ours))
        weights.append(options.LP_WEIGHT.value)
    distiller = Distiller(teacher, student, losses, weights)
    distiller.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return distiller.objective
