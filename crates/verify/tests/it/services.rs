//! Services of several kinds behind the layer.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use hyper_util::service::TowerToHyperService;
use mintmark_verify::{
    fetch::{Issuer, IssuerKeys},
    layer::{Caller, Dpop, VerifyLayer},
};
use serde_json::json;
use tower::{Layer, service_fn};

use super::issuer::{self, AUDIENCE};

const URI: &str = "https://api.example/v1/business";

async fn protect(issuer: &issuer::Issuer) -> VerifyLayer<IssuerKeys> {
    let followed = Issuer::builder(issuer.url()).danger_allow_loopback_http().follow().await.unwrap();
    VerifyLayer::new(Arc::new(followed.verifier(AUDIENCE))).dpop(Dpop::new(AUDIENCE).unwrap())
}

async fn handle(request: Request<String>) -> Result<Response<String>, Infallible> {
    let tenant = request.extensions().get::<Caller>().and_then(Caller::tenant);
    Ok(Response::new(tenant.unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn a_plain_hyper_service_is_protected() {
    let (issuer, _server) = issuer::Issuer::start().await;
    let service = TowerToHyperService::new(protect(&issuer).await.layer(service_fn(handle)));
    let send = async |authorization: String, proof: &str| {
        let request = Request::get("/v1/business").header(AUTHORIZATION, authorization).header("dpop", proof);
        hyper::service::Service::call(&service, request.body(String::new()).unwrap()).await.unwrap()
    };
    let bearer = issuer.token(&json!({}));
    let response = send(format!("Bearer {bearer}"), "").await;
    assert_eq!((response.status(), response.body().as_str()), (StatusCode::OK, "tenant-1"));

    let bound = issuer.token(&json!({"cnf": {"jkt": issuer.jwk().thumbprint()}}));
    let proof = issuer.proof(&bound, URI, "proof-1");
    assert_eq!(send(format!("Bearer {bound}"), &proof).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(format!("DPoP {bound}"), &proof).await.status(), StatusCode::OK);
    assert_eq!(send(format!("DPoP {bound}"), &proof).await.status(), StatusCode::UNAUTHORIZED);
}
