"""Pages of a list: opaque tokens that are positions, as good as AWS's for a list that does not shrink meanwhile."""

import base64
import binascii


def page(items, token, size, bad_token):
    """The items of one page, and the token of the next or None.  `bad_token` is raised for a token that is not ours."""
    start = 0
    if token:
        try:
            start = int(base64.b64decode(token, validate=True).decode().removeprefix("at:"))
        except (ValueError, binascii.Error):
            raise bad_token from None
    following = start + size
    more = base64.b64encode(f"at:{following}".encode()).decode() if following < len(items) else None
    return items[start:following], more
