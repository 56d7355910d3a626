// A small API that lets in whoever brings an access token for it. Verified with nimbus-jose-jwt.
//
// ISSUER=https://auth.example.com AUDIENCE=https://api.example.com PORT=8000 java --class-path nimbus-jose-jwt.jar Api.java

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;

public class Api {
    static final String SCOPE = "ledger:read";
    // Keys are asked for every five minutes, and held for a day while nobody answers. A new key is published 15 minutes before it signs.
    static final long REFRESH_MILLISECONDS = 300_000;
    static final long HOLD_MILLISECONDS = 86_400_000;

    static class Refused extends Exception {
        final int status;
        final String challenge;

        Refused(int status, String challenge) {
            this.status = status;
            this.challenge = challenge;
        }
    }

    /** Knows whose tokens are good here. */
    static DefaultJWTProcessor<SecurityContext> processor(String issuer, String audience, String jwksUri) throws IOException {
        var keys = JWKSourceBuilder.create(URI.create(jwksUri).toURL(), new DefaultResourceRetriever(5_000, 5_000, 65_536))
                .cache(REFRESH_MILLISECONDS, 15_000)
                // For a key that is not known the keys are fetched anew, at most every 30 seconds.
                .rateLimited(30_000)
                .outageTolerant(HOLD_MILLISECONDS)
                .build();
        var processor = new DefaultJWTProcessor<SecurityContext>();
        // What the environment signs with, and nothing else: never what the token says of itself (RFC 8725 section 3.1).
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
        // Other JWTs have the same issuer and key (RFC 9068 section 4).
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(
                new JOSEObjectType("at+jwt"), new JOSEObjectType("application/at+jwt")));
        var claims = new DefaultJWTClaimsVerifier<SecurityContext>(
                // Not `Set.of`: the library asks it for null.
                Collections.singleton(audience),
                new JWTClaimsSet.Builder().issuer(issuer).build(),
                Set.of("sub", "aud", "exp", "iat", "jti", "client_id"),
                // One that is bound to a key or certificate is not for bearers.
                Set.of("cnf"));
        claims.setMaxClockSkew(30);
        processor.setJWTClaimsSetVerifier(claims);
        return processor;
    }

    /** The claims of the caller's token, if it is good here and allows the scope. */
    static JWTClaimsSet authorize(DefaultJWTProcessor<SecurityContext> processor, String authorization, String scope)
            throws Refused {
        String[] parts = authorization == null ? new String[0] : authorization.split(" ", 2);
        if (parts.length != 2 || !parts[0].equalsIgnoreCase("Bearer")) {
            throw new Refused(401, "Bearer");
        }
        JWTClaimsSet claims = verify(processor, parts[1]);
        boolean isAllowed = claims.getClaim("scope") instanceof String scopes && List.of(scopes.split(" ")).contains(scope);
        if (!isAllowed) {
            throw new Refused(403, "Bearer error=\"insufficient_scope\", scope=\"" + scope + "\"");
        }
        return claims;
    }

    static JWTClaimsSet verify(DefaultJWTProcessor<SecurityContext> processor, String token) throws Refused {
        try {
            return processor.process(token, null);
        } catch (RateLimitReachedException | ParseException | BadJOSEException error) {
            System.err.println("refused: " + error.getMessage());
            throw new Refused(401, "Bearer error=\"invalid_token\"");
        } catch (KeySourceException error) {
            throw new Refused(503, null);
        } catch (JOSEException error) {
            throw new Refused(401, "Bearer error=\"invalid_token\"");
        }
    }

    static void answer(HttpExchange exchange, int status, Map<String, Object> document) throws IOException {
        byte[] body = JSONObjectUtils.toJSONString(document).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        Map<String, String> variables = System.getenv();
        String issuer = variables.get("ISSUER");
        String jwksUri = variables.getOrDefault("JWKS_URI", issuer + "/.well-known/jwks.json");
        var processor = processor(issuer, variables.get("AUDIENCE"), jwksUri);
        var address = new InetSocketAddress("127.0.0.1", Integer.parseInt(variables.get("PORT")));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            try {
                var claims = authorize(processor, exchange.getRequestHeaders().getFirst("Authorization"), SCOPE);
                var told = new LinkedHashMap<String, Object>();
                for (String name : Arrays.asList("client_id", "tenant_id", "business_id", "scope")) {
                    told.put(name, claims.getClaim(name));
                }
                answer(exchange, 200, told);
            } catch (Refused refused) {
                if (refused.challenge != null) {
                    exchange.getResponseHeaders().set("WWW-Authenticate", refused.challenge);
                }
                answer(exchange, refused.status, Map.of());
            }
        });
        server.start();
    }
}
