"""What losses cost: against the arithmetic of the paper, and against the losses that are built."""

import pathlib
import re

import keras
import numpy as np
import pytest

from benchmarks import paper
from tests.losses import test_every_loss_in_a_distiller as every_loss
from tests.small import lp, network
from tf_lpdistill import guidance, losses, models
from tf_lpdistill.losses import ContrastiveRepresentation, Hint, LocalityPreserving

GIB = 2**30


PAGE = pathlib.Path(__file__).parents[2] / "docs" / "cost.md"


def run_page():
    """Runs the code of the page on cost, and returns its table."""
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    return names["table"].markdown()


@pytest.fixture(scope="module")
def maps():
    """Stand-ins with the last maps of ResNet-101 and Inception-BN, without the networks before."""
    inputs = keras.Input((7, 7, 8))
    return [
        keras.Model(inputs, keras.layers.Conv2D(channels, 1, name="maps")(inputs))
        for channels in (2048, 1024)
    ]


def test_the_example_of_the_paper(maps):
    methods = [
        Hint("maps", "maps", regressor="dense", name="bridge"),
        LocalityPreserving("maps", "maps"),
    ]
    bridge, locality = guidance.cost(*maps, methods, batch_size=64).rows
    expected = paper.cost(64, (7, 7, 2048), (7, 7, 1024))
    assert bridge.parameters == (7 * 7 * 2048) * (7 * 7 * 1024) + 7 * 7 * 2048
    assert bridge.weight_bytes / GIB == pytest.approx(18.76, abs=0.005)
    # Weights and gradients; and what an equation on paper leaves out: 64 samples of both sides.
    assert (bridge.weight_bytes + bridge.step_bytes) == pytest.approx(
        expected["bridge memory"], rel=0.005
    )
    assert bridge.operations == pytest.approx(expected["bridge operations"], rel=0.001)
    assert (locality.parameters, locality.weight_bytes) == (0, 0)
    assert locality.step_bytes == pytest.approx(expected["LP memory"], rel=0.4)
    assert locality.step_bytes < bridge.step_bytes / 100
    assert locality.operations == pytest.approx(expected["LP operations"], rel=0.1)


def test_the_table_of_the_page_with_stand_ins(monkeypatch):
    inputs = keras.Input((7, 7, 8))
    x = keras.layers.Conv2D(2048, 1, name="conv5_block3_out")(inputs)
    backbone = keras.Model(inputs, x, name="backbone")
    teacher = keras.Model(inputs, backbone(inputs))
    student = keras.Model(inputs, keras.layers.Conv2D(1024, 1, name="stage3")(inputs))
    monkeypatch.setattr(models, "get", lambda name: lambda: teacher)
    monkeypatch.setattr(models, "inception_bn", lambda: student)
    assert run_page() in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_table_of_the_page_with_the_networks_themselves():
    assert run_page() in PAGE.read_text(encoding="utf-8")


def test_every_loss_costs_what_it_builds():
    distiller = every_loss.make(1.0, local=False)
    given = distiller.distillation_losses
    before = [loss.get_weights() for loss in given]
    rows = guidance.cost(distiller.teacher, distiller.student, given, batch_size=12).rows
    assert [row.name for row in rows] == [loss.name for loss in given]
    for row, loss in zip(rows, given, strict=True):
        trained = sum(np.size(variable) for variable in loss.trainable_variables)
        assert (row.name, row.parameters) == (row.name, trained)
        assert row.weight_bytes == sum(np.asarray(w).nbytes for w in loss.get_weights())
        assert row.operations > 100 and row.step_bytes > 100
    assert any(row.parameters for row in rows)
    for loss, weights in zip(given, before, strict=True):
        for old, new in zip(weights, loss.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_losses_are_left_as_they_are_and_nothing_is_filled_later(maps):
    bridge = Hint("maps", "maps", regressor="dense")
    guidance.cost(*maps, bridge, batch_size=8)
    assert not bridge.built
    with keras.StatelessScope():
        pass  # Keras fills what was made without a value when it leaves a scope: here 18.76 GiB


def test_a_memory_bank_is_kept_and_not_trained():
    pair = network(8), network(4)
    crd = ContrastiveRepresentation(
        "hidden", "hidden", num_samples=1000, embedding_dim=16, num_negatives=50
    )
    (row,) = guidance.cost(*pair, crd, batch_size=8).rows
    assert row.parameters == (8 + 1) * 16 + (4 + 1) * 16
    assert row.weight_bytes >= 4 * (row.parameters + 2 * 1000 * 16)


def test_a_loss_of_ones_own_and_one_of_keras():
    class Product(losses.Loss):
        """Multiplies the student's features with a square matrix of its own."""

        def build_features(self, teacher_shape, student_shape):
            width = student_shape[-1]
            self.matrix = self.add_weight(shape=(width, width), name="matrix")

        def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
            return keras.ops.sum(student_outputs @ self.matrix)

    own = Product("hidden", "hidden")
    keras_own = keras.distillation.LogitsDistillation(loss="mse")
    rows = guidance.cost(network(6), network(5), [own, keras_own, lp()], batch_size=10).rows
    assert [row.name for row in rows] == ["product", "logits_distillation", "locality_preserving"]
    assert [row.parameters for row in rows] == [25, 0, 0]
    forward, gradients, total = 2 * 10 * 25, 2 * 2 * 10 * 25, 50
    assert rows[0].operations == pytest.approx(forward + gradients + total, abs=10)


def test_the_batch_counts():
    pair = network(64), network(64)
    small, large = (guidance.cost(*pair, lp(), batch_size=n).rows[0] for n in (64, 256))
    assert 10 < large.operations / small.operations < 16.5  # all pairs


def test_a_loop_is_told(maps):
    with pytest.raises(ValueError, match="has a loop.*ask for a smaller one"):
        guidance.cost(network(8), network(8), lp(), batch_size=4096)


def test_the_table():
    hint = guidance.Cost("hint", 3_000_000, 12_000_000, 3 * GIB, 2_500)
    table = guidance.CostTable(128, (hint, guidance.Cost("lp", 0, 0, 900, 12)))
    assert str(table).splitlines() == [
        "batch 128  parameters    weights      step  operations",
        "hint        3,000,000  11.44 MiB  3.00 GiB      2.50 k",
        "lp                  0        0 B     900 B          12",
    ]
    assert table.markdown().splitlines() == [
        "| batch 128 | parameters | weights | step | operations |",
        "| --- | --- | --- | --- | --- |",
        "| hint | 3,000,000 | 11.44 MiB | 3.00 GiB | 2.50 k |",
        "| lp | 0 | 0 B | 900 B | 12 |",
    ]


@pytest.mark.parametrize("batch_size", [1, 2.5, True, None])
def test_a_wrong_batch_is_refused(batch_size):
    with pytest.raises(ValueError, match="`batch_size` must be an integer >= 2. Received: batch_s"):
        guidance.cost(network(), network(), lp(), batch_size)


def test_a_student_without_shapes_is_refused():
    with pytest.raises(ValueError, match="`student` must be a Functional or Sequential model"):
        guidance.cost(network(), keras.Sequential([keras.layers.Dense(2)]), lp())


def test_wrong_wiring_is_refused_as_in_a_distiller():
    with pytest.raises(ValueError, match="has no feature named 'hiden'"):
        guidance.cost(network(), network(), LocalityPreserving("hiden", "hidden"))
