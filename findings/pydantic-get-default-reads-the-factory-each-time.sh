#!/usr/bin/env bash
# pydantic 2.14.3: FieldInfo.get_default(call_default_factory=True) reads the signature of the field's factory anew at every call.
#
# A good guess is that asking a field for its default costs about what its factory costs; making a model by pydantic itself does. But get_default asks
# whether the factory takes the validated data, by inspect.signature, and keeps no answer. For `dict` and `list`, whose signatures stand in a string that has to be
# tokenized and parsed, that takes some fifty times as long as making the model. Whoever makes instances past the validator (as for SQLModel tables) should look the factories up once.
#
# Seen, in the last lines below:
#   get_default is more than 20 times slower than the model itself: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3
cat > "$folder/shown.py" <<'PYTHON'
import sys
import timeit

from pydantic import BaseModel, Field


class Kept(BaseModel):
    values: dict[str, int] = Field(default_factory=dict)


field = Kept.model_fields["values"]
model = min(timeit.repeat(Kept, number=500, repeat=5)) / 500
default = min(timeit.repeat(lambda: field.get_default(call_default_factory=True), number=500, repeat=5)) / 500
print(f"the model {1e6 * model:.1f} us, get_default {1e6 * default:.1f} us")
slower = default > 20 * model
print(f"get_default is more than 20 times slower than the model itself: {slower}")
sys.exit(not slower)
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
