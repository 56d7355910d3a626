//! The pages: for each a template and what it is given, already read and decided. A page's values are plain, so that it can be
//! shown with sample data and tested without a server.

mod access;
mod businesses;
mod client;
mod client_credentials;
mod client_settings;
mod clients;
mod create;
pub(crate) mod insight;
mod leaks;
mod means;
mod members;
mod operator;
mod overview;
mod programs;
mod promotion;
mod result;
mod webhooks;

pub(crate) use access::{AcceptPage, AccountPage, CodePage, Enrolment, SessionRow, SignInPage, StepUpPage};
pub(crate) use businesses::{BusinessListPage, BusinessPage, BusinessRow, KnownBusiness};
pub(crate) use client::{ClientHead, ClientPage, ClientTab, RefusalRow, ScopeRow};
pub(crate) use client_credentials::{
    ClientCredentialsPage, CredentialFormPage, CredentialPage, CredentialRow, Fact, Limits, RotatedSecret, Rotation,
    RotationUnderWay,
};
pub(crate) use client_settings::ClientSettingsPage;
pub(crate) use clients::{ClientListPage, ClientRow, Method};
pub(crate) use create::{ClientFormPage, ClientReviewPage};
use create::{certificate_field, method_cards, public_key_field};
pub(crate) use leaks::{FoundAt, LeakListPage, LeakPage, LeakRow};
pub(crate) use means::{AuthenticatorPage, PasskeyPage, PasskeyRow, PasswordPage};
pub(crate) use members::{
    InvitationListPage, InvitationRow, InviteFormPage, LinkPage, MemberListPage, MemberPage, MemberRow, status_of,
};
pub(crate) use operator::{
    BeyondRow, CheckRow, DeniedRow, DenyListPage, DenyTyped, DialectListPage, DialectPage, DialectRow, EntitlementForm,
    HolderRow, KeyDialog, KeyGroup, KeyListPage, KeyPage, KeyRow, KeyStatus, NodePage, ResourceFormPage, ResourceListPage,
    ResourcePage, ResourceRow, ResourceTyped, TenantFormPage, TenantListPage, TenantPage, TenantRow,
};
pub(crate) use overview::{Figure, OverviewPage};
pub(crate) use programs::{ProgramFormPage, ProgramListPage, ProgramPage, ProgramResultPage, ProgramRow};
pub(crate) use promotion::{DifferenceRow, Plan, PromotionPage};
pub(crate) use result::{ClientResultPage, ClientUnclearPage, Snippet};
pub(crate) use webhooks::{DeliveryRow, KindChoice, Kinds, WebhookFormPage, WebhookListPage, WebhookPage, WebhookRow};
