"""The small networks of the study."""

import numpy as np
import pytest

from locality import networks

BUILDERS = [networks.plain, networks.residual, networks.separable]


@pytest.mark.parametrize("build", BUILDERS)
def test_they_take_pixels_and_name_their_layers(build):
    model = build((32, 32, 3), 10)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    assert model(pixels).shape == (2, 10)
    names = [layer.name for layer in model.layers]
    assert {"stage1", "stage2", "stage3", "features", "logits"} <= set(names)
    scaled = model.layers[names.index("scale")](np.array([0.0, 127.5, 255.0], "float32"))
    np.testing.assert_allclose(scaled, [-1.0, 0.0, 1.0], atol=1e-6)


def test_the_student_of_mnist_is_as_large_as_the_documents_say():
    assert networks.plain((28, 28, 1), 10).count_params() == 3858


def test_the_residual_network_adds_its_shortcut():
    model = networks.residual((16, 16, 1), 10)
    joined = [model.get_layer(f"stage{i}_pre").input for i in (1, 2, 3)]
    assert [len(inputs) for inputs in joined] == [2, 2, 2]
    assert joined[0][1] is model.get_layer("stem").output  # nothing changes shape there
