"""The trials of an Optuna study: which ones count, their table, and what the report shows."""

import csv
import warnings

from tf_lpdistill import files


def is_judged(trial):
    """Whether a trial came to its end, or to NaN; one that was killed or interrupted did not."""
    return trial.state.name in ("COMPLETE", "PRUNED")


def keeps(trial, setting):
    """Whether a trial has been, or is still to be, of a setting."""
    if is_judged(trial):
        return trial.params == setting
    return trial.state.name == "WAITING" and trial.system_attrs.get("fixed_params") == setting


def load_optuna():
    """Returns the module.

    Raises:
        ImportError: when it is not installed.
    """
    try:
        import optuna.storages.journal
    except ImportError as error:
        raise ImportError(
            f"Tuning needs Optuna, and it cannot be imported ({error}). Install it: "
            'pip install -e ".[tuning]"'
        ) from error
    return optuna


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
        {"trial": trial.number, "validation_accuracy": trial.value}
        | trial.params
        | dict(zip(("teacher", "student"), pairs[trial.params["pair"]], strict=True))
        for trial in study.trials
        if is_judged(trial)
    ]
    with files.atomic_path(path) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
            writer.writeheader()
            writer.writerows(rows)


def reading(study, start):
    """What came of a study, in a sentence; `start` is the setting that it began with."""
    best = study.best_trial
    text = f"Of {len(study.trials)} trials number {best.number} is best on the validation images"
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
            "number": trial.number,
            "accuracy": trial.value,
            "settings": trial.params | {"pair": " to ".join(pairs[trial.params["pair"]])},
        }
        for trial in study.trials
        if is_judged(trial)
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
