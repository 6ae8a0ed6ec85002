//! Encryption towards providers: rustls with ring and the machine's own root certificates (`SSL_CERT_FILE` and
//! `SSL_CERT_DIR` are heeded, for servers behind a private authority), loaded when the first connection needs them.

use crate::address::Origin;
use crate::connection::Stream;
use crate::error::{Stage, TryError, with_causes};
use jeton_core::FaultKind;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();

/// Agrees on encryption over an open socket and checks that the other side is `origin`.
pub(crate) async fn encrypt(origin: &Origin, socket: TcpStream) -> Result<Stream, TryError> {
    let failed = |detail: String| TryError::new(Stage::Tls, FaultKind::UpstreamFailed, detail);
    let config = CONFIG.get_or_init(client_config).clone().map_err(failed)?;
    let name = ServerName::try_from(origin.host.clone()).map_err(|_| failed(format!("`{}` is not a name that a certificate can hold", origin.host)))?;
    let stream = TlsConnector::from(config).connect(name, socket).await;
    let stream = stream.map_err(|e| failed(format!("no encrypted connection to {}: {}", origin.host, with_causes(&e))))?;
    Ok(Stream::Tls(Box::new(stream)))
}

fn client_config() -> Result<Arc<ClientConfig>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        return Err("this machine has no root certificates: install its ca-certificates package, or set SSL_CERT_FILE".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
