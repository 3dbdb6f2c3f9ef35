"""What the export asks of a Keras student, and what that makes of pictures in float32."""

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import softmax
from tf_lpdistill.types import Tensor


def check_student(student: keras.Model, preprocessing: Preprocessing) -> None:
    """Refuses what cannot be exported, before anything is converted.

    Args:
        student: the model to export.
        preprocessing: its `Preprocessing`.

    Raises:
        TypeError: when `student` is not a Keras model, or `preprocessing` no `Preprocessing`.
        ValueError: when it is not built, takes another input, or has NaN or infinite weights.
    """
    if not isinstance(preprocessing, Preprocessing):
        raise TypeError(
            "`preprocessing` must be a Preprocessing: the scaling cannot be guessed. "
            f"Received: {type(preprocessing).__name__}"
        )
    if not isinstance(student, keras.Model):
        raise TypeError(f"`student` must be a keras.Model. Received: {type(student).__name__}")
    if not student.built:
        raise ValueError(
            f"The student has no weights yet. Received: unbuilt model {student.name!r}. "
            "Call it on a batch, or load its weights, first."
        )
    shapes = [tuple(i.shape) for i in keras.tree.flatten(getattr(student, "inputs", None) or [])]
    if shapes and (len(shapes) > 1 or shapes[0][1:] != _fit(shapes[0], preprocessing)):
        raise ValueError(
            "The student must take one batch of images as `preprocessing` makes them, "
            f"(batch, {', '.join(map(str, preprocessing.input_shape))}). "
            f"Received: inputs of shape {shapes}"
        )
    for variable in student.weights:
        value = np.asarray(variable.numpy(), "float32")
        if not np.all(np.isfinite(value)):
            raise ValueError(
                "The student's weights must be finite. Received: NaN or infinite values in "
                f"{variable.path!r}. Training diverged: export an earlier checkpoint."
            )


def _fit(shape, preprocessing):
    """The sides that the model leaves open take any size."""
    expected = preprocessing.input_shape
    if len(shape) != 4:
        return expected
    return tuple(e if s is not None else None for s, e in zip(shape[1:], expected, strict=True))


@contextlib.contextmanager
def float32_compute(student: keras.Model) -> Iterator[None]:
    """Lets every layer compute in float32 inside the block, also after mixed precision training.

    Only what is traced inside the block is affected. The layers' own policies come back at its
    end; the variables are float32 in any case.
    """
    layers = _all_layers(student)
    policies = [layer.dtype_policy for layer in layers]
    for layer, policy in zip(layers, policies, strict=True):
        if getattr(policy, "quantization_mode", None):
            raise ValueError(
                "A student quantized by Keras has no way to TFLite. Received: layer "
                f"{layer.path!r} with policy {policy.name!r}. Export the float model with "
                "precisions=('int8',) instead."
            )
    try:
        for layer in layers:
            layer.dtype_policy = "float32"
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy


def layer_names(student: keras.Model) -> set[str]:
    """Returns the names of all layers of a student, nested ones too, as a set."""
    return {layer.name for layer in _all_layers(student)}


def _all_layers(student):
    # `Model.layers` does not reach the layers inside a custom layer; Keras has no public walk.
    return list(student._flatten_layers())


def frozen(student: keras.Model) -> Callable[[Tensor], Tensor]:
    """Returns the student as a function of one tensor, computed in float32, its weights constants.

    Constants need no variable to be tracked or restored, so a model made under a
    `tf.distribute` strategy converts like any other.
    """
    trainable = [_constant(v) for v in student.trainable_variables]
    non_trainable = [_constant(v) for v in student.non_trainable_variables]

    def call(inputs):
        with float32_compute(student):
            outputs, _ = student.stateless_call(trainable, non_trainable, inputs, training=False)
        return outputs

    return call


def _constant(variable):
    value = variable.numpy()
    is_float = "float" in keras.backend.standardize_dtype(variable.dtype)
    return tf.constant(value.astype("float32") if is_float else value)


def reference(
    student: keras.Model, preprocessing: Preprocessing, channels: int
) -> Callable[[Tensor], Tensor]:
    """Returns the Keras student as a function of one image, in float32, before any softmax.

    Args:
        student: the model.
        preprocessing: its `Preprocessing`.
        channels: 1 or 3, channels of the images to come.

    Returns:
        A function from (height, width, channels) pixels 0..255 to (classes,) float32.

    Raises:
        ValueError: when the student does not return one tensor (batch, classes).
    """

    @tf.function(autograph=False)
    def call(image):
        return student(preprocessing(image), training=False)

    spec = tf.TensorSpec((1, *preprocessing.image_size, channels), tf.float32)
    with float32_compute(student):
        function = call.get_concrete_function(spec)
    _check_output(function.structured_outputs)
    return lambda image: function(tf.constant(image[None], tf.float32)).numpy()[0]


def _check_output(output):
    shape = getattr(output, "shape", None)
    if shape is not None and len(shape) == 2 and shape[-1] is not None and shape[-1] >= 2:
        return
    if isinstance(output, dict):
        received = f"a dict with keys {list(output)}"
    elif isinstance(output, (tuple, list)):
        received = f"{len(output)} outputs"
    else:
        received = f"shape={tuple(shape)}"
    raise ValueError(
        "The student must return one tensor (batch, classes) with at least 2 classes. "
        f"Received: {received}. Export the part that classifies: "
        "keras.Model(student.inputs, student.get_layer(NAME).output), or a Sequential around it; "
        "one sigmoid unit becomes Dense(2)."
    )


def answers(
    student: keras.Model,
    preprocessing: Preprocessing,
    images: np.ndarray,
    is_classifier: bool = True,
) -> tuple[bool, np.ndarray]:
    """Runs the Keras student in float32: the numbers that its files must give.

    Args:
        student: the model.
        preprocessing: its `Preprocessing`.
        images: (n, height, width, 1 or 3) pixels 0..255, of the size that the student takes.
        is_classifier: False for embeddings, which are given as they are.

    Returns:
        `(softmax_added, outputs)`: whether the student returns logits, so that a softmax was
        added; and (n, classes) float32 probabilities, or (n, dimensions) embeddings.

    Raises:
        ValueError: when the outputs are not finite, or neither logits nor probabilities.
    """
    call = reference(student, preprocessing, channels=images.shape[-1])
    outputs = np.stack([call(image) for image in images])
    check_finite(outputs)
    added = is_classifier and softmax.is_missing(student, outputs)
    return added, np.array(softmax.finish(outputs, added))


def check_finite(outputs: np.ndarray) -> None:
    """Refuses NaN and infinite outputs.

    Raises:
        ValueError: when there are some.
    """
    if not np.all(np.isfinite(outputs)):
        raise ValueError(
            "The student's outputs must be finite. Received: NaN or infinite outputs for pixels "
            "0..255. Check the `preprocessing` (wrong scaling?)."
        )
