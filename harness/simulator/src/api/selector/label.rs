//! `labelSelector`: `a=b,c!=d,e in (f,g),h,!i`.
//!
//! # Source
//! kubernetes v1.36 `apimachinery/pkg/labels/selector.go` `Parser`

use std::{iter::Peekable, vec::IntoIter};

use serde_json::Value;

/// Requirements that all must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Word(String),
    Symbol(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) => text,
            Self::Symbol(text) => text,
        }
    }
}

type Tokens = Peekable<IntoIter<Token>>;

impl LabelSelector {
    /// Reads a selector; the empty text selects everything.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = tokens(text).into_iter().peekable();
        let mut requirements = Vec::new();
        if tokens.peek().is_none() {
            return Ok(Self::default());
        }
        loop {
            match tokens.peek() {
                Some(Token::Word(_) | Token::Symbol("!")) => {}
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", shown(other))),
            }
            let requirement =
                requirement(&mut tokens).map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            match tokens.next() {
                None => return Ok(Self { requirements }),
                Some(Token::Symbol(",")) => match tokens.peek() {
                    Some(Token::Word(_) | Token::Symbol("!")) => {}
                    other => return Err(format!("found '{}', expected: identifier after ','", shown(other))),
                },
                other => return Err(format!("found '{}', expected: ',' or 'end of string'", shown(other.as_ref()))),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
        self.requirements.iter().all(|requirement| {
            let label = labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str);
            let number = || label.and_then(|label| label.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => label.is_some(),
                Test::Missing => label.is_none(),
                Test::In(values) => label.is_some_and(|label| values.iter().any(|value| value == label)),
                Test::NotIn(values) => label.is_none_or(|label| values.iter().all(|value| value != label)),
                Test::Greater(than) => number().is_some_and(|number| number > *than),
                Test::Less(than) => number().is_some_and(|number| number < *than),
            }
        })
    }
}

fn shown(token: Option<&Token>) -> &str {
    token.map_or("", Token::text)
}

fn requirement(tokens: &mut Tokens) -> Result<Requirement, String> {
    let missing = tokens.next_if_eq(&Token::Symbol("!")).is_some();
    let key = match tokens.next() {
        Some(Token::Word(key)) => key,
        other => return Err(format!("found '{}', expected: identifier", shown(other.as_ref()))),
    };
    if missing {
        return Ok(Requirement { key, test: Test::Missing });
    }
    let operator = match tokens.peek() {
        None | Some(Token::Symbol(",")) => return Ok(Requirement { key, test: Test::Exists }),
        Some(token) => token.text().to_owned(),
    };
    tokens.next();
    let test = match operator.as_str() {
        "in" => Test::In(values(tokens)?),
        "notin" => Test::NotIn(values(tokens)?),
        "=" | "==" => Test::In(vec![value(tokens)?]),
        "!=" => Test::NotIn(vec![value(tokens)?]),
        ">" => Test::Greater(number(tokens)?),
        "<" => Test::Less(number(tokens)?),
        other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
    };
    Ok(Requirement { key, test })
}

/// One value, which may be empty.
fn value(tokens: &mut Tokens) -> Result<String, String> {
    match tokens.peek() {
        None | Some(Token::Symbol(",")) => Ok(String::new()),
        Some(Token::Word(_)) => Ok(tokens.next().map(|token| token.text().to_owned()).unwrap_or_default()),
        other => Err(format!("found '{}', expected: identifier", shown(other))),
    }
}

fn number(tokens: &mut Tokens) -> Result<i64, String> {
    let text = value(tokens)?;
    text.parse().map_err(|_| {
        format!("values[0]: Invalid value: {text:?}: for 'Gt', 'Lt' operators, the value must be an integer")
    })
}

/// Values between parentheses.
fn values(tokens: &mut Tokens) -> Result<Vec<String>, String> {
    if tokens.next_if_eq(&Token::Symbol("(")).is_none() {
        return Err(format!("found '{}' expected: '('", shown(tokens.peek())));
    }
    let mut values = Vec::new();
    loop {
        values.push(match tokens.peek() {
            Some(Token::Word(_)) => value(tokens)?,
            Some(Token::Symbol("," | ")")) => String::new(),
            other => return Err(format!("found '{}', expected: ',', or identifier", shown(other))),
        });
        match tokens.next() {
            Some(Token::Symbol(")")) => return Ok(values),
            Some(Token::Symbol(",")) => {}
            other => return Err(format!("found '{}', expected: ',' or ')'", shown(other.as_ref()))),
        }
    }
}

/// Splits a selector into words and symbols.
fn tokens(text: &str) -> Vec<Token> {
    const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            tokens.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let end =
                rest.find(|letter: char| letter.is_whitespace() || "=!(),><".contains(letter)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selects_by_each_operator() {
        let object = json!({"metadata": {"labels": {"a": "b", "n": "5", "e": ""}}});
        for (text, expected) in [
            ("", true),
            ("a", true),
            ("!a", false),
            ("a=b,n==5", true),
            ("a!=b", false),
            ("x!=b", true),
            ("a in (x, b)", true),
            ("a notin (x,b)", false),
            ("x notin (x)", true),
            ("n>4,n<6", true),
            ("e=", true),
        ] {
            assert_eq!(LabelSelector::parse(text).unwrap().matches(&object), expected, "{text}");
        }
    }

    #[test]
    fn refuses_in_the_api_servers_words() {
        let error = LabelSelector::parse("!!x").unwrap_err();
        assert_eq!(error, "unable to parse requirement: found '!', expected: identifier");
        let error = LabelSelector::parse("a,").unwrap_err();
        assert_eq!(error, "found '', expected: identifier after ','");
    }
}
