"""Replica arithmetic: the only place that knows how many devices take part in a step.

One rule for every loss: the mean over the replicas of what each computes is the value on the
global batch. A loss that is a mean over samples has this by itself when replicas hold equally
many; a relational loss gathers its features first, so that each replica computes the same value.
"""

import keras
import tensorflow as tf


def num_replicas():
    """Returns the number of replicas in sync, 1 outside a `tf.distribute` step."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def scale(value):
    """Divides a loss by the number of replicas, whose gradients are summed."""
    return value / num_replicas() if num_replicas() > 1 else value


def unscale(value):
    """Undoes the division by the number of replicas, for logging."""
    return value * num_replicas() if num_replicas() > 1 else value


def gather(tensor):
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


def assign_rows(variable, indices, rows):
    """Overwrites some rows of a variable in place, on every replica alike.

    Args:
        variable: a `keras.Variable` (n, ...) made with `aggregation="only_first_replica"`.
        indices: (m,) integers, of the batch of all replicas.
        rows: (m, ...) of the variable's dtype, the same on every replica.
    """
    variable.value.scatter_update(tf.IndexedSlices(rows, indices))


def is_shared(variable):
    """Tells whether the replicas have a variable in common: it was made inside the scope.

    Args:
        variable: a `keras.Variable`.
    """
    return isinstance(variable.value, tf.distribute.DistributedValues) or num_replicas() == 1


def to_host(value):
    """Joins the replicas' parts of a value into one tensor: the global batch.

    Args:
        value: a tensor, or a distributed value as a `tf.distribute` iterator yields it.

    Returns:
        A tensor whose first axis runs over the batches of all local replicas.
    """
    if not isinstance(value, tf.distribute.DistributedValues):
        return value
    return tf.concat(value.values, axis=0)


def unscale_keras_loss(value, loss):
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
