"""The flags of export/compress.py, and what is wrong about them before anything is loaded."""

from absl import flags

import scaling_flags

RANKS = {"low_rank": 0, "prune_channels": 0, "prune": 1, "cluster": 2, "quantize_aware": 3}

MODEL = flags.DEFINE_string("model", None, "The student: a .keras file, or an old .h5.")
VERB_LIST = flags.DEFINE_list("verbs", None, f"What to do, some of {','.join(RANKS)}.")
DATA = flags.DEFINE_string(
    "data", None, "Labelled images to train on and to score: a folder of class folders, or .npz."
)
LABELS = flags.DEFINE_string(
    "labels", None, "Text file with one class name a line [the names in --data]."
)
OUTPUT = flags.DEFINE_string("output_dir", None, "Folder of the run: bundles, states, results.")
TEACHER = flags.DEFINE_string("teacher", None, "A teacher that goes on teaching, .keras or .h5.")
TEACHER_SCALING = flags.DEFINE_enum(
    "teacher_scaling",
    None,
    ["0..255", "0..1", "-1..1"],
    "The range that the teacher was trained on [the student's own input, of the same size].",
)
LAYERS = flags.DEFINE_list(
    "layers", [], "Pairs TEACHER_LAYER:STUDENT_LAYER for the locality preserving loss."
)
KD_WEIGHT = flags.DEFINE_float("kd_weight", 0.5, "Weight of KD (temperature 4).", lower_bound=0)
LP_WEIGHT = flags.DEFINE_float("lp_weight", 0.03, "Weight of each LP term.", lower_bound=0)
ENERGY = flags.DEFINE_float(
    "energy", 0.9, "low_rank: share of each kernel's energy to keep.", 1e-6, 1.0
)
FRACTION = flags.DEFINE_float(
    "fraction", 0.3, "prune_channels: share of the removable channels to remove.", 0.0, 0.9
)
KEEP = flags.DEFINE_list("keep", [], "prune_channels: layers that keep their channels.")
SPARSITY = flags.DEFINE_float("sparsity", 0.5, "prune: share of zeros.", 0.01, 0.99)
CLUSTERS = flags.DEFINE_integer("num_clusters", 16, "cluster: values a kernel.", lower_bound=3)
EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of each step.", lower_bound=1)
RATE = flags.DEFINE_float("learning_rate", 1e-3, "Of Adam, at the start of each step.", 1e-9)
BATCH = flags.DEFINE_integer("batch_size", 64, "Images a batch.", lower_bound=2)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the order of the images.", lower_bound=0)
flags.adopt_module_key_flags(scaling_flags)
flags.mark_flags_as_required(["model", "verbs", "data", "input_scaling", "output_dir"])


@flags.validator("verbs", "Flag --verbs must be some of: " + ", ".join(RANKS))
def _known(verbs):
    return verbs is None or (verbs and set(verbs) <= set(RANKS) and len(set(verbs)) == len(verbs))


@flags.validator(
    "verbs", "Flag --verbs must keep the order low_rank or prune_channels, prune, cluster, "
    "quantize_aware: a later one would undo an earlier one."
)  # fmt: skip
def _ordered(verbs):
    ranks = [RANKS[verb] for verb in verbs or [] if verb in RANKS]
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
