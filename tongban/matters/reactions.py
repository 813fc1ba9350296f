from tongban.matters.editing import drafting

__all__ = ["drafting"]  # loading it enters the worker's duty: versions take effect on their day
