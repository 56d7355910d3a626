"""An authorization server with Authlib, Flask and SQLAlchemy; access tokens are JWTs after RFC 9068.

DATABASE is an SQLite file, ALGORITHM is ES256 or RS256, SAVE_TOKENS is yes or no.
"""

import os
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import OAuth2ClientMixin, OAuth2TokenMixin, create_query_client_func
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from joserfc.jwk import ECKey, KeySet, RSAKey

algorithm = os.environ["ALGORITHM"]
parameters = {"use": "sig", "alg": algorithm}
key = RSAKey.generate_key(2048, parameters) if algorithm == "RS256" else ECKey.generate_key("P-256", parameters)
key.ensure_kid()
keys = KeySet([key])

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.environ["DATABASE"]
db = SQLAlchemy(app)


class OAuth2Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class OAuth2Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    access_token = db.Column(db.Text, nullable=False)  # A JWT is longer than the mixin's column.

    def get_user(self):
        return None


class TokenGenerator(JWTBearerTokenGenerator):
    def get_jwks(self):
        return keys

    def get_audiences(self, client, user, scope):
        return "https://api.example.com"


def save_token(token, request):
    if os.environ["SAVE_TOKENS"] == "yes":
        db.session.add(OAuth2Token(client_id=request.client.client_id, **token))
        db.session.commit()


server = AuthorizationServer(app, create_query_client_func(db.session, OAuth2Client), save_token)
server.register_token_generator("default", TokenGenerator(issuer=os.environ["ISSUER"], alg=algorithm))
server.register_grant(ClientCredentialsGrant)


@app.post("/oauth/token")
def issue_token():
    return server.create_token_response()


@app.get("/jwks")
def jwks():
    return keys.as_dict(private=False)


with app.app_context():
    db.create_all()
    client = OAuth2Client(
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        client_id_issued_at=int(time.time()),
    )
    client.set_client_metadata(
        {"grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "client_secret_basic"}
    )
    db.session.add(client)
    db.session.commit()
