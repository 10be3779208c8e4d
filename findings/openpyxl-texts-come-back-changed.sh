#!/usr/bin/env bash
# openpyxl 3.1.5: some texts come back from a workbook as others, or make one that cannot be opened; nothing warns.
#
# A cell of Excel stores signs that XML cannot hold, or would change, as _xHHHH_ (ECMA-376, ST_Xstring), so that every text comes back as it was.
# A good guess would be that the library does so too: it refuses some control characters (IllegalCharacterError), and ships openpyxl.utils.escape.
# But it calls that neither when it writes nor when it reads:
#   - a carriage return is written as it is, and XML makes a line feed of it;
#   - what Excel wrote for a carriage return is handed on as the seven signs _x000D_;
#   - U+FFFE and U+FFFF, which XML forbids, are written without an error, and then neither openpyxl nor another XML parser opens the file;
#   - openpyxl.utils.escape.escape does not escape a text that looks like an escape, so that unescape makes another text of it.
#
# Seen, in the last lines below:
#   a carriage return comes back: False
#   what Excel wrote for it is read: False
#   a workbook with U+FFFE opens: False
#   escape and unescape are inverse: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openpyxl==3.1.5
cat > "$folder/shown.py" <<'PYTHON'
import io
import sys
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import escape, unescape


def back(text: str) -> str | None:
    book, file = Workbook(), io.BytesIO()
    book.active["A1"] = text
    book.save(file)
    try:
        return load_workbook(io.BytesIO(file.getvalue())).active["A1"].value
    except (ParseError, ValueError):
        return None


returned = back("a\rb") == "a\rb"
read = back("a_x000D_b") == "a\rb"
opened = back("a\ufffeb") is not None
inverse = unescape(escape("_x0041_")) == "_x0041_"
print("a carriage return comes back:", returned)
print("what Excel wrote for it is read:", read)
print("a workbook with U+FFFE opens:", opened)
print("escape and unescape are inverse:", inverse)
sys.exit(0 if (returned, read, opened, inverse) == (False, False, False, False) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
