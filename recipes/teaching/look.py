"""A look at the wiring before the first step of a recipe's distillers."""

from tf_lpdistill import guidance

_looked, _told = set(), set()


def at(model, batches, trainer):
    """Says what `guidance.check` finds wrong, each finding once in a run.

    It looks once for each choice of losses, of their layers and of k.

    Args:
        model: the compiled `Distiller` that is about to be trained.
        batches: its training batches; they are read from their start.
        trainer: the `Trainer` or `StreamTrainer`.
    """
    run, wiring = trainer.run.directory, tuple(map(_compared, model.distillation_losses))
    if (run, wiring) in _looked:
        return
    _looked.add((run, wiring))
    for problem in map(str, guidance.check(model, batches).problems):
        if (run, problem) not in _told:
            _told.add((run, problem))
            trainer.progress.say(problem)


def _compared(loss):
    """What of a loss a look depends on: its layers and its k."""
    names = ("name", "teacher_layer_name", "student_layer_name", "num_neighbors")
    return tuple(str(getattr(loss, name, None)) for name in names)
