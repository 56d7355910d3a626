// A small API that lets in whoever brings an access token for it. Verified with golang-jwt and keyfunc.
//
// ISSUER=https://auth.example.com AUDIENCE=https://api.example.com PORT=8000 go run .
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	scope = "ledger:read"
	// Keys are asked for every five minutes, and held while nobody answers. A new key is published 15 minutes before it signs.
	refreshInterval = 300 * time.Second
)

// Claims are what a token of Mintmark says (RFC 9068 section 2.2).
type Claims struct {
	jwt.RegisteredClaims
	ClientID   string          `json:"client_id"`
	TenantID   string          `json:"tenant_id"`
	BusinessID *string         `json:"business_id"`
	Scope      string          `json:"scope"`
	Cnf        json.RawMessage `json:"cnf"`
}

// Verifier knows whose tokens are good here.
type Verifier struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

// NewVerifier fetches the keys in the background, and anew for a key that it does not know, at most every 30 seconds.
func NewVerifier(ctx context.Context, issuer, audience, jwksURI string) (*Verifier, error) {
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{jwksURI}, keyfunc.Override{
		HTTPTimeout:       5 * time.Second,
		RefreshInterval:   refreshInterval,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(30*time.Second), 1),
		// Refused at once when the limit is reached, rather than kept waiting.
		RateLimitWaitMax: time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(
		// What the environment signs with, and nothing else: never what the token says of itself (RFC 8725 section 3.1).
		jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(30*time.Second),
		jwt.WithStrictDecoding(),
	)
	return &Verifier{keys, parser}, nil
}

// Verify gives the claims of a token that is good here.
func (v *Verifier) Verify(ctx context.Context, text string) (*Claims, error) {
	claims := &Claims{}
	token, err := v.parser.ParseWithClaims(text, claims, v.keys.KeyfuncCtx(ctx))
	if err != nil {
		return nil, err
	}
	// Other JWTs have the same issuer and key (RFC 9068 section 4).
	if typ, _ := token.Header["typ"].(string); !slices.Contains([]string{"at+jwt", "application/at+jwt"}, strings.ToLower(typ)) {
		return nil, fmt.Errorf("typ is %q", typ)
	}
	// One that is bound to a key or certificate is not for bearers.
	if claims.Cnf != nil {
		return nil, fmt.Errorf("the token is bound by cnf")
	}
	if claims.ClientID == "" || claims.Subject == "" || claims.ID == "" || claims.IssuedAt == nil {
		return nil, fmt.Errorf("a claim is missing")
	}
	return claims, nil
}

// Protect lets requests through whose token allows scope.
func (v *Verifier) Protect(scope string, next func(http.ResponseWriter, *http.Request, *Claims)) http.HandlerFunc {
	refuse := func(w http.ResponseWriter, status int, challenge string) {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(status)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || text == "" {
			refuse(w, http.StatusUnauthorized, "Bearer")
			return
		}
		claims, err := v.Verify(r.Context(), text)
		if err != nil {
			log.Printf("refused: %v", err)
			refuse(w, http.StatusUnauthorized, `Bearer error="invalid_token"`)
			return
		}
		if !slices.Contains(strings.Split(claims.Scope, " "), scope) {
			refuse(w, http.StatusForbidden, fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope))
			return
		}
		next(w, r, claims)
	}
}

func main() {
	issuer := os.Getenv("ISSUER")
	jwksURI := cmp.Or(os.Getenv("JWKS_URI"), issuer+"/.well-known/jwks.json")
	verifier, err := NewVerifier(context.Background(), issuer, os.Getenv("AUDIENCE"), jwksURI)
	if err != nil {
		log.Fatal(err)
	}
	handler := verifier.Protect(scope, func(w http.ResponseWriter, _ *http.Request, claims *Claims) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"client_id": claims.ClientID, "tenant_id": claims.TenantID, "business_id": claims.BusinessID, "scope": claims.Scope,
		})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler))
}
