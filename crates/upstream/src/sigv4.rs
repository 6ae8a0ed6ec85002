//! stub
use http::{HeaderMap, HeaderName, HeaderValue};
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: Option<String>,
}
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
#[allow(clippy::too_many_arguments)]
pub(crate) fn sign(
    _c: &Credentials,
    _region: &str,
    _service: &str,
    _m: &str,
    _h: &str,
    _p: &str,
    _now: i64,
    _b: &[u8],
    _hs: &HeaderMap,
) -> Vec<(HeaderName, HeaderValue)> {
    Vec::new()
}
