"""Token classification as a task: labelled spans of texts."""
