"""EventBridge event patterns, by the rules of AWS's Event Ruler.

moto flattens an event, so a pattern on a field inside an array of objects never matches; and it takes any operator.
"""

import ipaddress
import json
import re
from functools import lru_cache

from moto.events import models
from moto.events.exceptions import InvalidEventPatternException

OPERATORS = {"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"}
_MISSING = object()


def matches(pattern, event):
    """Whether every field of `pattern` finds a value in `event`."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(branch, event) for branch in wanted):
                return False
        elif isinstance(wanted, dict):
            if not any(matches(wanted, inner) for inner in _objects(event.get(key))):
                return False
        elif not _leaf(wanted, event.get(key, _MISSING)):
            return False
    return True


def _objects(value):
    """The objects a nested pattern may match within; one element of an array must match alone."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        inner = [found for item in value if isinstance(item, (dict, list)) for found in _objects(item)]
        return inner or [{}]
    return [{}]


def _leaf(filters, value):
    values = list(_scalars(value))
    for wanted in filters:
        if isinstance(wanted, dict):
            operator, argument = next(iter(wanted.items()))
            if operator == "exists":
                if bool(values) == argument:
                    return True
            elif any(_operator(operator, argument, v) for v in values):
                return True
        elif any(_same(wanted, v) for v in values):
            return True
    return False


def _scalars(value):
    if value is _MISSING or isinstance(value, dict):
        return
    if isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


def _same(wanted, value):
    # In Python true equals 1; in JSON it does not.
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _texts(argument):
    return argument if isinstance(argument, list) else [argument]


def _affix(argument, value, test):
    for text in _texts(argument):
        if isinstance(text, dict):
            if test(value.lower(), text.get("equals-ignore-case", "").lower()):
                return True
        elif test(value, text):
            return True
    return False


def _operator(operator, argument, value):
    if operator == "anything-but":
        if isinstance(argument, dict):
            inner, inner_argument = next(iter(argument.items()))
            return not _operator(inner, inner_argument, value)
        return not any(_same(wanted, value) for wanted in _texts(argument))
    if operator == "numeric":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and _numeric(argument, value)
    if not isinstance(value, str):
        return False
    if operator == "prefix":
        return _affix(argument, value, str.startswith)
    if operator == "suffix":
        return _affix(argument, value, str.endswith)
    if operator == "equals-ignore-case":
        return value.lower() in [text.lower() for text in _texts(argument)]
    if operator == "wildcard":
        return any(_wildcard(text).fullmatch(value) for text in _texts(argument))
    if operator == "cidr":
        return _in_network(argument, value)
    return False


def _numeric(argument, value):
    tests = {"<": value.__lt__, "<=": value.__le__, "=": value.__eq__, ">=": value.__ge__, ">": value.__gt__}
    for operator, bound in zip(argument[::2], argument[1::2], strict=False):
        # int.__lt__(1.5) is NotImplemented: compare as floats then.
        answer = tests[operator](bound)
        if answer is NotImplemented:
            answer = getattr(float(value), tests[operator].__name__)(float(bound))
        if not answer:
            return False
    return True


@lru_cache(maxsize=1024)
def _wildcard(text):
    pieces = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", text)
    return re.compile("".join(".*" if p == "*" else re.escape(p[-1] if p[0] == "\\" else p) for p in pieces), re.DOTALL)


def _in_network(network, value):
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def check(pattern, depth=0):
    """Raises InvalidEventPatternException as PutRule does."""
    if not isinstance(pattern, dict) or (depth == 0 and not pattern):
        raise InvalidEventPatternException(reason="Filter is not an object")
    for key, wanted in pattern.items():
        if isinstance(wanted, dict):
            check(wanted, depth + 1)
        elif not isinstance(wanted, list):
            raise InvalidEventPatternException(reason=f'"{key}" must be an object or an array')
        elif not wanted:
            raise InvalidEventPatternException(reason="Empty arrays are not allowed")
        elif key == "$or":
            for branch in wanted:
                check(branch, depth + 1)
        else:
            for item in wanted:
                if isinstance(item, dict) and (len(item) != 1 or not OPERATORS.issuperset(item)):
                    name = next((name for name in item if name not in OPERATORS), "")
                    raise InvalidEventPatternException(reason=f"Unrecognized match type {name}")


def _parse(self):
    if not self.pattern:
        return {}
    try:
        pattern = json.loads(self.pattern)
    except ValueError:
        raise InvalidEventPatternException(reason="Invalid JSON") from None
    check(pattern)
    return pattern


def install():
    """Puts this matcher and this check in moto's place."""
    models.EventPattern.matches_event = lambda self, event: matches(self._pattern, event)
    models.EventPatternParser.parse = _parse
