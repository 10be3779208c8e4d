"""Several trained models, made one: by their weights, or by what they answer."""
