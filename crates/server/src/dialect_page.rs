//! A dialect as a page of the documentation: an example exchange, and the answer to each fault.

use std::fmt::Write;

use mintmark_core::dialect::Dialect;

use crate::dialect_example::example_of;

/// The page, as Markdown.
pub(crate) fn page_of(dialect: &Dialect) -> String {
    let example = example_of(dialect);
    let name = &dialect.name;
    let mut text = format!(
        "# The dialect `{name}`\n\n\
         `{} {}`. What is the same in all dialects is in [dialects.md](../dialects.md). This page is generated from the dialect's\n\
         file by `mintmark dialect show {name} --markdown`; a test compares the two.\n\n\
         ## A request and its answer\n\n\
         ```http\n{}\n```\n\n```http\n{}\n```\n\n\
         The same by curl:\n\n<!-- not run: the examples of this page ask a server that is not there -->\n```sh\n{}\n```\n\n\
         ## Faults\n\n| Fault | Status | Body |\n|---|---|---|\n",
        dialect.route.method, dialect.route.path, example.request, example.answer, example.curl,
    );
    for (fault, status, body) in &example.faults {
        let body = if body.is_empty() { "(empty)".to_owned() } else { format!("`{}`", body.replace('|', "\\|")) };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| `{fault}` | {status} | {body} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use mintmark_core::dialect::DialectSet;

    use super::*;

    #[test]
    fn the_pages_in_the_documentation_are_current() {
        let set = DialectSet::load(&[]).unwrap();
        let written = [
            ("asset", include_str!("../../../docs/dialects/asset.md")),
            ("firstvision", include_str!("../../../docs/dialects/firstvision.md")),
            ("standard", include_str!("../../../docs/dialects/standard.md")),
            ("standard-metrics", include_str!("../../../docs/dialects/standard-metrics.md")),
        ];
        for dialect in set.iter() {
            let page = written.iter().find(|(name, _)| *name == dialect.name.as_str()).map(|(_, page)| *page);
            let name = &dialect.name;
            assert_eq!(
                page,
                Some(&*page_of(dialect)),
                "run: mintmark dialect show {name} --markdown > docs/dialects/{name}.md"
            );
        }
    }
}
