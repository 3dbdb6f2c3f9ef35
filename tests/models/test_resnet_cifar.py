import pytest

from tf_lpdistill import models


def trained(model):
    return sum(weight.numpy().size for weight in model.trainable_weights)


def expected(depth, stem, *stages, classes):
    """Kernels, scale and shift of each BatchNorm, and the classifier; written without the code."""
    total, channels = 9 * 3 * stem + 2 * stem, stem
    for stage, filters in enumerate(stages):
        for block in range((depth - 2) // 6):
            total += 9 * channels * filters + 9 * filters * filters + 4 * filters
            if block == 0 and (stage > 0 or channels != filters):
                total += channels * filters + 2 * filters
            channels = filters
    return total + channels * classes + classes


# Computed for CIFAR-100; the paper says 0.27M, 0.46M, 0.66M, 0.85M, 1.7M (Table 6, ten classes, no
# weights in the shortcuts).
@pytest.mark.parametrize(
    ("name", "depth", "filters", "parameters"),
    [
        ("resnet8", 8, (16, 16, 32, 64), 83_892),
        ("resnet20", 20, (16, 16, 32, 64), 278_324),
        pytest.param("resnet32", 32, (16, 16, 32, 64), 472_756, marks=pytest.mark.slow),
        pytest.param("resnet44", 44, (16, 16, 32, 64), 667_188, marks=pytest.mark.slow),
        ("resnet8x4", 8, (32, 64, 128, 256), 1_233_540),
        pytest.param("resnet56", 56, (16, 16, 32, 64), 861_620, marks=pytest.mark.slow),
        pytest.param("resnet110", 110, (16, 16, 32, 64), 1_736_564, marks=pytest.mark.slow),
        pytest.param("resnet32x4", 32, (32, 64, 128, 256), 7_433_860, marks=pytest.mark.slow),
    ],
)
def test_parameters(name, depth, filters, parameters):
    assert expected(depth, *filters, classes=100) == parameters
    assert trained(models.get(name)(num_classes=100)) == parameters


def test_before_and_after_the_relu_of_a_stage():
    model = models.resnet_cifar(14)
    assert model.name == "resnet14"
    for stage, side in (("stage1", 32), ("stage2", 16), ("stage3", 8)):
        assert model.get_layer(stage).input is model.get_layer(f"{stage}_pre").output
        assert model.get_layer(stage).output.shape[1:3] == (side, side)


@pytest.mark.parametrize("depth", [2, 7, 21])
def test_wrong_depth(depth):
    with pytest.raises(ValueError, match=rf"`depth` must be 8, 14, 20, .* Received: depth={depth}"):
        models.resnet_cifar(depth)
