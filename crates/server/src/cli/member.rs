//! `mintmark member`

use clap::Subcommand;
use mintmark_core::management::{INVITATION_PATH, Origin, Reach, Role};
use mintmark_core::model::{EmailAddress, Member, MemberId, Status, TenantId};
use mintmark_core::registry::{CreatedInvitation, NewInvitation};
use mintmark_core::store::{Page, PeopleStore};
use serde_json::json;

use super::output::Output;
use super::place::Place;
use super::{Done, Failure, time};

/// How many members are read at a time.
const PAGE: u32 = 500;

#[derive(Subcommand, Debug)]
pub(super) enum MemberCommand {
    /// List the people who can sign in.
    #[command(after_help = "Example: mintmark member list --tenant 'Acme Ltd'")]
    List {
        /// Only those of this tenant: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Invite somebody: prints a link that works once, within 72 hours. No mail is sent.
    #[command(after_help = "Example: mintmark member add ann@example.com --role owner --tenant 'Acme Ltd'")]
    Add {
        /// What they will sign in with.
        email: EmailAddress,
        /// What they may do: admin or auditor at the operator; owner, developer or viewer at a tenant.
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// The tenant whose member they become: its id or name.
        #[arg(long)]
        tenant: Option<String>,
        /// Where the dashboard is, for the whole link.
        #[arg(long, value_parser = parse_origin, value_name = "URL")]
        origin: Option<Origin>,
    },
    /// Turn a member off: signed out everywhere at once, and not let in again.
    #[command(after_help = "Example: mintmark member disable ann@example.com")]
    Disable {
        /// Their address or id.
        member: String,
    },
    /// Turn a member on again.
    #[command(after_help = "Example: mintmark member enable ann@example.com")]
    Enable {
        /// Their address or id.
        member: String,
    },
    /// Give a member another role: signed out everywhere at once.
    #[command(after_help = "Example: mintmark member role ann@example.com developer")]
    Role {
        /// Their address or id.
        member: String,
        /// The new role.
        #[arg(value_parser = parse_role)]
        role: Role,
    },
    /// Remove a member that is turned off: the address is free for whoever is invited next, of whatever tenant.
    #[command(after_help = "Example: mintmark member remove ann@example.com")]
    Remove {
        /// Their address or id.
        member: String,
    },
    /// Invite a member anew who lost password, device or passkey: prints a link that works once, within 72 hours. What they had is good
    /// until it is used, and worth nothing then.
    #[command(after_help = "Example: mintmark member reset ann@example.com")]
    Reset {
        /// Their address or id.
        member: String,
        /// Where the dashboard is, for the whole link.
        #[arg(long, value_parser = parse_origin, value_name = "URL")]
        origin: Option<Origin>,
    },
    /// Let an admin back in who lost password, device or passkey, or make one where there is none: prints a code that works once,
    /// within 30 minutes. Whoever uses it sets everything anew; what was there before is worth nothing then.
    #[command(after_help = "Example: mintmark member break-glass root@example.com")]
    BreakGlass {
        /// The admin's address.
        email: EmailAddress,
        /// Where the dashboard is, to be told where to go.
        #[arg(long, value_parser = parse_origin, value_name = "URL")]
        origin: Option<Origin>,
    },
}

pub(super) async fn run(place: &Place, command: MemberCommand) -> Done {
    match command {
        MemberCommand::List { tenant } => list(place, tenant.as_deref()).await,
        MemberCommand::Add { email, role, tenant, origin } => {
            let tenant_id = tenant_of(place, role, tenant.as_deref()).await?;
            if place.store.member_by_email(&email).await?.is_some() {
                return Err(Failure(format!("there is already a member {email}")));
            }
            let created = place.registry.invite(&NewInvitation { email, role, tenant_id }, None).await?;
            Ok(show_invitation(&created, origin.as_ref()))
        }
        MemberCommand::Disable { member } => set_status(place, &member, Status::Disabled).await,
        MemberCommand::Enable { member } => set_status(place, &member, Status::Active).await,
        MemberCommand::Role { member, role } => {
            let id = find(place, &member).await?.id;
            Ok(show(&place.registry.set_member_role(id, role).await?))
        }
        MemberCommand::Remove { member } => {
            let id = find(place, &member).await?.id;
            Ok(show(&place.registry.remove_member(id).await?))
        }
        MemberCommand::Reset { member, origin } => {
            let id = find(place, &member).await?.id;
            Ok(show_invitation(&place.registry.invite_back(id, None).await?, origin.as_ref()))
        }
        MemberCommand::BreakGlass { email, origin } => {
            Ok(show_code(&place.registry.break_glass(email).await?, origin.as_ref()))
        }
    }
}

/// A role that a word names.
pub(super) fn parse_role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::as_str).join(", ");
    Role::from_word(text).ok_or_else(|| format!("there are the roles {}", known()))
}

fn parse_origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text).map_err(|error| error.to_string())
}

/// The tenant that goes with a role: none with the operator's; with the others the one that was named, or the only one.
pub(super) async fn tenant_of(place: &Place, role: Role, named: Option<&str>) -> Result<Option<TenantId>, Failure> {
    match (role.is_of_operator(), named) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(Failure(format!("{role} is a role at the operator; leave out --tenant"))),
        (false, named) => Ok(Some(place.tenant(named).await?.id)),
    }
}

async fn list(place: &Place, tenant: Option<&str>) -> Done {
    let reach = match tenant {
        Some(named) => Reach::Tenant(place.tenant(Some(named)).await?.id),
        None => Reach::Operator,
    };
    let mut all: Vec<Member> = Vec::new();
    loop {
        let after = all.last().map(|member| member.id);
        let page = place.store.members(reach, Page { after: after.as_ref(), limit: PAGE }).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |one: &Member| {
        let tenant = one.tenant_id.map_or_else(|| "(operator)".to_owned(), |id| id.to_string());
        let last = one.last_sign_in_at.map_or_else(|| "never".to_owned(), time::show);
        let status = one.status.as_str().to_owned();
        vec![one.id.to_string(), one.email.to_string(), one.name.clone(), one.role.to_string(), tenant, status, last]
    };
    let headers = ["ID", "E-MAIL", "NAME", "ROLE", "TENANT", "STATUS", "LAST SIGN-IN"];
    Ok(Output::table(&headers, all.iter().map(row).collect(), json!(all)))
}

async fn set_status(place: &Place, member: &str, status: Status) -> Done {
    let id = find(place, member).await?.id;
    Ok(show(&place.registry.set_member_status(id, status).await?))
}

/// The member of an address or id.
async fn find(place: &Place, named: &str) -> Result<Member, Failure> {
    let found = match (named.parse::<MemberId>(), named.parse::<EmailAddress>()) {
        (Ok(id), _) => place.store.member(id).await?,
        (_, Ok(email)) => place.store.member_by_email(&email).await?,
        (Err(_), Err(_)) => None,
    };
    found.ok_or_else(|| Failure(format!("there is no member {named:?}; `mintmark member list` shows them")))
}

fn show(member: &Member) -> Output {
    let fields = vec![
        ("id", member.id.to_string()),
        ("e-mail", member.email.to_string()),
        ("name", member.name.clone()),
        ("role", member.role.to_string()),
        ("tenant", member.tenant_id.map_or_else(|| "(operator)".to_owned(), |id| id.to_string())),
        ("status", member.status.as_str().to_owned()),
    ];
    Output::object(&fields, json!(member))
}

fn show_invitation(created: &CreatedInvitation, origin: Option<&Origin>) -> Output {
    let invitation = &created.invitation;
    let path = format!("{INVITATION_PATH}/{}", created.token.expose());
    let link = origin.map_or_else(|| format!("(the dashboard's address){path}"), |origin| format!("{origin}{path}"));
    let fields = vec![
        ("id", invitation.id.to_string()),
        ("e-mail", invitation.email.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("role", invitation.role.to_string()),
        ("link", link),
        ("expires", time::show(invitation.expires_at)),
    ];
    let link = origin.map(|origin| format!("{origin}{path}"));
    let json = json!({ "invitation": invitation, "token": created.token.expose(), "path": path, "link": link });
    Output::object(&fields, json)
}

fn show_code(created: &CreatedInvitation, origin: Option<&Origin>) -> Output {
    let invitation = &created.invitation;
    let place = origin.map_or_else(|| "(the dashboard's address)".to_owned(), ToString::to_string);
    let fields = vec![
        ("e-mail", invitation.email.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("code", created.token.expose().to_owned()),
        ("at", format!("{place}{INVITATION_PATH}")),
        ("expires", time::show(invitation.expires_at)),
    ];
    Output::object(&fields, json!({ "invitation": invitation, "code": created.token.expose(), "path": INVITATION_PATH }))
}
