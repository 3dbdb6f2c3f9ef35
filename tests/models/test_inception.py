import pytest

from tf_lpdistill import models

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    return models.inception_bn()


def test_parameters(model):
    """Against the Caffe model's 11,295,240, of which two differences are known.

    Its convolutions have biases, and its modules 4c and 4d (here 4 and 5 of stage 2) project the
    pooling to 128 channels, where Figure 5 of the paper says 96.
    """
    channels = sum(layer.filters for layer in model.layers if type(layer).__name__ == "Conv2D")
    # 32 channels more out of 4c, into and out of 4d, into 4e, and through it into 5a.
    wider = 576 * 32 + 32 * (96 + 128 + 160) + 608 * 128 - 576 * 96
    wider += 32 * (128 + 192) + 32 * (352 + 192 + 160 + 128)
    normalised_and_biased = 3 * (32 + 32)
    trained = sum(weight.numpy().size for weight in model.trainable_weights)
    assert trained == 11_194_984
    assert trained + channels + wider + normalised_and_biased == 11_295_240


def test_the_map_of_the_paper_s_cost_example(model):
    side, _, channels = model.get_layer("stage3").output.shape[1:]
    assert (side, channels) == (7, 1024)
    bridge = (7 * 7 * 2048) * (side * side * channels) * 4
    assert bridge / 2**30 == pytest.approx(18.76, abs=0.01)  # "19 GB"


def test_modules(model):
    widths = [
        model.get_layer(name).output.shape[-1]
        for name in (
            "stage1_module1", "stage1", "stage2_module1", "stage2_module2", "stage2_module3",
            "stage2_module4", "stage2", "stage3_module1", "stage3_module2", "stage3",
        )
    ]  # fmt: skip
    # Figure 5 of the paper, column "output size".
    assert widths == [256, 320, 576, 576, 576, 576, 576, 1024, 1024, 1024]
    kinds = {layer.name: type(layer).__name__ for layer in model.layers}
    assert kinds["stage3_module2_pool"] == "AveragePooling2D"
    assert kinds["stage3_module3_pool"] == "MaxPooling2D"
