import keras
import pytest

from tf_lpdistill import models
from tf_lpdistill.models import ends


def test_names_and_dropout():
    inputs = ends.pixels((6, 5, 2))
    plain = ends.pooled_classifier(inputs, inputs, 3, "plain")
    assert [layer.name for layer in plain.layers] == ["pixels", "features", "logits"]
    dropped = ends.pooled_classifier(inputs, inputs, 3, "dropped", dropout=0.5)
    assert [layer.name for layer in dropped.layers] == ["pixels", "features", "dropout", "logits"]
    assert dropped.get_layer("dropout").rate == 0.5
    assert plain.get_layer("logits").activation is keras.activations.linear


@pytest.mark.parametrize("shape", [(32, 32), (32, 0, 3), (None, None, 3), (3.5, 4, 3), 32, None])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match="three positive integers. Received: input_shape="):
        ends.pixels(shape)


@pytest.mark.parametrize(
    ("build", "smallest"),
    [
        (models.fitnet1, 4), (models.fitnet_teacher, 2), (models.mnist_teacher, 10),
        (models.mnist_student, 4), (models.vgg8, 8),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_the_smallest_image_and_one_below_it(build, smallest):
    assert build((smallest, smallest, 3)).output_shape == (None, 10)
    with pytest.raises(ValueError, match=f"at least {smallest}x{smallest} pixels.* Received: inp"):
        build((smallest, smallest - 1, 3))


def test_a_long_thin_image_has_pixels_left():
    assert models.vgg8((64, 8, 3)).output_shape == (None, 10)


def test_too_few_classes():
    inputs = ends.pixels((6, 5, 2))
    with pytest.raises(ValueError, match="`num_classes` must be >= 2. Received: num_classes=1"):
        ends.pooled_classifier(inputs, inputs, 1, "one")
