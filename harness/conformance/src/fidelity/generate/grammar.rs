//! Objects drawn by a grammar that stands in JSON files.
//!
//! # Shape
//! A production is a literal, or: a text `@NAME`, the rule of that name; a list, one of its entries; or an object with
//! - `$fields`: an object; each field is there always, or, as `[PERCENT, PRODUCTION]`, that often
//! - `$some`: one of the fields
//! - `$all`: several objects in one
//! - `$list` and `$sizes`: a list, with one of the sizes
//! - `$bad` and `$else`: mostly what `$else` is; where the case is to be spoilt, now and then one of the bad ones
//! - `$value`: a literal that would be taken for one of these
//! - `$none`: nothing at all
//!
//! In texts, `#` is the place in the innermost list.

use serde_json::{Map, Value};

use crate::fidelity::random::Random;

/// Rules by name.
#[derive(Debug)]
pub(super) struct Grammar {
    rules: Map<String, Value>,
}

/// How a case is drawn.
#[derive(Debug)]
pub(super) struct Draw<'a> {
    grammar: &'a Grammar,
    pub(super) random: Random,
    /// How often, in percent, what can be bad is.
    pub(super) spoilt: usize,
}

impl Grammar {
    /// Rules of several files; a name stands for one rule in all of them.
    pub(super) fn read(files: &[&str]) -> Result<Self, serde_json::Error> {
        let mut rules = Map::new();
        for file in files {
            rules.extend(serde_json::from_str::<Map<String, Value>>(file)?);
        }
        Ok(Self { rules })
    }
}

impl<'a> Draw<'a> {
    pub(super) fn new(grammar: &'a Grammar, random: Random) -> Self {
        Self { grammar, random, spoilt: 0 }
    }

    /// Draws from the rule of a name; null where it is nothing.
    pub(super) fn rule(&mut self, name: &str) -> Value {
        let grammar = self.grammar;
        let rule = grammar.rules.get(name);
        rule.and_then(|rule| self.production(rule, 0)).unwrap_or_default()
    }

    fn production(&mut self, production: &Value, place: usize) -> Option<Value> {
        match production {
            Value::String(text) => match text.strip_prefix('@') {
                Some(name) => {
                    let grammar = self.grammar;
                    self.production(grammar.rules.get(name)?, place)
                }
                None => Some(Value::String(text.replace('#', &place.to_string()))),
            },
            Value::Array(choices) => {
                let choice = self.random.pick(choices)?;
                self.production(choice, place)
            }
            Value::Object(rule) => self.object(rule, place),
            literal => Some(literal.clone()),
        }
    }

    fn object(&mut self, rule: &Map<String, Value>, place: usize) -> Option<Value> {
        if let Some(Value::Object(fields)) = rule.get("$fields") {
            return Some(Value::Object(self.fields(fields, place)));
        }
        if let Some(Value::Object(fields)) = rule.get("$some") {
            let (key, production) = fields.iter().nth(self.random.below(fields.len()))?;
            let value = self.production(production, place)?;
            return Some(Value::Object(Map::from_iter([(key.clone(), value)])));
        }
        if let Some(Value::Array(parts)) = rule.get("$all") {
            let mut whole = Map::new();
            for part in parts {
                if let Some(Value::Object(fields)) = self.production(part, place) {
                    whole.extend(fields);
                }
            }
            return Some(Value::Object(whole));
        }
        if let Some(entry) = rule.get("$list") {
            let sizes = rule.get("$sizes").and_then(Value::as_array)?;
            let size = self.random.pick(sizes).and_then(Value::as_u64).unwrap_or_default();
            let size = usize::try_from(size).unwrap_or_default();
            return Some((0..size).filter_map(|place| self.production(entry, place)).collect());
        }
        if let (Some(bad), Some(good)) = (rule.get("$bad"), rule.get("$else")) {
            let is_bad = self.random.happens(self.spoilt);
            return self.production(if is_bad { bad } else { good }, place);
        }
        if rule.contains_key("$none") {
            return None;
        }
        Some(rule.get("$value").cloned().unwrap_or_else(|| Value::Object(rule.clone())))
    }

    fn fields(&mut self, fields: &Map<String, Value>, place: usize) -> Map<String, Value> {
        let mut drawn = Map::new();
        for (key, production) in fields {
            let production = match production {
                Value::Array(entries) => match (entries.first().and_then(Value::as_u64), entries.get(1)) {
                    (Some(percent), Some(production)) if entries.len() == 2 => {
                        if !self.random.happens(usize::try_from(percent).unwrap_or(100)) {
                            continue;
                        }
                        production
                    }
                    _ => production,
                },
                _ => production,
            };
            if let Some(value) = self.production(production, place) {
                drawn.insert(key.clone(), value);
            }
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn draws_what_a_rule_says() {
        let grammar = json!({
            "a": {"$fields": {"x": "@b", "never": [0, 1], "list": {"$list": "n#", "$sizes": [2]}}},
            "b": {"$bad": ["bad"], "$else": {"$value": {"$some": 1}}},
        });
        let grammar = Grammar::read(&[&grammar.to_string()]).unwrap();
        let mut draw = Draw::new(&grammar, Random::of_case(0, "", 0));
        assert_eq!(draw.rule("a"), json!({"x": {"$some": 1}, "list": ["n0", "n1"]}));
        draw.spoilt = 100;
        assert_eq!(draw.rule("b"), json!("bad"));
    }
}
