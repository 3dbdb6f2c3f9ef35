"""Zeros and distinct values, counted by hand."""

import keras
import numpy as np
from keras import layers

from tf_lpdistill.compression import describe_kernels


def test_what_is_counted():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    student = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(3, 1),
            layers.DepthwiseConv2D(3),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            inner,
        ]
    )
    student.layers[0].kernel.assign(np.reshape([0.0, 1.0, 1.0], (1, 1, 1, 3)))
    inner.layers[0].kernel.assign(np.reshape([0.0, 0.0, 1.0, 2.0, 3.0, 3.0], (3, 2)))
    found = describe_kernels(student)
    assert found == {"parameters": student.count_params(), "zeros": 3 / 9, "values": 4}
