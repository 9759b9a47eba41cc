//! A webhook that behaves as badly as a test asks it to, over real TLS on loopback.

use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_rustls::TlsAcceptor;

/// How a webhook behaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behaviour {
    /// `good`, or what is wrong with it.
    #[serde(default)]
    certificate: Option<String>,
    /// `ok`, or how the connection ends.
    #[serde(default)]
    connection: Option<String>,
    /// One for each request, the last one again and again.
    #[serde(default)]
    responses: Vec<Response>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: Option<u16>,
    headers: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    body_delay_ms: u64,
    /// Whether the connection ends before the body does.
    #[serde(default)]
    cut: bool,
    /// Sent instead of a response.
    raw: Option<String>,
    /// `{uid}` stands for the request's uid.
    #[serde(default)]
    body: Value,
}

impl Behaviour {
    /// Allows everything, with what `response` adds.
    pub(crate) fn answering(response: &Value) -> Self {
        let mut body = serde_json::json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": "{uid}", "allowed": true},
        });
        for (key, value) in response.as_object().into_iter().flatten() {
            body["response"][key] = value.clone();
        }
        Self { responses: vec![Response { body, ..Response::default() }], ..Self::default() }
    }
}

/// A running webhook; dropping it closes its port.
#[derive(Debug)]
pub(crate) struct WebhookServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    task: Option<JoinHandle<()>>,
}

/// What a webhook was sent.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<(Vec<String>, Vec<u8>)>>,
}

impl WebhookServer {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        if behaviour.connection.as_deref() == Some("refused") {
            return Self { address, seen, task: None };
        }
        let certificate = behaviour.certificate.clone().unwrap_or_else(|| "good".to_owned());
        let acceptor = TlsAcceptor::from(AUTHORITY.server_config(&certificate));
        let task = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    seen.connections.fetch_add(1, Ordering::Relaxed);
                    let (behaviour, seen, acceptor) = (behaviour.clone(), Arc::clone(&seen), acceptor.clone());
                    // A connection that ends badly is what some tests want.
                    tokio::spawn(async move {
                        let _ = serve(stream, &behaviour, &seen, &acceptor).await;
                    });
                }
            }
        });
        Self { address, seen, task: Some(task) }
    }

    /// `https://127.0.0.1:port/hook`.
    pub(crate) fn url(&self) -> String {
        format!("https://{}/hook", self.address)
    }

    /// Heads and bodies of the requests so far.
    pub(crate) fn requests(&self) -> Vec<(Vec<String>, Value)> {
        let requests = self.seen.requests.lock().unwrap();
        requests.iter().map(|(head, body)| (head.clone(), serde_json::from_slice(body).unwrap_or_default())).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }
}

impl Drop for WebhookServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn pause(milliseconds: u64) {
    sleep_until(Instant::now() + Duration::from_millis(milliseconds)).await;
}

/// Reads the client's hello: closing with something unread would reset the connection.
async fn first_bytes(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut vec![0; 16_384]).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn serve(mut stream: TcpStream, behaviour: &Behaviour, seen: &Seen, acceptor: &TlsAcceptor) -> io::Result<()> {
    let kind = behaviour.connection.as_deref().unwrap_or("ok");
    match kind {
        "close-at-once" => return Ok(()),
        "close" => {
            first_bytes(&mut stream).await?;
            return Ok(());
        }
        "reset" => {
            stream.read_exact(&mut [0]).await?;
            return stream.set_zero_linger();
        }
        "plain" => {
            first_bytes(&mut stream).await?;
            return stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request").await;
        }
        "garbage" => {
            first_bytes(&mut stream).await?;
            stream.write_all(b"hello there, I am no TLS server").await?;
            pause(200).await;
            return Ok(());
        }
        "silent" => return std::future::pending().await,
        _ => {}
    }
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    for index in 0.. {
        let (head, body) = read_request(&mut stream).await?;
        let review: Value = serde_json::from_slice(&body).unwrap_or_default();
        let uid = review["request"]["uid"].as_str().unwrap_or_default().to_owned();
        seen.requests.lock().unwrap().push((head, body));
        match kind {
            "close-after-request" => return stream.shutdown().await,
            "reset-after-request" => {
                return stream.get_mut().get_mut().0.set_zero_linger();
            }
            _ => {}
        }
        let Some(response) = behaviour.responses.get(index).or(behaviour.responses.last()) else { return Ok(()) };
        if !respond(&mut stream, response, &uid).await? {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// Says whether the connection goes on.
async fn respond<S>(stream: &mut BufReader<S>, response: &Response, uid: &str) -> io::Result<bool>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    pause(response.delay_ms).await;
    if let Some(raw) = &response.raw {
        stream.write_all(raw.as_bytes()).await?;
        return Ok(false);
    }
    let body = match &response.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let body = body.replace("{uid}", uid);
    let mut head = format!("HTTP/1.1 {} X\r\n", response.status.unwrap_or(200));
    let json = serde_json::json!({"Content-Type": "application/json"});
    for (name, value) in response.headers.as_ref().or(json.as_object()).into_iter().flatten() {
        write!(head, "{name}: {}\r\n", value.as_str().unwrap_or_default()).map_err(io::Error::other)?;
    }
    let length = body.len() + if response.cut { 100 } else { 0 };
    write!(head, "Content-Length: {length}\r\n\r\n").map_err(io::Error::other)?;
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    pause(response.body_delay_ms).await;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await?;
    Ok(!response.cut)
}

async fn read_request<S: tokio::io::AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
) -> io::Result<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((head, body))
}

/// The authority that tests trust, and others.
pub(crate) struct Authority {
    good: (Certificate, KeyPair, String),
    other: (Certificate, KeyPair, String),
    same_name: (Certificate, KeyPair, String),
}

/// Made once: keys are what costs time.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority {
    good: mk_authority("webhook-ca"),
    other: mk_authority("other-ca"),
    same_name: mk_authority("webhook-ca"),
});

/// A certificate that is its own authority.
static SELF_SIGNED: LazyLock<(Certificate, KeyPair)> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let mut params = mk_params(&["127.0.0.1"], "self");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key).unwrap(), key)
});

fn mk_params(names: &[&str], common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn mk_authority(name: &str) -> (Certificate, KeyPair, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = params.self_signed(&key).unwrap();
    (certificate, key, name.to_owned())
}

impl Authority {
    /// The bundle of that name: `ca`, `self`, or PEM as it is.
    pub(crate) fn bundle(&self, name: &str) -> String {
        match name {
            "ca" => self.good.0.pem(),
            "self" => SELF_SIGNED.0.pem(),
            other => other.to_owned(),
        }
    }

    fn server_config(&self, certificate: &str) -> Arc<ServerConfig> {
        let names: &[&str] = match certificate {
            "good" => &["127.0.0.1", "localhost", "hook.ns.svc"],
            "byother" | "bysame" | "expired" => &["127.0.0.1"],
            "dnsonly" => &["example.com"],
            "wrongip" => &["10.0.0.1", "10.0.0.2", "example.com"],
            _ => &[],
        };
        let (certificate, key) = if certificate == "self" {
            let key = PrivatePkcs8KeyDer::from(SELF_SIGNED.1.serialize_der());
            (SELF_SIGNED.0.der().clone(), PrivateKeyDer::from(key))
        } else {
            let mut params = mk_params(names, "webhook");
            if certificate == "expired" {
                params.not_before = rcgen::date_time_ymd(2020, 1, 1);
                params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            }
            let (_, authority_key, authority_name) = match certificate {
                "byother" => &self.other,
                "bysame" => &self.same_name,
                _ => &self.good,
            };
            let mut authority = CertificateParams::new(Vec::new()).unwrap();
            authority.distinguished_name = rcgen::DistinguishedName::new();
            authority.distinguished_name.push(DnType::CommonName, authority_name.as_str());
            let issuer = Issuer::new(authority, authority_key);
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            (certificate.der().clone(), PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }
}
