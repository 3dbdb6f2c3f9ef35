"""Methods x seeds: what is compared, each student once, from networks to report."""
