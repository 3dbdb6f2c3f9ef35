"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""
