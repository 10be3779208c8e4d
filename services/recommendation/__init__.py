"""Offers what somebody may want next: ranks the items of a catalog by what people did, what items say, and what is popular now.

Consumes ``RecommendItems`` (queue ``recommendation``, shared by all processes), ``CatalogChanged``, ``ModelPublished``.
Publishes ``ItemsRecommended`` for the gateway that asked. Reads catalogs from the database; keeps nothing that is not there.
"""
