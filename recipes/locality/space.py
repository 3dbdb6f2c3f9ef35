"""The settings of a method: the ones that are tried, and the method that a setting makes.

A setting is a dict of plain values: "LOSS.weight" is a factor on the weight that the method has in
`methods.METHODS` (or in `FIRST`), "LOSS.role" the layers that it compares, "LOSS.schedule" how its
weight changes while the student learns, "LOSS.ARGUMENT" any other argument of the loss.
"""

import dataclasses
import functools
import warnings

from methods import METHODS
from tf_lpdistill import schedules

TRIALS = 8
LEARNING_RATE = 0.01  # of Adam: where the tuning of the student alone begins
# The weights that these methods had when the study began. What it found are those they have now.
FIRST = {
    "locality_preserving": {"locality_preserving": 0.3},
    "kd_lp": {"soft_target": 0.1, "locality_preserving": 0.3},
}
_WEIGHT = (0.01, 10.0)  # three decades: many a published weight is too large for few labels
# What is tuned beside the weights: method -> {name: (the published value, lowest, highest)}. The
# student alone has no weight; what is found for it holds for all methods of the cell.
_OWN = {
    "alone": {"learning_rate": (LEARNING_RATE, 0.001, 0.1)},
    "soft_target": {"soft_target.temperature": (4.0, 1.0, 16.0)},
    "locality_preserving": {"locality_preserving.num_neighbors": (5, 2, 20)},
    # Its KD has a tenth of the labels' weight, KD alone nine times as much as they: both within.
    "kd_lp": {"soft_target.weight": (1.0, 0.1, 100.0)},
    "decoupled_soft_target": {"decoupled_soft_target.nontarget_weight": (8.0, 0.5, 16.0)},
    "class_relations": {"class_relations.temperature": (4.0, 1.0, 16.0)},
}


def dimensions(key):
    """What is tuned of a method.

    Args:
        key: its key in `methods.METHODS`.

    Returns:
        {name: (published value, lowest, highest)}, on a logarithmic scale; integers where the
        published value is one. Empty for a method of several stages.
    """
    weights = {f"{term.loss}.weight": (1.0, *_WEIGHT) for term in METHODS[key].terms}
    return weights | _OWN.get(key, {})


@functools.cache
def trials(key, number=TRIALS):
    """The settings to try: the published one, then quasi-random ones over the whole space.

    They do not depend on what the earlier ones scored, so that processes can share them and a
    study that was stopped tries the same.

    Args:
        key: key of the method.
        number: how many.

    Returns:
        List of `number` settings; of one, empty, where nothing is to be tuned.
    """
    import optuna

    space = dimensions(key)
    if not space:
        return [{}]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Scrambled, as the plain sequence begins at a corner of the space.
        sampler = optuna.samplers.QMCSampler(qmc_type="sobol", scramble=True, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({name: published for name, (published, *_) in space.items()})
    settings = []
    for _ in range(number):
        trial = study.ask()
        settings.append({name: _suggest(trial, name, *bounds) for name, bounds in space.items()})
        study.tell(trial, 0.0)
    return settings


def _suggest(trial, name, published, low, high):
    if isinstance(published, int):
        return trial.suggest_int(name, low, high, log=True)
    return float(f"{trial.suggest_float(name, low, high, log=True):.4g}")


def apply(key, setting):
    """The method at a setting.

    Args:
        key: its key in `methods.METHODS`.
        setting: dict as above; entries without a loss's name are not looked at.

    Returns:
        `Method`.
    """
    method, first = METHODS[key], FIRST.get(key, {})
    terms = [dataclasses.replace(t, weight=first.get(t.loss, t.weight)) for t in method.terms]
    return dataclasses.replace(method, terms=tuple(_change(term, setting) for term in terms))


def _change(term, setting):
    own = {
        name.removeprefix(f"{term.loss}."): value
        for name, value in setting.items()
        if name.startswith(f"{term.loss}.")
    }
    factor, schedule = own.pop("weight", 1.0), own.pop("schedule", "constant")
    role = own.pop("role", term.role)

    def weight(job):
        published = term.weight(job) if callable(term.weight) else term.weight
        return _scheduled(factor * published, schedule, job)

    def arguments(job):
        published = term.arguments(job) if callable(term.arguments) else term.arguments
        return published | own

    return dataclasses.replace(term, weight=weight, role=role, arguments=arguments)


def _scheduled(weight, schedule, job):
    """A weight that is constant, or runs along a line and has that mean."""
    if schedule == "constant":
        return weight
    ends = {"falling": (2 * weight, 0.0), "rising": (0.0, 2 * weight)}
    first, last = ends[schedule]
    return schedules.linear(first, last, job.steps(job.epochs))
