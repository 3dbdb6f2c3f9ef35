"""Where a step gets the teacher's outputs from: models that run, a cache, or none at all."""

from tf_lpdistill.teachers.absent import AbsentTeacher
from tf_lpdistill.teachers.cache import TeacherCache
from tf_lpdistill.teachers.connect import AnyTeacher, connect
from tf_lpdistill.teachers.ensemble import TeacherEnsemble
from tf_lpdistill.teachers.live import LiveTeacher, fingerprint
from tf_lpdistill.teachers.names import split_path

__all__ = [
    "AbsentTeacher",
    "AnyTeacher",
    "LiveTeacher",
    "TeacherCache",
    "TeacherEnsemble",
    "connect",
    "fingerprint",
    "split_path",
]
