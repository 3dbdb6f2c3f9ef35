"""A `tf.distribute` strategy by its name, and what a process must know of its fellow workers."""

import contextlib
import faulthandler
import pathlib
import tempfile
from collections.abc import Iterator

import tensorflow as tf

from tf_lpdistill import cluster, rendezvous
from tf_lpdistill.files import atomic_path
from tf_lpdistill.ops.replicas import spans_workers
from tf_lpdistill.types import PathLike

# What TensorFlow raises in one worker when another has died.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")


def get_strategy(name: str = "auto", timeout: float = 300.0) -> tf.distribute.Strategy:
    """Makes the strategy that a command line names.

    Models, losses, optimizer and the `Distiller` must be made inside `strategy.scope()`. The batch
    size given to the input pipeline is the global one: replicas share it.

    Args:
        name: "auto": all GPUs where there are several, else one device. "one_device": the first
            GPU, or the CPU. "mirrored": all GPUs, or where there is none all logical CPUs.
            "multi_worker": all GPUs (else one CPU) of every worker that TF_CONFIG or Slurm names;
            each runs the same program.
        timeout: seconds that "multi_worker" waits for the other workers to start, and then for
            TensorFlow to connect to them; when one is lost just then, the process ends with
            "Timeout" and a traceback, and no exception is raised.

    Returns:
        A `tf.distribute.Strategy`; for one device the default strategy, which adds nothing.

    Raises:
        ValueError: for an unknown name, a `timeout` of 0 or less, a wrong TF_CONFIG, or no cluster
            at all.
        WorkersError: when a worker does not answer.
        RuntimeError: when "multi_worker" comes too late: TensorFlow was used before.
    """
    if name not in STRATEGIES:
        raise ValueError(f"`strategy` must be one of {STRATEGIES}. Received: strategy={name!r}")
    if name == "multi_worker":
        return _multi_worker(timeout)
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored":
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "auto" and len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _multi_worker(timeout):
    if timeout <= 0:
        raise ValueError(f"`timeout` must be above 0 seconds. Received: timeout={timeout}")
    jobs, task = cluster.find_cluster()
    rendezvous.meet(*cluster.ranked(jobs, task), timeout)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(jobs),
        task_type=task[0],
        task_id=task[1],
        rpc_layer="grpc",
        num_accelerators={"GPU": len(tf.config.list_physical_devices("GPU"))},
    )
    try:
        return _connect_to_all_workers(resolver, timeout)
    except RuntimeError as error:
        if "program startup" not in str(error):
            raise
        raise RuntimeError(
            "The strategy 'multi_worker' must be made before TensorFlow is used for anything "
            "else: move get_strategy('multi_worker') to the start of the program, before any "
            f"tensor, model, data set or random seed. TensorFlow says: {error}"
        ) from error


def _connect_to_all_workers(resolver, timeout):
    """Makes the strategy, or ends this process when a worker was lost since the meeting.

    TensorFlow then waits for ever and keeps Python's lock: no exception, thread or signal handler
    of Python gets a turn. faulthandler's timer needs no lock.
    """
    stderr = 2  # the descriptor: sys.stderr may be a notebook's, which has none
    faulthandler.dump_traceback_later(timeout, exit=True, file=stderr)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    finally:
        faulthandler.cancel_dump_traceback_later()


def is_chief(strategy: tf.distribute.Strategy | None = None) -> bool:
    """Whether this process is the one that writes files and speaks for all workers.

    Args:
        strategy: a `tf.distribute.Strategy`; None: the current one.

    Returns:
        bool; True where there is one process.
    """
    strategy = strategy or tf.distribute.get_strategy()
    if not spans_workers(strategy):
        return True
    resolver = strategy.cluster_resolver
    jobs = resolver.cluster_spec().as_dict()
    return cluster.ranked(jobs, (resolver.task_type, resolver.task_id))[1] == 0


def as_chief_sees(value: int, strategy: tf.distribute.Strategy | None = None) -> int:
    """Returns an integer of the chief on every worker, and waits until all workers ask for it.

    What workers must decide alike (whether a file is there, where to go on) is the chief's to
    say. All must call this equally often.

    Args:
        value: int >= 0; that of the chief is returned.
        strategy: a `tf.distribute.Strategy`; None: the current one.

    Returns:
        int.
    """
    strategy = strategy or tf.distribute.get_strategy()
    if not spans_workers(strategy):
        return int(value)
    own = tf.constant([int(value) if is_chief(strategy) else 0], tf.int64)
    each = strategy.experimental_distribute_values_from_function(lambda context: own)
    with telling_of_lost_workers(strategy):
        return int(tf.reduce_max(strategy.gather(each, axis=0)))


@contextlib.contextmanager
def telling_of_lost_workers(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns what TensorFlow raises when another worker has died into a `WorkersError`.

    Args:
        strategy: a `tf.distribute.Strategy`; under one process nothing is changed.
    """
    try:
        yield
    except _LOST as error:
        if not spans_workers(strategy):
            raise
        reason = error.message.rpartition("aborted by: ")[2].partition("\nThe tasks")[0]
        raise cluster.WorkersError(
            "Another worker of this job is gone (killed, out of memory, or cut off), so that this "
            "one cannot go on. Start all workers anew, not one alone; with a `Backup`, or a "
            f"recipe's --resume, they go on where they were. TensorFlow says: {reason}"
        ) from error


@contextlib.contextmanager
def chief_path(
    path: PathLike, strategy: tf.distribute.Strategy | None = None
) -> Iterator[pathlib.Path]:
    """Yields a path for every worker to write to; the chief's file appears at `path`, whole.

    Reading a model's variables may need all workers, so that all must save together.

    Args:
        path: the final path.
        strategy: a `tf.distribute.Strategy`; None: the current one.

    Yields:
        A `pathlib.Path` with the suffix of `path`; what other workers write to it is removed.
    """
    if is_chief(strategy):
        with atomic_path(path) as temporary:
            yield temporary
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder, pathlib.Path(path).name)


def check_batch_size(batch_size: int, strategy: tf.distribute.Strategy | None = None) -> None:
    """Refuses a global batch that the replicas cannot share equally.

    Args:
        batch_size: images of all replicas together.
        strategy: a `tf.distribute.Strategy`; None: the current one.

    Raises:
        ValueError: when it is no multiple of the number of replicas.
    """
    replicas = (strategy or tf.distribute.get_strategy()).num_replicas_in_sync
    if batch_size % replicas:
        fewer = batch_size // replicas * replicas
        choices = " or ".join(str(size) for size in (fewer, fewer + replicas) if size)
        raise ValueError(
            f"`batch_size` is the global one and must be a multiple of the {replicas} replicas, "
            f"such as {choices}. Received: batch_size={batch_size}"
        )
