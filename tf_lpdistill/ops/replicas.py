"""Replica arithmetic: the only place that knows how many devices take part in a step.

One rule for every loss: the mean over the replicas of what each computes, weighted by how many
samples it holds, is the value on the global batch. A loss that is a mean over samples has this by
itself; a relational loss gathers its features first, so that each replica computes the same value.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_lpdistill.types import Structure, Tensor

_SEED_STEP = 1_000_003  # between the seeds of two replicas; a prime


def num_replicas() -> int:
    """Returns the number of replicas in sync, 1 outside a `tf.distribute` step."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def spans_workers(strategy: tf.distribute.Strategy | None = None) -> bool:
    """Whether several processes take part in a step.

    Args:
        strategy: a `tf.distribute.Strategy`; None: the current one.
    """
    strategy = strategy or tf.distribute.get_strategy()
    multi_worker = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return multi_worker and bool(strategy.cluster_resolver.cluster_spec().as_dict())


def in_worker_step() -> bool:
    """Whether this is inside a step that several processes take part in."""
    return spans_workers() and tf.distribute.get_replica_context() is not None


def scale(value: Tensor) -> Tensor:
    """Divides the `value` of a loss by the number of replicas, whose gradients are summed."""
    return value / num_replicas() if num_replicas() > 1 else value


def unscale(value: Tensor) -> Tensor:
    """Undoes the division of a `value` by the number of replicas, for logging."""
    return value * num_replicas() if num_replicas() > 1 else value


def share(batch_size: Tensor | int) -> Tensor | float:
    """Returns how much this replica's mean counts in the mean over all replicas.

    Args:
        batch_size: integer scalar, samples on this replica.

    Returns:
        Scalar float32: the samples here, over the mean number a replica; 1.0 where all hold equally
        many. A float 1.0 outside a distributed step.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return 1.0
    own = tf.cast(batch_size, tf.float32)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, own)
    return own * context.num_replicas_in_sync / tf.maximum(total, 1.0)


def spread_seeds(states: Sequence[keras.Variable]) -> None:
    """Gives every replica its own random draws, as a function of those of the first replica.

    Keras starts all replicas with the same state, so that dropout would mask their parts of the
    batch alike. Done again, or after loading the first replica's states, it gives the same.

    Args:
        states: list of `keras.Variable` (2,) integer, seed and counter of a generator each.
    """
    if num_replicas() == 1 or not states:
        return

    def spread():
        context = tf.distribute.get_replica_context()
        replica = tf.cast(context.replica_id_in_sync_group, states[0].value.dtype)
        for state in states:
            own = tf.where(replica == 0, state.value, tf.zeros_like(state.value))
            first = context.all_reduce(tf.distribute.ReduceOp.SUM, own)
            state.assign(first + tf.stack([replica * _SEED_STEP, 0]))

    tf.function(lambda: tf.distribute.get_strategy().run(spread))()


def gather(tensor: Tensor | None) -> Tensor | None:
    """Concatenates a tensor of all replicas along the batch axis.

    The gradient flows back to the replica that each row came from. Outside a distributed step the
    tensor is returned as it is.

    Args:
        tensor: (batch of this replica, ...), or None.

    Returns:
        (batch of all replicas, ...), the same rows in the same order on every replica; or None.
    """
    context = tf.distribute.get_replica_context()
    if tensor is None or context is None or context.num_replicas_in_sync == 1:
        return tensor
    joined = context.all_gather(tensor, axis=0)
    joined.set_shape((None, *tensor.shape[1:]))  # `all_gather` forgets the sizes
    return joined


def assign_rows(variable: keras.Variable, indices: Tensor, rows: Tensor) -> None:
    """Overwrites some rows of a variable in place, on every replica alike.

    Args:
        variable: a `keras.Variable` (n, ...) made with `aggregation="only_first_replica"`.
        indices: (m,) integers, of the batch of all replicas.
        rows: (m, ...) of the variable's dtype, the same on every replica.
    """
    value = variable.value
    if hasattr(value, "scatter_update"):
        value.scatter_update(tf.IndexedSlices(rows, indices))
    else:  # a `keras.StatelessScope` hands out tensors, and collects what becomes of them
        variable.assign(tf.tensor_scatter_nd_update(value, indices[:, None], rows))


def is_shared(variable: keras.Variable) -> bool:
    """Tells whether the replicas have a variable in common: it was made inside the scope.

    Args:
        variable: a `keras.Variable`.
    """
    return isinstance(variable.value, tf.distribute.DistributedValues) or num_replicas() == 1


def to_host(value: Structure) -> Structure:
    """Joins the replicas' parts of a value into one tensor: the global batch.

    Args:
        value: a tensor, or a distributed value as a `tf.distribute` iterator yields it; or None.

    Returns:
        A tensor whose first axis runs over the batches of all replicas, of all workers.
    """
    if value is not None and spans_workers():
        return tf.distribute.get_strategy().gather(value, axis=0)
    return local(value)


def local(value: Structure) -> Structure:
    """Joins the parts of a value that this process holds; see `to_host`."""
    if not isinstance(value, tf.distribute.DistributedValues):
        return value
    return tf.concat(value.values, axis=0)


def unscale_keras_loss(value: Tensor, loss: keras.distillation.DistillationLoss) -> Tensor:
    """Brings the value of one of Keras's own distillation losses to the rule of this module.

    Keras divides by the replicas inside a `keras.losses.Loss` object, and not around a function
    (`loss="mse"` resolves to a function), so what `LogitsDistillation` and `FeatureDistillation`
    return depends on how they were written.

    Args:
        value: what `loss.compute_loss` returned.
        loss: a `keras.distillation.DistillationLoss`.

    Returns:
        The value on this replica, not divided.

    Raises:
        ValueError: when under several replicas `loss` mixes Loss objects and functions.
    """
    leaves = [leaf for leaf in keras.tree.flatten(getattr(loss, "loss", None)) if leaf is not None]
    divided = [isinstance(leaf, keras.losses.Loss) for leaf in leaves]
    if num_replicas() == 1 or not any(divided):
        return value
    if not all(divided):
        raise ValueError(
            "Under several replicas Keras divides the values of Loss objects and not those of "
            f"functions, so a {type(loss).__name__} cannot mix them. Give every entry of `loss` "
            f"as an object such as keras.losses.MeanSquaredError(). Received: loss={loss.loss}"
        )
    return unscale(value)
