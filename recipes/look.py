"""A look at the wiring before the first step of a recipe's distillers."""

from tf_lpdistill import Distiller, guidance
from tf_lpdistill.ops.replicas import spans_workers

_looked = set()


def at(model, batches, trainer):
    """Says what `guidance.check` finds wrong, once in a run for each choice of losses.

    Args:
        model: the compiled model that is about to be trained; only a `Distiller` is looked at, and
            none that several processes train.
        batches: its training batches; they are read from their start.
        trainer: the `Trainer`.

    Returns:
        The batches.
    """
    if isinstance(model, Distiller) and not spans_workers(trainer.run.strategy):
        wiring = (trainer.run.directory, *(loss.name for loss in model.distillation_losses))
        if len(wiring) > 1 and wiring not in _looked:
            _looked.add(wiring)
            for problem in guidance.check(model, batches).problems:
                trainer.progress.say(str(problem))
    return batches
