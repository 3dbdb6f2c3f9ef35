import keras
import pytest

from tf_lpdistill import models


def trained(model):
    return sum(weight.numpy().size for weight in model.trainable_weights)


def unit(channels, filters, groups, first, halve):
    """Weights of a V1 unit: kernels, and two numbers a channel for each of three BatchNorms."""
    middle, out = filters // 4, filters - channels if halve else filters
    kernels = channels * middle // first + 9 * middle + middle * out // groups
    return kernels + 4 * middle + 2 * out


@pytest.mark.parametrize("groups", [pytest.param(g, marks=pytest.mark.slow) for g in (1, 3, 8)])
def test_parameters_of_v1(groups):
    """Computed from Table 1 of the paper."""
    total, channels = 9 * 3 * 24 + 2 * 24, 24
    for stage, repeats in enumerate((4, 8, 4)):
        filters = {1: 144, 3: 240, 8: 384}[groups] * 2**stage
        for block in range(repeats):
            first = 1 if stage == block == 0 else groups
            total += unit(channels, filters, groups, first, block == 0)
            channels = filters
    total += channels * 10 + 10
    assert trained(models.shufflenet_v1((32, 32, 3), 10, groups=groups, stem_stride=1)) == total


# The paper's Table 8 says 1.4M, 2.3M, 3.5M, 7.4M; computed to the last digit.
@pytest.mark.parametrize(
    ("width", "parameters"),
    [
        pytest.param(width, parameters, marks=pytest.mark.slow)
        for width, parameters in [(0.5, 1_366_792), (1.0, 2_278_604), (2.0, 7_393_996)]
    ],
)
def test_parameters_of_v2(width, parameters):
    assert trained(models.shufflenet_v2((32, 32, 3), width=width)) == parameters


@pytest.mark.slow
@pytest.mark.parametrize(("stride", "side"), [(1, 32), (2, 16), (4, 8)])
def test_stem(stride, side):
    model = models.shufflenet_v1((32, 32, 3), 10, groups=1, stem_stride=stride)
    assert model.get_layer("stem").output.shape == (None, side, side, 24)
    assert model.get_layer("stage1").output.shape == (None, side // 2, side // 2, 144)


@pytest.mark.slow
def test_only_v2_has_operations_that_are_no_layers():
    """Quantization-aware training takes layers only."""
    v1, v2 = (
        {type(op) for op in build((16, 16, 3), stem_stride=1).operations}
        for build in (models.shufflenet_v1, models.shufflenet_v2)
    )
    assert all(issubclass(kind, keras.layers.Layer) for kind in v1)
    assert [kind.__name__ for kind in v2 if not issubclass(kind, keras.layers.Layer)] == ["Split"]


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"`groups` must be one of \[1, 2, 3, 4, 8\]. Received: "):
        models.shufflenet_v1(groups=5)
    with pytest.raises(ValueError, match=r"`width` must be one of \[0.5, .*\]. Received: width=3"):
        models.shufflenet_v2(width=3)
    for build in (models.shufflenet_v1, models.shufflenet_v2):
        with pytest.raises(ValueError, match="`stem_stride` must be 1, 2 or 4. Received: "):
            build(stem_stride=3)
