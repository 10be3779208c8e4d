"""The engine and what every repository needs: transactions, ids, pages, leases, statements of both databases."""
