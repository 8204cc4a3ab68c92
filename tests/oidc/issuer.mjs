// An issuer of identities for the tests. Usage: node issuer.mjs FILE, a file of JSON that tests/oidc/issuer.py writes.
// Its own pages for development ask for a name, which is the subject, and a consent. What stands before a + in a name with an @ is its
// e-mail address, verified unless it says otherwise.
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const { port, keys, site, audience } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [
    {
      client_id: "parcours",
      client_secret: "a-secret-of-the-tests",
      redirect_uris: [`${site}/connexion/retour`],
      post_logout_redirect_uris: [`${site}/`],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      backchannel_logout_uri: `${site}/v1/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
    {
      client_id: "a-program",
      client_secret: "a-secret-of-a-program",
      redirect_uris: [],
      grant_types: ["client_credentials"],
      response_types: [],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false, // as many issuers do, the claims of the scopes are in the identity token
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // its dispatcher calls no loopback address, where the tests are
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({ scope: "", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 300 }),
      useGrantedResource: () => false,
    },
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...(id.includes("@") ? { email: id.split("+")[0], email_verified: !id.startsWith("unverified") } : {}) }),
  }),
});
provider.on("backchannel.error", (_, fault) => console.error(fault));
provider.listen(port, "127.0.0.1", () => console.log(`listening for ${audience}`));
