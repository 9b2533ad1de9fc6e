"""One file a screen. A view reads and writes through the store; it never sees httpx, a thread or another view's insides."""
