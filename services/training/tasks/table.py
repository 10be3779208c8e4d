"""The tasks that a job can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.training.tasks.nlu.task import TASK as NLU
from services.training.tasks.task import Task
from shared.contracts.jobs import TaskName

TASKS: Mapping[TaskName, Task[Any, Any, Any, Any]] = {"nlu": NLU}
