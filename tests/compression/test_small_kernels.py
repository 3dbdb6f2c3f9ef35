"""Kernels with fewer non-zero weights than clusters keep their zeros through clustering."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tf_lpdistill.compression import cluster


def test_zeros_of_a_small_kernel_stay():
    student = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.ReLU(), layers.Dense(3)])
    for layer in (student.layers[0], student.layers[-1]):
        kernel = layer.kernel.numpy()
        kernel[::2] = 0.0
        layer.kernel.assign(kernel)
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(40, 6)).astype("float32"), rng.integers(0, 3, 40)
    batches = tf.data.Dataset.from_tensor_slices(arrays).batch(20)
    settings = {"preserve_sparsity": True, "epochs": 2, "learning_rate": 0.01, "verbose": 0}
    found = cluster(student, batches, num_clusters=16, **settings)
    for old, new in zip(student.get_weights()[::2], found.get_weights()[::2], strict=True):
        assert (new[old == 0] == 0).all() and len(np.unique(new)) <= 16
        assert np.abs(new - old).max() > 1e-4
