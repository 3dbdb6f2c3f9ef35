"""Compresses a saved Keras classifier step by step, and ends in a phone bundle.

  python export/compress.py --model student.keras --input_scaling 0..1 --data photos/ \\
      --verbs low_rank,quantize_aware --output_dir small/

The verbs, in the order in which each keeps what the earlier ones won:

  low_rank         dense layers and convolutions become pairs of smaller ones   (smaller, faster)
  prune_channels   the channels that matter least disappear                     (smaller, faster)
  prune            the smallest weights become zero                     (the zipped file smaller)
  cluster          the weights of a kernel share few values             (the zipped file smaller)
  quantize_aware   trained to be computed in int8          (int8 without its loss; takes minutes)

With a teacher the student goes on learning from it in every step, by its softened outputs (KD) and
by the locality preserving loss between the layers that are named:

  python export/compress.py --model student.keras --input_scaling 0..1 --data cifar.npz \\
      --verbs prune,cluster,quantize_aware --teacher teacher.keras --teacher_scaling 0..255 \\
      --layers features:features --output_dir small/

The images are a folder of class folders, or an .npz with x and y, or with x_train, y_train, x_test,
y_test; without a test split of their own, a tenth of them is held out. After each step a table
tells what it won. A run that was killed goes on when the same command is given again.
"""

import json
import pathlib

from absl import app, flags

import command
import scaling_flags

_RANKS = {"low_rank": 0, "prune_channels": 0, "prune": 1, "cluster": 2, "quantize_aware": 3}

_MODEL = flags.DEFINE_string("model", None, "The student: a .keras file, or an old .h5.")
_VERB_LIST = flags.DEFINE_list("verbs", None, f"What to do, some of {','.join(_RANKS)}.")
_DATA = flags.DEFINE_string(
    "data", None, "Labelled images to train on and to score: a folder of class folders, or .npz."
)
_LABELS = flags.DEFINE_string(
    "labels", None, "Text file with one class name a line [the names in --data]."
)
_OUTPUT = flags.DEFINE_string("output_dir", None, "Folder of the run: bundles, states, results.")
_TEACHER = flags.DEFINE_string("teacher", None, "A teacher that goes on teaching, .keras or .h5.")
_TEACHER_SCALING = flags.DEFINE_enum(
    "teacher_scaling",
    None,
    ["0..255", "0..1", "-1..1"],
    "The range that the teacher was trained on [the student's own input, of the same size].",
)
_LAYERS = flags.DEFINE_list(
    "layers", [], "Pairs TEACHER_LAYER:STUDENT_LAYER for the locality preserving loss."
)
_KD_WEIGHT = flags.DEFINE_float("kd_weight", 0.1, "Weight of KD (temperature 4).", lower_bound=0)
_LP_WEIGHT = flags.DEFINE_float("lp_weight", 0.1, "Weight of each LP term.", lower_bound=0)
_ENERGY = flags.DEFINE_float(
    "energy", 0.9, "low_rank: share of each kernel's energy to keep.", 1e-6, 1.0
)
_FRACTION = flags.DEFINE_float(
    "fraction", 0.3, "prune_channels: share of the removable channels to remove.", 0.0, 0.9
)
_KEEP = flags.DEFINE_list("keep", [], "prune_channels: layers that keep their channels.")
_SPARSITY = flags.DEFINE_float("sparsity", 0.5, "prune: share of zeros.", 0.01, 0.99)
_CLUSTERS = flags.DEFINE_integer("num_clusters", 16, "cluster: values a kernel.", lower_bound=3)
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of each step.", lower_bound=1)
_RATE = flags.DEFINE_float("learning_rate", 1e-3, "Of Adam, at the start of each step.", 1e-9)
_BATCH = flags.DEFINE_integer("batch_size", 64, "Images a batch.", lower_bound=2)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the order of the images.", lower_bound=0)
flags.adopt_module_key_flags(scaling_flags)
flags.mark_flags_as_required(["model", "verbs", "data", "input_scaling", "output_dir"])


@flags.validator("verbs", "Flag --verbs must be some of: " + ", ".join(_RANKS))
def _known(verbs):
    return verbs is None or (verbs and set(verbs) <= set(_RANKS) and len(set(verbs)) == len(verbs))


@flags.validator(
    "verbs", "Flag --verbs must keep the order low_rank or prune_channels, prune, cluster, "
    "quantize_aware: a later one would undo an earlier one."
)  # fmt: skip
def _ordered(verbs):
    ranks = [_RANKS[verb] for verb in verbs or [] if verb in _RANKS]
    return ranks == sorted(ranks)


@flags.multi_flags_validator(
    ["teacher", "layers", "teacher_scaling"],
    "Flags --layers and --teacher_scaling need a --teacher.",
)
def _teacher_is_there(values):
    return bool(values["teacher"]) or not (values["layers"] or values["teacher_scaling"])


@flags.validator("layers", "Flag --layers must be pairs TEACHER_LAYER:STUDENT_LAYER.")
def _pairs(layers):
    return all(len([part for part in pair.split(":") if part]) == 2 for pair in layers)


def load_data(process):
    """Returns the `ImageData` of --data, with the split to score on as its test."""
    import dataclasses

    from tf_lpdistill import data
    from tf_lpdistill.tflite import labels

    if pathlib.Path(_DATA.value).is_dir():
        found, _ = data.load_image_folder(_DATA.value, process.image_size, process.color)
    else:
        found = data.load_npz(_DATA.value)
    names = found.class_names if _LABELS.value is None else labels.read(_LABELS.value)
    if pathlib.Path(_DATA.value).is_dir() and tuple(names) != found.class_names:
        raise ValueError(
            "The class folders, sorted, must be the labels in their order. "
            f"Received: --labels with {list(names)}, --data with {list(found.class_names)}"
        )
    test = found.test or found.validation
    if test is None:
        raise ValueError(f"No image is left to score on: give more. Received: --data={_DATA.value}")
    return dataclasses.replace(found, test=test, class_names=tuple(names))


def training_batches(split, process):
    """Returns the batches of an epoch, the same in all of them: a killed run sees them again."""
    import tensorflow as tf

    from tf_lpdistill import data

    steps = data.steps_per_epoch(split, _BATCH.value)
    batches = data.training_batches(split, process, _BATCH.value, seed=_SEED.value).take(steps)
    return batches.apply(tf.data.experimental.assert_cardinality(steps))


def make_objective(student, process):
    """Returns what the teacher and the labels ask of the student; None without a teacher."""
    if _TEACHER.value is None:
        return None
    import keras

    from tf_lpdistill import Distiller, compression, models, tflite
    from tf_lpdistill.losses import LocalityPreserving, SoftTarget

    teacher, prefix = compression.as_logits(tflite.load_model(_TEACHER.value)), ""
    if _TEACHER_SCALING.value is not None:
        own = teacher
        teacher = models.adapted(own, process, _TEACHER_SCALING.value)
        prefix = "" if teacher is own else f"{own.name}/"
    losses, weights = [SoftTarget(temperature=4.0)], [_KD_WEIGHT.value]
    for pair in _LAYERS.value:
        theirs, ours = pair.split(":")
        losses.append(LocalityPreserving(prefix + theirs, ours))
        weights.append(_LP_WEIGHT.value)
    distiller = Distiller(teacher, student, losses, weights)
    distiller.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return distiller.objective


def settings_of(verb):
    """Returns the arguments of a verb, by the flags and by what the earlier verbs won."""
    pruned, clustered = "prune" in _VERB_LIST.value, "cluster" in _VERB_LIST.value
    return {
        "low_rank": {"energy": _ENERGY.value},
        "prune_channels": {"fraction": _FRACTION.value, "keep": _KEEP.value},
        "prune": {"sparsity": _SPARSITY.value},
        "cluster": {"num_clusters": _CLUSTERS.value, "preserve_sparsity": pruned},
        "quantize_aware": {"preserve_sparsity": pruned, "preserve_clusters": clustered},
    }[verb]


def check_verbs(student):
    """Refuses, before any work, a student that one of the verbs cannot go through."""
    from tf_lpdistill import compression
    from tf_lpdistill.compression.dependencies import trace_channels

    for verb in _VERB_LIST.value:
        if verb == "prune_channels":
            trace_channels(student, _KEEP.value)
        elif verb != "low_rank":
            compression.preflight(student, verb)


def claim_folder(folder):
    """Makes --output_dir the folder of this command, and refuses that of another one."""
    from tf_lpdistill import files

    named = {flag.name: flag.value for flag in flags.FLAGS.get_key_flags_for_module(__name__)}
    named |= {"output_dir": None, "model": files.sha256(_MODEL.value)}
    path = folder / "config.json"
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(name for name in named if earlier.get(name) != named[name])
        if changed:
            raise ValueError(
                f"The folder holds a run with other {changed}. "
                f"Received: --output_dir={folder}. Choose another one."
            )
    files.write_json(path, named)


def run():
    """Does the steps, and returns the rows of the table and the folder of the last bundle."""
    command.check_exists(_MODEL, _DATA, _LABELS, _TEACHER)
    with command.silence():
        import keras

        import steps
        from tf_lpdistill import compression, files, tflite
        from tf_lpdistill.tflite import labels, scaling

    folder, model = pathlib.Path(_OUTPUT.value), pathlib.Path(_MODEL.value)
    if model.is_dir():
        raise ValueError(
            "A SavedModel only predicts, its layers cannot be changed: give the .keras file. "
            f"Received: --model={model}"
        )
    student = compression.as_logits(tflite.load_model(model))
    process = scaling_flags.preprocessing_of(student)
    images = load_data(process)
    labels.check(images.class_names, student.outputs[0].shape[-1])
    scaling.check_scores(student, process, images.test.images, images.test.labels)
    check_verbs(student)
    claim_folder(folder)
    keras.utils.set_random_seed(_SEED.value)
    objective = make_objective(student, process)
    train = training_batches(images.train, process)
    scorer = steps.Scorer(images, process)
    rows = [scorer.row("as given", student, folder / "steps" / "0_as_given")]
    print(steps.table(rows), flush=True)
    for number, verb in enumerate(_VERB_LIST.value, start=1):
        print(f"\nStep {number} of {len(_VERB_LIST.value)}: {verb}", flush=True)
        title = f"{number}_{verb}"
        student = getattr(compression, verb)(
            student, train, objective, **settings_of(verb), epochs=_EPOCHS.value,
            learning_rate=_RATE.value, checkpoint_dir=folder / "states" / title,
        )  # fmt: skip
        last = number == len(_VERB_LIST.value)
        place = folder / "phone" if last else folder / "steps" / title
        rows.append(scorer.row(verb, student, place))
        print(steps.table(rows), flush=True)
    with files.atomic_path(folder / "student.keras") as temporary:
        getattr(student, "student", student).save(temporary)
    files.write_json(folder / "results.json", rows)
    return folder / "phone"


def main(argv):
    """Compresses and prints the path of the bundle, or one line that says what is wrong."""
    print(f"\n{command.call(argv, run)}")


if __name__ == "__main__":
    app.run(main)
