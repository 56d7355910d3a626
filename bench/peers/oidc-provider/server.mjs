// node server.mjs PORT ALGORITHM, with CLIENT_ID and CLIENT_SECRET in the environment.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, alg] = process.argv.slice(2);
const generate = {
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};
const key = generate[alg]().privateKey.export({ format: "jwk" });
const api = "https://api.example.com";

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: process.env.CLIENT_ID,
      client_secret: process.env.CLIENT_SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      // Never used, but without it the provider asks for an RSA key.
      id_token_signed_response_alg: alg,
    },
  ],
  scopes: ["read", "write"],
  ttl: { ClientCredentials: 3600 },
  jwks: { keys: [{ ...key, use: "sig", alg }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // Access tokens are JWTs when they are for a resource server that says so.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      getResourceServerInfo: () => ({
        scope: "read write",
        audience: api,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg } },
      }),
    },
  },
});
provider.on("server_error", (_ctx, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1");
