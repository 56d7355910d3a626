"""Verifies an access token with PyJWT through the issuer's JWKS, and shows what it must refuse."""

from contextlib import contextmanager

import jwt
from jwt.utils import base64url_decode, base64url_encode

REQUIRED_CLAIMS = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]
PAYLOAD, SIGNATURE = 1, 2


def verified_claims(token, environment, other, client, algorithm="ES256"):
    """The claims of a good token, after the same token was refused under foreign keys and with flipped bits."""
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "at+jwt", "RFC 9068 section 2.1"
    assert header["alg"] == algorithm, header

    key = jwt.PyJWKClient(environment.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = _decode(token, key, environment, algorithm)
    assert claims["sub"] == claims["client_id"] == client.client_id, claims

    _keys_of_the_other_environment_refuse(token, environment, other, algorithm)
    _a_flipped_bit_is_refused(token, key, environment, algorithm)
    return claims


@contextmanager
def refusal(error):
    """The block must raise `error`, of exactly that class."""
    try:
        yield
    except error as raised:
        assert type(raised) is error, f"{type(raised)} instead of {error}"
        return
    raise AssertionError(f"accepted, where {error.__name__} was due")


def _decode(token, key, environment, algorithm):
    return jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        issuer=environment.issuer,
        audience=environment.issuer,
        options={"require": REQUIRED_CLAIMS, "strict_aud": True},
    )


def _keys_of_the_other_environment_refuse(token, environment, other, algorithm):
    foreign = jwt.PyJWKClient(other.metadata["jwks_uri"])
    with refusal(jwt.PyJWKClientError):
        foreign.get_signing_key_from_jwt(token)
    # A key id is only a name: the keys themselves must refuse the signature too.
    keys = [key for key in foreign.get_signing_keys() if key.algorithm_name == algorithm]
    assert keys, f"{other.name} has no {algorithm} key to try"
    for key in keys:
        with refusal(jwt.InvalidSignatureError):
            _decode(token, key, environment, algorithm)


def _a_flipped_bit_is_refused(token, key, environment, algorithm):
    for part in (PAYLOAD, SIGNATURE):
        for changed in _with_flipped_bits(token, part):
            with refusal(jwt.InvalidSignatureError):
                _decode(changed, key, environment, algorithm)


def _with_flipped_bits(token, part):
    """The token once per byte of the part, with one bit of that byte flipped."""
    parts = token.split(".")
    original = base64url_decode(parts[part])
    for index in range(len(original)):
        data = bytearray(original)
        data[index] ^= 1 << index % 8
        yield ".".join([*parts[:part], base64url_encode(bytes(data)).decode(), *parts[part + 1 :]])
