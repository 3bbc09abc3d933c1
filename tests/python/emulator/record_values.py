"""What Route 53 says about the text of a record's value.  Only what AWS is known to answer; other types pass."""

import ipaddress
import re

TXT_STRING_CHARS_MAX = 255
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def problem(record_type, value):
    """The `FATAL problem` text for a value, or None if Route 53 takes it."""
    found = None
    if record_type == "A":
        found = _a(value)
    elif record_type == "AAAA":
        found = _aaaa(value)
    elif record_type in ("TXT", "SPF"):
        found = _txt(value)
    if not found:
        return None
    code, reason = found
    return f"Invalid Resource Record: FATAL problem: {code} ({reason}) encountered with '{value}'"


def _a(value):
    if " " in value:
        return "ARRDATANotSingleField", "Value contains spaces"
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return "ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"
    return None


def _aaaa(value):
    if " " in value:
        return "AAAARRDATANotSingleField", "Value contains spaces"
    try:
        if "%" in value:
            raise ValueError("zone index")
        ipaddress.IPv6Address(value)
    except ValueError:
        return "AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"
    return None


def _txt(value):
    strings = _STRINGS.findall(value)
    if not strings or _STRINGS.sub("", value).strip():
        return "InvalidCharacterString", "Value should be enclosed in quotation marks"
    if any(len(re.sub(r"\\([0-7]{3}|.)", "x", text)) > TXT_STRING_CHARS_MAX for text in strings):
        return "CharacterStringTooLong", "Value is too long"
    return None
