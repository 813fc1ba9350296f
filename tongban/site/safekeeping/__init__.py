"""A copy of everything while people work, bringing it back, and looking whether all of it is what was written."""
