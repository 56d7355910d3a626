//! What a token is worth. It comes in a form's body alone, and no page shows it again.

use axum::extract::Path;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::LineVerdict;
use serde_json::{Map, Value};

use super::dry_run::{filled, unprocessable};
use crate::admin::Refusal;
use crate::admin::operations::inspect::{self, LineView, StandingView, TokenReportView, TokenToInspect};
use crate::dashboard::components::{Banner, Code};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{self, Answer, Seat};
use crate::dashboard::views::insight::{Looked, TokenLine, TokenPage, Verdict};
use crate::dashboard::{problem, words};

fn page(seat: &Seat, environment: &EnvironmentName) -> TokenPage {
    let mut frame = seat.frame_in(environment, words::token::TITLE, Section::Explain);
    frame.breadcrumbs = seat::crumbs([(words::explain::TITLE.to_owned(), Section::Explain.href(environment.as_str()))]);
    TokenPage { frame, environment: environment.to_string(), error: None, looked: None }
}

/// `GET /{environment}/explain/token`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    Ok(problem::page(&page(&seat, &environment)))
}

/// `POST /{environment}/explain/token`.
pub(super) async fn look(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let mut page = page(&seat, &environment);
    let Some(token) = filled(&seat.fields, "token") else {
        page.error = Some(words::token::MISSING.to_owned());
        return Ok(unprocessable(problem::page(&page)));
    };
    match inspect::inspect(&seat.desk, &TokenToInspect { token: token.to_owned() }).await {
        Ok(report) => page.looked = Some(told(report)),
        Err(Refusal::Invalid { expected, .. }) => {
            page.error = Some(words::mistake::expected(&expected));
            return Ok(unprocessable(problem::page(&page)));
        }
        Err(refusal) => return Err(seat.stop(refusal)),
    }
    Ok(problem::page(&page))
}

fn verdict(verdict: LineVerdict) -> Verdict {
    match verdict {
        LineVerdict::Passed => Verdict::good(words::token::PASSED),
        LineVerdict::Failed => Verdict::bad(words::token::FAILED),
        LineVerdict::Note => Verdict::note(words::token::NOTE),
        LineVerdict::NotChecked => Verdict::off(words::token::NOT_CHECKED),
    }
}

/// A report as a page has it.
pub(super) fn told(report: TokenReportView) -> Looked {
    let line = |line: LineView| TokenLine { check: line.check, verdict: verdict(line.verdict), detail: line.detail };
    let json = |id, label: &str, object: Map<String, Value>| Code {
        id,
        label: label.to_owned(),
        text: serde_json::to_string_pretty(&object).unwrap_or_default(),
    };
    Looked {
        banner: standing(&report.standing),
        environment: report.environment.map(|name| name.to_string()),
        lines: report.lines.into_iter().map(line).collect(),
        header: report.header.map(|header| json("token-header", words::token::HEADER, header)),
        claims: report.claims.map(|claims| json("token-claims", words::token::CLAIMS, claims)),
    }
}

fn standing(standing: &StandingView) -> Banner {
    use words::token as said;
    match standing {
        StandingView::Live { seconds_left } => Banner::new(Tone::Good, said::LIVE, said::left(*seconds_left)),
        StandingView::Expired { seconds_ago } => Banner::new(Tone::Bad, said::EXPIRED, said::ago(*seconds_ago)),
        StandingView::Revoked { by, .. } => Banner::new(Tone::Bad, said::REVOKED, said::revoked(by.as_str())),
        StandingView::NotYetValid { seconds } => Banner::new(Tone::Warning, said::EARLY, said::early(*seconds)),
        StandingView::Invalid => Banner::new(Tone::Bad, said::INVALID, said::INVALID_WHY),
        StandingView::Foreign => Banner::new(Tone::Note, said::FOREIGN, said::FOREIGN_WHY),
        StandingView::Malformed => Banner::new(Tone::Bad, said::MALFORMED, said::MALFORMED_WHY),
    }
}
