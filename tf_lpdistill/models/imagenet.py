"""Ready classifiers of the 1,000 classes of ImageNet: teachers with their own heads."""

import keras

from tf_lpdistill.models.applications import (
    OwnScaling,
    converter_scaling,
    import_keras_hub,
    known_applications,
)
from tf_lpdistill.types import PathLike


def imagenet_classifier(name: str, weights: PathLike | None = "imagenet") -> keras.Model:
    """Takes a trained classifier as it was published, its own preprocessing inside.

    Args:
        name: "applications:" and the name of a model in `keras.applications`
            ("applications:ResNet101"), or "keras_hub:" and a preset of an image classifier
            ("keras_hub:resnet_vd_34_imagenet", or a folder; keras-hub is installed apart).
        weights: of a model in `keras.applications`: "imagenet" (Keras downloads them), the path of
            a `.weights.h5` file with the classifier, or None for random ones. A preset has its own.

    Returns:
        `keras.Model` from RGB pixels 0..255, of the size that it was trained on, to logits. Its
        layers are below "backbone/", under their published names ("backbone/avg_pool"). A saved
        preset is loaded only where keras-hub has been imported.

    Raises:
        ValueError: for another name; a file that does not fit.
        ModuleNotFoundError: when keras-hub is wanted and not installed.
    """
    source, _, model = name.partition(":")
    if source == "keras_hub" and model:
        return _preset(model)
    if source != "applications" or model not in known_applications():
        raise ValueError(
            "`name` must be 'applications:MODEL' with one of "
            f"{known_applications()}, or 'keras_hub:PRESET'. Received: name={name!r}"
        )
    build = getattr(keras.applications, model)
    backbone = build(weights=weights, classifier_activation=None, name="backbone")
    inputs = keras.Input(backbone.input_shape[1:], name="pixels")
    outputs = backbone(OwnScaling(model, name="own_scaling")(inputs))
    return keras.Model(inputs, outputs, name=model.lower())


def _preset(preset):
    keras_hub = import_keras_hub(preset)
    task = keras_hub.models.ImageClassifier.from_preset(preset, activation=None)
    converter = task.preprocessor.image_converter
    inputs = keras.Input((*converter.image_size, 3), name="pixels")
    # A plain model of its layers: the task itself would be saved with its own preprocessing.
    backbone = keras.Model(task.inputs, task.outputs, name="backbone")
    return keras.Model(inputs, backbone(converter_scaling(converter)(inputs)), name=task.name)
