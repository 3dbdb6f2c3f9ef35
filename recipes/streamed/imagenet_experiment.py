"""Methods x seeds on ImageNet: each student trained once, scored, and the best one exported."""

import shutil

from comparing.grid import Grid
from results import ending, phone, readings, tables
from results.rows import mark_best, student_row, teacher_row
from teaching import curves
from teaching.apprentice import Apprentice
from teaching.training import Trainer
from tf_lpdistill import losses

UNMEASURED = {"neighborhood_overlap": None, "tflite": None}  # but for the chosen student's files


class StreamComparison(Grid):
    """What is compared on images that a `StreamTrainer` reads from disk."""

    def student(self, key, seed):
        """Trains one student, unless its result is on record; the state of its training goes."""
        result = super().student(key, seed)
        shutil.rmtree(
            self.trainer.run.path("students", f"{key}_seed{seed}", "backup"), ignore_errors=True
        )
        return result

    def teach(self, trainer, key, seed):
        """Trains and measures one student.

        Returns:
            Dict of `accuracy` and `top5` on the images to report on and `validation_accuracy` on
            those that were held out, all of the last epoch, `parameters`, `extra_parameters`,
            `step_ms`. And what to say of it.
        """
        with trainer.run.strategy.scope():
            job = Apprentice(
                trainer, self.teacher, self.build_student(), self.layers, trainer.data.train,
                self.epochs, seed,
            )  # fmt: skip
            self.methods[key].train(job)
        result = trainer.score(job.student, trainer.data.test) | {
            "validation_accuracy": job.curves[-1]["val_accuracy"],
            "parameters": job.student.count_params(),
            "extra_parameters": job.extra_parameters,
            "step_ms": job.timer.milliseconds,
        }
        trainer.run.save(job.student, trainer.folder / "student.keras")
        curves.write_curves(trainer.folder / "history.csv", key, seed, job.curves)
        return result, f"{100 * result['accuracy']:.2f} % (top 5: {100 * result['top5']:.2f} %)"


def check_methods(chosen):
    """Returns the methods, if all of them can be trained on images that are read from disk.

    Raises:
        ValueError: for one of several stages, or one that wants to know which image is which.
    """
    for key, method in chosen.items():
        needs = [losses.get(term.loss).needs for term in method.terms]
        if method.stages or any("sample_id" in need for need in needs):
            raise ValueError(
                "--methods must have one stage and do without a memory of the single images, which "
                f"come in no fixed order here. Received: --methods={key}; recipes/compare.py "
                "trains it on a data set that fits into memory."
            )
    return chosen


def finish(experiment, found, phone_images):
    """Exports the student best on the held out images; writes the results and the report.

    Args:
        experiment: the `Experiment`.
        found: what its `run` returned.
        phone_images: images that calibrate and score the phone files.
    """
    trainer, run = experiment.trainer, experiment.trainer.run
    score = trainer.score(experiment.teacher, trainer.data.test)
    measures = ("accuracy", "top5", "validation_accuracy")
    rows = [
        student_row(method.title, key, found[key], measures, **UNMEASURED)
        for key, method in experiment.methods.items()
    ]
    chosen = mark_best(rows, found)
    more = {"top5": [score["top5"]], "validation_accuracy": [None]} | UNMEASURED
    rows.insert(0, teacher_row(experiment.teacher, score["accuracy"], **more))
    images = trainer.data.load(phone_images)
    whole = Trainer(run, images, trainer.preprocessing, trainer.batch_size, trainer.progress)
    refused = phone.deliver(experiment, whole, found, chosen, rows[0])
    tables.STUDENTS.show(rows)
    words = readings.of_students(rows) + (
        f" Phone files, and what the report shows of single images, are of {len(images.test)} of "
        f"the {len(trainer.data.test)} images."
    )
    words, exported = (f"{words} {refused}", None) if refused else (words, chosen["key"])
    ending.finish(run, rows, experiment.seeds, words, exported=exported)
