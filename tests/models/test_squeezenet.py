import keras
import numpy as np
import pytest

from tf_lpdistill import models


@pytest.mark.parametrize(
    ("name", "stem", "squeezed", "parameters"),
    [
        ("squeezenet_1_0", 7 * 7 * 3 * 96 + 96, (16, 16, 32, 32, 48, 48, 64, 64), 1_248_424),
        ("squeezenet_1_1", 3 * 3 * 3 * 64 + 64, (16, 16, 32, 32, 48, 48, 64, 64), 1_235_496),
    ],
)
def test_parameters(name, stem, squeezed, parameters):
    """Table 1 of the paper says 1,248,424 before pruning."""
    total, channels = stem, 96 if name == "squeezenet_1_0" else 64
    for s in squeezed:
        total += channels * s + s + s * 4 * s + 4 * s + 9 * s * 4 * s + 4 * s
        channels = 8 * s
    total += channels * 1000 + 1000
    assert models.get(name)().count_params() == parameters == total


def test_the_classifier_is_the_paper_s_convolution_and_mean():
    model = models.squeezenet(16, 3, ((4,), (4, 8), (8,)), (32, 32, 3), 5, "small")
    x = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype("float32")
    last = keras.Model(model.input, model.get_layer("stage3").output)(x)
    kernel, bias = model.get_layer("logits").get_weights()
    convolution = keras.ops.conv(last, kernel[None, None]) + bias
    np.testing.assert_allclose(keras.ops.mean(convolution, (1, 2)), model(x), atol=1e-5)
