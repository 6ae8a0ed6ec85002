//! Tests in source files, by the first words of a line.

/// How many tests a file defines, as far as the beginnings of its lines tell.
pub(crate) fn count(text: &str, language: &str) -> u32 {
    let is_test: fn(&str) -> bool = match language {
        "Rust" => is_rust,
        "Python" => |line| starts(line, &["def test_", "async def test_"]),
        "TypeScript" | "JavaScript" => |line| starts(line, &["it(", "test(", "it.each", "test.each", "it.only(", "test.only(", "Deno.test("]),
        "Go" => |line| starts(line, &["func Test", "func Fuzz", "func Example"]),
        "Java" | "Kotlin" | "Scala" => |line| starts(line, &["@Test", "@ParameterizedTest"]) && !line.starts_with("@Testable"),
        "C#" => |line| starts(line, &["[Fact", "[Theory", "[Test]", "[TestMethod", "[TestCase"]),
        "Ruby" => |line| starts(line, &["it \"", "it '", "def test_", "test \"", "test '"]),
        "PHP" => |line| starts(line, &["public function test", "function test", "#[Test]", "* @test"]),
        "C" | "C++" => |line| starts(line, &["TEST(", "TEST_F(", "TEST_P(", "TEST_CASE(", "BOOST_AUTO_TEST_CASE("]),
        "Swift" => |line| starts(line, &["func test", "@Test"]),
        "Elixir" => |line| starts(line, &["test \""]),
        "Dart" => |line| starts(line, &["test(", "testWidgets("]),
        _ => return 0,
    };
    u32::try_from(text.lines().filter(|line| is_test(line.trim_start())).count()).unwrap_or(u32::MAX)
}

fn starts(line: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| line.starts_with(beginning))
}

/// `#[test]`, `#[tokio::test(…)]`, `#[rstest]`; not `#[cfg(test)]`.
fn is_rust(line: &str) -> bool {
    let Some(inside) = line.strip_prefix("#[") else { return false };
    let path = inside.split([']', '(', ' ']).next().unwrap_or_default();
    matches!(path.rsplit("::").next(), Some("test" | "rstest" | "test_case" | "quickcheck" | "wasm_bindgen_test"))
}

/// Frameworks that tests use, each by a word that stands in their files.
pub(crate) fn framework(text: &str, language: &str) -> Option<&'static str> {
    let words: &[(&str, &str)] = match language {
        "Rust" => &[("proptest!", "proptest"), ("#[rstest", "rstest"), ("insta::", "insta"), ("#[tokio::test", "tokio::test"), ("#[test]", "Rust's own")],
        "Python" => {
            &[("hypothesis", "hypothesis"), ("import pytest", "pytest"), ("from pytest", "pytest"), ("unittest", "unittest"), ("def test_", "pytest style")]
        }
        "TypeScript" | "JavaScript" => &[
            ("@playwright/test", "Playwright"),
            ("vitest", "Vitest"),
            ("@jest/globals", "Jest"),
            ("node:test", "node:test"),
            ("supertest", "Mocha style"),
            ("describe(", "describe/it"),
        ],
        "Go" => &[("testify", "testify"), ("testing.T", "Go's own")],
        "Java" | "Kotlin" => &[("org.junit.jupiter", "JUnit 5"), ("org.junit", "JUnit 4"), ("org.testng", "TestNG")],
        "Ruby" => &[("RSpec", "RSpec"), ("Minitest", "Minitest"), ("describe ", "RSpec")],
        "C#" => &[("Xunit", "xUnit"), ("NUnit", "NUnit"), ("MSTest", "MSTest")],
        "PHP" => &[("PHPUnit", "PHPUnit")],
        "C" | "C++" => &[("gtest", "GoogleTest"), ("catch2", "Catch2")],
        _ => return None,
    };
    words.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: &str, text: &str, expected: u32) {
        assert_eq!(count(text, language), expected, "{language}: {text}");
    }

    #[test]
    fn tests_are_counted() {
        check("Rust", "#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {}\n    #[tokio::test(flavor = \"x\")]\n    async fn b() {}\n", 2);
        check("Python", "def test_a():\n    pass\nclass T:\n    async def test_b(self): pass\ndef testing(): pass\n", 2);
        check("JavaScript", "describe('x', () => {\n  it('a', f)\n  test('b', f)\n  items(3)\n})\n", 2);
        check("Go", "func TestA(t *testing.T) {}\nfunc testB() {}\n", 1);
        check("Java", "  @Test\n  void a() {}\n", 1);
        check("Ruby", "it 'works' do\nend\n", 1);
        check("COBOL", "TEST(", 0);
    }

    #[test]
    fn frameworks_are_known_by_a_word() {
        assert_eq!(framework("import pytest\n", "Python"), Some("pytest"));
        assert_eq!(framework("func TestA(t *testing.T) {}", "Go"), Some("Go's own"));
        assert_eq!(framework("", "Go"), None);
    }
}
