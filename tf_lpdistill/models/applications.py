"""Teachers from keras.applications and keras-hub, found by their names there."""

from types import ModuleType
from typing import Any

import keras
from keras import layers

from tf_lpdistill.models.ends import pixels, pooled_classifier
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.types import PathLike, Shape, Tensor


def known_applications() -> list[str]:
    """Returns the names of the models in `keras.applications`, sorted."""
    return sorted(
        name
        for name, value in vars(keras.applications).items()
        if name[0].isupper() and callable(value)
    )


def application(
    model: str,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    name: str | None = None,
    weights: PathLike | None = None,
    input_scaling: str = "0..255",
) -> keras.Model:
    """Builds a network of `keras.applications` with its own scaling inside and a new classifier.

    Args:
        model: its name there: "ResNet50", "EfficientNetB0", ...
        input_shape: (height, width, 3); Keras names the smallest sides that a model takes.
        num_classes: length of the output, >= 2.
        name: name of the model. Defaults to `model` in lower case.
        weights: None for random ones, "imagenet" (Keras downloads them), or the path of a
            `.weights.h5` file without a classifier.
        input_scaling: the range of what the model will be given, "0..255", "0..1" or "-1..1": the
            one that the student shares. The model scales from there to what it was made for.

    Returns:
        `keras.Model` from RGB pixels (batch, *input_shape) in that range to logits
        (batch, num_classes). The classifier is untrained whatever `weights` says. Its layers:
        "features", the mean of the last map; "logits"; all others below "backbone/", such as
        "backbone/conv4_block6_out".

    Raises:
        ValueError: for a model that Keras does not have (all are listed), or a wrong argument.
    """
    inputs = pixels(input_shape)
    x = OwnScaling(model, name="own_scaling")(pixels_0_255(inputs, input_scaling))
    build = getattr(keras.applications, model)
    backbone = build(include_top=False, weights=weights, input_shape=input_shape, name="backbone")
    return pooled_classifier(inputs, backbone(x), num_classes, name or model.lower())


def keras_hub_preset(
    preset: str,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    name: str = "keras_hub",
    load_weights: bool = False,
    input_scaling: str = "0..255",
) -> keras.Model:
    """Builds an image backbone of keras-hub with its own scaling inside and a new classifier.

    Args:
        preset: what `keras_hub.models.Backbone.from_preset` takes: a name such as
            "resnet_18_imagenet", or a folder.
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.
        load_weights: whether to take the preset's weights (keras-hub downloads them), or random
            ones.
        input_scaling: the range of what the model will be given, "0..255", "0..1" or "-1..1": the
            one that the student shares. The model scales from there as the preset's own
            `keras_hub.layers.ImageConverter` does.

    Returns:
        `keras.Model` from pixels (batch, *input_shape) in that range to logits
        (batch, num_classes) of an untrained classifier. Its layers: "features", the mean of the
        last map; "logits"; all others below the name of the backbone.

    Raises:
        ModuleNotFoundError: when keras-hub is not installed.
        ValueError: when an argument is not of these forms.
    """
    keras_hub = import_keras_hub(preset)
    backbone = keras_hub.models.Backbone.from_preset(preset, load_weights=load_weights)
    converter = keras_hub.layers.ImageConverter.from_preset(preset)
    inputs = pixels(input_shape)
    x = converter_scaling(converter)(pixels_0_255(inputs, input_scaling))
    return pooled_classifier(inputs, backbone(x), num_classes, name)


def import_keras_hub(preset: str) -> ModuleType:
    """Returns the module, which is installed apart.

    Raises:
        ModuleNotFoundError: when it is not installed; `preset` is what needs it.
    """
    try:
        import keras_hub
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"The preset {preset!r} needs keras-hub: pip install keras-hub"
        ) from error
    return keras_hub


def converter_scaling(converter: Any) -> keras.Layer:
    """The layer that scales pixels 0..255 as an image converter of keras-hub does."""
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    return layers.Rescaling(scale, offset, name="own_scaling")


def pixels_0_255(inputs: Tensor, input_scaling: str) -> Tensor:
    """Brings pixels (batch, height, width, channels) of a range back to 0..255."""
    size = inputs.shape[1:3]
    (offset,), (scale,) = Preprocessing(size, scaling=input_scaling).offset_and_scale
    return layers.Rescaling(scale, offset, name="pixels_0_255")(inputs)


@keras.saving.register_keras_serializable("tf_lpdistill")
class OwnScaling(layers.Layer):
    """The `preprocess_input` that goes with a model of keras.applications.

    Args:
        model: name of the model in `keras.applications`.

    Raises:
        ValueError: for a model that Keras does not have; all are listed.
    """

    def __init__(self, model: str, **kwargs: Any):
        super().__init__(**kwargs)
        if model not in known_applications():
            raise ValueError(
                f"keras.applications must have the model: one of {known_applications()}. "
                f"Received: model={model!r}"
            )
        self.model = model
        scalings = [
            module.preprocess_input
            for module in vars(keras.applications).values()
            if hasattr(module, model) and hasattr(module, "preprocess_input")
        ]
        # Those of MobileNet V3, found in no module, scale inside, as EfficientNet does.
        self._scale = scalings[0] if scalings else keras.applications.mobilenet_v3.preprocess_input

    def call(self, inputs: Tensor) -> Tensor:
        """Scales RGB pixels 0..255, (batch, height, width, 3)."""
        return self._scale(inputs, data_format="channels_last")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"model": self.model}
