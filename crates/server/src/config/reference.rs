//! The generated reference of all settings.

use std::fmt::Write;

use super::{
    CacheSettings, DialectSettings, FeedSettings, KeySettings, LeakSettings, LimitSettings, LogSettings, OutageSettings,
    OutgoingSettings, RootKeySettings, Setting, SignerSettings, StoreSettings, TracingSettings, admin, environments, metrics,
};

fn all() -> Vec<Setting> {
    [
        environments::settings(),
        admin::settings(),
        metrics::settings(),
        StoreSettings::settings(),
        RootKeySettings::settings(),
        DialectSettings::settings(),
        LimitSettings::settings(),
        CacheSettings::settings(),
        OutageSettings::settings(),
        FeedSettings::settings(),
        KeySettings::settings(),
        SignerSettings::settings(),
        OutgoingSettings::settings(),
        LeakSettings::settings(),
        TracingSettings::settings(),
        LogSettings::settings(),
    ]
    .concat()
}

/// `docs/configuration.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         `mintmark serve` reads `mintmark.toml`; `mintmark init` writes one. Every setting has a default and an environment\n\
         variable, which wins over the file. An unknown key or `MINTMARK_*` variable is an error. `mintmark check` reads the\n\
         file and all it names without serving.\n\n\
         This page is generated from the code by `mintmark check --reference`; a test compares the two.\n",
    );
    let mut section = "";
    for setting in all() {
        if setting.section != section {
            section = setting.section;
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\n## `[{section}]`\n\n| setting | default | variable | meaning |\n|---|---|---|---|\n");
        }
        let (key, default, variable, doc) = (setting.key, &setting.default, setting.variable(), setting.doc.trim());
        let _ = writeln!(text, "| `{key}` | `{default}` | `{variable}` | {doc} |");
    }
    text
}
