"""Where documents are fetched from: feeds, JSON over HTTP, folders; each with a cursor, a back-off and a state that one can see."""
