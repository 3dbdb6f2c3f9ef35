import pytest

from tf_lpdistill.tflite import selective

NAMES = {"conv2d", "conv2d_1", "conv2d_2", "backbone", "head", "bn"}


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        ("conv2d_2/convolution", ["conv2d"]),
        ("conv2d_1_2/convolution", ["conv2d_1"]),
        ("conv2d_2_2/convolution;bn_1/add", ["conv2d_2", "bn"]),
        ("backbone_1/conv2d_2/convolution", ["backbone", "conv2d"]),
        ("head/MatMul;head/BiasAdd", ["head"]),
        ("PartitionedCall:0", []),
    ],
)
def test_the_layers_of_a_tensor(tensor, expected):
    assert selective.layers_of(tensor, NAMES) == expected
