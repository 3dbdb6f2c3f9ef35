"""Graphs small enough to count by hand."""

import pytest
import tensorflow as tf

from tf_lpdistill.guidance.traced import operations, peak_bytes


def trace(function, *shapes):
    specs = [tf.TensorSpec(shape) for shape in shapes]
    traced = tf.function(function, autograph=False).get_concrete_function(*specs)
    return traced.graph, traced.outputs


@pytest.mark.parametrize(
    ("function", "shapes", "expected"),
    [
        (lambda a, b: a @ b, [(2, 3), (3, 5)], 2 * 2 * 3 * 5),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), [(3, 2), (3, 5)], 2 * 2 * 3 * 5),
        (lambda a, b: tf.matmul(a, b, adjoint_a=True), [(7, 3, 2), (7, 3, 5)], 7 * 60),
        (lambda a, b: tf.einsum("bij,bik->bjk", a, b), [(7, 3, 2), (7, 3, 5)], 7 * 60),
        (lambda x, k: tf.nn.conv2d(x, k, 2, "SAME"), [(1, 8, 8, 3), (3, 3, 3, 4)], 2 * 64 * 27),
        (
            lambda x, k: tf.nn.conv2d_transpose(x, k, (1, 8, 8, 4), 2),
            [(1, 4, 4, 3), (3, 3, 4, 3)],
            2 * 48 * 36,
        ),
        (
            lambda x, k: tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME"),
            [(1, 4, 4, 3), (3, 3, 3, 2)],
            2 * (16 * 6) * 9,
        ),
        (lambda a: tf.exp(a) + 1.0, [(4, 5)], 40),
        (lambda a: tf.reduce_sum(a, axis=0), [(4, 5)], 20),
        (lambda a: tf.transpose(tf.reshape(a, (5, 4))), [(4, 5)], 0),
    ],
)
def test_operations(function, shapes, expected):
    assert operations(*trace(function, *shapes)) == expected


def test_gradients_of_a_product_cost_as_much_as_it_does():
    def step(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            product = tf.nn.conv2d(x, kernel, 2, "SAME")
        return tape.gradient(product, [x, kernel], output_gradients=product)

    counted = operations(*trace(step, (2, 8, 8, 3), (3, 3, 3, 4)))
    assert counted == 3 * 2 * (2 * 4 * 4 * 4) * 27


def test_what_no_output_needs_is_not_counted():
    def step(a):
        tf.linalg.matmul(a, a)
        return a * 2.0

    assert operations(*trace(step, (4, 4))) == 16


def test_a_chain_holds_two_tensors_at_once():
    assert peak_bytes(*trace(lambda a: tf.exp(tf.exp(tf.exp(a))), (100,))) == 2 * 400


def test_what_is_used_later_stays():
    def step(a):
        first = tf.exp(a)
        return tf.exp(tf.exp(tf.exp(first))) + first

    assert peak_bytes(*trace(step, (100,))) == 3 * 400


def test_another_name_for_a_tensor_needs_no_memory_and_keeps_it():
    def step(a):
        flat = tf.reshape(tf.exp(a), (-1,))
        return tf.exp(tf.exp(tf.identity(flat))) + flat

    assert peak_bytes(*trace(step, (10, 10))) == 3 * 400


def test_a_loop_is_refused():
    def step(a):
        return tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x @ x), (0, a))[1]

    with pytest.raises(ValueError, match=r"has a loop: StatelessWhile .* smaller one"):
        operations(*trace(step, (4, 4)))


def test_sizes_that_depend_on_values_are_refused():
    with pytest.raises(ValueError, match="whose size depends on values: "):
        peak_bytes(*trace(lambda a: tf.boolean_mask(a, a > 0.0), (4,)))
