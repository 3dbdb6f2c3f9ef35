"""Before training: is it wired rightly, which layers, which weights."""

from tf_lpdistill.guidance.balance import Weights, balance
from tf_lpdistill.guidance.check import check
from tf_lpdistill.guidance.finding import Finding, Findings
from tf_lpdistill.guidance.suggest_layers import LayerPair, LayerPairs, suggest_layers

__all__ = [
    "Finding",
    "Findings",
    "LayerPair",
    "LayerPairs",
    "Weights",
    "balance",
    "check",
    "suggest_layers",
]
