"""Quantization-aware training by tensorflow-model-optimization."""

import tensorflow as tf

from tf_lpdistill.compression._tfmot import layers
from tf_lpdistill.compression._tfmot.bridge import bring_back
from tf_lpdistill.compression._tfmot.loop import train
from tf_lpdistill.compression._tfmot.packages import internal, load
from tf_lpdistill.compression._tfmot.scheme import EveryKernel

_PREFIX = "quant_"
# What tfmot has no rule for; the int8 kernels of these need the range of their output, no more.
_OUTPUT_ONLY = {
    "Affine", "Average", "ELU", "HardSwish", "Maximum", "Minimum", "Multiply", "PReLU", "Subtract",
}  # fmt: skip
_UNTOUCHED = {"Dropout"}


def quantize_aware(bridged, training, preserve_sparsity, preserve_clusters):
    """Trains the bridged student as int8 will compute it, and brings its weights back.

    Args:
        bridged: a `Bridged` made with `for_int8`, whose student is changed.
        training: a `Training`.
        preserve_sparsity: whether the zeros of the kernels stay.
        preserve_clusters: whether equal weights of a kernel stay equal.

    Returns:
        Function from a batch behind `front` to outputs as int8 computes them, in float32.
    """
    _, tfmot = load()
    with layers.scope():
        model = tfmot.quantization.keras.quantize_apply(
            _annotated(bridged.model), EveryKernel(_scheme(preserve_sparsity, preserve_clusters))
        )
    kept = ", zeros kept" * preserve_sparsity + ", clusters kept" * preserve_clusters
    train(model, bridged, training, _PREFIX, f"quantize-aware{kept}")
    if preserve_clusters:
        with layers.scope():
            model = _strip_clusters(model)
    bring_back(bridged, lambda name: _weights(model.get_layer(_PREFIX + name)))
    # In a closure: whoever holds the student must not find a model of another Keras to track.
    return tf.function(
        lambda inputs: model(inputs, training=False), autograph=False, reduce_retracing=True
    )


def _annotated(model):
    tf_keras, tfmot = load()
    configs = internal("default_8bit.default_8bit_quantize_configs")

    def annotated(layer):
        kind, config = type(layer).__name__, None
        if kind in _OUTPUT_ONLY:
            config = configs.Default8BitOutputQuantizeConfig()
        elif kind in _UNTOUCHED:
            config = configs.NoOpQuantizeConfig()
        return tfmot.quantization.keras.quantize_annotate_layer(layer, config)

    return tf_keras.models.clone_model(model, clone_function=annotated)


def _scheme(preserve_sparsity, preserve_clusters):
    _, tfmot = load()
    combine = tfmot.experimental.combine
    if preserve_clusters:
        return combine.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity)
    if preserve_sparsity:
        return combine.Default8BitPrunePreserveQuantizeScheme()
    return internal("default_8bit.default_8bit_quantize_scheme").Default8BitQuantizeScheme()


def _strip_clusters(model):
    return internal("collab_opts.cluster_preserve.cluster_utils").strip_clustering_cqat(model)


def _weights(wrapper):
    """The float weights behind a wrapper: the kernel, which it took from its layer, first."""
    kernels = [variable.numpy() for variable, _, _ in wrapper._weight_vars]
    return [*kernels, *wrapper.layer.get_weights()]
