"""The journal of an Optuna study: opened, mended and sealed; which of its trials count."""

import os

from tf_lpdistill import files


def is_judged(trial):
    """Whether a trial came to its end, or to NaN; one that was killed or interrupted did not."""
    return trial.state.name in ("COMPLETE", "PRUNED")


def keeps(trial, setting):
    """Whether a trial has been, or is still to be, of a setting."""
    if is_judged(trial):
        return trial.params == setting
    return trial.state.name == "WAITING" and trial.system_attrs.get("fixed_params") == setting


def judged(study):
    """The trials that count, in their order: a search that was killed has the same as another."""
    return [trial for trial in study.trials if is_judged(trial)]


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


def open_study(path):
    """Opens the study in a journal of Optuna, or begins one.

    Args:
        path: `pathlib.Path` of the journal, in a run folder that this process has locked.

    Returns:
        The Optuna study, to be maximised.

    Raises:
        ValueError: when the journal is damaged.
    """
    optuna = load_optuna()
    _mend(path)
    try:
        storage = optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(path))
        )
        if optuna.get_all_study_names(storage):  # making it again would be noted in the journal
            study = optuna.load_study(study_name="tune", storage=storage)
        else:
            study = optuna.create_study(study_name="tune", storage=storage, direction="maximize")
        wrong = [trial.number for trial in judged(study) if not _is_sealed(trial)]
        if wrong or study.direction.name != "MAXIMIZE":
            raise ValueError(f"what it says of the trials {wrong} is not what was found")
    except OSError:
        raise
    except Exception as error:  # Optuna raises a dozen kinds for damaged lines
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}: {error}). Remove it: the students that "
            "were trained are kept, and the search finds them again."
        ) from error
    return study


def seal(trial, found):
    """Notes the checksum of a trial's setting and of what was found of it: Optuna has none.

    Args:
        trial: the running Optuna trial.
        found: its value, or the reason why it failed.
    """
    trial.set_user_attr("seal", files.json_sha256([trial.params, found]))


def _is_sealed(trial):
    found = trial.user_attrs.get("failed", trial.value)
    return trial.user_attrs.get("seal") == files.json_sha256([trial.params, found])


def _mend(path):
    """Takes away what a killed process may have left of Optuna's: half a line, and its lock."""
    for left in path.parent.glob(f"{path.name}.lock*"):
        left.unlink()
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
