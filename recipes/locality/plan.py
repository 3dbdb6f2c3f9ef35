"""Which runs can be made now; what comes later depends on what was found before."""

from locality import parts, space
from locality.cells import CELLS
from locality.records import Job


def ready(names, rows):
    """The runs that can be made now.

    Args:
        names: list of keys of `parts.PARTS`.
        rows: list of the rows on record.

    Returns:
        (list of `Job`, whether others will follow when these are done).
    """
    found, more = {}, False
    for part in names:
        for cell, methods in parts.PARTS[part]:
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
        Job(f"sweep_{name}", cell, "alone" if name.endswith("_alone") else parts.LP, setting, seed)
        for name, settings in parts.SWEEPS.items()
        for setting in settings
        for seed in parts.SWEEP_SEEDS
    ]


def _fitnets(cell):
    """As they are published: nothing is tuned on the whole of MNIST."""
    rate = {"learning_rate": CELLS[cell].learning_rate}
    methods = ("alone", "soft_target", "fitnets_two_stages", "kd_lp")
    return [
        Job("final", cell, method, rate | (parts.MAXOUT if method == "kd_lp" else {}), seed)
        for seed in parts.SWEEP_SEEDS
        for method in methods
    ]


def _tuned(cell, methods, rows):
    jobs, waits = [], False
    for method in methods:
        settings = _settings(cell, method, rows)
        if not settings:
            return jobs, settings is None
        if len(settings) > 1:
            jobs += [Job("tune", cell, method, setting, parts.TUNING_SEED) for setting in settings]
        setting = _best(cell, method, settings, rows)
        jobs += [Job("final", cell, method, setting, seed) for seed in parts.SEEDS if setting]
        waits = waits or setting is None
    return jobs, waits


def chosen(cell, method, rows):
    """The setting of a method that is best on the validation images.

    Args:
        cell: key of `cells.CELLS`.
        method: key of `methods.METHODS`.
        rows: list of the rows on record.

    Returns:
        The setting; of equal ones the first that was tried, of a method without trials its only
        one. Empty when all trials failed; None while one is missing.
    """
    settings = _settings(cell, method, rows)
    return None if settings is None else _best(cell, method, settings, rows)


def _settings(cell, method, rows):
    """What is tried of a method; None before the learning rate of the cell is found."""
    if method == "alone":
        return space.trials(method)
    alone = chosen(cell, "alone", rows)
    return alone and [trial | alone for trial in space.trials(method)]


def _best(cell, method, settings, rows):
    if len(settings) == 1:
        return settings[0]
    own = [
        row for row in rows if (row["part"], row["cell"], row["method"]) == ("tune", cell, method)
    ]
    scores = []
    for setting in settings:
        row = next((row for row in own if row["setting"] == setting), None)
        if row is None:
            return None
        scores.append(row.get("validation_accuracy", -1.0))
    return settings[scores.index(max(scores))] if max(scores) >= 0.0 else {}
