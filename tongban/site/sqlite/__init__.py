"""SQLite as Django has it, with an orderly queue before the one place where only one can write."""
