"""The study of locality preserving distillation: what it trains, records, and makes of it."""
