"""What schemathesis must know of the shop that no schema says."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Whoever makes up a key means a new call: one that was used before would be answered with the row of then."""
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) < 256 and all("!" <= character <= "~" for character in key):
        headers["Idempotency-Key"] = str(uuid.uuid4())
