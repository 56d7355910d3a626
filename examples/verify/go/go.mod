module mintmark.example/api

go 1.24

require (
	github.com/MicahParks/keyfunc/v3 v3.6.1
	github.com/golang-jwt/jwt/v5 v5.3.1
	golang.org/x/time v0.9.0
)

require github.com/MicahParks/jwkset v0.8.0 // indirect
