"""TensorBoardLog, its events read back as TensorBoard reads them."""

import warnings

import numpy as np
import pytest
import tensorflow as tf

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller, Preprocessing, data, models
from tf_lpdistill.callbacks import TensorBoardLog, Watch
from tf_lpdistill.losses import LocalityPreserving

EPOCHS = 2


def events(log_dir):
    """{(plugin, tag): [(step, value), ...]} of all events of a folder."""
    found = {}
    for path in log_dir.glob("events.*"):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                name = plugin or next(key[0] for key in found if key[1] == value.tag)
                entry = event.step, tf.make_ndarray(value.tensor)
                found.setdefault((name, value.tag), []).append(entry)
    return found


@pytest.fixture(scope="module")
def logged(digits, tmp_path_factory):
    """(the log folder, the history, the student) of a short training on real digits."""
    log_dir = tmp_path_factory.mktemp("logs") / "run"
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    train = data.training_batches(digits.train.subset(100), pixels, 50, seed=0)
    probe = data.evaluation_batches(digits.validation, pixels, 30)
    distiller = compiled(
        Distiller(
            models.digits_teacher(), models.digits_student(),
            LocalityPreserving("features", "features"), 0.1,
        )
    )  # fmt: skip
    names = [f"digit {i}" for i in range(10)]
    callbacks = [Watch(probe), TensorBoardLog(log_dir, probe, class_names=names)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The term|The student's")
        history = distiller.fit(
            train, steps_per_epoch=2, epochs=EPOCHS, callbacks=callbacks, verbose=0, shuffle=False
        ).history
    return log_dir, history, distiller.student


def test_every_entry_of_the_logs_is_a_scalar(logged):
    log_dir, history, _ = logged
    found = events(log_dir)
    scalars = {tag: values for (plugin, tag), values in found.items() if plugin == "scalars"}
    assert set(scalars) == set(history) and "share/locality_preserving" in scalars
    for name, values in history.items():
        np.testing.assert_allclose([value for _, value in scalars[name]], values, rtol=1e-6)
        assert [step for step, _ in scalars[name]] == list(range(EPOCHS))


def test_every_weight_has_a_histogram(logged):
    log_dir, _, student = logged
    found = events(log_dir)
    tags = {tag for plugin, tag in found if plugin == "histograms"}
    assert tags == {f"student/{w.path}" for w in student.weights} | {"student/features"}
    weight = student.get_layer("conv1").kernel
    last = found["histograms", f"student/{weight.path}"][-1][1]
    assert last.shape == (30, 3) and last[:, 2].sum() == weight.numpy().size
    assert last[0, 0] == pytest.approx(weight.numpy().min())


def test_grids_of_teacher_and_student_are_images(logged):
    found = events(logged[0])
    for name in ("teacher", "student"):
        width, height, png = found["images", f"neighbours/{name}"][-1][1]
        assert tf.io.decode_png(png).shape == (int(height), int(width), 1) == (8 * 9, 9 * 9, 1)


def test_the_projector_has_features_names_and_pictures(logged, digits):
    log_dir, _, student = logged
    assert np.loadtxt(log_dir / "student.tsv", delimiter="\t").shape == (30, 16)
    labels = [f"digit {label}" for label in digits.validation.labels[:30]]
    assert (log_dir / "labels.tsv").read_text().split("\n")[:-1] == labels
    assert (log_dir / "sprite.png").is_file()


def test_inputs_that_are_no_images_have_no_grids(tmp_path):
    distiller = compiled(Distiller(network(8), network(), lp()))
    log = TensorBoardLog(tmp_path, [batch(12)])
    distiller.fit(*batch(), epochs=1, verbose=0, callbacks=[log])
    found = events(tmp_path)
    assert {plugin for plugin, _ in found} == {"scalars", "histograms"}
    assert not (tmp_path / "sprite.png").exists() and (tmp_path / "teacher.tsv").exists()


def test_only_a_distiller_is_logged(tmp_path):
    model = network()
    model.compile("sgd", CROSS_ENTROPY)
    x, y = batch()
    with pytest.raises(ValueError, match="`TensorBoardLog` looks at a tf_lpdistill.Distiller.*Rec"):
        model.fit(x, y, callbacks=[TensorBoardLog(tmp_path, [(x, y)])], verbose=0)
