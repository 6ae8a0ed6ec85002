//! Access tokens of a Google service account: a signed assertion is exchanged for a token, which is used until shortly before it
//! expires (Google, "Using OAuth 2.0 for Server to Server Applications"; RFC 7523).

use crate::error::{Stage, TryError};
use crate::post::post;
use crate::provider::Secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use jeton_core::{Clock, FaultKind, SystemClock, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::time::Duration;
use tokio::sync::Mutex;

/// What the token is for: everything that the account itself may do.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long an assertion holds, in seconds: the most that is allowed.
const ASSERTION_S: i64 = 3_600;
/// A token is replaced so long before it expires, in milliseconds, so that none expires on its way.
const BEFORE_EXPIRY_MS: i64 = 60_000;

/// The key file of a service account, as far as it is read.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default = "token_uri")]
    token_uri: String,
}

fn token_uri() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: i64,
}

/// A service account and its token.
pub(crate) struct ServiceAccount {
    /// The whole key file: by it the same account is known again.
    file: Secret,
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token_uri: String,
    token: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    until: Timestamp,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

impl ServiceAccount {
    /// Reads a key file. What is wrong is said without telling any of it.
    pub(crate) fn new(file: Secret) -> Result<Self, String> {
        let read: KeyFile = serde_json::from_str(file.reveal())
            .map_err(|error| format!("the service account's key file cannot be read: {:?} error at line {}", error.classify(), error.line()))?;
        let pem: String = read.private_key.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(pem).map_err(|_| "the service account's private key is not PEM (PKCS #8)".to_owned())?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| format!("the service account's private key cannot be used: {error}"))?;
        let KeyFile { client_email: email, private_key_id: key_id, token_uri, .. } = read;
        Ok(Self { file, email, key_id, key, token_uri, token: Mutex::new(None) })
    }

    /// Whether it was read from the same file.
    pub(crate) fn is_of(&self, file: &Secret) -> bool {
        self.file == *file
    }

    /// The header that carries the token. One request for a token goes at a time, and all who wait use what it brings.
    pub(crate) async fn authorization(&self, limit: Duration) -> Result<HeaderValue, TryError> {
        let now = SystemClock.now();
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_ref().filter(|token| now < token.until) {
            return Ok(token.header.clone());
        }
        let fresh = self.ask(now, limit).await?;
        let header = fresh.header.clone();
        *token = Some(fresh);
        Ok(header)
    }

    /// Google refused the token before its time, as it does once a key or a permission is withdrawn: the next call asks for another.
    pub(crate) async fn forget(&self) {
        *self.token.lock().await = None;
    }

    async fn ask(&self, now: Timestamp, limit: Duration) -> Result<Token, TryError> {
        let failed = |kind: FaultKind, why: String| TryError::new(Stage::Connect, kind, format!("no access token for the service account: {why}")).unsent();
        let assertion = self.assertion(now).map_err(|why| failed(FaultKind::Internal, why))?;
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let posted = post(&self.token_uri, headers, Bytes::from(form), limit).await.map_err(|why| failed(FaultKind::UpstreamFailed, why))?;
        if posted.status != 200 {
            // Google says `invalid_grant` and why; neither holds the key.
            let said = String::from_utf8_lossy(&posted.body).chars().filter(|c| !c.is_control()).take(300).collect::<String>();
            let kind = if posted.status >= 500 { FaultKind::UpstreamFailed } else { FaultKind::Unauthenticated };
            return Err(failed(kind, format!("the answer was {}: {said}", posted.status)));
        }
        let granted: Granted = serde_json::from_slice(&posted.body).map_err(|_| failed(FaultKind::UpstreamFailed, "the answer is no token".to_owned()))?;
        let mut header = HeaderValue::from_str(&format!("Bearer {}", granted.access_token))
            .map_err(|_| failed(FaultKind::UpstreamFailed, "the token cannot stand in a header".to_owned()))?;
        header.set_sensitive(true);
        let until = Timestamp(now.0.saturating_add(granted.expires_in.saturating_mul(1_000)).saturating_sub(BEFORE_EXPIRY_MS));
        Ok(Token { header, until })
    }

    /// The assertion: a JSON Web Token signed with the account's key (RS256).
    fn assertion(&self, now: Timestamp) -> Result<String, String> {
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let (issued, expires) = (now.seconds(), now.seconds() + ASSERTION_S);
        let claims = json!({ "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": issued, "exp": expires });
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "the assertion could not be signed".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::TestServer;
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use std::sync::Arc;

    /// A key made for these tests alone, as the body of a PEM file.
    const KEY: &str = include_str!("service_account/test-key.txt");

    fn file(token_uri: &str) -> Secret {
        let label = "PRIVATE KEY";
        let pem = format!("-----BEGIN {label}-----\n{KEY}-----END {label}-----\n");
        Secret::new(
            json!({ "type": "service_account", "client_email": "a@p.test", "private_key_id": "k1", "private_key": pem, "token_uri": token_uri }).to_string(),
        )
    }

    fn verified(account: &ServiceAccount, assertion: &str) -> serde_json::Value {
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let public = account.key.public_key().as_ref().to_vec();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap()
    }

    #[test]
    fn an_assertion_is_signed_and_holds_an_hour() {
        let account = ServiceAccount::new(file("https://token.test/t")).unwrap();
        let claims = verified(&account, &account.assertion(Timestamp(1_700_000_000_500)).unwrap());
        let expected = json!({ "iss": "a@p.test", "scope": SCOPE, "aud": "https://token.test/t", "iat": 1_700_000_000, "exp": 1_700_003_600 });
        assert_eq!(claims, expected);
        assert!(!format!("{account:?}").contains("KEY"));
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_and_used_until_it_expires() {
        let server = TestServer::start().await;
        let account = Arc::new(ServiceAccount::new(file(&server.address("/token"))).unwrap());
        let asking = |account: &Arc<ServiceAccount>| {
            let account = Arc::clone(account);
            tokio::spawn(async move { account.authorization(Duration::from_secs(20)).await })
        };
        let (first, second) = (asking(&account), asking(&account));
        let mut peer = server.accept().await;
        let (head, body) = peer.request().await;
        assert!(head.starts_with("post /token http/1.1\r\n") && head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
        assert!(body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey"), "{body}");
        peer.answer(r#"{"access_token":"ya29.t","expires_in":3600,"token_type":"Bearer"}"#).await;
        for header in [first.await, second.await, asking(&account).await] {
            let header = header.unwrap().unwrap();
            assert_eq!((header.as_bytes(), header.is_sensitive()), (&b"Bearer ya29.t"[..], true));
        }
    }

    #[tokio::test]
    async fn a_token_that_expires_at_once_is_asked_for_again_and_a_refusal_says_why() {
        let server = TestServer::start().await;
        let account = Arc::new(ServiceAccount::new(file(&server.address("/token"))).unwrap());
        for answer in [r#"{"access_token":"a","expires_in":60}"#, r#"{"access_token":"b","expires_in":60}"#] {
            let asked = Arc::clone(&account);
            let asking = tokio::spawn(async move { asked.authorization(Duration::from_secs(20)).await });
            let mut peer = server.accept().await;
            peer.request().await;
            peer.answer(answer).await;
            assert!(answer.contains(asking.await.unwrap().unwrap().to_str().unwrap().trim_start_matches("Bearer ")));
        }
        let asking = tokio::spawn(async move { account.authorization(Duration::from_secs(20)).await });
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 25\r\n\r\n{\"error\":\"invalid_grant\"}").await;
        let refused = asking.await.unwrap().unwrap_err();
        assert_eq!((refused.kind, refused.sent), (FaultKind::Unauthenticated, false));
        assert!(refused.detail.contains("invalid_grant"), "{refused}");
    }

    #[test]
    fn a_bad_key_file_is_refused_without_being_told() {
        let refused = |text: &str| ServiceAccount::new(Secret::new(text)).unwrap_err();
        assert!(refused("{\"client_email\":\"hunter2\"").contains("cannot be read"));
        let told = refused(r#"{"client_email":"a","private_key":"hunter2!"}"#);
        assert!(told.contains("PEM") && !told.contains("hunter2"), "{told}");
        assert!(refused(r#"{"client_email":"a","private_key":"aGk="}"#).contains("cannot be used"));
    }
}
