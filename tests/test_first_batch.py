"""The look at the first batch: it refuses before anything moves, and loses nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_lpdistill import Distiller
from tf_lpdistill.losses import LocalityPreserving, SoftTarget
from tf_lpdistill.losses.base import Loss

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(bias=None):
    inputs = keras.Input((6,))
    x = layers.Dense(4, name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(x))
    if bias is not None:
        model.get_layer("hidden").bias.assign([bias] * 4)
    return model


def batch(samples=12):
    rng = np.random.default_rng(0)
    return rng.normal(size=(samples, 6)).astype("float32"), rng.integers(0, 3, samples)


def make(teacher=None, num_neighbors=5, **settings):
    loss = LocalityPreserving("hidden", "hidden", num_neighbors=num_neighbors)
    distiller = Distiller(teacher or network(), network(), loss, **settings)
    distiller.compile("sgd", loss=CROSS_ENTROPY)
    return distiller


def refused(distiller, *data, match, **settings):
    before = [value.copy() for value in distiller.get_weights()]
    with pytest.raises(ValueError, match=match):
        distiller.fit(*data, verbose=0, **settings)
    for a, b in zip(before, distiller.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert distiller.optimizer.iterations.numpy() == 0


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_too_many_neighbours_for_the_batch(size, jit_compile):
    distiller = make()
    distiller.compile("sgd", loss=CROSS_ENTROPY, jit_compile=jit_compile)
    message = f"Received: num_neighbors=5 with a batch of {size}. Use a larger batch"
    refused(distiller, *batch(), batch_size=size, match=message)


def test_the_batch_of_all_replicas_counts(mirrored):
    with mirrored.scope():
        distiller = make()
    dataset = tf.data.Dataset.from_tensor_slices(batch()).batch(6)
    distiller.fit(dataset, verbose=0, shuffle=False)  # 3 samples on each of two replicas
    with mirrored.scope():
        distiller = make(num_neighbors=6)
    refused(distiller, dataset, match="num_neighbors=6 with a batch of 6", shuffle=False)


def test_an_optimizer_made_outside_the_scope(mirrored):
    optimizer = keras.optimizers.SGD(0.1)
    with mirrored.scope():
        distiller = make()
        distiller.compile(optimizer, loss=CROSS_ENTROPY)
    dataset = tf.data.Dataset.from_tensor_slices(batch()).batch(6)
    message = "made outside `strategy.scope.*each of the 2 replicas counts every step once more"
    refused(distiller, dataset, match=message, shuffle=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_of_the_teacher_that_are_not_finite(value):
    refused(make(network(value)), *batch(), match="non-finite teacher features in 'hidden'")


@pytest.mark.parametrize("shape", [(12,), (12, 1)])
def test_samples_of_weight_zero_need_no_finite_features(shape):
    # A teacher that knows nothing of some samples, as one made from arrays may.
    class Unknown(layers.Layer):
        def call(self, x):
            return keras.ops.where(x[:, :1] > 0.0, x, np.nan)

    inputs = keras.Input((6,))
    teacher = keras.Model(inputs, layers.Dense(3, name="hidden")(Unknown()(inputs)))
    x, y = batch()
    weight = (x[:, 0] > 0.0).astype("float32").reshape(shape)
    history = make(teacher, 2).fit(x, y, sample_weight=weight, batch_size=12, verbose=0).history
    assert np.isfinite(history["loss"]).all() and history["locality_preserving"][0] > 0.0
    refused(make(teacher, 2), x, y, match=r"non-finite teacher features in 'hidden'")


def test_a_teacher_that_gives_another_number_of_samples():
    inputs = keras.Input((6,))
    rows = keras.ops.reshape(layers.Dense(4)(inputs), (-1, 2))
    teacher = keras.Model(inputs, {"hidden": rows})
    refused(make(teacher), *batch(), match="24 teacher samples and 12 student samples")


def test_missing_labels_and_missing_loss():
    refused(make(), batch()[0], match="supervised loss needs labels: pass labels to `fit`")
    distiller = Distiller(network(), network(), SoftTarget())
    distiller.compile("sgd", loss=None)
    refused(distiller, *batch(), match="supervised loss needs a loss")


def test_inputs_of_another_shape():
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 6\).*Received"):
        make().fit(np.zeros((12, 5), "float32"), batch()[1], verbose=0)


def test_a_teacher_of_another_input_size_is_refused_when_the_distiller_is_made():
    inputs = keras.Input((7,))
    teacher = keras.Model(inputs, layers.Dense(3, name="hidden")(inputs))
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 7\).*\(None, 6\)"):
        make(teacher)


def test_inputs_may_be_fed_by_name():
    def two_inputs(order):
        inputs = {"wide": keras.Input((5,), name="wide"), "thin": keras.Input((2,), name="thin")}
        joined = layers.Dense(3)(layers.Concatenate()([inputs["thin"], inputs["wide"]]))
        return keras.Model([inputs[name] for name in order] if order else inputs, joined)

    x = {"thin": np.ones((8, 2), "float32"), "wide": np.ones((8, 5), "float32")}
    y = np.zeros(8, "int32")
    for order in (None, ("wide", "thin")):
        distiller = Distiller(two_inputs(order), two_inputs(order), SoftTarget())
        distiller.compile("sgd", loss=CROSS_ENTROPY)
        assert distiller.fit(x, y, verbose=0).history["soft_target"][0] > 0.0
    distiller = Distiller(two_inputs(None), two_inputs(None), SoftTarget())
    distiller.compile("sgd", loss=CROSS_ENTROPY)
    refused(distiller, x | {"thin": x["wide"]}, y, match=r"shape \(None, 2\).*\(8, 5\)")


def test_sample_weights_that_are_not_one_a_sample():
    x, y = batch()
    refused(make(), x, y, sample_weight=np.ones((12, 3)), match="one weight per sample")


@pytest.mark.parametrize(
    ("ids", "received"),
    [
        (np.arange(12)[:, None], r"shape \(12, 1\) and dtype int64"),
        (np.arange(12, dtype="float32"), r"shape \(12,\) and dtype float32"),
        (np.arange(12).astype(str), r"shape \(12,\) and dtype string"),
    ],
)
def test_sample_ids_that_are_not_one_position_a_sample(ids, received):
    x, y = batch()
    dataset = tf.data.Dataset.from_tensor_slices(({"inputs": x, "sample_id": ids}, y)).batch(12)
    refused(make(), dataset, match=f"one position in the training set.*{received}")


@keras.saving.register_keras_serializable(package="tests")
class Recorder(Loss):
    """Keeps the ids of every batch that a step sees."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        tf.py_function(lambda labels: self.seen.append(labels.numpy().tolist()), [y], [])
        return keras.ops.mean(student_outputs) * 0.0


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, of any generator
@pytest.mark.parametrize("steps_per_execution", [1, 3])
@pytest.mark.parametrize("kind", ["dataset", "shuffled", "arrays", "generator"])
def test_every_batch_is_seen_once_in_the_order_of_plain_keras(kind, steps_per_execution):
    y = np.arange(20)
    x = np.random.default_rng(0).normal(size=(20, 6)).astype("float32")

    def source():
        dataset = tf.data.Dataset.from_tensor_slices((x, y))
        if kind == "shuffled":
            dataset = dataset.shuffle(20, seed=7)
        if kind == "arrays":
            return {"x": x, "y": y, "batch_size": 4}
        if kind == "generator":
            return {"x": ((x[i : i + 4], y[i : i + 4]) for i in range(0, 20, 4))}
        return {"x": dataset.batch(4)}

    loss = Recorder(name="recorder")
    distiller = Distiller(network(), network(), loss, student_loss_weight=0.0)
    distiller.compile("sgd", loss=None, steps_per_execution=steps_per_execution)
    distiller.fit(**source(), verbose=0, shuffle=False)
    expected = [labels.tolist() for labels in np.split(y, 5)]
    if kind == "shuffled":
        expected = [labels.numpy().tolist() for _, labels in source()["x"]]
    assert loss.seen == expected


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, of any generator
@pytest.mark.parametrize("kind", ["generator", "dataset"])
def test_what_the_data_leave_out_may_be_given_as_none(kind):
    x, y = batch()

    def source(*parts):
        if kind == "dataset":
            return tf.data.Dataset.from_tensors(x).map(lambda images: (images, *parts))
        return ((x, *parts) for _ in range(2))

    distiller = Distiller(network(), network(), SoftTarget(), student_loss_weight=0.0)
    distiller.compile("sgd", loss=None)
    history = distiller.fit(source(None), shuffle=False, verbose=0).history
    assert history["loss"] == history["soft_target"]
    refused(make(), source(None), match="supervised loss needs labels", shuffle=False)
    labelled = make().fit(source(y, None), shuffle=False, verbose=0).history
    assert labelled["student_loss"][0] > 0.0


def test_arrays_are_shuffled_as_plain_keras_shuffles_them():
    x, y = batch(20)

    class Seen(layers.Layer):
        def call(self, inputs, training=False):
            if training:
                tf.py_function(lambda rows: orders[-1].extend(rows.numpy()[:, 0]), [inputs], [])
            return inputs

    orders = []
    for distil in (False, True):
        inputs = keras.Input((6,))
        model = keras.Model(inputs, layers.Dense(3)(Seen()(inputs)))
        if distil:
            model = Distiller(network(), model, SoftTarget())
        model.compile("sgd", loss=CROSS_ENTROPY)
        orders.append([])
        keras.utils.set_random_seed(5)
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    assert orders[0] == orders[1]
    assert sorted(orders[0][:20]) == sorted(x[:, 0]) != orders[0][:20]


def test_replicas_see_every_sample_once(mirrored):
    x, y = batch(20)
    with mirrored.scope():
        loss = Recorder(name="recorder")
        distiller = Distiller(network(), network(), loss, student_loss_weight=0.0)
        distiller.compile("sgd", loss=None)
    dataset = tf.data.Dataset.from_tensor_slices((x, np.arange(20))).batch(8)
    distiller.fit(dataset, epochs=2, verbose=0, shuffle=False)
    steps = [sorted(sum(loss.seen[i : i + 2], [])) for i in range(0, 12, 2)]
    assert steps == [list(range(8)), list(range(8, 16)), list(range(16, 20))] * 2


@pytest.mark.parametrize("replicas", [1, 2])
def test_the_step_is_traced_once(replicas, mirrored):
    strategy = mirrored if replicas == 2 else tf.distribute.get_strategy()

    class Traced(SoftTarget):
        traces = 0

        def compute_loss(self, *args, **kwargs):
            Traced.traces += 1
            return super().compute_loss(*args, **kwargs)

    with strategy.scope():
        distiller = Distiller(network(), network(), Traced(name="traced"))
        distiller.compile("adam", loss=CROSS_ENTROPY)
    dataset = tf.data.Dataset.from_tensor_slices(batch(40)).batch(8)
    for _ in range(2):
        distiller.fit(dataset, epochs=2, verbose=0, shuffle=False)
    assert Traced.traces == replicas


def test_train_on_batch_looks_too():
    distiller = make()
    x, y = batch(4)
    with pytest.raises(ValueError, match="with a batch of 4"):
        distiller.train_on_batch(x, y)
    assert np.isfinite(distiller.train_on_batch(*batch(), return_dict=True)["loss"])


def test_each_fit_looks_again():
    distiller = make()
    distiller.fit(*batch(), verbose=0)
    with pytest.raises(ValueError, match="with a batch of 3"):
        distiller.fit(*batch(), batch_size=3, verbose=0)
