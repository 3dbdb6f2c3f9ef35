"""The only place that touches tf_keras and tensorflow-model-optimization."""
