"""What a run minimises besides the loss of its task."""
