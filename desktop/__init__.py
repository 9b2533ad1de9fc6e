"""The desktop console: what front-desk staff see and do. It speaks to the server over HTTP and shares only `shared`.

Nothing here decides a rule, a price or a permission: the server does, and the console shows what it said.
"""
