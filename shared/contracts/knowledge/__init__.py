"""What is looked for: passages of documents, items of catalogs."""
