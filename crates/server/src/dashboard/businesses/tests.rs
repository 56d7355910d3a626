use http::StatusCode;

use crate::dashboard::access::tests::hidden;
use crate::dashboard::clients::tests::Office;
use crate::dashboard::fixture::text;

#[tokio::test]
async fn a_business_is_made_changed_and_turned_off() {
    let mut office = Office::open().await;
    let tenant = office.tenant.to_string();
    assert!(office.page("/sandbox/businesses").await.contains("No businesses yet"));
    let nameless = office.send("/sandbox/businesses/new", &[("tenant", &tenant), ("name", " ")]).await;
    assert_eq!(nameless.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(nameless).await.contains("field-name-error"));
    let made = office.send("/sandbox/businesses/new", &[("tenant", &tenant), ("name", "Bakery"), ("external_id", "b-1")]).await;
    let place = made.headers()["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    let list = office.page("/sandbox/businesses?q=bak").await;
    assert!(list.contains("Bakery") && list.contains("b-1") && list.contains(&place), "{list}");

    let version = hidden(&office.page(&place).await, "version").to_owned();
    let form = [("version", version.as_str()), ("name", "Bakery & Sons"), ("external_id", "b-2")];
    assert_eq!(office.send(&place, &form).await.status(), StatusCode::SEE_OTHER);
    let late = text(office.send(&place, &form).await).await;
    assert!(late.contains("Somebody else changed it"), "{late}");

    let disable = format!("{place}/disable");
    let asked = office.send(&disable, &[("confirmation", "Bakery & Sons")]).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "s24: nobody showed who they are");
    let wrong = office.send_stepped_up(&disable, &[("confirmation", "Bakery")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.send(&disable, &[("confirmation", "Bakery & Sons")]).await.status(), StatusCode::SEE_OTHER);
    assert!(office.page(&place).await.contains("Disabled"));
    assert!(office.page("/sandbox/businesses?status=disabled").await.contains("Sons"));
    assert_eq!(office.send(&format!("{place}/revoke"), &[]).await.status(), StatusCode::SEE_OTHER);
}
