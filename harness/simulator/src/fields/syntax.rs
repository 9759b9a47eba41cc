//! Why a text is not JSON, in the words of Go's scanner.
//!
//! Only asked once a text is known to be bad, so it may take its time.

/// What Go's `encoding/json` says of a text that does not parse.
///
/// # Source
/// Go `encoding/json/scanner.go` `stateBeginValue` and its like; `sigs.k8s.io/json` scans with a copy of it.
pub(super) fn explain(json: &[u8]) -> String {
    let mut scanner = Scanner { json, at: 0 };
    match scanner.document() {
        Ok(()) => "invalid JSON".to_owned(),
        Err(Fault::End) => "unexpected end of JSON input".to_owned(),
        Err(Fault::Depth) => "exceeded max depth".to_owned(),
        Err(Fault::Character(character, context)) => {
            format!("invalid character {} {context}", quoted(character))
        }
    }
}

/// A byte in the form that Go's messages show.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => r#"'"'"#.to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff => format!("'{}'", char::from(byte)),
        0x80..=0xa0 | 0xad => format!(r"'\u{byte:04x}'"),
        _ => format!(r"'\x{byte:02x}'"),
    }
}

enum Fault {
    End,
    Depth,
    Character(u8, &'static str),
}

type Scan = Result<(), Fault>;

struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    /// What may be open at once, in `encoding/json`.
    const DEPTH: usize = 10_000;

    fn peek(&self) -> Result<u8, Fault> {
        self.json.get(self.at).copied().ok_or(Fault::End)
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn space(&mut self) {
        while matches!(self.json.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// One value and nothing after it. Without recursion, so that no text is too deep for it.
    fn document(&mut self) -> Scan {
        let mut open = Vec::new();
        loop {
            self.space();
            let byte = self.next()?;
            match byte {
                b'{' | b'[' => {
                    open.push(byte);
                    if open.len() > Self::DEPTH {
                        return Err(Fault::Depth);
                    }
                    if self.opened(byte)? {
                        continue;
                    }
                    open.pop();
                }
                _ => self.scalar(byte)?,
            }
            if !self.closed(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After an opening bracket: whether a value follows.
    fn opened(&mut self, bracket: u8) -> Result<bool, Fault> {
        self.space();
        match (bracket, self.peek()?) {
            (b'{', b'}') | (b'[', b']') => {
                self.at += 1;
                Ok(false)
            }
            (b'{', _) => self.key("looking for beginning of object key string").map(|()| true),
            _ => Ok(true),
        }
    }

    /// After a value: closes what ends here; whether another value follows.
    fn closed(&mut self, open: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            self.space();
            let Some(bracket) = open.last() else {
                return match self.json.get(self.at) {
                    None => Ok(false),
                    Some(byte) => Err(Fault::Character(*byte, "after top-level value")),
                };
            };
            match (bracket, self.next()?) {
                (b'{', b',') => {
                    self.space();
                    self.key("looking for beginning of object key string")?;
                    return Ok(true);
                }
                (b'[', b',') => return Ok(true),
                (b'{', b'}') | (b'[', b']') => {
                    open.pop();
                }
                (b'{', byte) => return Err(Fault::Character(byte, "after object key:value pair")),
                (_, byte) => return Err(Fault::Character(byte, "after array element")),
            }
        }
    }

    fn key(&mut self, context: &'static str) -> Scan {
        match self.next()? {
            b'"' => self.string()?,
            byte => return Err(Fault::Character(byte, context)),
        }
        self.space();
        match self.next()? {
            b':' => Ok(()),
            byte => Err(Fault::Character(byte, "after object key")),
        }
    }

    fn scalar(&mut self, first: u8) -> Scan {
        match first {
            b'"' => self.string(),
            b't' => self.literal(&[
                (b'r', "in literal true (expecting 'r')"),
                (b'u', "in literal true (expecting 'u')"),
                (b'e', "in literal true (expecting 'e')"),
            ]),
            b'f' => self.literal(&[
                (b'a', "in literal false (expecting 'a')"),
                (b'l', "in literal false (expecting 'l')"),
                (b's', "in literal false (expecting 's')"),
                (b'e', "in literal false (expecting 'e')"),
            ]),
            b'n' => self.literal(&[
                (b'u', "in literal null (expecting 'u')"),
                (b'l', "in literal null (expecting 'l')"),
                (b'l', "in literal null (expecting 'l')"),
            ]),
            b'-' => match self.next()? {
                digit @ b'0'..=b'9' => self.number(digit),
                byte => Err(Fault::Character(byte, "in numeric literal")),
            },
            b'0'..=b'9' => self.number(first),
            byte => Err(Fault::Character(byte, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, rest: &[(u8, &'static str)]) -> Scan {
        for (expected, context) in rest {
            let byte = self.next()?;
            if byte != *expected {
                return Err(Fault::Character(byte, context));
            }
        }
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.json.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn number(&mut self, first: u8) -> Scan {
        if first != b'0' {
            self.digits();
        }
        if self.json.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.one_digit("after decimal point in numeric literal")?;
        }
        if matches!(self.json.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.one_digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn one_digit(&mut self, context: &'static str) -> Scan {
        match self.next()? {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            byte => Err(Fault::Character(byte, context)),
        }
    }

    /// The rest of a string whose first quote is behind.
    fn string(&mut self) -> Scan {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.next()?;
                            if !byte.is_ascii_hexdigit() {
                                return Err(Fault::Character(byte, r"in \u hexadecimal character escape"));
                            }
                        }
                    }
                    byte => return Err(Fault::Character(byte, "in string escape code")),
                },
                byte @ 0..=0x1f => return Err(Fault::Character(byte, "in string literal")),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What the API server of 1.31 answers.
    #[rstest]
    #[case::nothing("", "unexpected end of JSON input")]
    #[case::cut_short(r#"{"a":"#, "unexpected end of JSON input")]
    #[case::word("hello", "invalid character 'h' looking for beginning of value")]
    #[case::trailing_comma(r#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string")]
    #[case::no_colon(r#"{"a" 1}"#, "invalid character '1' after object key")]
    #[case::no_comma("[1 2]", "invalid character '2' after array element")]
    #[case::two_values("{} {}", "invalid character '{' after top-level value")]
    #[case::broken_literal("[tru]", "invalid character ']' in literal true (expecting 'e')")]
    #[case::single_quotes("{'a':1}", r"invalid character '\'' looking for beginning of object key string")]
    #[case::tab_in_string("\"\t\"", r"invalid character '\t' in string literal")]
    fn says_what_go_says(#[case] json: &str, #[case] text: &str) {
        assert_eq!(explain(json.as_bytes()), text);
    }

    #[test]
    fn ends_on_any_depth() {
        assert_eq!(explain("[".repeat(1_000_000).as_bytes()), "exceeded max depth");
    }
}
