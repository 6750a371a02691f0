"""Small pictures, drawn inline: 16 by 16, one stroke, in the colour of the text beside them."""

from collections.abc import Mapping

from markupsafe import Markup

PATHS: Mapping[str, str] = {
    # the way around
    "home": "M2.5 7.5 8 3l5.5 4.5V13h-4v-3.5h-3V13h-4z",
    "ticket": "M2.5 5h11v2a1 1 0 0 0 0 2v2h-11V9a1 1 0 0 0 0-2zM9.5 5v6",
    "kyc": "M2.5 3.5h11v9h-11zM6 8a1.3 1.3 0 1 0 0-2.6A1.3 1.3 0 0 0 6 8M4 11a2 2 0 0 1 4 0M10 6.5h2M10 9h2",
    "transaction": "M2.5 5.5h9L9.2 3.2M13.5 10.5h-9l2.3 2.3",
    "queue": "M2.5 13.5h11M4.5 11V7M8 11V3.5M11.5 11V8.5",
    "quality": "M2.5 3.5h6v3h-6zM2.5 9.5h4M2.5 12.5h3M9 11l1.8 1.8L14 9.2M11 5h2.5",
    "screening": "M2.5 3h11v10h-11zM2.5 6h11M5 8.8h2.2M5 11h2.2M9 8.8h2.2M9 11h2.2",
    "group": "M2.5 3.5h4v3h-4zM2.5 9.5h4v3h-4zM9 5h4.5M9 11h4.5M6.5 5H9M6.5 11H9",
    "incoming": "M2.5 9v4.5h11V9h-3l-1 1.8h-3L5.5 9zM8 2v5M5.8 4.9 8 7l2.2-2.1",
    "points": "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M6 11V5h2.6a1.8 1.8 0 0 1 0 3.6H6",
    "run": "M3 4h3M3 12h3M10 8h3M6 4a4 4 0 0 1 4 4 4 4 0 0 1-4 4",
    "procedure": "M4 2.5h5.5L12 5v8.5H4zM6 7h4M6 9.5h4",
    "trigger": "M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z",
    "order": "M3.5 2.5h9v11l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 8.5h4",
    "service": "M2.5 6.5h11v7h-11zM2 4.5h12v2H2zM8 4.5v9M8 4.5 6 2.3M8 4.5l2-2.2",
    "provider": "M3 13.5v-10h6v10M9 6.5h4v7M5 6h2M5 8.5h2M5 11h2M2 13.5h12",
    "customers": "M2.5 3h11v10h-11zM5 6h.1M7 6h4M5 8h.1M7 8h4M5 10h.1M7 10h4",
    "dispute": "M8 2.5v11M4.5 13.5h7M3 5h10M3 5 1.5 9h3zM13 5l-1.5 4h3z",
    "operations": "M2 8h3l1.5-4 3 8L11 8h3",
    "people": "M6 7.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4M2 13a4 4 0 0 1 8 0M10 3.6a2 2 0 0 1 0 3.8M12 9.6a4 4 0 0 1 2 3",
    "key": "M6 10.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5M8.6 7.8H14M12 7.8v2.4",
    "audit": "M8 2.2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6 3-3.2",
    # states, told apart by shape
    "done": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M5.2 8.2l2 2 3.6-4.2",
    "running": "M8 2a6 6 0 1 0 6 6M8 5v3l2 1.5",
    "waiting": "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 3 3.5 3 5.5s-3 2.5-3 5.5M11 2.5c0 3-3 3.5-3 5.5s3 2.5 3 5.5",
    "paused": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M6.4 5.8v4.4M9.6 5.8v4.4",
    "failed": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
    "blocked": "M8 2.2 14 13H2zM8 6.2v3M8 11v.2",
    "stopped": "M5.2 2h5.6L14 5.2v5.6L10.8 14H5.2L2 10.8V5.2zM5.5 8h5",
    "open": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
    "person": "M8 7.5A2.5 2.5 0 1 0 8 2.5a2.5 2.5 0 0 0 0 5M3 13.5a5 5 0 0 1 10 0",
    "skipped": "M3 4l5 4-5 4zM8 4l5 4-5 4z",
    "settlement": "M3.5 2.5h9v11h-9zM5.8 5.5h4.4M5.8 8h4.4M5.8 10.5h2.4",
    # doing
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "search": "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.3 10.3 13.5 13.5",
    "right": "M6 3.5 10.5 8 6 12.5",
    "left": "M10 3.5 5.5 8l4.5 4.5",
    "up": "M3.5 10 8 5.5 12.5 10",
    "down": "M3.5 6 8 10.5 12.5 6",
    "minus": "M3 8h10",
    "plus": "M8 3v10M3 8h10",
    "turn_left": "M3.5 5.5h5a4 4 0 1 1-4 4M3.5 5.5 6 3M3.5 5.5 6 8",
    "turn_right": "M12.5 5.5h-5a4 4 0 1 0 4 4M12.5 5.5 10 3M12.5 5.5 10 8",
    "whole": "M3 6V3h3M13 6V3h-3M3 10v3h3M13 10v3h-3",
    "close": "M4 4l8 8M12 4l-8 8",
    "out": "M6.5 3H3v10h3.5M7 8h6.5M11 5.5 13.5 8 11 10.5",
    "keyboard": "M1.5 4.5h13v7h-13zM4 7h.1M6.6 7h.1M9.3 7h.1M12 7h.1M5 9.3h6",
    "language": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c4 4 4 8 0 12M8 2c-4 4-4 8 0 12",
    "download": "M8 2.5v7.5M5 7.2l3 3 3-3M3 13h10",
    "info": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.3v3.5M8 5.1v.2",
}


def icon(name: str) -> Markup:
    """The picture of this name; what it shows is also said in words beside it. Raises KeyError."""
    return Markup(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>'
    ).format(PATHS[name])
