"""Start-up that all recipes share: flags, seeds, strategy, run folder, errors."""

import atexit
import pathlib
import sys

import keras
import tensorflow as tf
from absl import app, flags

from machine import versions
from run_folder import Run, claim
from tf_lpdistill import distribution, files
from tf_lpdistill.cluster import WorkersError

FLAGS = flags.FLAGS
flags.disclaim_key_flags()  # what is defined here belongs to the recipe: its --help shows it


def define_flags(*, run_dir, epochs, batch_size, num_seeds, least_seeds=1):
    """Defines the flags of every recipe, with this recipe's defaults."""
    flags.DEFINE_string("run_dir", run_dir, "Folder of the run: everything is written there.")
    flags.DEFINE_integer("seed", 0, "Seed of weights, data order and draws.", lower_bound=0)
    flags.DEFINE_integer(
        "num_seeds", num_seeds, "Seeds of each line of the table.", lower_bound=least_seeds
    )
    flags.DEFINE_integer("epochs", epochs, "Epochs of each student.", lower_bound=1)
    flags.DEFINE_integer("batch_size", batch_size, "Global batch size.", lower_bound=2)
    flags.DEFINE_enum(
        "strategy", "auto", distribution.STRATEGIES, "How to use the devices (tf.distribute)."
    )
    flags.DEFINE_bool("mixed_precision", False, "Compute in bfloat16, keep weights in float32.")
    flags.DEFINE_string(
        "data_dir", None, "Folder of real data; else the environment variable LPDISTILL_DATA."
    )
    flags.DEFINE_bool(
        "tensorboard", False, "Log every distilled student for TensorBoard, in tensorboard/."
    )
    flags.DEFINE_bool("resume", False, "Go on with the run in --run_dir where it was stopped.")


def seeds():
    """The seeds that the flags ask for, from --seed on."""
    return list(range(FLAGS.seed, FLAGS.seed + FLAGS.num_seeds))


def start(recipe, title, *, several_workers=False, batch_size=None, **config):
    """Prepares the process and the run folder.

    Args:
        recipe: name of the recipe, for the report.
        title: title of the report.
        several_workers: whether the recipe lets the chief alone decide and write.
        batch_size: where it is not that of the flag, since there are fewer images.
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
    distribution.check_batch_size(batch_size or FLAGS.batch_size, strategy)
    keras.utils.set_random_seed(FLAGS.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if FLAGS.mixed_precision else "float32")
    directory = pathlib.Path(FLAGS.run_dir)
    settings = {
        "recipe": recipe,
        "title": title,
        "command": " ".join(["python", *(arg for arg in sys.argv if arg != "--resume")]),
        "flags": _flag_values(),
        "seed": FLAGS.seed,
        "versions": versions(),
        **config,
    }
    run = Run(directory, strategy, FLAGS.tensorboard)
    if run.chief:
        directory.mkdir(parents=True, exist_ok=True)
        message = f"Another process works in {directory}. Wait for it, or choose another --run_dir."
        atexit.register(files.lock(directory, message))  # till the process ends
        claim(directory, settings, FLAGS.resume)
    return run


def _flag_values():
    chosen = FLAGS.flags_by_module_dict()[sys.argv[0]]
    ignored = ("run_dir", "resume", "data_dir", "tensorboard")  # they change no number
    return {flag.name: flag.value for flag in chosen if flag.name not in ignored}


def refuse_beside(flag, *ignored):
    """Refuses flags of the command line that would be ignored beside another one."""
    for name in ignored:
        if FLAGS[name].present:
            raise ValueError(
                f"--{name} has no meaning beside --{flag}: leave one of them out. Received: "
                f"--{flag}={FLAGS[flag].value} --{name}={FLAGS[name].value}"
            )


def run_recipe(main):
    """Runs `main()` under absl; a wrong flag, file or setting is one line, not a traceback."""

    def guarded(argv):
        if len(argv) > 1:
            raise app.UsageError(f"Unexpected arguments: {argv[1:]}")
        try:
            main()
        except (ValueError, OSError, ImportError, WorkersError) as error:
            if FLAGS.debug:
                raise
            sys.exit(f"Error: {error}")

    flags.DEFINE_bool("debug", False, "Show the traceback of an error.")
    app.run(guarded)
