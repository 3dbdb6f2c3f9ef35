"""Before training: is it wired rightly, which layers, which weights."""

from tf_lpdistill.guidance.check import check
from tf_lpdistill.guidance.finding import Finding, Findings

__all__ = ["Finding", "Findings", "check"]
