//! Environments: isolated issuers.

use mintmark_core::management::Permission;
use mintmark_core::model::{Environment, EnvironmentName};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, page_of};
use crate::admin::{Desk, Moment, Refusal, schema};

/// An isolated issuer: nothing issued in one environment is valid in another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Environment)]
pub struct EnvironmentView {
    /// Its name, which stands in every secret.
    #[schema(value_type = schema::EnvironmentName)]
    pub name: EnvironmentName,
    /// The issuer URL.
    pub issuer: String,
    /// The algorithm where neither the resource nor the dialect names one.
    #[schema(value_type = schema::Algorithm)]
    pub algorithm: Algorithm,
    /// The longest life of any token, in seconds.
    pub lifetime_max: u32,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Environment> for EnvironmentView {
    fn from(environment: Environment) -> Self {
        let Environment { name, issuer, algorithm, lifetime_max, created_at, version } = environment;
        Self { name, issuer, algorithm, lifetime_max, created_at: created_at.into(), version }
    }
}

/// Which page to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PageFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// All environments, in the order they were made.
pub async fn list(desk: &Desk, filter: &PageFilter) -> Result<Page<EnvironmentView>, Refusal> {
    desk.require(Permission::Read)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all = desk.store().environments().await?.value;
    Ok(page_of(all, &wanted, |record| record.environment.name.to_string(), |record| record.environment.into()))
}

/// One environment.
pub async fn read(desk: &Desk, name: &EnvironmentName) -> Result<EnvironmentView, Refusal> {
    desk.require(Permission::Read)?;
    Ok(desk.environment(name).await?.environment.into())
}
