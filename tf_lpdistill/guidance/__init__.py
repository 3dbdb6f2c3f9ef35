"""Before and during training: what a choice costs, and whether it can work."""

from tf_lpdistill.guidance.cost import Cost, CostTable, cost

__all__ = ["Cost", "CostTable", "cost"]
