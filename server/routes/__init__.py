"""Hear: one file a subject. A handler reads the request, passes a guard, calls one action or one read, and answers
with a schema. No SQL, no vendor's wire, no decision about a status."""
