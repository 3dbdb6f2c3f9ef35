r"""What guidance.suggest_layers is worth: its ranking against the accuracy of trained students.

One student is trained for every pair of layers and seed, with the labels and the locality
preserving loss at the weight that `guidance.balance` gives it a quarter of the gradient with, so
that large feature maps do not drown the labels. Accuracy is that of unseen images at the last
epoch; nothing is chosen on them.

    python benchmarks/layers.py --cifar_teacher teacher.keras
"""

import pathlib
import statistics
import tempfile

import numpy as np
from absl import flags

import common
import students
from tf_lpdistill import guidance
from tf_lpdistill.guidance.layers import penultimate
from tf_lpdistill.losses import LocalityPreserving

flags.adopt_module_key_flags(students)

SHARE = 0.25


def study(setting, seeds):
    """Returns the rows of a setting's pairs, and the row of its summary."""
    pairs = guidance.suggest_layers(
        setting.teacher, setting.make_student(), setting.labelled(), num_samples=500
    )
    cache = setting.cache(sorted({pair.teacher for pair in pairs}))
    alone = [
        setting.accuracy(setting.distiller(setting.teacher, [], None, seed), None, seed)
        for seed in seeds
    ]
    accuracies = {}
    for pair in pairs:
        accuracies[pair] = [_train(setting, cache, pair, seed) for seed in seeds]
        print(pair.teacher, pair.student, accuracies[pair], flush=True)
    rows = [
        {
            "teacher": pair.teacher,
            "student": pair.student,
            "purity": f"{pair.purity:.3f}",
            "CKA": f"{pair.cka:.3f}",
            "reach": f"{pair.reach:.2f}",
            "score": f"{pair.score:.3f}",
            "accuracy %": _percent(accuracies[pair]),
        }
        for pair in pairs
    ]
    return rows, summary(setting, pairs, accuracies, alone)


def _train(setting, cache, pair, seed):
    loss = LocalityPreserving(pair.teacher, pair.student, num_neighbors=5)
    probe = setting.distiller(cache, [loss], None, seed)
    (weight,) = guidance.balance(probe, cache.attach(setting.batches(seed)), [SHARE])
    loss = LocalityPreserving(pair.teacher, pair.student, num_neighbors=5)
    distiller = setting.distiller(cache, [loss], [weight], seed)
    return setting.accuracy(distiller, cache, seed)


def summary(setting, pairs, accuracies, alone):
    """What the ranking says against what the students do."""
    means = [statistics.mean(accuracies[pair]) for pair in pairs]
    usual = (penultimate(setting.teacher), penultimate(setting.make_student()))
    by_names = {(pair.teacher, pair.student): pair for pair in pairs}
    last = [index for index, pair in enumerate(pairs) if pair.student == usual[1]]
    correlations = {
        f"Spearman of {name}": _spearman([getattr(pair, name) for pair in pairs], means)
        for name in ("score", "purity", "cka", "reach")
    }
    correlations["Spearman of purity, student's last feature"] = _spearman(
        [pairs[index].purity for index in last], [means[index] for index in last]
    )
    return {
        "data": setting.title,
        "student alone %": _percent(alone),
        "first in the ranking %": _percent(accuracies[pairs[0]]),
        "before the logits %": _percent(accuracies[by_names[usual]]),
        "best afterwards %": _percent(accuracies[pairs[int(np.argmax(means))]]),
        "worst afterwards %": _percent(accuracies[pairs[int(np.argmin(means))]]),
        **correlations,
    }


def _spearman(left, right):
    """The correlation of the ranks; equal values share the mean of theirs."""
    ranks = []
    for values in (np.round(left, 4), np.round(right, 4)):
        _, positions, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[positions])
    spread = np.prod([np.std(rank) for rank in ranks])
    return f"{np.corrcoef(*ranks)[0, 1]:.2f}" if spread > 0 else "none"


def _percent(values):
    spread = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.2f}{spread}"


def measure(quick):
    """Returns the tables: see the top of this file."""
    tables, summaries = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for setting in students.settings(pathlib.Path(folder), quick):
            rows, line = study(setting, range(1 if quick else setting.num_seeds))
            tables[f"Pairs, best first: {setting.title}"] = rows
            summaries.append(line)
    return {"The ranking against trained students": summaries} | tables


if __name__ == "__main__":
    common.main("layers", "Which layers to compare", measure)
