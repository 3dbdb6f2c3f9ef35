"""The trials of an Optuna study: which ones count, and the table of them."""

import csv

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
