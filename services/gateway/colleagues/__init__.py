"""People in a conversation: taking it over, answering, and following what is said."""
