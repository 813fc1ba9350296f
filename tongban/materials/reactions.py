"""What this room does when an identity was decided: the reaction stands with the pictures it is about."""

from tongban.materials import identity

PICTURES = identity  # loading it enters its reactions and the worker's duties
