"""What happens to the catalogue."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType

CATALOGUE_PUBLISHED = EventType("catalogue_published", zh="服务目录已发布", en="The catalogue was published")
