"""What is shown of the trials of an Optuna study: their table, a sentence, the report's entry."""

import warnings

from results import tables
from search.journal import judged, load_optuna

# name in the study: (title for readers, whether its scale is logarithmic)
PARAMETERS = {
    "kd_weight": ("KD weight", True),
    "temperature": ("Temperature", True),
    "lp_weight": ("LP weight", True),
    "k": ("Neighbours k", False),
    "sigma": ("Sigma", True),
    "pair": ("Layers", False),
}
_ENOUGH = 10  # judged trials, below which importances say nothing


def write_csv(path, study, pairs):
    """Writes a line a trial.

    Args:
        path: of the file.
        study: the Optuna study.
        pairs: list of (teacher's layer, student's layer), which its parameter "pair" counts.
    """
    rows = [
        {"trial": number, "validation_accuracy": trial.value}
        | trial.params
        | dict(zip(("teacher", "student"), pairs[trial.params["pair"]], strict=True))
        for number, trial in enumerate(judged(study))
    ]
    tables.write_csv(path, list(dict.fromkeys(name for row in rows for name in row)), rows)


def reading(study, start):
    """What came of a study, in a sentence; `start` is the setting that it began with."""
    best, found = study.best_trial, judged(study)
    number = [trial.number for trial in found].index(best.number)
    text = f"Of {len(found)} trials number {number} is best on the validation images"
    found = f"{text}, with {100 * best.value:.1f} % right"
    return f"{found}: the setting that it began with." if best.params == start else f"{found}."


def describe(study, pairs):
    """What the report shows of a study: the entry "search" of results.json.

    Args:
        study: the Optuna study.
        pairs: as in `write_csv`.
    """
    shares = importances(study)
    parameters = [
        {"name": name, "title": title, "log": log, "importance": shares.get(name)}
        for name, (title, log) in PARAMETERS.items()
    ]
    trials = [
        {
            "number": number,
            "accuracy": trial.value,
            "settings": trial.params | {"pair": " to ".join(pairs[trial.params["pair"]])},
        }
        for number, trial in enumerate(judged(study))
    ]
    return {"parameters": parameters, "trials": trials}


def importances(study):
    """How much each parameter matters: {name: share}, empty where there are too few trials.

    By PED-ANOVA, which needs nothing beside Optuna: Watanabe, Bansal, Hutter, IJCAI 2023
    (https://arxiv.org/abs/2304.10255).
    """
    optuna = load_optuna()
    done = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len({trial.value for trial in done}) < 2 or len(done) < _ENOUGH:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # that it makes them all equal
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            return optuna.importance.get_param_importances(study, evaluator=evaluator())
        except UserWarning:
            return {}
