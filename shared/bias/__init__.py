"""Whether a model answers the same words otherwise when only who says them changes. Pure."""
