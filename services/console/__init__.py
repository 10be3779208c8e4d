"""The console: pages for people who run a Parley. A client of the public API, and of nothing else.

Consumes and publishes no messages. What somebody sees and may do is what their API key may.
"""
