"""Files that outlive a process: model bundles, uploads, checkpoints. On a local disk or anywhere fsspec reaches."""
