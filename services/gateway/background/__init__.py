"""Work that can wait, done on the server's loop beside live traffic and after it: batches, and runs of evals."""
