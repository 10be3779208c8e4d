from __future__ import annotations

import errno

import pytest
from safetensors import SafetensorError

from shared.errors import StorageFull, Unavailable
from shared.full_disk import is_disk_full

#: What a real one said, written by a library in another language.
RUST = SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), OSError(errno.EDQUOT, "Disk quota exceeded"), RUST, StorageFull("no room")]
)
def test_a_full_disk_is_recognised_whoever_met_it(error: Exception) -> None:
    assert is_disk_full(error)
    broken = RuntimeError("the export broke")
    broken.__cause__ = error
    assert is_disk_full(broken)


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), Unavailable("away"), ValueError("28")])
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_disk_full(error)
