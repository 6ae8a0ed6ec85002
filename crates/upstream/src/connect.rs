//! Opening a connection: name, socket, encryption, within one time.

use crate::address::Origin;
use crate::connection::{Connection, Stream};
use crate::error::{Stage, TryError, with_causes};
use crate::tls::encrypt;
use jeton_core::FaultKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

/// Opens a connection to `origin` within `limit`, all of it: finding the address, the socket, encryption.
pub(crate) async fn connect(origin: &Origin, limit: Duration) -> Result<Connection, TryError> {
    let deadline = Instant::now() + limit;
    let late =
        || TryError::new(Stage::Connect, FaultKind::Timeout, format!("no connection to {}:{} within {} ms", origin.host, origin.port, limit.as_millis()));
    timeout_at(deadline, open(origin, deadline)).await.unwrap_or_else(|_| Err(late()))
}

async fn open(origin: &Origin, deadline: Instant) -> Result<Connection, TryError> {
    let socket = open_socket(origin, deadline).await?;
    // Small requests and single events must not wait for an acknowledgement. A socket that refuses is only slower.
    let _ = socket.set_nodelay(true);
    let stream = if origin.secure { encrypt(origin, socket).await? } else { Stream::Plain(socket) };
    Connection::open(stream).await.map_err(|e| failed(format!("cannot speak HTTP to {}: {}", origin.host, with_causes(&e))))
}

/// Tries the addresses of a name in turn, each with its share of the time left, so that one dead address cannot use up all of it.
async fn open_socket(origin: &Origin, deadline: Instant) -> Result<TcpStream, TryError> {
    let found = lookup_host((origin.host.as_str(), origin.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|e| failed(format!("cannot find the address of {}: {e}", origin.host)))?.collect();
    let mut last = format!("{} has no address", origin.host);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(e)) => last = format!("cannot connect to {}: {e}", named(origin, *address)),
            Err(_) => last = format!("no connection to {} within its share of {} ms", named(origin, *address), share.as_millis()),
        }
    }
    Err(failed(last))
}

/// The address, and the name it was found under if that says more.
fn named(origin: &Origin, address: SocketAddr) -> String {
    if address.ip().to_string() == origin.host { address.to_string() } else { format!("{} ({address})", origin.host) }
}

fn failed(detail: String) -> TryError {
    TryError::new(Stage::Connect, FaultKind::UpstreamFailed, detail)
}
