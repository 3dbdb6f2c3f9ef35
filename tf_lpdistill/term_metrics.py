"""What is logged: every term while training, the student alone while evaluating."""

import contextlib
from typing import Any

import keras

from tf_lpdistill.ops import replicas
from tf_lpdistill.types import Structure, Tensor


class TermMetrics:
    """Mixin before `keras.Model`: trackers of the terms beside the compiled metrics.

    Values are means over the samples of an epoch, right under any number of replicas.
    """

    def _make_trackers(self, term_names):
        self._student_loss_tracker = keras.metrics.Mean(name="student_loss")
        self._term_trackers = [keras.metrics.Mean(name=name) for name in term_names]
        self._evaluating = False

    def _track(self, total, student_loss, values, batch_size):
        """Records a step.

        Args:
            total: weighted total, divided by the replicas as Keras does.
            student_loss: supervised loss and regularisers, divided by the replicas.
            values: the unweighted terms on this replica, not divided.
            batch_size: samples on this replica.
        """
        trackers = {metric.name: metric for metric in self.metrics}
        trackers["loss"].update_state(replicas.unscale(total), sample_weight=batch_size)
        self._student_loss_tracker.update_state(
            replicas.unscale(student_loss), sample_weight=batch_size
        )
        for tracker, value in zip(self._term_trackers, values, strict=True):
            tracker.update_state(value, sample_weight=batch_size)

    @property
    def metrics(self) -> list[keras.Metric]:
        """The metrics of the moment: the distillation terms belong to training alone."""
        metrics = [metric for metric in super().metrics if getattr(metric, "built", True)]
        if not self._evaluating:
            return metrics
        own = {id(metric) for metric in (self._student_loss_tracker, *self._term_trackers)}
        return [metric for metric in metrics if id(metric) not in own]

    def compute_metrics(
        self, x: Structure, y: Structure, y_pred: Structure, sample_weight: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Keras's own; without labels, the losses alone."""
        if y is None:
            return self.get_metrics_result()
        return super().compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the student alone; arguments and result as `keras.Model.evaluate`."""
        with self._evaluation():
            return super().evaluate(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the student on one batch, as `keras.Model.test_on_batch`."""
        with self._evaluation():
            return super().test_on_batch(*args, **kwargs)

    @contextlib.contextmanager
    def _evaluation(self):
        self._evaluating = True
        try:
            yield
        finally:
            self._evaluating = False
