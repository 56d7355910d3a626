//! JSON objects in the plain form in which issuers write them: one level, no spaces, no escapes, whole numbers.
//!
//! Reading this form takes a fraction of the time that [`json`](crate::json) needs, which is for everything else.
//! Whatever is read here would be read there to the same effect; what is not plain, or is a fault, is left to it, so
//! that one place says what a fault is.

use memchr::memchr;

/// The value of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plain<'a> {
    Text(&'a str),
    Texts(Vec<&'a str>),
    Number(u64),
    Flag(bool),
}

impl<'a> Plain<'a> {
    pub(crate) fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn number<T: TryFrom<u64>>(self) -> Option<T> {
        if let Self::Number(number) = self { number.try_into().ok() } else { None }
    }
}

/// Calls `member` for each member of the object, in its order, duplicates too. `None` for a text that is not plain, and
/// as soon as `member` returns it.
pub(crate) fn read<'a>(bytes: &'a [u8], mut member: impl FnMut(&'a str, Plain<'a>) -> Option<()>) -> Option<()> {
    let mut rest = printable(bytes)?.strip_prefix('{')?;
    loop {
        let name = string(&mut rest)?;
        rest = rest.strip_prefix(':')?;
        member(name, value(&mut rest)?)?;
        if rest == "}" {
            return Some(());
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Fills `slot`, unless it is full: a duplicate.
pub(crate) fn fill<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// Printable ASCII without backslashes: every string in it stands for itself, and ends at the next quotation mark.
fn printable(bytes: &[u8]) -> Option<&str> {
    // Without a way out of the loop, so that the compiler can look at many bytes at once.
    let printable = bytes.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'[' | b']'..=b'~'));
    if printable { str::from_utf8(bytes).ok() } else { None }
}

fn value<'a>(rest: &mut &'a str) -> Option<Plain<'a>> {
    match rest.as_bytes().first()? {
        b'"' => string(rest).map(Plain::Text),
        b'[' => strings(rest).map(Plain::Texts),
        b't' => word(rest, "true").map(|()| Plain::Flag(true)),
        b'f' => word(rest, "false").map(|()| Plain::Flag(false)),
        _ => number(rest).map(Plain::Number),
    }
}

fn word(rest: &mut &str, word: &str) -> Option<()> {
    *rest = rest.strip_prefix(word)?;
    Some(())
}

fn string<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let open = rest.strip_prefix('"')?;
    let end = memchr(b'"', open.as_bytes())?;
    let (text, after) = (open.get(..end)?, open.get(end + 1..)?);
    *rest = after;
    Some(text)
}

fn strings<'a>(rest: &mut &'a str) -> Option<Vec<&'a str>> {
    *rest = rest.strip_prefix('[')?;
    let mut texts = Vec::new();
    loop {
        texts.push(string(rest)?);
        if let Some(after) = rest.strip_prefix(']') {
            *rest = after;
            return Some(texts);
        }
        *rest = rest.strip_prefix(',')?;
    }
}

/// At most 18 digits, which always fit. What follows them is the caller's to judge.
fn number(rest: &mut &str) -> Option<u64> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (text, after) = rest.split_at_checked(digits)?;
    if !(1..=18).contains(&digits) || (digits > 1 && text.starts_with('0')) {
        return None;
    }
    *rest = after;
    Some(text.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests;
