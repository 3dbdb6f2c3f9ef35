import keras
import numpy as np
import pytest

from tf_lpdistill import Distiller, models
from tf_lpdistill.losses import Hint

# Parameters as published in thousands (Table 1 of FitNets, section 4.3 for MNIST).
CASES = [
    ("fitnet1", 251_194, 250), ("fitnet2", 864_122, 862), ("fitnet4", 2_548_602, 2_500),
    ("fitnet_teacher", 9_046_330, 9_000), ("mnist_teacher", 361_066, 361),
    ("mnist_student", 30_066, 30),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "published"), CASES)
def test_parameters(name, parameters, published):
    assert models.get(name)().count_params() == parameters
    assert parameters / 1000 == pytest.approx(published, rel=0.02)


def test_fitnet3_has_fewer_parameters_than_published():
    """The paper says ~1.6M; its channels give 1.5M."""
    assert models.fitnet3().count_params() == 1_506_138


@pytest.mark.parametrize(
    ("name", "layers", "guided"),
    [("fitnet1", 11, 6), ("fitnet2", 11, 6), ("fitnet3", 13, 8), ("fitnet4", 19, 11)],
)
def test_depth_and_the_guided_layer(name, layers, guided):
    """Counted as in the paper: maxout layers and the classifier."""
    order = [layer.name for layer in models.get(name)().layers]
    maxout = [n for n in order if n.startswith("layer") and "piece" not in n]
    assert len(maxout) + 2 == layers  # the dense maxout and the classifier
    assert order.index(f"layer{guided}") < order.index("guided")
    assert f"layer{guided + 1}" in order[order.index("guided") :]


@pytest.mark.slow
def test_hint_and_guided_fit():
    teacher = models.fitnet_teacher((16, 16, 3), 4)
    student = models.fitnet1((16, 16, 3), 4)
    assert teacher.get_layer("hint").output.shape[1:3] == (4, 4)
    distiller = Distiller(teacher, student, [Hint("hint", "guided")], student_loss_weight=0.0)
    distiller.compile(keras.optimizers.Adam(1e-3))
    x = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)).astype("float32")
    history = distiller.fit(x, epochs=4, batch_size=8, verbose=0).history["loss"]
    assert np.isfinite(history).all() and history[-1] < history[0]


def test_the_paper_s_initial_weights():
    start = keras.initializers.RandomUniform(-0.005, 0.005)
    model = models.fitnet(((4,), (4,), (4,)), (16, 16, 3), initializer=start)
    kernels = [w for w in model.trainable_weights if w.path.endswith("_piece1/kernel")]
    assert len(kernels) == 4 and all(0.004 < np.abs(k).max() <= 0.005 for k in kernels)
