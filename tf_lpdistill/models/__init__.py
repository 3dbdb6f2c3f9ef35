"""Teachers and students."""

from tf_lpdistill.models.digits import digits_student, digits_teacher

__all__ = ["digits_student", "digits_teacher"]
