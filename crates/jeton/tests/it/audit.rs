//! `jeton audit`: through the real binary, on repositories that are made here.

use crate::common::{BINARY, CHAT, House, assert_has, golden};
use jeton_testkit::http::Request;
use jeton_testkit::{Project, Upstream, fixtures};
use std::path::Path;
use std::process::{Command, Stdio};

/// A shop in Go: a Makefile, CI for proposed changes, two packages of which one has tests, documents that have aged.
const SHOP: &[(&str, &str)] = &[
    ("README.md", "# Shop\n\nSells tea. Refunds are in `refunds/window.go`, rates in `rates/old.go`.\n\n```sh\nmake build\n```\n"),
    ("AGENTS.md", "# Rules\n\nRun `make build` before you finish.\nNever log a card number.\nMoney is in cents.\nAsk before you add a dependency.\n"),
    ("CLAUDE.md", "# Rules\n\nRun `make build` before you finish.\nNever log a card number.\nMoney is in euros.\nAsk before you add a dependency.\n"),
    ("Makefile", "build:\n\tgo build ./...\n\nverify:\n\tgo vet ./...\n\tgo test ./...\n\nship: verify\n\tgit push origin main\n"),
    ("go.mod", "module shop\n"),
    ("refunds/window.go", "// Package refunds says how long a sale can be undone.\npackage refunds\n\nconst Days = 30\n"),
    ("refunds/window_test.go", "package refunds\n\nimport \"testing\"\n\nfunc TestDays(t *testing.T) {}\n"),
    (
        ".github/workflows/ci.yml",
        "on: pull_request\njobs:\n  check:\n    name: Check\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make verify\n",
    ),
];

/// A web service in TypeScript: two workspaces, an API, no CI, no test.
const SERVICE: &[(&str, &str)] = &[
    ("package.json", "{\n  \"name\": \"service\",\n  \"scripts\": {\n    \"build\": \"tsc\",\n    \"db:migrate\": \"node migrate.js\"\n  }\n}\n"),
    ("web/package.json", "{\"name\": \"web\", \"scripts\": {\"dev\": \"vite\"}}\n"),
    (
        "openapi.yaml",
        "openapi: 3.1.0\ninfo: {title: Service, version: '1'}\npaths:\n  /orders:\n    get: {operationId: listOrders, summary: All orders, responses: {'200': {description: ok}}}\n    delete: {operationId: dropOrders, responses: {'204': {description: gone}}}\n",
    ),
];

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Git in a directory, with author and time fixed, so that every run makes the same commits.
#[track_caller]
fn git(dir: &Path, day: u32, args: &[&str]) {
    let date = format!("2026-03-{day:02}T12:00:00Z");
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"]).args(args);
    for (name, value) in
        [("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org"), ("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.org")]
    {
        command.env(name, value);
    }
    command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn commit(dir: &Path, day: u32, message: &str) {
    git(dir, day, &["add", "-A"]);
    git(dir, day, &["commit", "-qm", message]);
}

/// A project's directory with the repository `shop` in it; a file that README names was removed.
fn shop() -> Project {
    let project = Project::new(BINARY);
    let dir = project.dir().join("shop");
    std::fs::create_dir_all(&dir).unwrap();
    git(&dir, 1, &["init", "-q"]);
    write(&dir, SHOP);
    write(&dir, &[("rates/old.go", "package rates\n")]);
    commit(&dir, 1, "a shop");
    std::fs::remove_file(dir.join("rates/old.go")).unwrap();
    write(&dir, &[("rates/rates.go", &format!("package rates\n{}", "var x = 1\n".repeat(320)))]);
    commit(&dir, 2, "rates anew");
    project
}

#[test]
fn a_shop_and_a_service_in_every_form() {
    let project = shop();
    let service = project.dir().join("service");
    write(&service, SERVICE);
    write(&service, &[("src/orders.ts", &"export const x = 1;\n".repeat(420)), ("web/src/app.ts", &"export const x = 1;\n".repeat(310))]);
    golden("audit-shop", &project, &["audit", "shop"]);
    golden("audit-shop-markdown", &project, &["audit", "shop", "--format", "markdown", "--limit", "2"]);
    golden("audit-shop-sarif", &project, &["audit", "shop", "--format", "sarif", "--gate", "error"]);
    golden("audit-service", &project, &["audit", "service"]);
    golden("audit-service-short", &project, &["audit", "service", "--limit", "1", "--gate", "warning"]);
    golden("audit-nowhere", &project, &["audit", "nowhere"]);
}

#[test]
fn a_bare_repository_is_its_newest_commit() {
    let project = shop();
    let bare = project.dir().join("bare.git");
    git(project.dir(), 3, &["clone", "-q", "--bare", "shop", "bare.git"]);
    let at = |path: &str| project.json(&["audit", path]);
    let (work, bare_report) = (at("shop"), at("bare.git"));
    assert_eq!(work["sections"], bare_report["sections"]);
    assert_eq!(work["commit"], bare_report["commit"]);
    std::fs::remove_dir_all(&bare).unwrap();
    git(project.dir(), 3, &["init", "-q", "--bare", "bare.git"]);
    let output = project.run(&["audit", "bare.git"]);
    assert_eq!(output.code, 2, "{output:?}");
    assert_has(&output.stderr, &["no commit", "next: "]);
}

#[test]
fn nothing_is_too_little() {
    let project = Project::new(BINARY);
    let report = project.json(&["audit"]);
    assert_eq!((report["commit"].is_null(), report["sections"].as_array().unwrap().len()), (true, 4));
    assert_eq!(report["sections"][3]["facts"][0]["count"], serde_json::Value::Null);
    git(project.dir(), 1, &["init", "-q"]);
    assert_has(&project.run(&["audit"]).stdout, &["has no commit", "CONTEXT", "TOOLS", "EVALUATION", "OPERATIONS", "no ledger here"]);
    assert_eq!(project.run(&["audit", "--gate", "warning"]).code, 0);
}

#[cfg(unix)]
#[test]
fn what_is_hostile_is_passed_over_and_nothing_outside_is_read() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let project = Project::new(BINARY);
    let (dir, secret) = (project.dir().join("inside"), project.dir().join("outside.md"));
    std::fs::write(&secret, "# The word is swordfish\n").unwrap();
    write(
        &dir,
        &[("package.json", "{\"scripts\": {\"a\": "), (".github/workflows/a.yml", "on: [\n"), ("Cargo.toml", "[[[\n"), ("docs/\u{1b}[31m.md", "# x\n")],
    );
    std::fs::write(dir.join("README.md"), b"# caf\xe9\n\xff\xfe\n").unwrap();
    std::fs::write(dir.join("huge.md"), vec![b'x'; 5 << 20]).unwrap();
    std::fs::write(dir.join(std::ffi::OsStr::from_bytes(b"\xff.md")), "# x\n").unwrap();
    symlink("../outside.md", dir.join("AGENTS.md")).unwrap();
    symlink("..", dir.join("src")).unwrap();
    symlink("loop", dir.join("loop")).unwrap();
    // A ledger that is a link is not opened: it would be written to.
    symlink("..", dir.join(".jeton")).unwrap();
    let output = project.run(&["audit", "inside"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_has(&output.stdout, &["too large: ", "`huge.md`", "no ledger here"]);
    assert!(!output.stdout.contains("swordfish") && !output.stdout.contains('\u{1b}'), "{output:?}");
}

#[test]
fn the_ledger_tells_what_calls_did() {
    let house = House::with(Upstream::document(fixtures::chat_document(1_500, 300)), "[classes.\"code.review\"]\n");
    let body = r#"{"model":"acme/fast","messages":[{"role":"user","content":"Hi"}]}"#;
    for class in ["code.review", "code.review"] {
        assert_eq!(house.server.ask(&Request::post(CHAT, body).header("jeton-class", class)).status(), 200);
    }
    assert_eq!(house.server.ask(&Request::post(CHAT, body.replace("fast", "unpriced"))).status(), 200);
    let _ = house.server.post(CHAT, "{}");
    house.verify();
    let report = house.project.json(&["audit"]);
    let operations = &report["sections"][3];
    let fact = |name: &str| operations["facts"].as_array().unwrap().iter().find(|fact| fact["name"] == name).unwrap();
    assert_eq!([&fact("calls")["count"], &fact("calls-unclassified")["count"], &fact("calls-unpriced")["count"]], [4, 2, 1]);
    assert_eq!([&fact("calls-failed")["count"], &fact("classes-with-suite")["of"]], [1, 1]);
    let codes: Vec<&str> = operations["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unclassified-calls", "failing-calls", "unknown-price", "no-budget", "class-without-suite"]);
    assert_has(&house.project.run(&["audit"]).stdout, &["OPERATIONS", "4 calls in 30 days, $", "next: Send the header `jeton-class`"]);
}
