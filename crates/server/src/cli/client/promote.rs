//! `mintmark client promote`

use clap::Args;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::registry::{Promoted, PromotionPlan};
use serde_json::json;

use super::super::Done;
use super::super::output::Output;
use super::super::place::Place;

#[derive(Args, Debug)]
pub(in super::super) struct PromoteArgs {
    /// Which client.
    client_id: ClientId,
    /// Where it is taken from.
    #[arg(long, value_name = "ENVIRONMENT", default_value = "sandbox")]
    from: EnvironmentName,
    /// Where it is brought to.
    #[arg(long, value_name = "ENVIRONMENT", default_value = "production")]
    to: EnvironmentName,
    /// Show what would change, with the digest to apply it by; this is also what happens without --apply.
    #[arg(long, conflicts_with = "apply")]
    plan: bool,
    /// Apply the plan of this digest; refused if something was changed since it was shown.
    #[arg(long, value_name = "DIGEST")]
    apply: Option<String>,
}

pub(super) async fn run(place: &Place, args: PromoteArgs) -> Done {
    let PromoteArgs { client_id, from, to, plan: _, apply } = args;
    match apply {
        None => Ok(show_plan(&place.registry.promotion_plan(&client_id, &from, &to).await?)),
        Some(digest) => Ok(show_promoted(&place.registry.promote(&client_id, (&from, &to), digest.trim()).await?)),
    }
}

fn show_plan(plan: &PromotionPlan) -> Output {
    let mut lines = vec![format!("client {} from {} to {}", plan.client_id, plan.from, plan.to)];
    lines.extend(changes(plan));
    if let Some(why) = &plan.refusal {
        lines.push(format!("cannot be applied: {why}"));
    } else if plan.differences.is_empty() {
        lines.push("nothing to do: it is there as it is here".to_owned());
    } else {
        let (id, from, to, digest) = (&plan.client_id, &plan.from, &plan.to, &plan.digest);
        lines.push(format!("apply with: mintmark client promote {id} --from {from} --to {to} --apply {digest}"));
    }
    let output = Output::text(lines.join("\n"), json!(plan));
    if plan.refusal.is_some() { output.failed() } else { output }
}

fn show_promoted(promoted: &Promoted) -> Output {
    let mut lines = changes(&promoted.plan);
    let to = &promoted.plan.to;
    lines.push(match (promoted.changed, promoted.plan.creates) {
        (false, _) => format!("nothing was changed: it is in {to} as it is in {}", promoted.plan.from),
        (true, true) => {
            format!("made in {to}; it has no secret there yet: mintmark secret add {} --environment {to}", promoted.client.id)
        }
        (true, false) => format!("changed in {to}"),
    });
    Output::text(lines.join("\n"), json!(promoted))
}

fn changes(plan: &PromotionPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &plan.differences {
        lines.extend(one.before.iter().map(|value| format!("- {}: {value}", one.field)));
        lines.extend(one.after.iter().map(|value| format!("+ {}: {value}", one.field)));
    }
    lines.extend(plan.blocked.iter().map(|one| format!("! {} stays behind: {}", one.what, one.why)));
    lines
}
