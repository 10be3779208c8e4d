"""The web widget: who may have it on which pages, the sessions of visitors, and the script itself."""
