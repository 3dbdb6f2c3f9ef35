"""Start-up that all recipes share: flags, run folder, seeds, strategy, progress."""

import atexit
import csv
import dataclasses
import json
import os
import pathlib
import platform
import sys

import keras
import tensorflow as tf
from absl import app, flags

import tf_lpdistill
from tf_lpdistill import Distiller, distribution, files
from tf_lpdistill.cluster import WorkersError
from tf_lpdistill.ops.replicas import spans_workers

FLAGS = flags.FLAGS


def define_flags(*, run_dir, epochs, batch_size):
    """Defines the flags of every recipe, with this recipe's defaults."""
    flags.DEFINE_string("run_dir", run_dir, "Folder of the run: everything is written there.")
    flags.DEFINE_integer("seed", 0, "Seed of weights, data order and draws.", lower_bound=0)
    flags.DEFINE_integer("epochs", epochs, "Epochs of each student.", lower_bound=1)
    flags.DEFINE_integer("batch_size", batch_size, "Global batch size.", lower_bound=2)
    flags.DEFINE_enum(
        "strategy", "auto", distribution.STRATEGIES, "How to use the devices (tf.distribute)."
    )
    flags.DEFINE_bool("mixed_precision", False, "Compute in bfloat16, keep weights in float32.")
    flags.DEFINE_string(
        "data_dir", None, "Folder of real data; else the environment variable LPDISTILL_DATA."
    )
    flags.DEFINE_bool("resume", False, "Go on with the run in --run_dir where it was stopped.")


@dataclasses.dataclass(frozen=True)
class Run:
    """A started run.

    Args:
        directory: the run folder; it exists and holds `config.json`.
        strategy: a `tf.distribute.Strategy`; make models inside `strategy.scope()`.
    """

    directory: pathlib.Path
    strategy: tf.distribute.Strategy

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


def start(recipe, title, *, several_workers=False, **config):
    """Prepares the process and the run folder.

    Args:
        recipe: name of the recipe, for the report.
        title: title of the report.
        several_workers: whether the recipe lets the chief alone decide and write.
        **config: further entries of `config.json`.

    Returns:
        A `Run`.

    Raises:
        ValueError: when the folder holds a run and `--resume` is not given, or another run's flags;
            for a batch that the replicas cannot share, or several workers where the recipe is not
            made for them.
        BlockingIOError: when another process works in the folder.
    """
    if FLAGS.strategy == "multi_worker" and not several_workers:
        raise ValueError(
            f"recipes/{recipe}.py runs in one process: choose another --strategy, such as "
            "mirrored. docs/distributed.md says what runs on several workers. "
            "Received: --strategy=multi_worker"
        )
    tf.get_logger().setLevel("ERROR")  # several workers would tell of every collective operation
    strategy = distribution.get_strategy(FLAGS.strategy)  # before all else, see there
    distribution.check_batch_size(FLAGS.batch_size, strategy)
    keras.utils.set_random_seed(FLAGS.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if FLAGS.mixed_precision else "float32")
    directory = pathlib.Path(FLAGS.run_dir)
    settings = {
        "recipe": recipe,
        "title": title,
        "command": " ".join(["python", *(arg for arg in sys.argv if arg != "--resume")]),
        "flags": _flag_values(recipe),
        "seed": FLAGS.seed,
        "versions": versions(),
        **config,
    }
    run = Run(directory, strategy)
    if run.chief:
        directory.mkdir(parents=True, exist_ok=True)
        message = f"Another process works in {directory}. Wait for it, or choose another --run_dir."
        atexit.register(files.lock(directory, message))  # till the process ends
        _check_folder(directory, settings)
        files.write_json(directory / "config.json", settings)
    return run


def _flag_values(recipe):
    modules = {__name__, sys.argv[0]}
    by_module = FLAGS.flags_by_module_dict()
    chosen = [flag for name, own in by_module.items() if name in modules for flag in own]
    ignored = ("run_dir", "resume", "data_dir")
    return {flag.name: flag.value for flag in chosen if flag.name not in ignored}


def _check_folder(directory, settings):
    config = directory / "config.json"
    if not config.exists():
        return
    if not FLAGS.resume:
        raise ValueError(
            f"{directory} already holds a run. Add --resume to go on with it, or choose another "
            "--run_dir."
        )
    written = json.loads(config.read_text(encoding="utf-8"))
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


def versions():
    """Versions of what the numbers of a run depend on."""
    return {
        "tf_lpdistill": tf_lpdistill.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def hardware():
    """The computer in words: processor, cores, GPUs."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores" + (f", {gpus} GPUs" if gpus else "")


def write_history(path, rows):
    """Writes one row per epoch as CSV; a metric that a row does not have stays empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with files.atomic_path(path) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)


def read_history(path):
    """Reads the rows that `write_history` wrote, as dicts of str."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run_recipe(main):
    """Runs `main` under absl; a wrong flag, file or setting is one line, not a traceback."""

    def guarded(argv):
        try:
            main(argv)
        except (ValueError, OSError, ImportError, WorkersError) as error:
            if FLAGS.debug:
                raise
            sys.exit(f"Error: {error}")

    flags.DEFINE_bool("debug", False, "Show the traceback of an error.")
    app.run(guarded)


class Progress(keras.callbacks.Callback):
    """One progress bar over the epochs of many fits; a line per fit without a terminal.

    Args:
        total: epochs of all fits together.
        quiet: say nothing at all, as all workers but the chief do.
    """

    def __init__(self, total, quiet=False):
        super().__init__()
        from tqdm import tqdm

        self._quiet = quiet
        self._bar = tqdm(total=total, unit="epoch", disable=quiet or not sys.stderr.isatty())

    def begin(self, title):
        """Names the fit that comes next."""
        self._bar.set_description(title)

    def on_epoch_end(self, epoch, logs=None):
        """Moves the bar and shows the loss and the validation accuracy."""
        logs = logs or {}
        shown = {k: f"{logs[k]:.3f}" for k in ("loss", "val_accuracy") if k in logs}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def say(self, line):
        """Prints a line above the bar."""
        if self._quiet:
            return
        self._bar.write(line, file=sys.stdout)
        sys.stdout.flush()

    def skip(self, epochs):
        """Moves the bar over epochs that an earlier run has done."""
        self._bar.update(epochs)

    def close(self):
        """Leaves the bar as it stands."""
        self._bar.close()
