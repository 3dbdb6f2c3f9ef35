"""The choice by size, while tracing and in the step."""

import tensorflow as tf

from tf_lpdistill.ops import choose


def test_known_sizes_are_chosen_while_tracing():
    def refused():
        raise AssertionError("the other way was traced")

    assert choose(3, 4, small=lambda: 1, large=refused) == 1
    assert choose(4, 4, small=refused, large=lambda: 2) == 2


def test_unknown_sizes_are_chosen_in_the_step():
    @tf.function(input_signature=[tf.TensorSpec((None,))])
    def compiled(values):
        return choose(tf.shape(values)[0], 4, lambda: -values, lambda: values)

    assert compiled([1.0, 2.0, 3.0]).numpy().tolist() == [-1.0, -2.0, -3.0]
    assert compiled([1.0, 2.0, 3.0, 4.0]).numpy().tolist() == [1.0, 2.0, 3.0, 4.0]
