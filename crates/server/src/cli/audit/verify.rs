//! `mintmark audit verify` and `mintmark audit head`

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mintmark_core::audit::{AuditHeads, ChainHead, ChainName, ChainReport, HeadsContent};
use mintmark_core::model::Position;
use serde_json::{Value, json};

use super::super::output::{Output, words};
use super::super::place::Place;
use super::super::{Done, Failure};
use super::plain;
use crate::store::AuditSurvey;

#[derive(Args, Debug)]
pub(in super::super) struct VerifyArgs {
    /// This tenant's chain alone: its id or name.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// The operator's own chain alone.
    #[arg(long, conflicts_with = "tenant")]
    operator: bool,
    /// Heads that `mintmark audit head` printed earlier: what they count must be there still, as it was.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// Until which position programs of a version without chains wrote as well, as while servers were updated one by one: rows in no
    /// chain up to there are no finding.
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["tenant", "operator"])]
    outside_until: Option<u64>,
}

/// All that was found.
struct Findings {
    chains: Vec<ChainReport>,
    survey: Option<AuditSurvey>,
    /// What is wrong beside the chains.
    others: Vec<String>,
}

pub(super) async fn run(place: &Place, args: VerifyArgs, is_json: bool) -> Done {
    let exported = args.head.as_deref().map(|path| read_heads(place, path)).transpose()?;
    let only = match &args.tenant {
        Some(named) => Some(ChainName(Some(place.tenant(Some(named)).await?.id))),
        None => args.operator.then_some(ChainName(None)),
    };
    let mut exported_heads: BTreeMap<String, ChainHead> = BTreeMap::new();
    exported_heads.extend(exported.iter().flat_map(|exported| &exported.heads).map(|head| (head.chain.clone(), head.clone())));
    let names = match only {
        Some(only) => BTreeSet::from([only.to_string()]),
        None => all_chains(place, &exported_heads).await?,
    };
    let mut chains = Vec::new();
    for name in names {
        let head = exported_heads.remove(&name);
        chains.push(place.store.verify_audit_chain(&name, head).await?);
    }
    let survey = match only {
        Some(_) => None,
        None => Some(place.store.survey_audit(args.outside_until.map(Position)).await?),
    };
    let others = survey.map(|survey| other_faults(&survey, exported.as_ref())).unwrap_or_default();
    let findings = Findings { chains, survey, others };
    let output = findings.show(is_json);
    Ok(if findings.is_good() { output } else { output.failed() })
}

/// Those that have rows or a head, and those that had one when the heads were exported.
async fn all_chains(place: &Place, exported: &BTreeMap<String, ChainHead>) -> Result<BTreeSet<String>, Failure> {
    let mut names: BTreeSet<String> = exported.keys().cloned().collect();
    let mut after = String::new();
    loop {
        let page = place.store.audit_chains(&after).await?;
        let Some(last) = page.last() else { return Ok(names) };
        last.clone_into(&mut after);
        names.extend(page);
    }
}

fn read_heads(place: &Place, path: &Path) -> Result<HeadsContent, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    file.take(AuditHeads::MAX_BYTES).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    AuditHeads::open(&place.registry.root_keys.audit_keys(), &bytes).map_err(|error| failed(&error))
}

fn other_faults(survey: &AuditSurvey, exported: Option<&HeadsContent>) -> Vec<String> {
    let mut faults = Vec::new();
    if survey.missing > 0 {
        faults.push(format!("{} changes have no row in the log", survey.missing));
    }
    if survey.surplus > 0 {
        faults.push(format!("{} rows are of no change", survey.surplus));
    }
    if survey.outside_late > 0 {
        faults.push(format!(
            "{} rows in no chain were written after the chains began: by a server of a version without chains (then say so with \
             --outside-until), or by somebody else",
            survey.outside_late
        ));
    }
    if let Some(before) = exported.map(|exported| exported.outside).filter(|before| *before > survey.outside) {
        faults.push(format!(
            "of {before} rows in no chain that were counted with the exported heads {} are left",
            survey.outside
        ));
    }
    faults
}

impl Findings {
    fn is_good(&self) -> bool {
        self.others.is_empty() && self.chains.iter().all(|chain| chain.fault.is_none())
    }

    fn show(&self, is_json: bool) -> Output {
        if is_json {
            return Output::text("", self.to_json());
        }
        let rows = self.chains.iter().map(|chain| {
            let keys = words(chain.keys.keys());
            let result = chain.fault.as_ref().map_or_else(|| "intact".to_owned(), ToString::to_string);
            vec![plain(&chain.chain), chain.intact.to_string(), plain(&keys), plain(&result)]
        });
        let outside = self.survey.map_or(0, |survey| survey.outside);
        let mut notes: Vec<String> = self.others.iter().map(|fault| format!("mintmark: {fault}")).collect();
        if outside > 0 {
            notes.push(format!("mintmark: {outside} rows are in no chain, and nothing can be said of them"));
        }
        for note in notes {
            eprintln!("{note}");
        }
        Output::table(&["CHAIN", "INTACT ROWS", "MASTER KEYS", "RESULT"], rows.collect(), Value::Null)
    }

    fn to_json(&self) -> Value {
        let chain = |chain: &ChainReport| {
            let fault = chain
                .fault
                .as_ref()
                .map(|fault| json!({ "row": fault.sequence, "kind": fault.kind.as_str(), "what": fault.to_string() }));
            json!({ "chain": chain.chain, "intact_rows": chain.intact, "master_keys": chain.keys, "fault": fault })
        };
        let survey = self.survey.map(|survey| {
            json!({
                "rows_outside": survey.outside,
                "rows_outside_late": survey.outside_late,
                "rows_missing": survey.missing,
                "rows_surplus": survey.surplus,
            })
        });
        json!({
            "intact": self.is_good(),
            "chains": self.chains.iter().map(chain).collect::<Vec<_>>(),
            "log": survey,
            "faults": self.others,
        })
    }
}

/// Prints the heads; the form is JSON in any case, since it is for keeping.
pub(super) async fn head(place: &Place) -> Done {
    let content = place.store.audit_heads().await?;
    let heads = AuditHeads::seal(&place.registry.root_keys.audit_keys(), content);
    let json = heads.ok_or_else(|| Failure("no master key is loaded".to_owned()))?.to_json();
    let text = serde_json::to_string_pretty(&json)?;
    Ok(Output::text(text, json))
}
