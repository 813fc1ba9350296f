"""What changes in halls; one file a subject."""

from tongban.halls.services.loading import load, load_halls

__all__ = ["load", "load_halls"]
