//! Listings by key: a page begins after the last identifier of the one before, so that objects that are made meanwhile neither repeat
//! nor hide others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::registry::MAX_NAME;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::Refusal;

/// How many objects a page holds at most.
pub const MAX_PAGE: u32 = 200;
/// How many it holds where nobody says.
const DEFAULT_PAGE: u32 = 50;
/// How many rows are looked through for one page where a filter leaves some out.
const MAX_LOOKED_AT: usize = 600;
/// The longest cursor, in characters: that of the longest identifier.
const MAX_CURSOR: usize = 256;
/// What a cursor begins with before it is encoded: another form would begin otherwise.
const FORM: &str = "1:";

/// One page of a listing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The objects. With filters there may be fewer than asked for, or none, and still a next page.
    pub items: Vec<T>,
    /// The cursor of the next page; none after the last.
    #[schema(required)]
    pub next: Option<String>,
}

/// Which page is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted<I> {
    pub(super) after: Option<I>,
    pub(super) size: usize,
}

impl<I: std::str::FromStr> Wanted<I> {
    pub(super) fn read(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Refusal> {
        let limit = limit.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Refusal::Invalid { field: "limit", expected: format!("1 to {MAX_PAGE}") });
        }
        let after =
            cursor.map(|cursor| decode(cursor).and_then(|id| id.parse().ok()).ok_or_else(unknown_cursor)).transpose()?;
        Ok(Self { after, size: usize::try_from(limit).unwrap_or(usize::MAX) })
    }
}

/// What is not a cursor of ours.
pub(super) fn unknown_cursor() -> Refusal {
    Refusal::Invalid { field: "cursor", expected: "the `next` of a page of this listing".to_owned() }
}

pub(super) fn encode(id: &impl ToString) -> String {
    URL_SAFE_NO_PAD.encode(format!("{FORM}{}", id.to_string()))
}

fn decode(cursor: &str) -> Option<String> {
    let bytes =
        Some(cursor).filter(|cursor| cursor.len() <= MAX_CURSOR).and_then(|cursor| URL_SAFE_NO_PAD.decode(cursor).ok())?;
    let text = String::from_utf8(bytes).ok()?;
    // No cursor of ours has one, and PostgreSQL cannot be asked with a NUL.
    text.strip_prefix(FORM).filter(|id| !id.contains(char::is_control)).map(str::to_owned)
}

/// A part of a name that is looked for.
pub(super) struct NameFilter(Option<String>);

/// Reads such a part.
pub(super) fn name_filter(part: Option<&str>) -> Result<NameFilter, Refusal> {
    let expected = || Refusal::Invalid { field: "name", expected: format!("at most {MAX_NAME} characters") };
    if part.is_some_and(|part| part.chars().count() > MAX_NAME) {
        Err(expected())
    } else {
        Ok(NameFilter(part.map(str::to_lowercase)))
    }
}

impl NameFilter {
    /// Whether a name contains it, whatever the case.
    pub(super) fn fits(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|part| name.to_lowercase().contains(part))
    }
}

/// Reads a page, from a function that reads so many rows after an identifier, those that `keep` keeps.
pub(super) async fn read_page<T, I, V, F>(
    wanted: Wanted<I>,
    read: impl Fn(Option<I>, u32) -> F,
    id_of: impl Fn(&T) -> I,
    view: impl Fn(T) -> Option<V>,
) -> Result<Page<V>, Refusal>
where
    I: Clone + ToString,
    F: Future<Output = Result<Vec<T>, Refusal>>,
{
    let Wanted { mut after, size } = wanted;
    let (mut items, mut looked_at) = (Vec::new(), 0);
    loop {
        // One more than the page holds, to know whether there is another. Where filters leave some out, more at a time.
        let limit = if looked_at == 0 { u32::try_from(size).unwrap_or(MAX_PAGE).saturating_add(1) } else { MAX_PAGE + 1 };
        let rows = read(after.clone(), limit).await?;
        let is_last = rows.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let id = id_of(&row);
            looked_at += 1;
            items.extend(view(row));
            let is_full = items.len() >= size || looked_at >= MAX_LOOKED_AT;
            let has_more = rows.peek().is_some() || !is_last;
            if is_full {
                return Ok(Page { items, next: has_more.then(|| encode(&id)) });
            }
            after = Some(id);
        }
        if is_last {
            return Ok(Page { items, next: None });
        }
    }
}

/// A page of a listing that is short enough to be read whole, in an order that nothing comes between. A cursor after which nothing
/// can be told to come is refused.
pub(super) fn page_of<T, V>(
    all: Vec<T>,
    wanted: &Wanted<String>,
    id_of: impl Fn(&T) -> String,
    view: impl Fn(T) -> V,
) -> Result<Page<V>, Refusal> {
    let place = |after: &String| all.iter().position(|row| id_of(row) == *after).ok_or_else(unknown_cursor);
    let skipped = wanted.after.as_ref().map(place).transpose()?.map_or(0, |at| at + 1);
    let rest = all.len().saturating_sub(skipped);
    let rows: Vec<T> = all.into_iter().skip(skipped).take(wanted.size).collect();
    let next = rows.last().filter(|_| rest > wanted.size).map(|last| encode(&id_of(last)));
    Ok(Page { items: rows.into_iter().map(view).collect(), next })
}

/// A page of rows that come by descending key, of which one more was read than the page holds.
pub(super) fn page_cut<T, I: ToString, V>(
    mut rows: Vec<T>,
    size: usize,
    id_of: impl Fn(&T) -> I,
    view: impl Fn(T) -> V,
) -> Page<V> {
    let has_more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| has_more).map(|last| encode(&id_of(last)));
    Page { items: rows.into_iter().map(view).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(size: u32, cursor: Option<&str>) -> Wanted<String> {
        Wanted::read(Some(size), cursor).unwrap()
    }

    #[test]
    fn a_limit_is_1_to_200_and_a_cursor_is_one_that_was_given() {
        for bad in [0, 201, u32::MAX] {
            assert!(Wanted::<String>::read(Some(bad), None).is_err(), "{bad}");
        }
        assert_eq!(Wanted::<String>::read(Some(200), None).unwrap().size, 200);
        for bad in ["x", "", "MTphI", &encode(&"a".repeat(300)), &encode(&"a\0b"), &encode(&"a\u{85}")] {
            assert!(Wanted::<String>::read(None, Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(wanted(1, Some(&encode(&"a"))).after.as_deref(), Some("a"));
        assert_eq!(wanted(1, Some(&encode(&" ~".repeat(64)))).after, Some(" ~".repeat(64)), "the longest client id");
    }

    #[test]
    fn a_listing_read_whole_is_cut_into_pages_without_a_gap() {
        let all: Vec<u32> = (0..5).collect();
        let page = |cursor: Option<&str>| page_of(all.clone(), &wanted(2, cursor), u32::to_string, |number| number).unwrap();
        let first = page(None);
        let second = page(first.next.as_deref());
        let third = page(second.next.as_deref());
        assert_eq!([first.items, second.items, third.items].concat(), all);
        assert_eq!(third.next, None);
        let unknown = page_of(all.clone(), &wanted(2, Some(&encode(&"9"))), u32::to_string, |number| number);
        assert!(matches!(unknown, Err(Refusal::Invalid { field: "cursor", .. })), "{unknown:?}");
    }

    #[tokio::test]
    async fn a_filter_that_leaves_much_out_ends_a_page_early_and_tells_where_to_go_on() {
        let rows: Vec<u32> = (1..=1500).collect();
        let read = |after: Option<u32>, limit: u32| {
            let from = after.map_or(0, |after| after as usize);
            std::future::ready(Ok(rows.iter().skip(from).take(limit as usize).copied().collect::<Vec<u32>>()))
        };
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        let mut pages = 0;
        loop {
            let wanted = Wanted::read(Some(10), cursor.as_deref()).unwrap();
            let page = read_page(wanted, read, |row| *row, |row| (row % 450 == 0).then_some(row)).await.unwrap();
            pages += 1;
            found.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, [450, 900, 1350]);
        assert_eq!(pages, 3);
    }
}
