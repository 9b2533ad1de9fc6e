"""Every question asked of the database: narrow selects straight into shared structs.

Reads of anybody's visit take the `viewer` first: which rows a role sees and the line in the access log live here
once, because this is the only door to a patient's row.
"""
