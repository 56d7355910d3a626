use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A proxy with little patience that answers everything with the body it got.
struct Proxy {
    address: SocketAddr,
    ended: Arc<Notify>,
    served: tokio::task::JoinHandle<Result<(), Failure>>,
}

impl Proxy {
    async fn start(patience: Patience) -> Self {
        let listener = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (address, ended) = (listener.local_addr().unwrap(), Arc::new(Notify::new()));
        let until = Arc::clone(&ended);
        let served = tokio::spawn(async move {
            let handle = |whole: Whole| async move { Response::new(Full::new(whole.body)) };
            serve(&listener, &until, patience, handle).await
        });
        Self { address, ended, served }
    }

    async fn open(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }
}

const STALLED_BODY: &str = "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc";
const STALLED_HEAD: &str = "POST /token HTTP/1.1\r\nHost:";
const WHOLE: &str = "POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";

fn short() -> Patience {
    let brief = Duration::from_millis(100);
    Patience { connections: 4, head: brief, body: brief, grace: brief }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    let _ = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut read)).await.unwrap();
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test]
async fn connections_that_stand_still_keep_nobody_out() {
    let proxy = Proxy::start(short()).await;
    let mut stalled = Vec::new();
    for sent in [STALLED_BODY, STALLED_HEAD, STALLED_BODY, STALLED_HEAD] {
        stalled.push(proxy.open(sent).await);
    }
    let answer = rest(proxy.open(WHOLE).await).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("abc"), "{answer}");
    let told = rest(stalled.swap_remove(0)).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("connection: close"), "{told}");
}

#[tokio::test]
async fn whoever_ends_it_waits_for_nobody_that_stands_still() {
    // They would have an hour, and there is room for no other.
    let hour = Duration::from_hours(1);
    let proxy = Proxy::start(Patience { connections: 2, head: hour, body: hour, ..short() }).await;
    let _stalled = (proxy.open(STALLED_BODY).await, proxy.open(STALLED_BODY).await);
    let _waiting = proxy.open(WHOLE).await;
    proxy.ended.notify_one();
    let served = tokio::time::timeout(Duration::from_mins(1), proxy.served).await;
    assert!(served.expect("it ends").unwrap().is_ok());
}

#[tokio::test]
async fn what_names_no_path_is_refused() {
    let proxy = Proxy::start(short()).await;
    for sent in ["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT other:443 HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let answer = rest(proxy.open(sent).await).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{sent}: {answer}");
    }
}
