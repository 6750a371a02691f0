"""What people call the browser that a session is used from. The header `User-Agent` stays beside it in the record."""

import re

# The first that fits counts: nearly every browser also claims to be some of those after it.
_BROWSERS = [
    ("Edge", r"\bEdg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"\bOPR/(\d+)"),
    ("WeChat", r"\bMicroMessenger/(\d+)"),
    ("Samsung Internet", r"\bSamsungBrowser/(\d+)"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"\bVersion/(\d+)\S* .*Safari/"),
]
_SYSTEMS = [
    ("iPad", r"\biPad\b"),
    ("iPhone", r"\biPhone\b"),
    ("Android", r"\bAndroid\b"),
    ("HarmonyOS", r"\bHarmonyOS\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Linux", r"\bLinux\b"),
]
SHORT_CHARS_MAX = 60


def device(user_agent: str) -> str:
    """`Chrome 141, Windows`; of a header that names no browser known here, its beginning."""
    found = ((name, re.search(pattern, user_agent)) for name, pattern in _BROWSERS)
    browser = next((f"{name} {match[1]}" for name, match in found if match), None)
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, user_agent)), None)
    if browser is None:
        return user_agent if len(user_agent) <= SHORT_CHARS_MAX else user_agent[: SHORT_CHARS_MAX - 1].rstrip() + "…"
    return ", ".join(filter(None, [browser, system]))
