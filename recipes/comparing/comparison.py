"""Methods x seeds on images in memory: how a student is taught and measured."""

import dataclasses

from comparing.grid import Grid
from results import evaluation
from teaching import curves
from teaching.apprentice import Apprentice


@dataclasses.dataclass(frozen=True)
class Comparison(Grid):
    """What is compared on images in memory.

    Args:
        trainer: the `Trainer` of the run.
        num_labels: labelled images of each student, drawn by the seed.
        cached: whether the teacher runs once over the images and is kept in `caches/`; only where
            they are not augmented.

    The other arguments are those of `Grid`.
    """

    num_labels: int
    cached: bool = False

    def teach(self, trainer, key, seed):
        """Trains and measures one student.

        Returns:
            Dict of `accuracy` on the test images at the epoch best on the validation images,
            `last_accuracy` at the last epoch, `validation_accuracy`, `best_epoch`, `parameters`,
            `extra_parameters`, `step_ms`; or `failed`, the reason. And what to say of it.
        """
        with trainer.run.strategy.scope():
            student = self.build_student()
        job = dataclasses.replace(self, trainer=trainer).apprentice(student, seed)
        try:
            with trainer.run.strategy.scope():
                self.methods[key].train(job)
            result = self._measure(job)
            curves.write_curves(trainer.folder / "history.csv", key, seed, job.curves)
            trainer.run.save(job.student, trainer.folder / "student.keras")
            said = f"test accuracy {result['accuracy']:.4f}"
        # One method must not lose the others, whatever it stumbles over; its reason is reported.
        except Exception as error:
            result = {"failed": _reason(error)}
            said = f"failed. {result['failed']}"
        trainer.progress.skip(self.epochs - len(job.curves))
        return result, said

    def apprentice(self, student, seed):
        """The `Apprentice` of a seed around a student."""
        split = self.trainer.data.train.subset(self.num_labels, seed)
        caches = None
        if self.cached:
            whole = self.num_labels == len(self.trainer.data.train)
            caches = self.trainer.run.path("caches", "all" if whole else f"seed{seed}")
        return Apprentice(
            self.trainer, self.teacher, student, self.layers, split, self.epochs, seed, caches
        )

    def _measure(self, job):
        """Scores the last epoch, then the best, whose weights the student keeps."""
        last = self.test_accuracy(job.student)
        job.best.restore()
        return {
            "accuracy": self.test_accuracy(job.student),
            "last_accuracy": last,
            "validation_accuracy": job.best.accuracy,
            "best_epoch": job.best.epoch,
            "parameters": job.student.count_params(),
            "extra_parameters": job.extra_parameters,
            "step_ms": job.timer.milliseconds,
        }

    def test_accuracy(self, model):
        """The share of right answers on the test images."""
        trainer = self.trainer
        return evaluation.accuracy(
            model, trainer.data.test, trainer.preprocessing, trainer.batch_size
        )


def _reason(error):
    """An error in words; its class only where the words may not tell."""
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
