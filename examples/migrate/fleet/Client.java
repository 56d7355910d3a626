// The fleet's program in Java: gets tokens with Google's OAuth client library, one client after the other.
//
//   java -cp LIBRARIES Client.java FLEET.json
//
// Prints a line for each request: `ok CLIENT` or `failed CLIENT WHY`. It ends when nobody reads them any more.

import com.google.api.client.auth.oauth2.ClientCredentialsTokenRequest;
import com.google.api.client.auth.oauth2.TokenResponse;
import com.google.api.client.http.BasicAuthentication;
import com.google.api.client.http.GenericUrl;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.client.json.gson.GsonFactory;
import com.google.gson.Gson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

public class Client {
    record Fleet(String token_endpoint, String scope, long expires_in, int most_requests, List<Credentials> clients) {}

    record Credentials(String client_id, String client_secret) {}

    private static final NetHttpTransport TRANSPORT = new NetHttpTransport();

    public static void main(String[] arguments) throws Exception {
        Fleet fleet = new Gson().fromJson(Files.readString(Path.of(arguments[0])), Fleet.class);
        for (int count = 0; count < fleet.most_requests() && !System.out.checkError(); count++) {
            Credentials client = fleet.clients().get(count % fleet.clients().size());
            try {
                check(token(fleet, client), fleet);
                System.out.println("ok " + client.client_id());
            } catch (Exception | AssertionError error) {
                System.out.println("failed " + client.client_id() + " " + error.toString().replace('\n', ' '));
            }
        }
    }

    private static TokenResponse token(Fleet fleet, Credentials client) throws Exception {
        var url = new GenericUrl(fleet.token_endpoint());
        return new ClientCredentialsTokenRequest(TRANSPORT, GsonFactory.getDefaultInstance(), url)
            .setClientAuthentication(new BasicAuthentication(client.client_id(), client.client_secret()))
            .setScopes(List.of(fleet.scope().split(" ")))
            .execute();
    }

    private static void check(TokenResponse answer, Fleet fleet) {
        // The library refuses other statuses than 200.
        expect(answer.getAccessToken().matches("[A-Za-z0-9._~+/-]{20,}=*"), "no token that a header can carry");
        expect(answer.getTokenType().equalsIgnoreCase("Bearer"), answer.getTokenType());
        expect(answer.getExpiresInSeconds() == fleet.expires_in(), "expires_in: " + answer.getExpiresInSeconds());
        expect(Set.of(answer.getScope().split(" ")).equals(Set.of(fleet.scope().split(" "))), answer.getScope());
    }

    private static void expect(boolean isSo, String otherwise) {
        if (!isSo) {
            throw new AssertionError(otherwise);
        }
    }
}
