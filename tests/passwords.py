from tongban.site.passwords import Argon2


class Quick(Argon2):
    """The product's own hash with the least work: its 30 ms for each account of each test are minutes of a run.
    What the product itself asks of it stands in the book of security (tests/hostile/test_asvs.py)."""

    time_cost = 1
    memory_cost = 8
