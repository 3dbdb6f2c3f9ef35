"""The look before a recipe's distillers: once a wiring, and each finding said once."""

from teaching import look
from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import SoftTarget


def test_each_wiring_is_looked_at_and_each_finding_said_once(tmp_path, trainer, monkeypatch):
    said = []
    monkeypatch.setattr(trainer.progress, "say", said.append)
    monkeypatch.setattr(look, "_looked", set())
    monkeypatch.setattr(look, "_told", set())
    data = [batch(32)]

    def at(*losses):
        before = len(said)
        look.at(compiled(Distiller(network(), network(), list(losses))), data, trainer)
        return [text.split(":")[0] for text in said[before:]]

    few, many = lp(num_neighbors=2), lp(num_neighbors=31)
    assert "warning (too_many_neighbors)" not in at(few)
    assert "warning (too_many_neighbors)" in at(many)  # the same loss, with another k
    assert at(many) == []
    assert "warning (too_many_neighbors)" not in at(many, SoftTarget())  # said before
