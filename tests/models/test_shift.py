import keras
import numpy as np
import pytest

from tf_lpdistill.models.shift import Shift, shift_kernel


def slow_shift(x, size):
    """Channel by channel; what lies outside the image is zero."""
    group, reach = x.shape[-1] // size**2, size // 2
    moved = np.zeros_like(x)
    for channel in range(x.shape[-1]):
        step = channel // group if channel < group * size**2 else size**2 // 2
        down, right = step // size - reach, step % size - reach
        for row in range(x.shape[1]):
            for column in range(x.shape[2]):
                r, c = row + down, column + right
                if 0 <= r < x.shape[1] and 0 <= c < x.shape[2]:
                    moved[:, row, column, channel] = x[:, r, c, channel]
    return moved


@pytest.mark.parametrize(("size", "channels"), [(3, 9), (3, 23), (5, 50), (1, 4)])
def test_against_a_loop(size, channels):
    x = np.random.default_rng(0).normal(size=(2, 6, 7, channels)).astype("float32")
    np.testing.assert_array_equal(Shift(size)(x), slow_shift(x, size))


def test_few_channels_stay():
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 8)).astype("float32")
    np.testing.assert_array_equal(Shift(3)(x), x)


def test_each_kernel_holds_a_single_one():
    kernel = shift_kernel(3, 20)
    assert kernel.shape == (3, 3, 20, 1) and set(np.unique(kernel)) == {0, 1}
    np.testing.assert_array_equal(kernel.sum((0, 1)), 1)


def test_mixed_precision_and_unknown_size():
    layer = Shift(dtype="mixed_float16")
    assert layer(np.ones((1, 4, 4, 9), "float32")).dtype == "float16"
    assert layer(keras.Input((None, None, 9))).shape == (None, None, None, 9)


@pytest.mark.parametrize("size", [0, 2, -1])
def test_wrong_size(size):
    with pytest.raises(ValueError, match=f"`size` must be odd and positive. Received: size={size}"):
        Shift(size)


def test_config_and_file(tmp_path):
    model = keras.Sequential([keras.Input((5, 5, 30)), Shift(5, name="shift")])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras").get_layer("shift")
    assert again.size == 5 and again.weights == []
