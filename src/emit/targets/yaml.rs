//! YAML in block style with every string in double quotes, whose escapes are those of JSON: no text of a plan can become
//! anything else. Text that Ansible would take for a template is tagged.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::names::json_printable;

/// One document.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0, false);
    text
}

/// Whether a value stands behind its key on one line.
fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() || variable_in(fields).is_some(),
        _ => true,
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Array(_) => "[]".into(),
        Value::Object(fields) => match variable_in(fields) {
            Some(name) => Value::from(format!("{{{{ {name} }}}}")).to_string(),
            None => "{}".into(),
        },
        Value::String(text) if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) => {
            format!("!unsafe {}", json_printable(&value.to_string()))
        }
        other => json_printable(&other.to_string()),
    }
}

/// The key by which an object is a reference to a variable of ours.
const VARIABLE: &str = "a variable of Ansible";

/// A reference to a variable of Ansible: not a text, since a text of a plan could look the same.
pub fn variable(name: &str) -> Value {
    let mut reference = Map::new();
    reference.insert(VARIABLE.to_owned(), Value::from(name));
    Value::Object(reference)
}

fn variable_in(fields: &Map<String, Value>) -> Option<&str> {
    fields.get(VARIABLE).filter(|_| fields.len() == 1).and_then(Value::as_str)
}

/// `in_list`: the first line stands behind a dash.
fn block(text: &mut String, value: &Value, depth: usize, in_list: bool) {
    let indent = |text: &mut String, first: bool| {
        if !(first && in_list) {
            text.push_str(&"  ".repeat(depth));
        }
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (position, (key, field)) in fields.iter().enumerate() {
                indent(text, position == 0);
                let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
                let key = if plain { key.clone() } else { json_printable(&Value::from(key.clone()).to_string()) };
                if is_scalar(field) {
                    let _ = writeln!(text, "{key}: {}", scalar(field));
                } else {
                    let _ = writeln!(text, "{key}:");
                    block(text, field, depth + 1, false);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (position, item) in items.iter().enumerate() {
                indent(text, position == 0);
                text.push_str("- ");
                if is_scalar(item) {
                    let _ = writeln!(text, "{}", scalar(item));
                } else {
                    block(text, item, depth + 1, true);
                }
            }
        }
        other => {
            let _ = writeln!(text, "{}", scalar(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stay_strings() {
        let value = serde_json::json!({
            "a": "no", "b c": ["1", {"x": "a: b\n- c", "y": []}, ["deep"]], "t": "{{ lookup('pipe', 'id') }}", "u": "{{ pgslotplan_port }}", "v": variable("pgslotplan_port"), "n": 3, "z": true
        });
        assert_eq!(
            to_yaml(&value),
            "a: \"no\"\n\"b c\":\n  - \"1\"\n  - x: \"a: b\\n- c\"\n    y: []\n  - - \"deep\"\nn: 3\nt: !unsafe \"{{ lookup('pipe', 'id') }}\"\nu: !unsafe \"{{ pgslotplan_port }}\"\nv: \"{{ pgslotplan_port }}\"\nz: true\n"
        );
    }
}
