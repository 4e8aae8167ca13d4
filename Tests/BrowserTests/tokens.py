"""Keys and tokens of clients, as an app makes them (RFC 7515, HS256)."""
import base64
import hashlib
import hmac
import json
import secrets
import time


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, kid):
        self.kid, self.secret = kid, secrets.token_bytes(32)

    @property
    def jwk(self):
        return {"kty": "oct", "alg": "HS256", "kid": self.kid, "k": base64url(self.secret)}

    def token(self, user, seconds=60, **claims):
        now = int(time.time())
        head = {"alg": "HS256", "kid": self.kid}
        parts = [base64url(json.dumps(part).encode()) for part in (head, {"sub": user, "iat": now, "exp": now + seconds, **claims})]
        signature = hmac.digest(self.secret, ".".join(parts).encode(), hashlib.sha256)
        return ".".join([*parts, base64url(signature)])


def write(file, *keys):
    """Writes a set of keys, whole or not at all."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"keys": [key.jwk for key in keys]}))
    new.replace(file)
