pub(crate) const TITLE: &str = "Dialects";
pub(crate) const LEAD: &str = "The wire formats of token endpoints, as this node has loaded them. Each is a file: routes, names, errors and limits are what it says.";
pub(crate) const NAME: &str = "Dialect";
pub(crate) const ENDPOINT: &str = "Token endpoint";
pub(crate) const FILE: &str = "File";
pub(crate) const ALGORITHM: &str = "Algorithm";
pub(crate) const ALGORITHM_DEFAULT: &str = "As the resource or environment says";
pub(crate) const REQUEST: &str = "A request";
pub(crate) const ANSWER: &str = "Its answer";
pub(crate) const CURL: &str = "As curl";
pub(crate) const FAULTS: &str = "Answers to faults";
pub(crate) const FAULT: &str = "Fault";
pub(crate) const STATUS: &str = "Status";
pub(crate) const BODY: &str = "Body";
pub(crate) const UNREADABLE: &str = "The file cannot be read now";
pub(crate) const UNREADABLE_MEANS: &str = "The node goes on with what it loaded.";
pub(crate) const RELOADED: &str = "The dialects were read again";
pub(crate) const MISTAKES: &str = "The last reload found mistakes: the dialects from before stay";

pub(crate) fn reloaded(count: usize, when: &str) -> String {
    format!("{count} dialects, {when}.")
}

pub(crate) fn mistakes(count: usize, when: &str) -> String {
    format!("{count} found {when}. Mend the files and send the program SIGHUP.")
}
