"""A scheme of tensorflow-model-optimization that rounds and keeps every kernel."""

from tf_lpdistill.compression._tfmot.packages import internal

_KINDS = ("Conv2D", "Dense", "DepthwiseConv2D")


class EveryKernel:
    """A scheme of tfmot, put right where it leaves kernels out.

    Before a ReLU or a Concatenate tfmot does not round what a layer gives, but what these give. It
    then forgets more: the kernel before a ReLU is not rounded either, and neither there nor before
    a Concatenate are its zeros and clusters kept.

    Args:
        scheme: a `QuantizeScheme` of tfmot.
    """

    def __init__(self, scheme):
        self._scheme = scheme

    def get_layout_transformer(self):
        """Returns what has `apply`: tfmot asks for it."""
        return self

    def get_quantize_registry(self):
        """Returns what has `supports` and `get_quantize_config`: tfmot asks for it."""
        return self

    def apply(self, model, configs):
        """Brings the layers into the order of int8, and says how each is rounded.

        Args:
            model: `tf_keras.Model`.
            configs: `{name of a layer: {"quantize_config": how it is rounded, None by its kind}}`.

        Returns:
            `(model, configs)`, changed.
        """
        model, configs = self._scheme.get_layout_transformer().apply(model, configs)
        activation = internal("quantize_aware_activation").NoOpActivation
        for layer in model.layers:
            config = configs.get(layer.name, {}).get("quantize_config")
            if config is not None and type(layer).__name__ in _KINDS:
                configs[layer.name] = {}
                if type(config).__name__ == "NoOpQuantizeConfig":
                    layer.activation = activation()  # rounded behind the ReLU
        return model, configs

    def supports(self, layer):
        """Returns whether the scheme knows how a layer is rounded."""
        return self._scheme.get_quantize_registry().supports(layer)

    def get_quantize_config(self, layer):
        """Returns how a layer is rounded.

        By a registry of its own: layers of one registry share a quantizer, which forgets the zeros
        of all of them at the first kernel without any.
        """
        return self._scheme.get_quantize_registry().get_quantize_config(layer)
