"""What the study trains, in which order; what comes later depends on what was found before."""

from locality import space
from locality.records import Job
from methods import METHODS

SEEDS = range(5)  # of the final runs
SWEEP_SEEDS = range(3)
TUNING_SEED = 100  # its labelled images and weights are in no final run
CORE = ("alone", "soft_target", "locality_preserving", "kd_lp")
# Runs a student of another architecture too: one method of each kind.
SOME = (
    *CORE, "hint", "attention_transfer", "similarity_preserving", "rkd", "probabilistic_transfer",
    "decoupled_soft_target", "class_relations",
)  # fmt: skip
ALL = tuple(METHODS)
_LP = "locality_preserving"
_WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def _lp(**changes):
    return {f"{_LP}.{name}": value for name, value in changes.items()}


def _relative(weight):
    """An LP weight as a factor on the one that the table of methods has."""
    return round(weight / METHODS[_LP].terms[0].weight, 6)


# What is varied about the LP of the table of methods, one thing at a time.
SWEEPS = {
    "weight": [_lp(weight=_relative(weight)) for weight in _WEIGHTS],
    "neighbors": [_lp(num_neighbors=k) for k in (1, 2, 5, 10, 20, 50)],
    "bandwidth": [_lp(bandwidth=sigma) for sigma in ("auto", 0.6, 1.25, 2.5, 5.0, 10.0)],
    "normalize": [_lp(normalize=True, weight=_relative(w)) for w in (0.1, 0.3, 1.0, 3.0, 10.0)],
    "affinity": [_lp(affinity=name) for name in ("heat", "binary", "cosine", "lle")],
    "layer": [
        _lp(role=role, weight=_relative(weight))
        for role in ("features", "maps", "middle", "outputs")
        for weight in (0.03, 0.3)
    ],
    "batch": [{"batch_size": size} for size in (32, 64, 128, 256, 512)],
    "batch_alone": [{"batch_size": size} for size in (32, 64, 128, 256, 512)],
    "neighbor_batches": [{"seeds_per_batch": seeds} for seeds in (8, 32, 128)],
    "schedule": [_lp(schedule=name) for name in ("constant", "falling", "rising")],
}

# In this order: each line is of use without the next.
PARTS = {
    "mnist": [("mnist_plain", CORE)],
    "mnist_all": [("mnist_plain", ALL)],
    "sweeps": [("mnist_plain", "sweeps")],
    "cifar": [("cifar_residual", CORE)],
    "clothes": [("clothes_residual", CORE)],
    "other_students": [(f"{name}", CORE) for name in (
        "mnist_separable", "cifar_separable", "clothes_separable")],
    "cifar_all": [("cifar_residual", SOME)],
    "clothes_all": [("clothes_residual", SOME)],
    "other_students_all": [("mnist_separable", ALL), ("cifar_separable", SOME),
                           ("clothes_separable", SOME), ("cifar_residual", ALL),
                           ("clothes_residual", ALL)],
    "full_mnist": [("mnist_fitnets", "fitnets")],
    "digits": [("digits_plain", CORE)],
}  # fmt: skip
EVERYTHING = [part for part in PARTS if part != "digits"]


def ready(parts, rows):
    """The runs that can be made now.

    Args:
        parts: list of keys of `PARTS`.
        rows: list of the rows on record.

    Returns:
        (list of `Job`, whether others will follow when these are done).
    """
    found, more = {}, False
    for part in parts:
        for cell, methods in PARTS[part]:
            if methods == "sweeps":
                jobs, waits = _sweeps(cell), False
            elif methods == "fitnets":
                jobs, waits = _fitnets(cell), False
            else:
                jobs, waits = _tuned(cell, methods, rows)
            found |= {job.name: job for job in jobs}
            more = more or waits
    return list(found.values()), more


def _sweeps(cell):
    return [
        Job(f"sweep_{name}", cell, "alone" if name.endswith("_alone") else _LP, setting, seed)
        for name, settings in SWEEPS.items()
        for setting in settings
        for seed in SWEEP_SEEDS
    ]


def _fitnets(cell):
    """As they are published: nothing is tuned on the whole of MNIST."""
    methods = ("alone", "soft_target", "fitnets_two_stages", "kd_lp")
    return [Job("final", cell, method, {}, seed) for seed in SWEEP_SEEDS for method in methods]


def _tuned(cell, methods, rows):
    jobs, waits = [], False
    alone = chosen(cell, "alone", rows)
    for method in methods:
        if method != "alone" and alone is None:
            return jobs, True
        shared = {} if method == "alone" else {"learning_rate": alone["learning_rate"]}
        trials = [trial | shared for trial in space.trials(method)]
        if len(trials) > 1:
            jobs += [Job("tune", cell, method, trial, TUNING_SEED) for trial in trials]
            setting = chosen(cell, method, rows)
        else:
            setting = trials[0]
        if setting is None:
            waits = waits or not tried(cell, method, rows)
        else:
            jobs += [Job("final", cell, method, setting, seed) for seed in SEEDS]
    return jobs, waits


def tried(cell, method, rows):
    """The rows of a method's trials, when all of them are on record; else an empty list."""
    found = [
        row for row in rows
        if (row["part"], row["cell"], row["method"]) == ("tune", cell, method)
    ]  # fmt: skip
    return found if len(found) >= len(space.trials(method)) else []


def chosen(cell, method, rows):
    """The setting of a method that is best on the validation images.

    Args:
        cell: key of `cells.CELLS`.
        method: key of `methods.METHODS`.
        rows: list of the rows on record.

    Returns:
        The setting; of equal ones the first that was tried. None while trials are missing, or when
        all of them failed.
    """
    trained = [row for row in tried(cell, method, rows) if "failed" not in row]
    order = [str(trial) for trial in space.trials(method)]

    def rank(row):
        setting = {
            k: v for k, v in row["setting"].items() if k != "learning_rate" or method == "alone"
        }
        return row["validation_accuracy"], -order.index(str(setting))

    return max(trained, key=rank)["setting"] if trained else None
