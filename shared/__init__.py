"""The vocabulary that the server and the desktop have in common."""
