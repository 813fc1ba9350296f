from tongban.lib import formschema
from tongban.matters import code_lists
from tongban.matters.editing import drafting

__all__ = ["drafting"]  # loading it enters the worker's duty: versions take effect on their day

formschema.lists_come_from(code_lists.offer)
