"""What schemathesis must know of the shop that no schema says."""

import os
import subprocess
import uuid

import requests
import schemathesis

# No password that the contract has as an example.
PASSWORD = f"for {uuid.uuid4()} only"


token = None


@schemathesis.auth(refresh_interval=None)
class Administrator:
    """Who calls. Whatever becomes of the account or its session by what is tried, there is another one for the next call."""

    def get(self, case, context):
        global token
        if token is None:
            email = f"judge-{uuid.uuid4()}@example.com"
            command = [os.environ["ARCANA"], "user", "create-admin", email]
            subprocess.run(command, input=f"{PASSWORD}\n", text=True, check=True, stdout=subprocess.DEVNULL)
            login = {"email": email, "password": PASSWORD}
            answer = requests.post(f"{os.environ['SHOP']}/api/v1/auth/login", json=login, timeout=30)
            answer.raise_for_status()
            token = answer.json()["access_token"]
        return token

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def after_call(context, case, response):
    """A token that is no good any more is replaced."""
    global token
    sent = response.request.headers.get("Authorization", "")
    if response.status_code == 401 and token and sent == f"Bearer {token}":
        token = None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Whoever makes up a key means a new call: one that was used before would be answered with the row of then."""
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) < 256 and all("!" <= character <= "~" for character in key):
        headers["Idempotency-Key"] = str(uuid.uuid4())
