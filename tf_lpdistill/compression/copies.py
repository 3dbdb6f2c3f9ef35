"""A copy of a student, to be changed in its place."""

import keras


def float32_copy(student: keras.Model) -> keras.Model:
    """Copies a student, its layers' names and weights, to compute in float32.

    Args:
        student: a built Functional or Sequential `keras.Model`, of any precision; nested models in
            it are copied too.

    Returns:
        `keras.Model` of the same name, not compiled, that shares nothing with `student`.
    """

    def copy(layer):
        config = layer.get_config()
        if isinstance(layer, keras.Layer):
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    twin = keras.models.clone_model(student, clone_function=copy, recursive=True)
    twin.set_weights(student.get_weights())
    return twin
