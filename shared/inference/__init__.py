"""Reading texts with a model bundle, on onnxruntime alone: the same code in serving, retrieval and evaluation."""
