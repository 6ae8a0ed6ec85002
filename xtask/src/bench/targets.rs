//! The ways to the upstream: straight, through nginx, through Jeton.

use super::options::Options;
use super::process::{Running, with_many_files};
use super::{Programs, target_dir};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How a request gets to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Nginx,
    /// With `durability = "process"`, the default.
    Jeton,
    /// With `durability = "power"`.
    JetonPower,
    /// As `Jeton`, asked in Anthropic's dialect: every call is translated to OpenAI's and back.
    Translated,
}

impl Way {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Jeton => "jeton",
            Self::JetonPower => "jeton, power",
            Self::Translated => "translated",
        }
    }

    /// The path that is asked.
    pub(crate) const fn path(self) -> &'static str {
        if matches!(self, Self::Translated) { "/v1/messages" } else { "/v1/chat/completions" }
    }
}

/// One way, ready to be asked.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) way: Way,
    pub(crate) address: String,
    pub(crate) key: String,
    /// The process in between, if there is one.
    pub(crate) running: Option<Running>,
}

/// The upstream and all ways to it, with a working directory that goes away with them.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) targets: Vec<Target>,
    /// Ended after the targets.
    _upstream: Running,
    directory: PathBuf,
    keep: bool,
}

impl Stage {
    /// Starts everything anew. `number` keeps the working directories of one run apart.
    pub(crate) fn start(programs: &Programs, options: &Options, ways: &[Way], number: usize) -> Result<Self, String> {
        let directory = target_dir().join(format!("bench/{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        let mut command = with_many_files(&programs.xtask);
        command.args(["bench", "upstream"]);
        let (upstream, port) = Running::start_and_hear(command)?;
        let upstream_address = format!("127.0.0.1:{port}");
        let mut stage = Self { targets: Vec::new(), _upstream: upstream, directory, keep: options.keep };
        for way in ways {
            let target = stage.target(*way, programs, options, &upstream_address)?;
            stage.targets.push(target);
        }
        Ok(stage)
    }

    fn target(&self, way: Way, programs: &Programs, options: &Options, upstream: &str) -> Result<Target, String> {
        let directory = self.directory.join(way.name().replace(", ", "-"));
        fs::create_dir_all(&directory).map_err(|e| e.to_string())?;
        match way {
            Way::Direct => Ok(Target { way, address: upstream.to_owned(), key: "none".to_owned(), running: None }),
            Way::Nginx => nginx(way, &nginx_program(options).ok_or("nginx is not installed")?, &directory, upstream),
            Way::Jeton | Way::Translated => jeton(way, &programs.jeton, &directory, upstream, "process"),
            Way::JetonPower => jeton(way, &programs.jeton, &directory, upstream, "power"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.targets.clear();
        if !self.keep {
            // What cannot be removed lies in the target directory and harms nobody.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// The nginx to compare with, if there is one.
pub(crate) fn nginx_program(options: &Options) -> Option<PathBuf> {
    let program = options.nginx.clone().unwrap_or_else(|| PathBuf::from("nginx"));
    Command::new(&program).arg("-v").output().is_ok_and(|out| out.status.success()).then_some(program)
}

fn nginx(way: Way, program: &Path, directory: &Path, upstream: &str) -> Result<Target, String> {
    let address = free_address()?;
    let file = directory.join("nginx.conf");
    fs::write(&file, nginx_config(directory, &address, upstream)).map_err(|e| e.to_string())?;
    let mut command = with_many_files(program);
    command.arg("-p").arg(directory).arg("-c").arg(&file).arg("-e").arg(directory.join("error.log"));
    let running = Running::start(command, &directory.join("log"))?;
    ready(Target { way, address, key: "none".to_owned(), running: Some(running) }, directory)
}

/// A plain reverse proxy that passes everything on as it comes and writes nothing down.
fn nginx_config(directory: &Path, address: &str, upstream: &str) -> String {
    let at = directory.display();
    format!(
        "daemon off;\nworker_processes 2;\nworker_rlimit_nofile 16384;\npid {at}/pid;\nerror_log {at}/error.log crit;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n  access_log off;\n  client_body_temp_path {at}/body;\n  proxy_temp_path {at}/proxy;\n  fastcgi_temp_path {at}/f;\n  uwsgi_temp_path {at}/u;\n  scgi_temp_path {at}/s;\n\
         \x20 upstream bench {{ server {upstream}; keepalive 512; keepalive_requests 100000000; }}\n\
         \x20 server {{\n    listen {address} backlog=4096;\n    keepalive_requests 100000000;\n    tcp_nodelay on;\n\
         \x20   location = /healthz {{ return 200; }}\n\
         \x20   location / {{\n      proxy_pass http://bench;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_buffering off;\n\
         \x20     client_max_body_size 64m;\n      client_body_buffer_size 2m;\n      proxy_read_timeout 300s;\n    }}\n  }}\n}}\n"
    )
}

fn jeton(way: Way, program: &Path, directory: &Path, upstream: &str, durability: &str) -> Result<Target, String> {
    let address = free_address()?;
    fs::write(directory.join("jeton.toml"), jeton_config(&address, upstream, durability)).map_err(|e| e.to_string())?;
    let key = make_key(program, directory)?;
    let mut command = with_many_files(program);
    command.arg("up").arg("--project").arg(directory).current_dir(directory);
    let running = Running::start(command, &directory.join("log"))?;
    ready(Target { way, address, key, running: Some(running) }, directory)
}

/// Everything that a team would have on: a key's account with a budget, a class matched by the key, a price, the ledger.
fn jeton_config(address: &str, upstream: &str, durability: &str) -> String {
    format!(
        r#"[gateway]
listen = "{address}"

[store]
durability = "{durability}"

[providers.bench]
api = "openai"
base_url = "http://{upstream}/v1"

[models."bench/echo"]
price = {{ input = 0.25, cache_read = 0.025, output = 2.0 }}

[accounts.organisation]
budget = {{ usd = 1000000000, window = "month" }}

[accounts.team]
parent = "organisation"
budget = {{ usd = 1000000000, window = "month" }}

[classes."bench.chat"]
match = {{ key = "bench" }}
allow = {{ providers = ["bench"] }}
limits = {{ cost_per_call = {{ usd = 10 }} }}
"#
    )
}

fn make_key(program: &Path, directory: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(["key", "create", "bench", "--account", "team", "--class", "bench.chat", "--json", "--project"]).arg(directory);
    let out = command.current_dir(directory).output().map_err(|e| format!("cannot run jeton: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let made: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    made["key"].as_str().map(str::to_owned).ok_or_else(|| format!("jeton key create gave no key: {text}{}", String::from_utf8_lossy(&out.stderr)))
}

/// An address that nobody listened on a moment ago.
pub(crate) fn free_address() -> Result<String, String> {
    let socket = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| format!("no free port: {e}"))?;
    Ok(socket.to_string())
}

/// Waits until `/healthz` is answered with 200.
fn ready(mut target: Target, directory: &Path) -> Result<Target, String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_healthy(&target.address) {
        if target.running.as_mut().is_some_and(Running::has_ended) || Instant::now() > deadline {
            let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
            return Err(format!("{} does not answer:\n{log}", target.way.name()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(target)
}

pub(crate) fn is_healthy(address: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        socket.read_exact(&mut head)?;
        Ok(head.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}
