"""Controls that know Qt and their own arguments, and nothing else: no store, no network, no struct of the wire."""
