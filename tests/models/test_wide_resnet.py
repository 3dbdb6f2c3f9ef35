import keras
import pytest

from tf_lpdistill import models


def expected(depth, width, classes):
    total, channels = 9 * 3 * 16, 16
    for stage, filters in enumerate((16 * width, 32 * width, 64 * width)):
        for block in range((depth - 4) // 6):
            total += 9 * channels * filters + 9 * filters * filters + 2 * channels + 2 * filters
            if block == 0 and (stage > 0 or channels != filters):
                total += channels * filters
            channels = filters
    return total + 2 * channels + channels * classes + classes


# Computed; Table 4 of the paper rounds to 0.6M (40-1), 2.2M (40-2), 8.9M (40-4), ten classes.
@pytest.mark.parametrize(
    ("depth", "width", "parameters"),
    [
        (16, 1, 175_066),
        (16, 2, 691_674),
        (16, 4, 2_748_890),
        pytest.param(40, 1, 563_930, marks=pytest.mark.slow),
        pytest.param(40, 2, 2_243_546, marks=pytest.mark.slow),
        pytest.param(40, 4, 8_949_210, marks=pytest.mark.slow),
    ],
)
def test_parameters(depth, width, parameters):
    model = models.get(f"wrn_{depth}_{width}")()
    assert expected(depth, width, 10) == parameters
    assert sum(weight.numpy().size for weight in model.trainable_weights) == parameters


def test_the_name_tells_depth_and_width():
    assert models.wide_resnet(10, 2).name == "wrn_10_2"


def test_what_the_next_relu_receives():
    model = models.wide_resnet(10, 2)
    for stage in ("stage1", "stage2", "stage3"):
        assert isinstance(model.get_layer(stage), keras.layers.Add)
        assert model.get_layer(f"{stage}_pre").input is model.get_layer(stage).output


def test_dropout():
    kinds = [type(layer) for layer in models.wide_resnet(16, 1, dropout=0.3).layers]
    assert kinds.count(keras.layers.Dropout) == 6
    assert keras.layers.Dropout not in [type(layer) for layer in models.wide_resnet(16, 1).layers]


@pytest.mark.parametrize(("depth", "width"), [(4, 1), (20, 1), (16, 0)])
def test_wrong_arguments(depth, width):
    with pytest.raises(ValueError, match=f"Received: depth={depth}, width={width}"):
        models.wide_resnet(depth, width)
