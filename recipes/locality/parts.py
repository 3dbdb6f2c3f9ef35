"""The parts of the study: which methods on which cells, over which seeds, and the sweeps of LP."""

from locality.space import FIRST
from methods import METHODS

SEEDS = range(5)  # of the final runs
SWEEP_SEEDS = range(3)
TUNING_SEED = 100  # its labelled images and weights are in no final run
CORE = ("alone", "soft_target", "locality_preserving", "kd_lp")
ALL = tuple(METHODS)
LP = "locality_preserving"
_WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def _lp(**changes):
    return {f"{LP}.{name}": value for name, value in changes.items()}


def _relative(weight):
    """An LP weight as a factor on the one that LP had first."""
    return round(weight / FIRST[LP][LP], 6)


# Maxout networks have large features: the weight of recipes/papers/paper.py.
MAXOUT = _lp(weight=_relative(0.001))
# What is varied about LP as the study began with it (`space.FIRST`), one thing at a time.
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
    "sweeps": [("mnist_plain", "sweeps")],
    "cifar": [("cifar_residual", CORE)],
    "clothes": [("clothes_residual", CORE)],
    "other_students": [("mnist_separable", CORE), ("cifar_separable", CORE)],
    "full_mnist": [("mnist_fitnets", "fitnets")],
    "other_clothes": [("clothes_separable", CORE)],
    "mnist_all": [("mnist_plain", ALL)],
    "clothes_all": [("clothes_residual", ALL)],
    "cifar_all": [("cifar_residual", ALL)],
    "other_students_all": [("mnist_separable", ALL), ("cifar_separable", ALL),
                           ("clothes_separable", ALL)],
    "digits": [("digits_plain", CORE)],
}  # fmt: skip
# --part all: some four hours on two cores; "other_students_all" is outside of it.
EVERYTHING = [part for part in PARTS if part not in ("digits", "other_students_all")]
