"""The ``import`` of an upload: JSON in one field, or a field a value as the official client sends nested objects."""

from __future__ import annotations

import re

from starlette.datastructures import FormData

from shared.errors import InvalidInput
from shared.importing.options import ImportOptions, options_from
from shared.text.strict_json import parsed

FIELD = "import"
#: Fields that an import may come in: the columns of every field of our rows, and what words for sentiments mean.
MAX_FIELDS = 60
#: Of the whole JSON.
MAX_BYTES = 16 * 1024

_NESTED = re.compile(r"import\[([a-z]+)\](?:\[([^\[\]]+)\])?")
_EXAMPLE = '{"map": {"text": "message"}}'


def is_ours(name: str) -> bool:
    """Whether a field of the form is a part of it."""
    return name == FIELD or _NESTED.fullmatch(name) is not None


def import_options(form: FormData) -> ImportOptions | None:
    """What the form says of an import; ``None`` if it asks for none.

    Raises:
        InvalidInput: It says something that cannot be.
    """
    given: dict[str, object] = {}
    asked = False
    for name, value in form.multi_items():
        if not is_ours(name):
            continue
        asked = True
        if not isinstance(value, str):
            raise InvalidInput(f"'{name}' must be no file.", param=name)
        nested = _NESTED.fullmatch(name)
        if nested is None:
            given.update(_whole(value))
        else:
            _put(given, nested[1], nested[2], value)
    return options_from(given) if asked else None


def _whole(value: str) -> dict[str, object]:
    try:
        found = parsed(value)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"'import' must be a JSON object such as {_EXAMPLE}, or {{}}.", param=FIELD) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"'import' must be a JSON object such as {_EXAMPLE}, or {{}}.", param=FIELD)
    return found


def _put(given: dict[str, object], name: str, key: str | None, value: str) -> None:
    if key is None:
        given[name] = value
        return
    inner = given.setdefault(name, {})
    if not isinstance(inner, dict):
        raise InvalidInput(f"'import[{name}]' stands there twice.", param=f"import[{name}]")
    inner[key] = value
