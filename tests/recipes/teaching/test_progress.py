"""The progress bar of the recipes."""

from teaching import progress
from tf_lpdistill import Distiller
from tf_lpdistill.losses import LocalityPreserving, SoftTarget


def test_every_term_of_a_distiller_is_shown_in_short(trainer, pair, monkeypatch):
    seen = []
    monkeypatch.setattr(
        trainer.progress._bar, "set_postfix", lambda values, refresh: seen.append(values)
    )
    distiller = Distiller(*pair, [SoftTarget(), LocalityPreserving("features", "features")])
    (row,) = trainer.fit(distiller, trainer.data.train.subset(100), epochs=1, seed=0)
    (values,) = seen
    assert set(values) == {"loss", "stud_loss", "soft_targ", "loca_pres", "val_accu"}
    assert float(values["soft_targ"]) == float(f"{row['soft_target']:.3g}") > 0.0
    assert float(values["loss"]) == float(f"{row['loss']:.3g}")


def test_a_network_alone_has_its_loss():
    logs = {"accuracy": 0.5, "loss": 1.23456, "val_loss": 2.0, "val_accuracy": 0.25}
    assert progress.shown(logs, ["loss", "compile_metrics"]) == {"loss": "1.23", "val_accu": "0.25"}
    assert progress.shown({}, ["loss"]) == {}
