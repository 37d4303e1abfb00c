//! libpq's `sslmode` on rustls: which certificates are accepted, and from where roots and keys come.
//!
//! rustls alone refuses two kinds of certificates that libpq takes: those for another name under `verify-ca`, and
//! self-signed ones that are their own root (what `openssl req -x509` makes). X.509 version 1 and certificates with
//! the name only in CN stay refused under verification. Measured against psql in the project's notes.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        ResolvesClientCert, VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use x509_cert::der::Decode;

use super::{
    environment::Environment,
    error::PgError,
    settings::{ClientFile, RootCertificates, SslMode, TlsSettings},
    wire::CertificateSeen,
};

/// How much of a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

/// The TLS configuration for a server over TCP. `seen` tells afterwards what became of the client's certificate.
///
/// # Errors
/// [`PgError::File`] when a file that is needed cannot be used.
pub(super) fn client_config(
    settings: &TlsSettings,
    seen: &Arc<CertificateSeen>,
    environment: &Environment,
) -> Result<ClientConfig, PgError> {
    let provider = Arc::new(ring::default_provider());
    let roots = read_roots(settings, environment)?;
    let check = match settings.mode {
        SslMode::VerifyFull => Check::ChainAndName,
        // As libpq, in every mode: a root file that is there is used.
        _ if !roots.is_empty() => Check::Chain,
        _ => Check::Nothing,
    };
    let verifier = Verifier::new(check, roots, read_revocations(settings, environment)?, &provider)?;
    let versions: Vec<&'static SupportedProtocolVersion> =
        [(settings.versions.v1_2, &TLS12), (settings.versions.v1_3, &TLS13)]
            .into_iter()
            .filter_map(|(wanted, version)| wanted.then_some(version))
            .collect();
    let certificate = match read_identity(settings, environment)? {
        Some((chain, key, path)) => Some(Arc::new(
            CertifiedKey::from_der(chain, key, &provider)
                .map_err(|error| file_error("client certificate file", &path, &error))?,
        )),
        None => None,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| file_error("TLS library", Path::new("ring"), &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(ClientCertificate { certificate, seen: seen.clone() }));
    if settings.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    config.enable_sni = settings.send_server_name;
    Ok(config)
}

/// What an error calls the file of `sslrootcert`.
pub const ROOT_CERTIFICATE_FILE: &str = "root certificate file";

/// And that of `sslcrl`.
const REVOCATION_LIST_FILE: &str = "revocation list file";

fn file_error(what: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> PgError {
    PgError::File { what, path: path.to_owned(), reason: reason.to_string() }
}

fn read_roots(settings: &TlsSettings, environment: &Environment) -> Result<Vec<CertificateDer<'static>>, PgError> {
    let verifies = settings.mode >= SslMode::VerifyCa;
    let what = ROOT_CERTIFICATE_FILE;
    let path = match &settings.roots {
        RootCertificates::System => {
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                return Err(file_error("certificates of", Path::new("system"), &"there are none"));
            }
            return Ok(found.certs);
        }
        RootCertificates::File(path) => Some(path),
        RootCertificates::DefaultFile(path) => path.as_ref(),
    };
    match path.map(|path| (path, environment.read(path))) {
        Some((path, Ok(file))) => {
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file.text.as_bytes()).collect();
            let certificates = certificates.map_err(|error| file_error(what, path, &error))?;
            if certificates.is_empty() {
                return Err(file_error(what, path, &"it holds no certificate"));
            }
            Ok(certificates)
        }
        Some((path, Err(error))) if verifies => {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
                _ => error.to_string(),
            };
            Err(file_error(what, path, &reason))
        }
        None if verifies => Err(file_error(what, Path::new("~/.postgresql/root.crt"), &"there is no home directory")),
        _ => Ok(Vec::new()),
    }
}

/// Lists of certificates that were taken back, and their file.
#[derive(Default)]
struct Revocations {
    lists: Vec<CertificateRevocationListDer<'static>>,
    path: PathBuf,
}

fn read_revocations(settings: &TlsSettings, environment: &Environment) -> Result<Revocations, PgError> {
    let mut found = Revocations::default();
    match &settings.revocations {
        ClientFile::Given(path) => found.add(path, environment)?,
        // The default file counts where it exists.
        ClientFile::Default(Some(path)) if environment.read(path).is_ok() => found.add(path, environment)?,
        ClientFile::Default(_) => {}
    }
    if let Some(folder) = &settings.revocation_folder {
        let listed =
            environment.list(folder).map_err(|error| file_error("folder of revocation lists", folder, &error))?;
        let lists: Vec<&PathBuf> = listed.iter().filter(|path| is_hashed_list(path)).collect();
        if lists.is_empty() {
            let reason = "it holds no list under a name as \"openssl rehash\" makes it";
            return Err(file_error("folder of revocation lists", folder, &reason));
        }
        lists.into_iter().try_for_each(|path| found.add(path, environment))?;
    }
    Ok(found)
}

/// `5d30f3c5.r0`: OpenSSL looks for lists under the hash of their issuer's name.
fn is_hashed_list(path: &Path) -> bool {
    let Some((hash, number)) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once(".r"))
    else {
        return false;
    };
    hash.len() == 8
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

impl Revocations {
    /// libpq goes on without a file that it cannot read, even if it was named; whoever names one wants it looked at.
    fn add(&mut self, path: &Path, environment: &Environment) -> Result<(), PgError> {
        let failed = |error: &dyn std::fmt::Display| file_error(REVOCATION_LIST_FILE, path, error);
        let file = environment.read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => failed(&"it does not exist"),
            _ => failed(&error),
        })?;
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(file.text.as_bytes()).collect();
        let lists = lists.map_err(|error| failed(&error))?;
        if lists.is_empty() {
            return Err(failed(&"it holds no revocation list"));
        }
        self.lists.extend(lists);
        path.clone_into(&mut self.path);
        Ok(())
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, PathBuf);

/// The client's certificate and key, if there are any.
fn read_identity(settings: &TlsSettings, environment: &Environment) -> Result<Option<Identity>, PgError> {
    let (ClientFile::Given(path) | ClientFile::Default(Some(path))) = &settings.certificate else { return Ok(None) };
    let what = "client certificate file";
    let file = match environment.read(path) {
        Ok(file) => file,
        // As libpq, even if it was named: the server may not ask for one.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(what, path, &error)),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file.text.as_bytes()).collect();
    let chain = chain.map_err(|error| file_error(what, path, &error))?;
    let (ClientFile::Given(key_path) | ClientFile::Default(Some(key_path))) = &settings.key else {
        return Err(file_error(what, path, &"there is no private key for it"));
    };
    let what = "private key file";
    let key_file = environment.read(key_path).map_err(|error| file_error(what, key_path, &error))?;
    let too_open = if key_file.owned_by_root { 0o037 } else { 0o077 };
    if key_file.mode & too_open != 0 {
        return Err(file_error(what, key_path, &"it has group or world access; permissions should be 0600 or less"));
    }
    let key = PrivateKeyDer::from_pem_slice(key_file.text.as_bytes()).map_err(|error| {
        let encrypted = key_file.text.contains("ENCRYPTED");
        let reason =
            if encrypted { "encrypted keys cannot be read by this program".to_owned() } else { error.to_string() };
        file_error(what, key_path, &reason)
    })?;
    Ok(Some((chain, key, path.clone())))
}

/// The client's certificate, which notes whether the server asked for it.
#[derive(Debug)]
struct ClientCertificate {
    certificate: Option<Arc<CertifiedKey>>,
    seen: Arc<CertificateSeen>,
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.seen.requested.store(true, Ordering::Relaxed);
        self.seen.sent.store(self.certificate.is_some(), Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}

/// A root certificate is no root any more.
#[derive(Debug, thiserror::Error)]
#[error("a root certificate in sslrootcert has expired, or is not valid yet")]
struct RootOutOfDate;

/// Whether a certificate is valid at this time; one that does not read is not.
fn is_current(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    x509_cert::Certificate::from_der(certificate.as_ref()).is_ok_and(|certificate| {
        let validity = certificate.tbs_certificate.validity;
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        (seconds(validity.not_before)..=seconds(validity.not_after)).contains(&now.as_secs())
    })
}

/// webpki's verifier with libpq's exceptions.
#[derive(Debug)]
struct Verifier {
    check: Check,
    roots: Vec<CertificateDer<'static>>,
    /// Some of the roots are not valid now: webpki does not look, OpenSSL does.
    leaves_out_roots: bool,
    has_revocations: bool,
    webpki: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(
        check: Check,
        roots: Vec<CertificateDer<'static>>,
        revocations: Revocations,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, PgError> {
        let mut store = RootCertStore::empty();
        let now = UnixTime::now();
        let current: Vec<_> = roots.iter().filter(|root| is_current(root, now)).cloned().collect();
        let leaves_out_roots = current.len() < roots.len();
        let has_revocations = !revocations.lists.is_empty();
        // What webpki cannot use as an anchor (version 1, say) may still be the server's own certificate.
        store.add_parsable_certificates(current);
        let webpki = match check {
            Check::Nothing => None,
            _ if store.is_empty() => None,
            _ => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
                    .with_crls(revocations.lists)
                    .enforce_revocation_expiration()
                    .build()
                    .map_err(|error| match error {
                        VerifierBuilderError::InvalidCrl(_) => {
                            file_error(REVOCATION_LIST_FILE, &revocations.path, &"only lists of version 2 can be read")
                        }
                        error => file_error(ROOT_CERTIFICATE_FILE, Path::new("sslrootcert"), &error),
                    })?,
            ),
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Verifier { check, roots, leaves_out_roots, has_revocations, webpki, algorithms })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let refused = |reason| Err(rustls::Error::InvalidCertificate(reason));
        if self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref()) {
            if !is_current(end_entity, now) {
                return refused(CertificateError::Expired);
            }
            if self.has_revocations {
                return refused(CertificateError::UnknownRevocationStatus); // nobody says that it was not taken back
            }
            if self.check == Check::ChainAndName {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = || match self.leaves_out_roots {
            true => CertificateError::Other(OtherError(Arc::new(RootOutOfDate))),
            false => CertificateError::UnknownIssuer,
        };
        let Some(webpki) = &self.webpki else { return refused(unknown()) };
        match webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Chain => Ok(ServerCertVerified::assertion()),
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => refused(unknown()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match self.check {
            // A version 1 certificate cannot even be parsed for its key, and nothing is verified in this mode.
            Check::Nothing => Ok(HandshakeSignatureValid::assertion()),
            _ => verify_tls12_signature(message, certificate, signature, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match self.check {
            Check::Nothing => Ok(HandshakeSignatureValid::assertion()),
            _ => verify_tls13_signature(message, certificate, signature, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What could help against a failed handshake.
pub(super) fn hint_for(error: &rustls::Error) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(reason) = error else { return None };
    Some(match reason {
        CertificateError::UnknownIssuer => {
            "The server's certificate is not signed by any in sslrootcert. Amazon RDS, Cloud SQL and Azure publish their \
             own root certificates; download them and name the file in sslrootcert."
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "The certificate is for another host name. Connect under that name, or use sslmode=verify-ca. Names only in \
             CN do not count; re-issue such a certificate with a subjectAltName."
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "Renew the server's certificate.",
        CertificateError::UnknownRevocationStatus | CertificateError::ExpiredRevocationList => {
            "Give a current revocation list of every authority of the server's certificate, or none."
        }
        CertificateError::Other(OtherError(error)) if error.is::<RootOutOfDate>() => {
            "Get the authority's current root certificate, and renew what the old one signed."
        }
        CertificateError::Other(_) => {
            "X.509 version 1 certificates cannot be verified here; re-issue it with extensions, or use sslmode=require."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::settings::{ConnectionInput, ConnectionSettings, ConnectionSide};

    fn config(conninfo: &str) -> Result<ClientConfig, PgError> {
        let environment =
            Environment { user_name: Some("ann".to_owned()), home: Some("/home/ann".into()), ..Environment::default() };
        let input = ConnectionInput { dbname: Some(conninfo.to_owned()), ..ConnectionInput::default() };
        let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment)?;
        client_config(&settings.tls, &Arc::default(), &environment)
    }

    #[test]
    fn only_modes_that_verify_need_a_root_file() {
        assert!(config("sslmode=require").is_ok() && config("sslmode=prefer sslrootcert=/x").is_ok());
        let message = config("sslmode=verify-ca").unwrap_err().to_string();
        assert!(
            message.starts_with("could not use root certificate file \"/home/ann/.postgresql/root.crt\""),
            "{message}"
        );
        assert!(config("sslmode=verify-full sslrootcert=/x").unwrap_err().to_string().contains("\"/x\""));
    }

    #[test]
    fn a_client_certificate_may_be_missing_but_not_its_key() {
        assert!(config("sslmode=require sslcert=/c.pem").is_ok());
        let file =
            crate::pg::environment::SmallFile { text: String::new(), mode: 0o600, regular: true, owned_by_root: false };
        let files = crate::pg::environment::Files::Given([("/c.pem".into(), file)].into());
        let environment = Environment { user_name: Some("ann".to_owned()), files, ..Environment::default() };
        let input = ConnectionInput {
            dbname: Some("sslmode=require sslcert=/c.pem sslkey=/k.pem".to_owned()),
            ..ConnectionInput::default()
        };
        let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment).unwrap();
        let message = client_config(&settings.tls, &Arc::default(), &environment).unwrap_err().to_string();
        assert!(message.starts_with("could not use private key file \"/k.pem\""), "{message}");
    }

    #[test]
    fn revocation_lists_that_are_named_must_read() {
        for option in ["sslcrl=/no.crl", "sslcrldir=/no"] {
            let message = config(&format!("sslmode=require {option}")).unwrap_err().to_string();
            assert!(message.contains("/no") && message.contains("revocation list"), "{message}");
        }
        assert!(is_hashed_list(Path::new("/d/5d30f3c5.r0")) && is_hashed_list(Path::new("5D30F3C5.r12")));
        for name in ["ca.crl", "5d30f3c5.0", "5d30f3c5.r", "5d30f3c.r0", "5d30f3cx.r0"] {
            assert!(!is_hashed_list(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn direct_negotiation_names_the_protocol() {
        let config = config("sslmode=require sslnegotiation=direct").unwrap();
        assert_eq!(config.alpn_protocols, [b"postgresql".to_vec()]);
    }
}
