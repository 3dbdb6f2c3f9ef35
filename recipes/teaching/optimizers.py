"""How students are optimized: functions from the number of steps of a training to an optimizer."""

import keras
from keras.optimizers import schedules


def adam(learning_rate):
    """Adam, its learning rate falling to 0 along a cosine."""
    return lambda steps: keras.optimizers.Adam(schedules.CosineDecay(learning_rate, steps))


def rmsprop(learning_rate):
    """RMSProp at a constant learning rate, as FitNets were trained."""
    return lambda steps: keras.optimizers.RMSprop(learning_rate)


def sgd(learning_rate, decay_at, weight_decay, momentum=0.9):
    """SGD with momentum, as the standard pairs of CIFAR were trained (in PyTorch).

    Args:
        learning_rate: of the first epochs.
        decay_at: shares of the training after each of which the learning rate is a tenth.
        weight_decay: as PyTorch counts it. There it is a part of the gradient, which the momentum
            makes `1 / (1 - momentum)` times as strong; Keras's works beside the momentum, and is
            made as strong here.
        momentum: of the gradient.
    """

    def make(steps):
        return _sgd(_stairs(learning_rate, 0, decay_at, steps), weight_decay, momentum)

    return make


def warmed_sgd(learning_rate, warm_up, weight_decay, decay_at=(), momentum=0.9):
    """SGD for large batches: the learning rate rises to its height before it falls.

    Args:
        learning_rate: at its height.
        warm_up: share of the training in which it rises, in a line from 0 for a cosine, in ten
            stairs for steps (Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2).
        weight_decay: as in `sgd`.
        decay_at: as in `sgd`; empty for a cosine that ends in 0.
        momentum: of the gradient.

    Raises:
        ValueError: when it would still rise where it falls.
    """
    if decay_at and warm_up > decay_at[0]:
        raise ValueError(
            "`warm_up` must end where the learning rate first falls, or before. Received: "
            f"warm_up={warm_up}, decay_at={tuple(decay_at)}"
        )

    def make(steps):
        rising = round(warm_up * steps)
        if decay_at:
            return _sgd(_stairs(learning_rate, rising, decay_at, steps), weight_decay, momentum)
        schedule = schedules.CosineDecay(
            0.0 if rising else learning_rate, max(1, steps - rising),
            warmup_target=learning_rate if rising else None, warmup_steps=rising,
        )  # fmt: skip
        return _sgd(schedule, weight_decay, momentum)

    return make


def _sgd(rate, weight_decay, momentum):
    return keras.optimizers.SGD(rate, momentum, weight_decay=weight_decay / (1.0 - momentum))


def _stairs(height, rising, decay_at, steps):
    """A rate that climbs ten stairs in the first steps, and is a tenth after each share."""
    up = [rising * i // 10 for i in range(1, 10)] if rising >= 10 else []
    boundaries = [*up, *(round(share * steps) for share in decay_at)]
    rates = [height * i / 10 for i in range(1, len(up) + 1)]
    rates += [height * 0.1**i for i in range(len(decay_at) + 1)]
    return schedules.PiecewiseConstantDecay(boundaries, rates) if boundaries else height
