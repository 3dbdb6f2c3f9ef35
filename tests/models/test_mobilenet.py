import keras
import numpy as np
import pytest

from tf_lpdistill import models

# Trained parameters for 1,000 classes: the papers say 4.2M, 3.4M, 2.5M, 5.4M; to the last digit as
# other frameworks count them.
CASES = [
    ("mobilenet_v1", "MobileNet", 4_231_976),
    pytest.param("mobilenet_v2", "MobileNetV2", 3_504_872, marks=pytest.mark.slow),
    pytest.param("mobilenet_v3_small", "MobileNetV3Small", 2_542_856, marks=pytest.mark.slow),
    pytest.param("mobilenet_v3_large", "MobileNetV3Large", 5_483_032, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "original", "parameters"), CASES)
def test_the_same_network_as_in_keras_applications(name, original, parameters):
    """Same weights in the same order, and the same logits from them."""
    shape = (64, 64, 3)
    extra = {"include_preprocessing": False} if "V3" in original else {}
    theirs = getattr(keras.applications, original)(
        input_shape=shape, weights=None, classifier_activation=None, **extra
    )
    ours = models.get(name)(shape)
    assert sum(weight.numpy().size for weight in ours.trainable_weights) == parameters
    weights = theirs.get_weights()
    ours.set_weights(
        [w.reshape(mine.shape) for w, mine in zip(weights, ours.get_weights(), strict=True)]
    )
    x = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        pytest.param("mobilenet_v1", [32, 16, 8, 4, 2], marks=pytest.mark.slow),
        pytest.param("mobilenet_v2", [32, 16, 8, 4, 2], marks=pytest.mark.slow),
        pytest.param("mobilenet_v3_small", [16, 8, 4, 2], marks=pytest.mark.slow),
        pytest.param("mobilenet_v3_large", [32, 16, 8, 4, 2], marks=pytest.mark.slow),
    ],
)
def test_a_stage_ends_where_the_image_is_halved(name, sides):
    first, second = (models.get(name)((64, 64, 3), 4) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    stages = models.stage_names(first)
    assert [first.get_layer(stage).output.shape[1] for stage in stages] == sides
    norms = [x for x in first.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms and all(norm.momentum == 0.9 for norm in norms)


def test_weights_from_a_file(tmp_path):
    trunk = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=0.25, weights=None, include_top=False
    )
    trunk.save_weights(tmp_path / "trunk.weights.h5")
    model = models.mobilenet_v1((32, 32, 3), 4, alpha=0.25, weights=tmp_path / "trunk.weights.h5")
    own = keras.Model(model.input, model.get_layer("stage5").output)
    for first, second in zip(own.get_weights(), trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_minimalistic_has_neither_hard_swish_nor_excitation():
    full, plain = (
        {type(op).__name__ for op in models.mobilenet_v3_small(
            (32, 32, 3), 4, minimalistic=minimalistic).operations}
        for minimalistic in (False, True)
    )  # fmt: skip
    assert {"Multiply", "Activation"} <= full and not {"Multiply"} & plain
