//! All dialects of a server: the built-in files and an operator's folder, loaded together or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rules::{Dialect, Slash};
use super::schema;
use crate::document::{Diagnostic, Diagnostics, Document, Source, nearest};
use crate::model::DialectName;

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The dialects of a server, in the order of the built-in files and then of the names of the others.
#[derive(Debug, Clone, Default)]
pub struct DialectSet {
    dialects: Vec<Arc<Dialect>>,
}

/// What a path means.
#[derive(Debug, Clone, Copy)]
pub enum Routed<'a> {
    /// A token endpoint.
    Endpoint(&'a Arc<Dialect>),
    /// A token endpoint but for the slash at the end: to be sent to the path as written.
    Redirect(&'a Arc<Dialect>),
    /// An unknown path whose 404 is the dialect's.
    Owned(&'a Arc<Dialect>),
    /// Nobody's.
    Unknown,
}

impl DialectSet {
    /// Loads the built-in files and `others`. All mistakes of all files come back together.
    pub fn load(others: &[Arc<Source>]) -> Result<Self, Vec<Diagnostic>> {
        let built_in =
            BUILT_IN.iter().map(|(name, text)| Arc::new(Source { name: format!("built-in {name}"), text: (*text).to_owned() }));
        let sources: Vec<Arc<Source>> = built_in.chain(others.iter().cloned()).collect();
        Self::load_alone(&sources)
    }

    /// Loads exactly these files.
    pub fn load_alone(sources: &[Arc<Source>]) -> Result<Self, Vec<Diagnostic>> {
        let diagnostics = Diagnostics::default();
        let files = parse_all(sources, &diagnostics);
        let mut dialects = Vec::new();
        for file in &files {
            if let Some(document) = with_bases(file, &files, &diagnostics)
                && let Some(dialect) = schema::read(&document, &diagnostics)
            {
                dialects.push((Arc::new(dialect), document));
            }
        }
        check_names(&files, &diagnostics);
        leave_out_replaced(&mut dialects, &files, &diagnostics);
        check_routes(&dialects, &diagnostics);
        if diagnostics.is_empty() {
            Ok(Self { dialects: dialects.into_iter().map(|(dialect, _)| dialect).collect() })
        } else {
            Err(diagnostics.into_sorted())
        }
    }

    /// The dialects.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Dialect>> {
        self.dialects.iter()
    }

    /// The dialect of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Dialect>> {
        self.iter().find(|dialect| dialect.name.as_str() == name)
    }

    /// What a path means.
    pub fn route(&self, path: &str) -> Routed<'_> {
        for dialect in &self.dialects {
            if dialect.route.path == path {
                return Routed::Endpoint(dialect);
            }
            if is_other_slash(&dialect.route.path, path) {
                match dialect.route.slash {
                    Slash::Accept => return Routed::Endpoint(dialect),
                    Slash::Redirect => return Routed::Redirect(dialect),
                    Slash::Refuse => {}
                }
            }
        }
        self.owner(path).map_or(Routed::Unknown, Routed::Owned)
    }

    /// The dialect that owns the longest prefix of a path.
    pub fn owner(&self, path: &str) -> Option<&Arc<Dialect>> {
        let owned =
            |dialect: &&Arc<Dialect>| dialect.route.owns.as_ref().is_some_and(|prefix| path.starts_with(prefix.as_str()));
        self.iter().filter(owned).max_by_key(|dialect| dialect.route.owns.as_ref().map_or(0, String::len))
    }
}

/// Whether two paths differ by nothing but a slash at the end of one.
fn is_other_slash(path: &str, other: &str) -> bool {
    path.strip_suffix('/') == Some(other) || other.strip_suffix('/') == Some(path)
}

struct File {
    document: Document,
    name: Option<DialectName>,
    extends: Option<DialectName>,
    replaces: Option<DialectName>,
}

fn parse_all(sources: &[Arc<Source>], diagnostics: &Diagnostics) -> Vec<File> {
    let documents = sources.iter().filter_map(|source| Document::parse(source, diagnostics));
    documents
        .map(|document| {
            let schema::Head { name, extends, replaces } = schema::read_head(&document);
            File { document, name, extends, replaces }
        })
        .collect()
}

/// The file laid over the one it extends, and that one over its own.
fn with_bases(file: &File, files: &[File], diagnostics: &Diagnostics) -> Option<Document> {
    let mut layers = vec![&file.document];
    let mut current = file;
    while let Some(base_name) = &current.extends {
        let base = files.iter().find(|other| other.name.as_ref() == Some(base_name));
        let Some(base) = base else {
            let names =
                files.iter().filter_map(|other| other.name.as_ref()).filter(|name| Some(*name) != current.name.as_ref());
            let known: Vec<&str> = names.map(DialectName::as_str).collect();
            let nearest = nearest(base_name.as_str(), known.iter().copied());
            let message =
                format!("`extends`: there is no dialect {:?}; there are: {}{nearest}", base_name.as_str(), known.join(", "));
            diagnostics.report(&key_place(&current.document, "extends"), message);
            return None;
        };
        if layers.len() > files.len() {
            diagnostics.report(&key_place(&file.document, "extends"), "`extends`: the files extend each other in a circle");
            return None;
        }
        layers.push(&base.document);
        current = base;
    }
    let mut layers = layers.into_iter().rev();
    let mut document = layers.next()?.clone();
    for layer in layers {
        // Whose 404 an unknown path gets is claimed by one file, not inherited; nor is in whose place it stands.
        document.remove("route", "owns");
        document.remove_top("replaces");
        // An answer is replaced as a whole: a leftover challenge or slot of the one below would be nobody's wish.
        for fault in layer.keys_of("faults") {
            document.remove("faults", fault);
        }
        document = document.overlaid_with(layer);
    }
    Some(document)
}

fn key_place(document: &Document, key: &str) -> crate::document::Place {
    match &document.root.value {
        crate::document::Value::Table(table) => {
            table.get(key).map_or_else(|| document.root.place.clone(), |(_, node)| node.place.clone())
        }
        _ => document.root.place.clone(),
    }
}

fn check_names(files: &[File], diagnostics: &Diagnostics) {
    let mut seen: BTreeMap<&DialectName, &File> = BTreeMap::new();
    for file in files {
        let Some(name) = &file.name else { continue };
        if let Some(first) = seen.insert(name, file) {
            let message = format!("`name`: {} has this name already; choose another", first.document.root.place.file());
            diagnostics.report(&key_place(&file.document, "name"), message);
        }
    }
}

/// A file may stand in the place of a dialect, such as a built-in one at whose path it listens. That one can still be extended.
fn leave_out_replaced(dialects: &mut Vec<(Arc<Dialect>, Document)>, files: &[File], diagnostics: &Diagnostics) {
    for file in files {
        let Some(replaced) = &file.replaces else { continue };
        let is_known = files.iter().any(|other| other.name.as_ref() == Some(replaced) && other.name != file.name);
        if !is_known {
            let message = format!("`replaces`: there is no other dialect {:?}", replaced.as_str());
            diagnostics.report(&key_place(&file.document, "replaces"), message);
        }
        if replaced_in_turn(file, files).any(|name| Some(name) == file.name.as_ref()) {
            let message = "`replaces`: the files stand in each other's place in a circle";
            diagnostics.report(&key_place(&file.document, "replaces"), message);
        }
        dialects.retain(|(dialect, _)| dialect.name != *replaced);
    }
}

/// In whose place a file stands, in whose place that one stands, and so on.
fn replaced_in_turn<'f>(file: &'f File, files: &'f [File]) -> impl Iterator<Item = &'f DialectName> {
    let next = |name: &&'f DialectName| files.iter().find(|other| other.name.as_ref() == Some(*name))?.replaces.as_ref();
    std::iter::successors(file.replaces.as_ref(), next).take(files.len())
}

/// No two dialects claim one path, also not by the slash at its end, nor one prefix.
fn check_routes(dialects: &[(Arc<Dialect>, Document)], diagnostics: &Diagnostics) {
    for (at, (dialect, document)) in dialects.iter().enumerate() {
        for (other, _) in dialects.iter().take(at) {
            let (path, other_path) = (&dialect.route.path, &other.route.path);
            if path == other_path || is_other_slash(path, other_path) {
                let message =
                    format!("`route.path`: the dialect {} ({}) listens at {other_path} already", other.name, other.file);
                diagnostics.report(&route_place(document, "path"), message);
            }
            if dialect.route.owns.is_some() && dialect.route.owns == other.route.owns {
                let message = format!("`route.owns`: the dialect {} ({}) owns this prefix already", other.name, other.file);
                diagnostics.report(&route_place(document, "owns"), message);
            }
        }
    }
}

fn route_place(document: &Document, key: &str) -> crate::document::Place {
    let table = match &document.root.value {
        crate::document::Value::Table(table) => table.get("route").map(|(_, node)| node),
        _ => None,
    };
    match table.map(|node| &node.value) {
        Some(crate::document::Value::Table(route)) => {
            route.get(key).map_or_else(|| document.root.place.clone(), |(_, node)| node.place.clone())
        }
        _ => document.root.place.clone(),
    }
}

#[cfg(test)]
mod tests;
