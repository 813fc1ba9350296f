"""Loading this enters the room's duties and errands, and tells the office's pages what changed."""

from tongban.records import handing_over, services, taking_home

__all__ = ["handing_over", "services", "taking_home"]
