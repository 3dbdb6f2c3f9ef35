r"""Weights from guidance.balance against the fixed weights of public code.

Each method is trained beside the labels, whose weight is 1, with its published weight and with the
one that gives it a quarter of the gradient at the start; a student for each seed.
Accuracy is that of unseen images at the last epoch; nothing is chosen on them.

    python benchmarks/balance.py --cifar_teacher teacher.keras
"""

import pathlib
import statistics
import tempfile

from absl import flags

import common
import students
from tf_lpdistill import guidance, losses
from tf_lpdistill.guidance.layers import feature_layers, penultimate

flags.adopt_module_key_flags(students)

SHARE = 0.25
# Loss, what it compares, and its weight in public code with the labels at 1, as in
# recipes/methods.py; for LP and CC none is known. LP has what suits MNIST, ten times the default.
METHODS = {
    "KD": ("soft_target", "logits", 9.0),
    "LP (weight ours)": ("locality_preserving", "features", 0.3),
    "Hint": ("hint", "features", 200.0),
    "AT": ("attention_transfer", "maps", 1000.0),
    "SP": ("similarity_preserving", "maps", 3000.0),
    "RKD distances": ("relational_distance", "features", 25.0),
    "RKD angles": ("relational_angle", "features", 50.0),
    "PKT": ("probabilistic_transfer", "features", 30000.0),
    "CC (weight ours)": ("correlation_congruence", "features", 10.0),
}


def layers(setting):
    """{role: (teacher's layer, student's layer)}."""
    models = (setting.teacher, setting.make_student())
    maps = [
        [name for name, shape in feature_layers(model).items() if len(shape) == 3][-1]
        for model in models
    ]
    return {
        "logits": (None, None),
        "features": tuple(map(penultimate, models)),
        "maps": tuple(maps),
    }


def row(setting, cache, pairs, name, seeds):
    """One method's line."""
    loss, role, fixed = METHODS[name]

    def distiller(weight, seed):
        made = losses.get(loss)(*pairs[role])
        return setting.distiller(cache, [made], [weight], seed)

    def accuracy(weights):
        return _percent(
            setting.accuracy(distiller(weight, seed), cache, seed)
            for weight, seed in zip(weights, seeds, strict=True)
        )

    found = [
        guidance.balance(distiller(1.0, seed), cache.attach(setting.batches()), [SHARE])[0]
        for seed in seeds
    ]
    # A share s of the gradient wants w = s / (1 - s) g_0 / g: the other way round for the weight.
    ratio = fixed / statistics.mean(found) * SHARE / (1 - SHARE)
    cells = {
        "method": name,
        "fixed weight": fixed,
        "its share at the start": f"{ratio / (1 + ratio):.1%}",
        "accuracy % with it": accuracy([fixed] * len(seeds)),
        f"weight for {SHARE:.0%}": f"{statistics.mean(found):.3g}",
        f"accuracy % with {SHARE:.0%}": accuracy(found),
    }
    print(cells, flush=True)
    return cells


def _percent(accuracies):
    values = [100 * accuracy for accuracy in accuracies]
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"


def measure(quick):
    """Returns the tables: see the top of this file."""
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for setting in students.settings(pathlib.Path(folder), quick):
            seeds = range(1 if quick else setting.num_seeds)
            pairs = layers(setting)
            cache = setting.cache(sorted({pairs["features"][0], pairs["maps"][0]}))
            alone = _percent(
                setting.accuracy(setting.distiller(cache, [], None, seed), cache, seed)
                for seed in seeds
            )
            caption = f"{setting.title}; student alone {alone} %"
            names = ["KD", "LP (weight ours)"] if quick else METHODS
            tables[caption] = [row(setting, cache, pairs, name, seeds) for name in names]
    return tables


if __name__ == "__main__":
    common.main("balance", "Balanced weights against published ones", measure)
