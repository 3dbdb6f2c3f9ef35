import pytest

from tf_lpdistill import models


@pytest.mark.parametrize(
    ("name", "repeats", "parameters"), [("vgg8", 1, 3_965_028), ("vgg13", 2, 9_462_180)]
)
def test_parameters(name, repeats, parameters):
    """Computed, for CIFAR-100: kernels, biases, BatchNorm's scale and shift, the classifier."""
    channels, expected = 3, 512 * 100 + 100
    for filters in [f for f in (64, 128, 256, 512, 512) for _ in range(repeats)]:
        expected += 9 * channels * filters + 3 * filters
        channels = filters
    model = models.get(name)(num_classes=100)
    assert sum(weight.numpy().size for weight in model.trainable_weights) == parameters == expected


@pytest.mark.parametrize(("side", "last"), [(32, 4), (64, 4), (48, 6)])
def test_the_fourth_pooling_is_for_large_images(side, last):
    model = models.vgg_cifar(((4,),) * 5, (side, side, 3))
    sides = [model.get_layer(f"stage{i}").output.shape[1] for i in range(1, 6)]
    assert sides == [side, side // 2, side // 4, side // 8, last]


def test_before_and_after_the_relu_of_a_stage():
    model = models.vgg_cifar(((4, 4),) * 5, (32, 32, 3))
    assert model.get_layer("stage2").input is model.get_layer("stage2_pre").output
