"""The services of Parley; they meet only on the message bus, never by import (``embedded`` alone composes them)."""

from shared import quiet as quiet  # before any library is imported: see there
