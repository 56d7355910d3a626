//! What every page about one client begins with.

use mintmark_core::model::{ClientId, EnvironmentName, Status as Stored};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{environment, path};
use crate::admin::operations::clients::{self, ClientView};
use crate::dashboard::components::Status;
use crate::dashboard::frame::Frame;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Seat, Stop, crumbs};
use crate::dashboard::views::{ClientHead, ClientTab};
use crate::dashboard::words;

/// What an identifier that the operator chose may hold, and a path must not.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The client that an address names.
pub(super) async fn load(seat: &Seat, (name, id): (&str, &str)) -> Result<ClientView, Stop> {
    let environment = environment(seat, name)?;
    let id: ClientId = id.parse().map_err(|_| seat.stop(crate::admin::Refusal::NotFound))?;
    clients::read(&seat.desk, &environment, &id).await.map_err(|refusal| seat.stop(refusal))
}

/// A client's own page.
pub(super) fn href(client: &ClientView) -> String {
    href_of(&client.environment, &client.id)
}

/// The page of the client that an identifier names.
pub(in crate::dashboard) fn href_of(environment: &EnvironmentName, client: &ClientId) -> String {
    path(environment, &format!("/{}", utf8_percent_encode(client.as_str(), ESCAPED)))
}

pub(super) fn head(seat: &Seat, client: &ClientView, tab: ClientTab) -> ClientHead {
    ClientHead {
        name: client.name.clone(),
        client_id: client.id.to_string(),
        status: if client.status == Stored::Active { Status::Active } else { Status::Disabled },
        href: href(client),
        tab,
        has_elsewhere: seat.environments().len() > 1,
    }
}

/// Around a page about a client; below it, where the title is not the client's name.
pub(super) fn frame(seat: &Seat, client: &ClientView, title: &str) -> Frame {
    let mut frame = seat.frame_in(&client.environment, title, Section::Clients);
    let list = (words::list::TITLE.to_owned(), path(&client.environment, ""));
    frame.breadcrumbs = if title == client.name { crumbs([list]) } else { crumbs([list, (client.name.clone(), href(client))]) };
    frame
}
