"""A teacher's activations on disk: the teacher runs once, students train as often as they like."""

from tf_lpdistill.teachers.cache.cache import TeacherCache

__all__ = ["TeacherCache"]
