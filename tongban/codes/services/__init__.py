"""What changes codes, venues, orders, passes and inspections: one file an act, or acts that belong together."""
