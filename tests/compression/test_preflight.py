"""What a verb cannot go through is named before training, all of it, with the way out."""

import sys

import keras
import pytest
from keras import layers

from tf_lpdistill import models
from tf_lpdistill.compression import preflight
from tf_lpdistill.compression._tfmot import packages
from tf_lpdistill.models.shift import Shift

VERBS = ["prune", "cluster", "quantize_aware"]


def network(*middle, front=()):
    """A student with layers in its middle, and others at its front."""
    x = inputs = keras.Input((16, 16, 3))
    for layer in (*front, layers.Conv2D(8, 3), *middle, layers.GlobalAveragePooling2D()):
        x = layer(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="student")


@pytest.mark.parametrize("name", ["digits_student", "resnet20", "wrn_16_2"])
def test_our_students_pass(name):
    student = models.get(name)()
    for verb in VERBS:
        preflight(student, verb)


@pytest.mark.parametrize("verb", VERBS)
def test_preprocessing_passes_at_the_front_alone(verb):
    augmentation = keras.Sequential([layers.RandomFlip(), layers.RandomZoom(0.1)], name="augment")
    front = [layers.Resizing(16, 16), augmentation, layers.Normalization(mean=1.0, variance=2.0)]
    preflight(network(front=front), verb)
    student = network(layers.Normalization(mean=[0.0] * 8, variance=[1.0] * 8, name="norm"))
    with pytest.raises(ValueError, match=r"norm \(Normalization: .*put it first"):
        preflight(student, verb)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda x: keras.ops.sin(x), r"\(Sin: an operation of keras.ops.*with layers"),
        (layers.GaussianNoise(0.1, name="noise"), r"noise \(GaussianNoise: .*use Dropout"),
        (layers.Lambda(lambda x: x, name="own"), r"own \(Lambda: .*write it with layers"),
        (Shift(3, name="shift"), r"shift \(Shift: not known here: use built-in layers"),
        (layers.Activation("log_softmax", name="log"), r"log \(.*no activation 'log_softmax'"),
        (
            layers.UnitNormalization(name="unit"),
            r"unit \(Unit.*: not known here: use other built-in",
        ),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_what_no_verb_goes_through(layer, message, verb):
    with pytest.raises(ValueError, match=message):
        preflight(network(layer), verb)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (layers.ELU(name="elu"), r"elu \(ELU: .*no int8 kernel.*use ReLU, LeakyReLU"),
        (layers.Conv2D(8, 3, activation="selu", name="conv"), r"conv \(Conv2D: .*no int8 kernel"),
        (layers.LayerNormalization(name="ln"), r"ln \(LayerNormalization: .*use BatchNorm"),
        (layers.GroupNormalization(4, name="gn"), r"gn \(GroupNormalization: .*use BatchNorm"),
        (layers.ReLU(2.0, name="clip"), r"clip \(ReLU: .*use ReLU\(\) or ReLU\(6\)"),
    ],
)
def test_what_int8_alone_refuses(layer, message):
    student = network(layer)
    with pytest.raises(ValueError, match=message + r".*tflite.export_bundle of the float student"):
        preflight(student, "quantize_aware")
    preflight(student, "prune")
    preflight(student, "cluster")


def test_every_layer_is_named_also_in_nested_models():
    inner = network(layers.ELU(name="first"), layers.GroupNormalization(4, name="second"))
    inputs = keras.Input((16, 16, 3))
    student = keras.Model(inputs, keras.ops.sin(inner(inputs)), name="outer")
    with pytest.raises(ValueError, match="through 3 layer") as error:
        preflight(student, "quantize_aware")
    for words in ("student/first (ELU", "student/second (Group", "(Sin: "):
        assert words in str(error.value)


def test_the_verbs_of_keras_3():
    student = network(layers.GroupNormalization(4, name="odd"))
    preflight(student, "low_rank")
    with pytest.raises(ValueError, match=r"give keep=\['odd'\]"):
        preflight(student, "prune_channels")
    preflight(student, "prune_channels", keep=["odd"])
    for verb in ("low_rank", "prune_channels"):
        with pytest.raises(ValueError, match="must be a built Functional or Sequential model"):
            preflight(Subclassed(), verb)
        with pytest.raises(TypeError, match="must be a keras.Model. Received: str"):
            preflight("student", verb)


def test_the_packages_are_there_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_model_optimization", None)
    packages.load.cache_clear()
    preflight(network(), "low_rank")
    with pytest.raises(ImportError, match=r'pip install "tf_lpdistill\[compression\]"'):
        preflight(network(), "prune")


def test_a_layer_with_weights_is_called_once():
    conv = layers.Conv2D(8, 3, padding="same", name="twice")
    with pytest.raises(ValueError, match=r"twice \(called 2 times: give each place"):
        preflight(network(conv, conv), "prune")
    relu = layers.ReLU()
    preflight(network(relu, layers.Conv2D(4, 3), relu), "quantize_aware")


class Subclassed(keras.Model):
    """A model whose layers cannot be reached."""

    def call(self, inputs):
        return inputs


def test_the_form_of_the_student_and_the_verb():
    with pytest.raises(TypeError, match="must be a keras.Model. Received: str"):
        preflight("student", "prune")
    with pytest.raises(ValueError, match="must be a built Functional or Sequential model"):
        preflight(Subclassed(), "prune")
    with pytest.raises(ValueError, match="must be a built Functional or Sequential model"):
        preflight(keras.Sequential([layers.Dense(3)]), "prune")
    with pytest.raises(ValueError, match=r"one of \['prune', 'cluster', 'quantize_aware', "):
        preflight(network(), "distil")
    inputs = keras.Input((4,))
    two = keras.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(2)(inputs)])
    with pytest.raises(ValueError, match="1 inputs and 2 outputs"):
        preflight(two, "prune")
