from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """OWASP's 19 MiB, t=2, p=1: Django's own 100 MiB with eight lanes turns a rush at nine o'clock into an outage."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
