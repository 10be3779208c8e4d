"""Why a turn was answered as it was, computed when asked for."""
