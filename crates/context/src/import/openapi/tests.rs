use super::*;
use crate::Finding;
use crate::tree::MemoryTree;
use serde_json::json;

const API: &str = r##"openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /refunds/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    post:
      operationId: createRefund
      summary: Pay money back
      x-internal: true
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Refund"}
      responses:
        "201":
          description: Done
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Receipt"}
    get:
      responses:
        default: {$ref: "errors.yaml#/Error"}
components:
  schemas:
    Refund:
      type: object
      required: [amount]
      properties:
        amount: {type: integer}
        note: {type: string, nullable: true}
        parent: {$ref: "#/components/schemas/Refund"}
    Receipt:
      properties:
        refund: {$ref: "#/components/schemas/Refund"}
        gone: {$ref: "#/components/schemas/Gone"}
    Unused: {type: string}
"##;

fn read(text: &str) -> Found {
    let tree = MemoryTree::new([("api/errors.yaml", "Error: {description: Bad}\n")]);
    let (path, mut found) = (Arc::from("api/openapi.yaml"), Found::default());
    structured::import(&Source { path: &path, text, tree: &tree }, &mut found);
    found
}

#[test]
fn an_operation_comes_with_what_it_needs() {
    let found = read(API);
    let units: Vec<&Unit> = found.drafts.iter().map(|draft| &draft.unit).collect();
    let names: Vec<(&str, &str, String)> = units.iter().map(|unit| (unit.id.as_str(), unit.title.as_str(), unit.place.to_string())).collect();
    let expected = [
        ("schema:api/openapi.yaml#createRefund", "POST /refunds/{id}: Pay money back", "api/openapi.yaml:7-20".to_owned()),
        ("schema:api/openapi.yaml#get:/refunds/{id}", "GET /refunds/{id}", "api/openapi.yaml:21-23".to_owned()),
    ];
    assert_eq!(names, expected);
    let body = &units[0].body;
    assert!(body.starts_with("POST /refunds/{id} (createRefund)\nsummary: Pay money back\nparameters:\n  - name: id\n"), "{body}");
    assert!(
        body.contains("schemas/Refund:\n  type: object\n") && body.contains("schemas/Receipt:") && !body.contains("Unused") && !body.contains("x-internal"),
        "{body}"
    );
    assert!(units[1].body.contains("api/errors.yaml#/Error:\n  description: Bad"), "{}", units[1].body);
    let findings: Vec<(&str, u32)> = found.findings.iter().map(|finding: &Finding| (finding.code, finding.place.first_line)).collect();
    assert_eq!(findings, [("broken-ref", 36)]);
}

#[test]
fn the_schema_of_the_request_validates() {
    let found = read(API);
    let Detail::Schema(schema) = &found.drafts[0].unit.detail else { panic!("no schema") };
    let validator = jsonschema::validator_for(schema).unwrap();
    assert!(validator.is_valid(&json!({"amount": 3, "note": null, "parent": {"amount": 1}})));
    assert!(!validator.is_valid(&json!({"amount": "3"})) && !validator.is_valid(&json!({"amount": 3, "parent": {}})));
    assert_eq!(found.drafts[1].unit.detail, Detail::Schema(Box::new(Value::Null)));
}

#[test]
fn other_documents_are_told_apart() {
    let codes = |text: &str| read(text).findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes("swagger: '2.0'\n"), ["old-openapi"]);
    assert_eq!(codes("openapi: [\n"), ["unreadable-schema"]);
    assert!(codes("openapi: 3.1.0\npaths: 7\n").is_empty());
    assert!(structured::looks_like_schema(b"{\n \"$schema\": \"https://json-schema.org/draft/2020-12/schema\"}"));
    assert!(!structured::looks_like_schema(b"{\"$schema\": \"https://example.com/settings.json\"}"));
    assert!(!structured::looks_like_schema(b"name: openapi\n"));
}

#[test]
fn documents_that_refer_to_everything_are_bounded() {
    let names: Vec<String> = (0..400).map(|at| format!("S{at}")).collect();
    let properties: String = names.iter().map(|name| format!("        {name}: {{$ref: \"#/components/schemas/{name}\"}}\n")).collect();
    let schemas: String = names.iter().map(|name| format!("    {name}:\n      properties:\n{properties}")).collect();
    let text = format!(
        "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        \"200\": {{$ref: \"#/components/schemas/S0\"}}\ncomponents:\n  schemas:\n{}",
        &schemas[..schemas.len().min(400_000)]
    );
    let found = read(text.rsplit_once("    S").map_or(&text, |(whole, _)| whole));
    assert!(found.drafts[0].unit.body.len() < 4 * PARTS_BYTES_MAX && found.drafts[0].unit.body.contains("left out"));
}

#[test]
fn deep_documents_are_read_or_refused() {
    let flow = format!("openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses: {}{}\n", "[".repeat(250), "]".repeat(250));
    let levels: String = (0..380).map(|depth| format!("{}a:\n", " ".repeat(depth + 8))).collect();
    for text in [flow, format!("openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n{levels}")] {
        assert_eq!(read(&text).drafts.len(), 1);
    }
}
