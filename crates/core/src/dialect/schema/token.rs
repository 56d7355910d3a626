use mintmark_verify::RESERVED_CLAIMS;

use crate::dialect::rules::{AttributeOf, ClaimRule, LimitRules, TokenRules};
use crate::document::{Key, Node, TableReader};
use crate::model::TokenFormat;

/// No token lives longer than a day, whatever a file says.
const LONGEST_LIFETIME: i64 = 86_400;

pub(super) fn read(table: TableReader<'_>) -> Option<TokenRules> {
    let formats = [("jwt", TokenFormat::Jwt), ("opaque", TokenFormat::Opaque)];
    let format = table.choice("format", &formats).unwrap_or_default();
    let algorithm = table.parsed("algorithm");
    let lifetime = table.required_table("lifetime").and_then(read_lifetime);
    let claims = table.table("claims").as_ref().map(read_claims).unwrap_or_default();
    table.finish();
    let (lifetime_default, lifetime_max) = lifetime?;
    Some(TokenRules { format, algorithm, lifetime_default, lifetime_max, claims })
}

fn read_lifetime(table: TableReader<'_>) -> Option<(u32, u32)> {
    let default = table.required_integer("default", 1..=LONGEST_LIFETIME);
    let max = table.required_integer("max", 1..=LONGEST_LIFETIME);
    if let (Some(default), Some(max)) = (default, max)
        && default > max
    {
        table.report(format!("`token.lifetime`: the default, {default}, is above the maximum, {max}"));
    }
    table.finish();
    Some((u32::try_from(default?).ok()?, u32::try_from(max?).ok()?))
}

fn read_claims(table: &TableReader<'_>) -> Vec<ClaimRule> {
    table.all().filter_map(|(key, node)| read_claim(table, key, node)).collect()
}

fn read_claim(table: &TableReader<'_>, key: &Key, node: &Node) -> Option<ClaimRule> {
    if RESERVED_CLAIMS.contains(&key.name.as_str()) {
        let message = format!("`{}`: this claim is Mintmark's own; a dialect cannot set it", table.path_of(&key.name));
        table.diagnostics().report(&key.place, message);
    }
    let entry = TableReader::of(node, table.path_of(&key.name), table.diagnostics())?;
    let attribute = entry.required_text("attribute").map(str::to_owned);
    let required = entry.boolean("required").unwrap_or(false);
    let of = entry.choice("of", &[("client", AttributeOf::Client), ("tenant", AttributeOf::Tenant)]).unwrap_or_default();
    entry.finish();
    Some(ClaimRule { claim: key.name.clone(), attribute: attribute?, of, required })
}

pub(super) fn read_limits(table: TableReader<'_>) -> LimitRules {
    let limit = |key| table.integer(key, 1..=1_000_000_000).and_then(|limit| u32::try_from(limit).ok());
    let limits = LimitRules { client: limit("client"), tenant: limit("tenant"), business: limit("business") };
    table.finish();
    limits
}
