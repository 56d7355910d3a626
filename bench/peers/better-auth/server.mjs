// node server.mjs PORT ALGORITHM, with CLIENT_ID and CLIENT_SECRET in the environment.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const [port, alg] = process.argv.slice(2);
const keyPair = {
  ES256: { alg },
  RS256: { alg, modulusLength: 2048 },
  EdDSA: { alg, crv: "Ed25519" },
};
const tables = [
  "user", "session", "account", "verification", "jwks", "oauthClient", "oauthResource", "oauthClientResource",
  "oauthAccessToken", "oauthRefreshToken", "oauthConsent", "oauthClientAssertion",
];

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString("hex"),
  database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false }, // In production it would refuse the load.
  telemetry: { enabled: false },
  disabledPaths: ["/token"],
  plugins: [
    jwt({ jwks: { keyPairConfig: keyPair[alg] } }),
    oauthProvider({
      loginPage: "/login",
      consentPage: "/consent",
      scopes: ["openid", "offline_access", "read", "write"],
      resources: [{ identifier: "https://api.example.com", name: "api", accessTokenTtl: 3600 }],
      enforcePerClientResources: false,
      clientPrivileges: () => true,
      rateLimit: { token: false },
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      generateClientId: () => process.env.CLIENT_ID,
      generateClientSecret: () => process.env.CLIENT_SECRET,
    }),
  ],
});

// Only somebody who is signed in can create a client.
const { headers } = await auth.api.signUpEmail({
  body: { email: "admin@example.com", name: "admin", password: randomBytes(16).toString("hex") },
  returnHeaders: true,
});
const cookie = headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
await auth.api.adminCreateOAuthClient({
  headers: new Headers({ cookie }),
  body: {
    client_name: "bench",
    redirect_uris: ["https://client.example.com/callback"],
    grant_types: ["client_credentials"],
    response_types: [],
    token_endpoint_auth_method: "client_secret_basic",
    client_credentials_scopes: ["read"],
  },
});

createServer(toNodeHandler(auth)).listen(Number(port), "127.0.0.1");
