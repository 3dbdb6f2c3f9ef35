"""One run: trains the student of a job and measures it."""

import time

import keras
import numpy as np

import machine
from locality.classroom import CHUNK
from locality.lesson import Lesson, Tutor
from locality.space import LEARNING_RATE, apply
from results import evaluation
from tf_lpdistill import NeighborGraph
from tf_lpdistill.metrics import neighbor_indices, neighborhood_overlap

NEIGHBORS = 5  # of all that is measured of neighbourhoods


def run(job, classroom):
    """Trains the student of a job.

    Args:
        job: `Job`.
        classroom: the `Classroom` of its cell.

    Returns:
        Dict of plain values: the accuracies, what may explain them, seconds of CPU time, versions
        and hardware; or "failed", the reason. The test images are looked at in "final" runs alone.
    """
    start, wall = time.process_time(), time.perf_counter()
    try:
        lesson = _prepare(job, classroom)
        apply(job.method, job.setting).train(lesson)
        measured = _measure(job, classroom, lesson)
    except OSError:
        raise  # a full disk is no fault of the setting
    # One setting must not stop the study, whatever it stumbles over; its reason is on record.
    except Exception as error:
        measured = {"failed": f"{type(error).__name__}: {error}"}
    cell = classroom.cell
    return measured | {
        "num_labels": len(classroom.split(job.seed)),
        "epochs": cell.epochs,
        "cpu_seconds": round(time.process_time() - start, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        **machine.versions(),
        "hardware": machine.hardware(),
    }


def _prepare(job, classroom):
    keras.utils.set_random_seed(job.seed)
    student = classroom.build_student()
    batch_size = job.setting.get("batch_size", classroom.cell.batch_size)
    order = None
    if "seeds_per_batch" in job.setting:
        graph = NeighborGraph.build(classroom.teacher_features(job.seed), 10)
        order = graph.batches(batch_size, job.setting["seeds_per_batch"], seed=job.seed).epoch
    rate = job.setting.get("learning_rate", LEARNING_RATE)
    return Lesson(Tutor(classroom, rate, batch_size, order), student, job.seed)


def _measure(job, classroom, lesson):
    student, room = lesson.student, classroom
    scores = {"validation": room.data.validation}
    if job.part == "final":
        scores["test"] = room.data.test
    accuracies = {
        f"{name}_accuracy": evaluation.accuracy(student, split, room.pixels, CHUNK)
        for name, split in scores.items()
    }
    train = evaluation.accuracy(student, room.split(job.seed), room.pixels, CHUNK)
    return {
        **accuracies,
        "train_accuracy": train,
        "loss": lesson.curves[-1]["loss"],
        "parameters": student.count_params(),
        **_geometry(job, classroom, student),
        **(room.on_the_phone(student) if job.part == "final" else {}),
    }


def _geometry(job, classroom, student):
    """Why a student may be better: norms and neighbourhoods of its features."""
    probe = classroom.probe
    teacher = classroom.teacher_features()
    own = classroom.features(student, probe, classroom.student_network)
    centred = own - own.mean(axis=0)
    batch = job.setting.get("batch_size", classroom.cell.batch_size)
    return {
        "feature_norm": float(np.linalg.norm(own, axis=1).mean()),
        "feature_spread": float(np.linalg.norm(centred, axis=1).mean()),
        "neighbors_kept": neighborhood_overlap(teacher, own, NEIGHBORS),
        "purity_student": purity(own, probe.labels),
        "purity_teacher": purity(teacher, probe.labels),
        "purity_in_batch": _in_batches(
            classroom.teacher_features(job.seed), classroom.split(job.seed).labels, batch
        ),
    }


def purity(features, labels):
    """Share of the nearest neighbours that have the sample's own label, 0 to 1."""
    nearest = neighbor_indices(features, min(NEIGHBORS, len(labels) - 1))
    return float((labels[nearest] == labels[:, None]).mean())


def _in_batches(features, labels, batch_size):
    """The purity of the neighbours that the loss finds: within random batches of an epoch."""
    order = np.random.default_rng(0).permutation(len(labels))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)][:8]
    full = [batch for batch in batches if len(batch) == batch_size]
    return float(np.mean([purity(features[batch], labels[batch]) for batch in full]))
