"""Saved distillers: whole, without the teacher, and trained on as if never stopped."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_lpdistill import Distiller, TeacherEnsemble
from tf_lpdistill.losses import Hint, LocalityPreserving, RelativeDissimilarity, SoftTarget

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(width=4, dropout=0.0, name=None):
    inputs = keras.Input((6,))
    x = layers.Dense(width, activation="relu", name="hidden")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(inputs, layers.Dense(3)(x), name=name)


def make(teacher):
    decay = keras.optimizers.schedules.PolynomialDecay(1.0, 100, 0.1)
    losses = [SoftTarget(), LocalityPreserving("hidden", "hidden"), Hint("hidden", "hidden")]
    distiller = Distiller(teacher, network(dropout=0.5), losses, [1.0, 0.3, decay], 0.7)
    distiller.compile("adam", loss=CROSS_ENTROPY, metrics=["accuracy"])
    return distiller


@pytest.fixture
def batches():
    """Three batches of 16 in a fixed order."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(48, 6)).astype("float32"), rng.integers(0, 3, 48)
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(16, drop_remainder=True)


def fit(distiller, batches, **settings):
    return distiller.fit(batches, shuffle=False, verbose=0, **settings).history


def assert_equal_weights(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_it_trains_on_bit_for_bit(tmp_path, batches):
    teacher, path = network(8), tmp_path / "distiller.keras"
    distiller = make(teacher)
    fit(distiller, batches, epochs=2)
    distiller.save(path)
    loaded = Distiller.load(path, teacher=teacher)
    assert_equal_weights(distiller, loaded)
    assert loaded.teacher is teacher and "teacher" not in dir(loaded)
    assert loaded.distillation_loss_weights[:2] == [1.0, 0.3] and loaded.student_loss_weight == 0.7
    assert fit(distiller, batches, epochs=2) == fit(loaded, batches, epochs=2)
    assert_equal_weights(distiller, loaded)


def test_another_teacher_is_refused(tmp_path, batches):
    teacher, path = network(8), tmp_path / "distiller.keras"
    distiller = make(teacher)
    fit(distiller, batches)
    distiller.save(path)
    teacher.layers[1].bias.assign_add([0.0] * 7 + [1e-3])
    with pytest.raises(ValueError, match="`teacher` is not the one that .* was trained with"):
        Distiller.load(path, teacher=teacher)
    teacher.save(tmp_path / "teacher.keras")
    with pytest.raises(ValueError, match="holds a Functional, not a saved Distiller"):
        Distiller.load(tmp_path / "teacher.keras", teacher=teacher)


def test_an_ensemble_of_teachers_trains_on_bit_for_bit_and_another_is_refused(tmp_path, batches):
    a, b, path = network(8, name="a"), network(5, name="b"), tmp_path / "distiller.keras"
    losses = [
        SoftTarget(),
        RelativeDissimilarity(("a/hidden", "b/hidden"), "hidden"),
        Hint("b/hidden", "hidden"),
    ]
    distiller = Distiller(TeacherEnsemble([a, b], [1, 3]), network(dropout=0.5), losses)
    distiller.compile("adam", loss=CROSS_ENTROPY)
    fit(distiller, batches, epochs=2)
    distiller.save(path)
    loaded = Distiller.load(path, teacher=TeacherEnsemble([a, b], [0.25, 0.75]))
    assert_equal_weights(distiller, loaded)
    assert fit(distiller, batches) == fit(loaded, batches)
    assert_equal_weights(distiller, loaded)
    assert keras.saving.load_model(path).teacher is None
    c = network(5, name="c")
    wrong = [TeacherEnsemble([b, a], [3, 1]), TeacherEnsemble([a, b]), TeacherEnsemble([a, c])]
    for teacher in (*wrong, TeacherEnsemble([a, b, c]), a):
        message = "differ, or the order or the weights of an ensemble. Received: teacher=.*new Dist"
        with pytest.raises(ValueError, match=message):
            Distiller.load(path, teacher=teacher)


def test_without_teacher_it_predicts_evaluates_and_says_how_to_train(tmp_path, batches):
    distiller, path = make(network(8)), tmp_path / "distiller.keras"
    fit(distiller, batches)
    distiller.save(path)
    alone = keras.saving.load_model(path)
    assert alone.teacher is None
    np.testing.assert_array_equal(
        alone.predict(batches, verbose=0), distiller.predict(batches, verbose=0)
    )
    assert alone.evaluate(batches, verbose=0) == distiller.evaluate(batches, verbose=0)
    with pytest.raises(RuntimeError, match=r"Distiller.load\(path, teacher=teacher\)"):
        alone.fit(batches)


def test_checkpoints_and_backups_resume(tmp_path, batches):
    teacher = network(8)
    keras.utils.set_random_seed(1)
    undisturbed = make(teacher)
    history = fit(undisturbed, batches, epochs=4)

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    backup = tmp_path / "backup"
    keras.utils.set_random_seed(1)
    killed = make(teacher)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "epoch{epoch}.keras")
    with pytest.raises(KeyboardInterrupt):
        callbacks = [keras.callbacks.BackupAndRestore(backup), checkpoint, Kill()]
        fit(killed, batches, epochs=4, callbacks=callbacks)

    keras.utils.set_random_seed(99)
    restarted = make(teacher)
    resumed = fit(
        restarted, batches, epochs=4, callbacks=[keras.callbacks.BackupAndRestore(backup)]
    )
    assert resumed == {name: values[2:] for name, values in history.items()}
    assert_equal_weights(undisturbed, restarted)

    reloaded = Distiller.load(tmp_path / "epoch2.keras", teacher=teacher)
    fit(reloaded, batches, epochs=4, initial_epoch=2)
    assert_equal_weights(undisturbed, reloaded)


def test_a_failing_save_leaves_the_earlier_file(tmp_path, batches, monkeypatch):
    distiller, path = make(network(8)), tmp_path / "distiller.keras"
    fit(distiller, batches)
    distiller.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(
        keras.Model, "save", lambda self, target: target.write_bytes(b"half") and 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        distiller.save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_is_refused(tmp_path, batches, damage):
    teacher, path = network(8), tmp_path / "distiller.keras"
    distiller = make(teacher)
    fit(distiller, batches)
    distiller.save(path)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="distiller.keras is damaged"):
        Distiller.load(path, teacher=teacher)


@keras.saving.register_keras_serializable(package="tests")
class Net(keras.Model):
    """A student without a symbolic graph."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.head = layers.Dense(4), layers.Dense(3)
        self.drop = layers.Dropout(0.5)

    def call(self, inputs, training=None):
        features = self.hidden(inputs)
        logits = self.head(self.drop(features, training=training))
        return {"features": features, "logits": logits}


def test_a_subclassed_student_and_kerass_losses_train_on_too(tmp_path, batches):
    path = tmp_path / "distiller.keras"
    kerass = keras.distillation.FeatureDistillation("mse", "hidden", "features")
    losses = [SoftTarget(None, "logits"), Hint("hidden", "features"), kerass]
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    teacher = keras.Model(inputs, layers.Dense(3)(hidden))
    distiller = Distiller(teacher, Net(), losses)
    distiller.compile("adam", loss={"logits": CROSS_ENTROPY})
    named = batches.map(lambda x, y: (x, {"logits": y}))
    fit(distiller, named)
    distiller.save(path)
    loaded = Distiller.load(path, teacher=teacher)
    assert_equal_weights(distiller, loaded)
    assert fit(distiller, named) == fit(loaded, named)
    assert_equal_weights(distiller, loaded)


def test_only_a_keras_file_is_written(tmp_path):
    distiller = make(network(8))
    for name in ("distiller.h5", "distiller", "folder/distiller.weights"):
        with pytest.raises(ValueError, match="saved as one file whose name ends in '.keras'"):
            distiller.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError, match="absent.keras"):
        Distiller.load(tmp_path / "absent.keras", teacher=network(8))
