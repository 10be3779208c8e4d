"""Sentiment streams: texts whose sentiment was read elsewhere, counted, with one rule on their share of negatives."""
