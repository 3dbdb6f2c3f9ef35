"""What recipes/shrink.py does to a student: the ways, what each makes, their table."""
