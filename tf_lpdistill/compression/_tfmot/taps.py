"""Features of a bridged student, also behind the wrappers of tensorflow-model-optimization."""


def feature_outputs(model, bridged, names, prefix):
    """Finds the symbolic outputs of features.

    Args:
        model: `tf_keras.Model` made of `bridged.model`, some of its layers wrapped.
        bridged: the `Bridged`.
        names: names of the features, as `tf_lpdistill.taps` has them.
        prefix: what a wrapper puts before the name of its layer.

    Returns:
        `{name: symbolic tensor}`.

    Raises:
        ValueError: for a feature that the student does not have behind its preprocessing.
    """
    layers = {layer.name.removeprefix(prefix): layer for layer in model.layers}
    outputs = {}
    for name in names:
        if name not in bridged.outputs:
            raise ValueError(
                f"The objective wants the student's feature {name!r}, which is not among the "
                f"layers that are compressed. Expected one of {sorted(bridged.outputs)}."
            )
        # Cloning calls a layer once more: its last output is the one in this model.
        outputs[name] = layers[bridged.outputs[name]].get_output_at(-1)
    return outputs
