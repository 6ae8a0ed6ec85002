//! What each kind of node means, language by language.

use super::{Language, SymbolKind};
use std::sync::OnceLock;

/// How a definition says its name and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Fields `name` (else `property`, `key`, `left`, or the first named child) and `body` (else `value`, `right`, `accessors`).
    Named,
    /// As `Named`, but the node only defines something where it has a body: `struct a { … }`, not `struct a x`.
    Bodied,
    /// Several fields `name`, each a symbol.
    Names,
    /// C's declarators, each a symbol.
    Declarators,
    /// A Rust `impl`.
    Implementation,
    /// A Go method with its receiver.
    Receiver,
    /// A Go `type` whose kind its right side decides.
    GoType,
    /// `left = right`.
    Assignment,
    /// The node is the name: a plain member of a TypeScript `enum`.
    Itself,
    /// A variable of JavaScript, whose value decides what it is.
    ScriptVariable,
}

/// What a kind of node means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nothing: what is in it counts.
    Plain,
    /// A comment.
    Comment,
    /// An attribute, annotation or decorator above a definition.
    Attribute,
    /// A statement around a definition, which takes the statement's range.
    Wrapper,
    /// A statement after which members have another visibility.
    Access,
    /// A value with code in it: nothing in it is a symbol.
    Closed,
    /// A name that is used.
    Identifier,
    /// A definition.
    Define(SymbolKind, Shape),
}

use Rule::{Access, Attribute, Closed, Comment, Define, Identifier, Wrapper};
use Shape::{Assignment, Bodied, Declarators, GoType, Implementation, Named, Names, Receiver, ScriptVariable};
use SymbolKind as Kind;

type Table = &'static [(&'static str, Rule)];

const RUST: Table = &[
    ("line_comment", Comment),
    ("block_comment", Comment),
    ("attribute_item", Attribute),
    ("macro_invocation", Closed),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("field_identifier", Identifier),
    ("function_item", Define(Kind::Function, Named)),
    ("function_signature_item", Define(Kind::Function, Named)),
    ("struct_item", Define(Kind::Struct, Named)),
    ("union_item", Define(Kind::Struct, Named)),
    ("enum_item", Define(Kind::Enum, Named)),
    ("trait_item", Define(Kind::Interface, Named)),
    ("impl_item", Define(Kind::Implementation, Implementation)),
    ("mod_item", Define(Kind::Module, Named)),
    ("macro_definition", Define(Kind::Macro, Named)),
    ("const_item", Define(Kind::Constant, Named)),
    ("static_item", Define(Kind::Variable, Named)),
    ("type_item", Define(Kind::Type, Named)),
    ("associated_type", Define(Kind::Type, Named)),
    ("field_declaration", Define(Kind::Field, Named)),
    ("enum_variant", Define(Kind::Variant, Named)),
];

const PYTHON: Table = &[
    ("comment", Comment),
    ("decorator", Attribute),
    ("lambda", Closed),
    ("identifier", Identifier),
    ("function_definition", Define(Kind::Function, Named)),
    ("class_definition", Define(Kind::Class, Named)),
    ("assignment", Define(Kind::Variable, Assignment)),
    ("type_alias_statement", Define(Kind::Type, Named)),
];

const JAVASCRIPT: Table = &[
    ("comment", Comment),
    ("decorator", Attribute),
    ("export_statement", Wrapper),
    ("lexical_declaration", Wrapper),
    ("variable_declaration", Wrapper),
    ("expression_statement", Wrapper),
    ("arrow_function", Closed),
    ("function_expression", Closed),
    ("statement_block", Closed),
    ("class_static_block", Closed),
    ("identifier", Identifier),
    ("property_identifier", Identifier),
    ("private_property_identifier", Identifier),
    ("shorthand_property_identifier", Identifier),
    ("function_declaration", Define(Kind::Function, Named)),
    ("generator_function_declaration", Define(Kind::Function, Named)),
    ("class_declaration", Define(Kind::Class, Named)),
    ("method_definition", Define(Kind::Function, Named)),
    ("variable_declarator", Define(Kind::Variable, ScriptVariable)),
    ("pair", Define(Kind::Field, ScriptVariable)),
    ("assignment_expression", Define(Kind::Function, Assignment)),
    ("field_definition", Define(Kind::Field, Named)),
];

const TYPESCRIPT: Table = &[
    ("comment", Comment),
    ("decorator", Attribute),
    ("export_statement", Wrapper),
    ("ambient_declaration", Wrapper),
    ("lexical_declaration", Wrapper),
    ("variable_declaration", Wrapper),
    ("expression_statement", Wrapper),
    ("arrow_function", Closed),
    ("function_expression", Closed),
    ("class_static_block", Closed),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("property_identifier", Identifier),
    ("private_property_identifier", Identifier),
    ("shorthand_property_identifier", Identifier),
    ("function_declaration", Define(Kind::Function, Named)),
    ("generator_function_declaration", Define(Kind::Function, Named)),
    ("function_signature", Define(Kind::Function, Named)),
    ("class_declaration", Define(Kind::Class, Named)),
    ("abstract_class_declaration", Define(Kind::Class, Named)),
    ("interface_declaration", Define(Kind::Interface, Named)),
    ("enum_declaration", Define(Kind::Enum, Named)),
    ("enum_assignment", Define(Kind::Variant, Named)),
    ("type_alias_declaration", Define(Kind::Type, Named)),
    ("internal_module", Define(Kind::Module, Named)),
    ("module", Define(Kind::Module, Bodied)),
    ("method_definition", Define(Kind::Function, Named)),
    ("method_signature", Define(Kind::Function, Named)),
    ("abstract_method_signature", Define(Kind::Function, Named)),
    ("property_signature", Define(Kind::Field, Named)),
    ("public_field_definition", Define(Kind::Field, Named)),
    ("variable_declarator", Define(Kind::Variable, ScriptVariable)),
    ("pair", Define(Kind::Field, ScriptVariable)),
    ("assignment_expression", Define(Kind::Function, Assignment)),
];

const GO: Table = &[
    ("comment", Comment),
    ("const_declaration", Wrapper),
    ("var_declaration", Wrapper),
    ("type_declaration", Wrapper),
    ("func_literal", Closed),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("field_identifier", Identifier),
    ("package_identifier", Identifier),
    ("function_declaration", Define(Kind::Function, Named)),
    ("method_declaration", Define(Kind::Method, Receiver)),
    ("type_spec", Define(Kind::Type, GoType)),
    ("type_alias", Define(Kind::Type, GoType)),
    ("const_spec", Define(Kind::Constant, Names)),
    ("var_spec", Define(Kind::Variable, Names)),
    ("field_declaration", Define(Kind::Field, Names)),
    ("method_elem", Define(Kind::Method, Named)),
];

const JAVA: Table = &[
    ("line_comment", Comment),
    ("block_comment", Comment),
    ("marker_annotation", Attribute),
    ("annotation", Attribute),
    ("field_declaration", Wrapper),
    ("constant_declaration", Wrapper),
    ("static_initializer", Closed),
    ("block", Closed),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("class_declaration", Define(Kind::Class, Named)),
    ("record_declaration", Define(Kind::Class, Named)),
    ("interface_declaration", Define(Kind::Interface, Named)),
    ("annotation_type_declaration", Define(Kind::Interface, Named)),
    ("enum_declaration", Define(Kind::Enum, Named)),
    ("enum_constant", Define(Kind::Variant, Named)),
    ("method_declaration", Define(Kind::Method, Named)),
    ("annotation_type_element_declaration", Define(Kind::Method, Named)),
    ("constructor_declaration", Define(Kind::Method, Named)),
    ("compact_constructor_declaration", Define(Kind::Method, Named)),
    ("variable_declarator", Define(Kind::Field, Named)),
];

const C: Table = &[
    ("comment", Comment),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("field_identifier", Identifier),
    ("preproc_def", Define(Kind::Macro, Bodied)),
    ("preproc_function_def", Define(Kind::Macro, Bodied)),
    ("function_definition", Define(Kind::Function, Declarators)),
    ("declaration", Define(Kind::Variable, Declarators)),
    ("field_declaration", Define(Kind::Field, Declarators)),
    ("type_definition", Define(Kind::Type, Declarators)),
    ("struct_specifier", Define(Kind::Struct, Bodied)),
    ("union_specifier", Define(Kind::Struct, Bodied)),
    ("enum_specifier", Define(Kind::Enum, Bodied)),
    ("enumerator", Define(Kind::Variant, Named)),
];

const CPP: Table = &[
    ("comment", Comment),
    ("attribute_declaration", Attribute),
    ("access_specifier", Access),
    ("template_declaration", Wrapper),
    ("lambda_expression", Closed),
    ("identifier", Identifier),
    ("type_identifier", Identifier),
    ("field_identifier", Identifier),
    ("namespace_identifier", Identifier),
    ("preproc_def", Define(Kind::Macro, Bodied)),
    ("preproc_function_def", Define(Kind::Macro, Bodied)),
    ("namespace_definition", Define(Kind::Module, Named)),
    ("function_definition", Define(Kind::Function, Declarators)),
    ("declaration", Define(Kind::Variable, Declarators)),
    ("field_declaration", Define(Kind::Field, Declarators)),
    ("type_definition", Define(Kind::Type, Declarators)),
    ("alias_declaration", Define(Kind::Type, Named)),
    ("concept_definition", Define(Kind::Type, Named)),
    ("class_specifier", Define(Kind::Class, Bodied)),
    ("struct_specifier", Define(Kind::Struct, Bodied)),
    ("union_specifier", Define(Kind::Struct, Bodied)),
    ("enum_specifier", Define(Kind::Enum, Bodied)),
    ("enumerator", Define(Kind::Variant, Named)),
];

const C_SHARP: Table = &[
    ("comment", Comment),
    ("attribute_list", Attribute),
    ("field_declaration", Wrapper),
    ("event_field_declaration", Wrapper),
    ("block", Closed),
    ("global_statement", Closed),
    ("identifier", Identifier),
    ("namespace_declaration", Define(Kind::Module, Named)),
    ("class_declaration", Define(Kind::Class, Named)),
    ("record_declaration", Define(Kind::Class, Named)),
    ("struct_declaration", Define(Kind::Struct, Named)),
    ("interface_declaration", Define(Kind::Interface, Named)),
    ("enum_declaration", Define(Kind::Enum, Named)),
    ("enum_member_declaration", Define(Kind::Variant, Named)),
    ("delegate_declaration", Define(Kind::Type, Named)),
    ("method_declaration", Define(Kind::Method, Named)),
    ("constructor_declaration", Define(Kind::Method, Named)),
    ("destructor_declaration", Define(Kind::Method, Named)),
    ("operator_declaration", Define(Kind::Method, Named)),
    ("indexer_declaration", Define(Kind::Field, Named)),
    ("property_declaration", Define(Kind::Field, Named)),
    ("event_declaration", Define(Kind::Field, Named)),
    ("variable_declarator", Define(Kind::Field, Named)),
];

const RUBY: Table = &[
    ("comment", Comment),
    ("lambda", Closed),
    ("constant", Identifier),
    ("identifier", Access),
    ("module", Define(Kind::Module, Named)),
    ("class", Define(Kind::Class, Named)),
    ("method", Define(Kind::Function, Named)),
    ("singleton_method", Define(Kind::Function, Named)),
    ("assignment", Define(Kind::Constant, Assignment)),
];

const PHP: Table = &[
    ("comment", Comment),
    ("attribute_list", Attribute),
    ("const_declaration", Wrapper),
    ("property_declaration", Wrapper),
    ("anonymous_function", Closed),
    ("arrow_function", Closed),
    ("name", Identifier),
    ("namespace_definition", Define(Kind::Module, Bodied)),
    ("class_declaration", Define(Kind::Class, Named)),
    ("trait_declaration", Define(Kind::Class, Named)),
    ("interface_declaration", Define(Kind::Interface, Named)),
    ("enum_declaration", Define(Kind::Enum, Named)),
    ("enum_case", Define(Kind::Variant, Named)),
    ("function_definition", Define(Kind::Function, Named)),
    ("method_declaration", Define(Kind::Method, Named)),
    ("const_element", Define(Kind::Constant, Named)),
    ("property_element", Define(Kind::Field, Named)),
];

const fn table(language: Language) -> Table {
    match language {
        Language::Rust => RUST,
        Language::Python => PYTHON,
        Language::TypeScript | Language::Tsx => TYPESCRIPT,
        Language::JavaScript => JAVASCRIPT,
        Language::Go => GO,
        Language::Java => JAVA,
        Language::C => C,
        Language::Cpp => CPP,
        Language::CSharp => C_SHARP,
        Language::Ruby => RUBY,
        Language::Php => PHP,
    }
}

/// The rules of a language by the number of a node's kind.
pub(crate) fn rules(language: Language) -> &'static [Rule] {
    static RULES: [OnceLock<Vec<Rule>>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
    RULES[language as usize].get_or_init(|| {
        let (grammar, table) = (language.grammar(), table(language));
        // Several numbers may bear one name, where a grammar gives a rule another's name.
        let named = |id: u16| grammar.node_kind_for_id(id).filter(|_| grammar.node_kind_is_named(id));
        let rule = |id: u16| named(id).and_then(|name| table.iter().find(|(listed, _)| *listed == name)).map_or(Rule::Plain, |(_, rule)| *rule);
        (0..u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX)).map(rule).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_node_exists() {
        for language in Language::ALL {
            let missing: Vec<_> = table(language).iter().filter(|(name, _)| language.grammar().id_for_node_kind(name, true) == 0).collect();
            assert!(missing.is_empty(), "{language:?}: {missing:?}");
        }
    }
}
