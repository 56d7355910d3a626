"""Verifies a delivery with http-message-signatures, as a receiver does, and shows that no part of it can be changed.

Standard input is a JSON object: method, url, headers, body and the published JWKS.
"""

import base64
import datetime
import json
import sys

from cryptography.hazmat.primitives.asymmetric import ed25519
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms

COVERED = ("@method", "@target-uri", "content-type", "content-digest")


class Message:
    """What the library reads of a request."""

    def __init__(self, given, **changed):
        given = {**given, **changed}
        self.method, self.url, self.headers = given["method"], given["url"], given["headers"]
        self.body = given["body"].encode()


def public_keys(jwks):
    def key(x):
        return ed25519.Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))

    return {one["kid"]: key(one["x"]) for one in jwks["keys"]}


def verify(verifier, message):
    return verifier.verify(message, max_age=None, expect_tag="mintmark-webhook", require_components=COVERED, body=message.body)


def main():
    given = json.load(sys.stdin)
    resolver = MappingKeyResolver(public_keys=public_keys(given["jwks"]), private_keys={})
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=resolver)
    # The test's clock stands where it stands.
    verifier.max_clock_skew = datetime.timedelta(days=20000)
    (result,) = verify(verifier, Message(given))
    assert result.body == given["body"].encode()

    headers = {**given["headers"], "content-type": "text/plain"}
    url, body = given["url"] + "x", given["body"] + " "
    for changed in ({"method": "PUT"}, {"url": url}, {"body": body}, {"headers": headers}):
        try:
            verify(verifier, Message(given, **changed))
        except InvalidSignature:
            continue
        raise AssertionError(f"accepted with {changed}")
    print(json.dumps({"verified": True}))


main()
