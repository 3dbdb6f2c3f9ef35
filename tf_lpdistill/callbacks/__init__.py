"""Sight during training: what each term does, how the features are, alarms, TensorBoard."""

from tf_lpdistill.callbacks.tensorboard import TensorBoardLog
from tf_lpdistill.callbacks.watch import Watch

__all__ = ["TensorBoardLog", "Watch"]
