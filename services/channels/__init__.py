"""Messengers and inboxes: what customers write there becomes turns, and answers go back, once each.

Consumes what comes to the doors of channels (from the gateway) and news of conversations; asks the gateway to answer. Publishes nothing.
"""
