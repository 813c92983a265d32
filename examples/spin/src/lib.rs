//! A Spin component that pushes how its last run went.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use spin_sdk::http::{FullBody, send};
use spin_sdk::{http_service, time, variables};

const ATTEMPTS: u32 = 4;

#[http_service]
async fn run(_: spin_sdk::http::Request) -> StatusCode {
    let start = Instant::now();
    let result = process_orders().await;
    let metrics = format!(
        "# TYPE orders_last_run_success gauge\n\
         orders_last_run_success {}\n\
         # TYPE orders_last_run_orders gauge\n\
         orders_last_run_orders {}\n\
         # TYPE orders_last_run_duration_seconds gauge\n\
         orders_last_run_duration_seconds {}\n",
        u8::from(result.is_ok()),
        result.as_ref().copied().unwrap_or_default(),
        start.elapsed().as_secs_f64(),
    );
    // A failure is logged: metrics are no reason to fail the run.
    if let Err(problem) = push("orders", metrics).await {
        eprintln!("metrics were not pushed: {problem}");
    }
    match result {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn process_orders() -> Result<u32, String> {
    Ok(3)
}

/// Replaces the group of this job.
async fn push(job: &str, metrics: String) -> Result<(), String> {
    let setting = async |name| {
        variables::get(name)
            .await
            .map_err(|error| error.to_string())
    };
    let url = setting("pushgateway_url").await?;
    let token = setting("pushgateway_token").await?;
    let metrics = Bytes::from(metrics);
    let mut problem = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
        }
        let request = Request::put(format!("{url}/metrics/job/{job}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(FullBody::new(metrics.clone()))
            .map_err(|error| error.to_string())?;
        match send(request).await.map(|response| response.status()) {
            Ok(status) if status.is_success() => return Ok(()),
            Ok(
                status @ (StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT),
            ) => problem = status.to_string(),
            Ok(status) => return Err(status.to_string()),
            Err(error) => problem = error.to_string(),
        }
    }
    Err(problem)
}
