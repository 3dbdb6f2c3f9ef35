"""The hint of the standard pairs: its regressor, and that it trains with their optimizer."""

import dataclasses

import keras
import numpy as np

from papers import repdistiller
from teaching.apprentice import Apprentice
from teaching.optimizers import sgd


def test_the_regressor_normalises_the_batch_and_is_saved():
    layer = repdistiller.NormalizedRegressor(6)
    x = np.random.default_rng(0).normal(5.0, 3.0, (32, 4, 4, 3)).astype("float32")
    found = np.asarray(layer(x))
    assert found.shape == (32, 4, 4, 6) == layer.compute_output_shape(x.shape)
    assert found.min() == 0.0
    # Half a unit normal variable, as every channel about is.
    np.testing.assert_allclose(np.square(found).mean(), 0.5, atol=0.1)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.channels == 6


def test_the_hint_stays_finite_at_the_published_rate(trainer, pair, layers):
    own = dataclasses.replace(trainer, optimizer=sgd(0.05, (), 0.0005))
    split = trainer.data.train.subset(300)
    job = Apprentice(own, *pair, layers, split, 3, 0)
    repdistiller.METHODS["hint"].train(job)
    assert len(job.curves) == 3 and job.curves[-1]["hint"] < job.curves[0]["hint"]
    assert job.extra_parameters == 16 * 128 + 2 * 128
