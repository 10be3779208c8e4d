#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 9.2.0: --dist loadgroup takes no notice of groups, without a word.
#
# Tests marked with xdist_group("one") are to run in one process, so that they share what is costly to set up. A good guess is that two releases
# which pip installs together keep that promise, as 3.8.0 does with pytest 9.1.1. But xdist writes the group into the private field
# `_nodeid` of a test, which pytest 9.2 no longer reads: its ids are objects. The tests are spread as if unmarked, nothing warns, and
# what was to be set up once is set up once a process.
#
# Seen, in the last lines below:
#   pytest 9.1.1: processes that ran a test of the group: 1
#   pytest 9.2.0: processes that ran a test of the group: 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/test_group.py" <<'PYTHON'
import os
import pathlib
import time

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(6))
def test_of_the_group(number: int) -> None:
    time.sleep(0.2)
    pathlib.Path(os.environ["SEEN"], str(os.getpid())).touch()
PYTHON
outcome=0
for expected in "9.1.1 1" "9.2.0 2"; do
    version=${expected% *} processes=${expected#* }
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "pytest==$version" pytest-xdist==3.8.0
    mkdir "$folder/seen-$version"
    SEEN="$folder/seen-$version" "$folder/$version/bin/python" -m pytest -q -p no:cacheprovider -n 2 --dist loadgroup "$folder/test_group.py" > "$folder/log"
    seen=$(find "$folder/seen-$version" -type f | wc -l)
    echo "pytest $version: processes that ran a test of the group: $seen"
    [ "$seen" -eq "$processes" ] || outcome=1
done
exit "$outcome"
