"""One progress bar over all fits of a recipe."""

import sys

import keras


class Progress(keras.callbacks.Callback):
    """One progress bar over the epochs of many fits; a line per fit without a terminal.

    Args:
        total: epochs of all fits together.
        quiet: say nothing at all, as all workers but the chief do.
    """

    def __init__(self, total, quiet=False):
        super().__init__()
        from tqdm import tqdm

        self._quiet = quiet
        self._bar = tqdm(total=total, unit="epoch", disable=quiet or not sys.stderr.isatty())

    def begin(self, title):
        """Names the fit that comes next."""
        self._bar.set_description(title)

    def on_epoch_end(self, epoch, logs=None):
        """Moves the bar and shows the loss, its terms and the validation accuracy."""
        losses = [metric.name for metric in self.model.metrics]
        self._bar.set_postfix(shown(logs or {}, losses), refresh=False)
        self._bar.update()

    def say(self, line):
        """Prints a line above the bar."""
        if self._quiet:
            return
        self._bar.write(line, file=sys.stdout)
        sys.stdout.flush()

    def skip(self, epochs):
        """Moves the bar over epochs that an earlier run has done."""
        self._bar.update(epochs)

    def close(self):
        """Leaves the bar as it stands."""
        self._bar.close()


def shown(logs, losses):
    """What the bar shows of the metrics of an epoch.

    Args:
        logs: {metric: value}; callbacks may have put more there.
        losses: names of the model's own losses, of a Distiller one a term.

    Returns:
        {short name: value in three digits} of the losses and of the validation accuracy: every word
        is cut to four letters, so that the terms have room beside each other.
    """
    keys = [key for key in logs if key in losses or key == "val_accuracy"]
    return {"_".join(word[:4] for word in key.split("_")): f"{logs[key]:.3g}" for key in keys}
