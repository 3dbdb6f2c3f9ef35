import keras
import pytest

from tf_lpdistill import models


def test_each_kind_of_layer():
    inputs = keras.Input((8, 6, 4))
    x = keras.layers.Conv2D(10, 3, strides=2, padding="same")(inputs)  # 4x3
    x = keras.layers.Conv2D(12, 1, groups=2)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(x)  # 2x1
    x = keras.layers.SeparableConv2D(5, 3, padding="same")(x)
    inner = keras.Sequential([keras.Input((10,)), keras.layers.Dense(7)])
    model = keras.Model(inputs, inner(keras.layers.Flatten()(x)))
    expected = 12 * 9 * 4 * 10 + 12 * 5 * 12 + 2 * 9 * 24 + 2 * (9 * 24 + 24 * 5) + 10 * 7
    assert models.count_macs(model) == expected


# Millions, for the published input: FitNets, Table 1 (FitNet 3's ~392 does not follow from its
# channels, as its ~1.6M parameters do not); MobileNet V1, Table 8; V2, Table 4; V3, Table 3;
# ShuffleNet V1, Table 1; V2, Table 8.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("fitnet1", 30),
        ("fitnet2", 108),
        ("fitnet4", 382),
        pytest.param("mobilenet_v1", 569, marks=pytest.mark.slow),
        pytest.param("shufflenet_v1", 137, marks=pytest.mark.slow),
        pytest.param("mobilenet_v2", 300, marks=pytest.mark.slow),
        pytest.param("mobilenet_v3_small", 56, marks=pytest.mark.slow),
        pytest.param("mobilenet_v3_large", 219, marks=pytest.mark.slow),
        pytest.param("shufflenet_v2", 146, marks=pytest.mark.slow),
    ],
)
def test_published_numbers(name, published):
    assert models.count_macs(models.get(name)()) / 1e6 == pytest.approx(published, rel=0.015)


def test_stage_names_of_a_foreign_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="stage")])
    assert models.stage_names(model) == []
