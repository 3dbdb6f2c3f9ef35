"""Magnitude pruning by tensorflow-model-optimization."""

from tf_lpdistill.compression._tfmot import layers
from tf_lpdistill.compression._tfmot.bridge import bring_back
from tf_lpdistill.compression._tfmot.loop import train
from tf_lpdistill.compression._tfmot.packages import load

# Kernels that mix channels; those within a channel have few weights, and lose most by a zero.
_KINDS = ("Conv1D", "Conv2D", "Conv2DTranspose", "Dense", "SeparableConv2D")
_PREFIX = "prune_low_magnitude_"
_RAMP = 0.75  # of all steps: the last quarter learns to live with the zeros
_UPDATES = 100  # of the masks along the ramp


def prune(bridged, training, sparsity):
    """Trains the bridged student while its smallest weights become zero, and brings them back.

    Args:
        bridged: a `Bridged`, whose student is changed.
        training: a `Training`.
        sparsity: share of zeros in each kernel.
    """
    tf_keras, tfmot = load()
    schedule = _schedule(training, sparsity)

    def wrapped(layer):
        if type(layer).__name__ not in _KINDS:
            return layer
        return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)

    with layers.scope():
        model = tf_keras.models.clone_model(bridged.model, clone_function=wrapped)
    callback = tfmot.sparsity.keras.UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    title = f"prune to {sparsity:g}"
    train(model, bridged, training, _PREFIX, title, lambda: callback.on_epoch_end(None))
    with layers.scope():
        stripped = tfmot.sparsity.keras.strip_pruning(model)
    bring_back(bridged, lambda name: stripped.get_layer(name).get_weights())


def _schedule(training, sparsity):
    _, tfmot = load()
    ramp = max(1, int(_RAMP * training.epochs * training.steps))
    frequency = max(1, ramp // _UPDATES)
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=sparsity,
        begin_step=0,
        end_step=ramp // frequency * frequency,  # the last update is one at the full sparsity
        frequency=frequency,
    )
