"""Say: every sentence that a person can receive, by language, kind, audience and channel. No decisions, no sending."""
