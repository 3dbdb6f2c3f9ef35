"""How networks are taught: fits, their batches and optimizers, what is watched meanwhile."""
