"""From files to rows that a model may be trained on, split into those that train, choose and judge."""
