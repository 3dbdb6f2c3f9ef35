"""The folder of a run: what is written there, by whom, and whether a run may go on in it."""

import dataclasses
import json
import pathlib

import tensorflow as tf

from tf_lpdistill import Distiller, distribution, files
from tf_lpdistill.ops.replicas import spans_workers
from tf_lpdistill.saving import load_model


@dataclasses.dataclass(frozen=True)
class Run:
    """A started run.

    Args:
        directory: the run folder; it exists and holds `config.json`.
        strategy: a `tf.distribute.Strategy`; make models inside `strategy.scope()`.
        tensorboard: whether its distilled students are logged in `tensorboard/`.
    """

    directory: pathlib.Path
    strategy: tf.distribute.Strategy
    tensorboard: bool = False

    def path(self, *parts):
        """A path in the run folder."""
        return self.directory.joinpath(*parts)

    @property
    def chief(self):
        """Whether this process writes the run folder and the results; one of several workers."""
        return distribution.is_chief(self.strategy)

    def has(self, path):
        """Whether a file is there, as the chief sees it: workers must decide alike."""
        return bool(distribution.as_chief_sees(path.exists(), self.strategy))

    def save(self, model, path):
        """Saves a model whole; all workers take part, the file is the chief's."""
        with distribution.chief_path(path, self.strategy) as temporary:
            model.save(temporary)

    def trainable(self, model):
        """The model itself; under several workers, where Keras cannot fit it, a plain Distiller."""
        if isinstance(model, Distiller) or not spans_workers(self.strategy):
            return model
        return Distiller(model, model, [])

    def best_student(self, key, results, seeds):
        """The student of a method, of the seed that is best on the validation images.

        Args:
            key: of the method.
            results: list of its results, one a seed.
            seeds: list of seeds.
        """
        pairs = zip(results, seeds, strict=True)
        seed = max(pairs, key=lambda pair: pair[0]["validation_accuracy"])[1]
        return load_model(self.path("students", f"{key}_seed{seed}", "student.keras"))


def claim(directory, settings, resume):
    """Writes `config.json` into the folder of a run.

    Args:
        directory: the folder; it is made where it is missing.
        settings: what to write, a dict with "flags" and, where there is one, "dataset".
        resume: whether the folder may hold a run with these settings, to go on with.

    Raises:
        ValueError: when it holds a run and may not, or a run with other flags or on other data.
    """
    config = directory / "config.json"
    if config.exists():
        _check_same(directory, read_config(config), settings, resume)
    files.write_json(config, settings)


def read_config(path):
    """Reads `config.json`.

    Raises:
        ValueError: when it is damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict) or not isinstance(value.get("flags"), dict):
            raise ValueError("it holds no flags")
        return value
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged: expected JSON in UTF-8 ({error}). Choose another --run_dir, or "
            "remove this one to begin anew."
        ) from error


def _check_same(directory, written, settings, resume):
    if not resume:
        raise ValueError(
            f"{directory} already holds a run. Add --resume to go on with it, or choose another "
            "--run_dir."
        )
    earlier = written["flags"]
    changed = {k: (earlier.get(k), v) for k, v in settings["flags"].items() if earlier.get(k) != v}
    if changed:
        listed = ", ".join(f"--{k}: {old!r} then, {new!r} now" for k, (old, new) in changed.items())
        raise ValueError(
            f"--resume goes on with the run in {directory} only with its own flags ({listed}). "
            "Choose another --run_dir for other settings."
        )
    if written.get("dataset") != settings.get("dataset"):
        raise ValueError(
            f"--resume goes on with the run in {directory} only on its own data, and these have "
            "changed since. Choose another --run_dir."
        )
