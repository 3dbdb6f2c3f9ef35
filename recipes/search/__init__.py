"""What recipes/tune.py searches with: settings, trials, their journal."""
