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
    rates = [learning_rate * 0.1**i for i in range(len(decay_at) + 1)]

    def make(steps):
        boundaries = [round(share * steps) for share in decay_at]
        rate = schedules.PiecewiseConstantDecay(boundaries, rates) if boundaries else learning_rate
        return keras.optimizers.SGD(rate, momentum, weight_decay=weight_decay / (1.0 - momentum))

    return make
