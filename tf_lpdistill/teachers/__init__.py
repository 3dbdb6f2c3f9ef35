"""Where a step gets the teacher's outputs from: a model that runs, or none at all."""

from tf_lpdistill.teachers.absent import AbsentTeacher
from tf_lpdistill.teachers.connect import connect
from tf_lpdistill.teachers.live import LiveTeacher, fingerprint

__all__ = ["AbsentTeacher", "LiveTeacher", "connect", "fingerprint"]
