import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.models import blocks, count_macs
from tf_lpdistill.preprocessing import Preprocessing


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def model_of(shape, block):
    inputs = keras.Input(shape)
    return keras.Model(inputs, block(inputs))


@pytest.mark.parametrize("pieces", [2, 5])
def test_maxout_is_the_largest_of_its_pieces(pieces):
    model = model_of(
        (3,),
        lambda x: blocks.maxout(
            x, lambda n: keras.layers.Dense(4, name=n), name="m", pieces=pieces
        ),
    )
    x = draw(6, 3)
    linear = [
        x @ kernel + bias
        for kernel, bias in (
            model.get_layer(f"m_piece{i + 1}").get_weights() for i in range(pieces)
        )
    ]
    np.testing.assert_allclose(model(x), np.max(linear, axis=0), rtol=1e-5)
    assert (np.argmax(linear, axis=0) > 0).any()


def test_channel_shuffle_deals_out_the_groups():
    x = draw(2, 4, 5, 12)
    found = model_of(x.shape[1:], lambda t: blocks.channel_shuffle(t, 3, name="shuffle"))(x)
    for group in range(3):
        for place in range(4):
            np.testing.assert_array_equal(found[..., place * 3 + group], x[..., group * 4 + place])


def test_factorized_conv_is_a_convolution_of_rank_one():
    model = model_of((7, 6, 2), lambda t: blocks.factorized_conv(t, 3, name="f"))
    rows, columns, mixing = (
        model.get_layer(name).get_weights()[0] for name in ("f_rows", "f_columns", "f_conv")
    )
    # Kernel of channel c and filter f: rows * columns * mixing, all in one.
    kernel = np.einsum("rcu,scu,cf->rscf", rows[:, 0], columns[0], mixing[0, 0])
    x = draw(2, 7, 6, 2)
    expected = keras.ops.conv(x, kernel, padding="same")
    scale = 1 / np.sqrt(1 + model.get_layer("f_norm").epsilon)  # BatchNorm, untrained
    np.testing.assert_allclose(model(x), np.maximum(expected * scale, 0), atol=1e-5)
    assert count_macs(model) == 7 * 6 * 2 * (3 + 3 + 3)


def test_shift_conv_has_no_spatial_weights():
    model = model_of((8, 8, 9), lambda t: blocks.shift_conv(t, 4, strides=2, name="s"))
    assert model.output_shape == (None, 4, 4, 4)
    assert model.get_layer("s_shift").weights == [] and count_macs(model) == 4 * 4 * 9 * 4


@pytest.mark.parametrize("block", [blocks.factorized_conv, blocks.shift_conv])
@pytest.mark.filterwarnings("ignore:.*agrees with the Keras student on only:UserWarning")
def test_on_the_phone(block, tmp_path):
    pytest.importorskip("ai_edge_litert")
    inputs = keras.Input((16, 16, 3))
    x = blocks.conv_norm_relu(inputs, 18, 3, name="stem")
    x = block(block(x, 18, name="first"), 12, strides=2, name="second")
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4)(x))
    images = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3)).astype("uint8")
    bundle = tflite.export_bundle(
        model,
        tmp_path / "phone",
        labels=list("abcd"),
        preprocessing=Preprocessing((16, 16), scaling="-1..1"),
        precisions=["float32", "int8"],
        representative_data=images,
    )
    proof = tflite.verify(bundle, model, (images, np.zeros(16, "int64")))
    assert proof["float32"]["max_difference"] < 1e-5
    int8 = bundle.facts()["files"]["int8"]
    assert int8["float_ops"] == [] and "DEPTHWISE_CONV_2D" in {op["name"] for op in int8["ops"]}
