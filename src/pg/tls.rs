//! libpq's `sslmode` on rustls: which certificates are accepted, and from where roots and keys come.
//!
//! rustls alone refuses two kinds of certificates that libpq takes: those for another name under `verify-ca`, and
//! self-signed ones that are their own root (what `openssl req -x509` makes). X.509 version 1 and certificates with
//! the name only in CN stay refused under verification. Measured against psql in the project's notes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::{
    environment::Environment,
    error::PgError,
    settings::{ClientFile, RootCertificates, SslMode, TlsSettings},
};

/// How much of a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

/// The TLS configuration for a server over TCP.
///
/// # Errors
/// [`PgError::File`] when a file that is needed cannot be used.
pub fn client_config(settings: &TlsSettings, environment: &Environment) -> Result<ClientConfig, PgError> {
    let provider = Arc::new(ring::default_provider());
    let roots = read_roots(settings, environment)?;
    let check = match settings.mode {
        SslMode::VerifyFull => Check::ChainAndName,
        // As libpq, in every mode: a root file that is there is used.
        _ if !roots.is_empty() => Check::Chain,
        _ => Check::Nothing,
    };
    let verifier = Verifier::new(check, roots, read_revocations(settings, environment)?, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| file_error("TLS library", Path::new("ring"), &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match read_identity(settings, environment)? {
        Some((chain, key, path)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| file_error("client certificate file", &path, &error))?,
        None => builder.with_no_client_auth(),
    };
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
    let (ClientFile::Given(path) | ClientFile::Default(Some(path))) = &settings.revocations else {
        return Ok(Revocations::default());
    };
    // libpq goes on without a file that it cannot read, even if it was named.
    let Ok(file) = environment.read(path) else { return Ok(Revocations::default()) };
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(file.text.as_bytes()).collect();
    let lists = lists.map_err(|error| file_error(REVOCATION_LIST_FILE, path, &error))?;
    Ok(Revocations { lists, path: path.clone() })
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

/// webpki's verifier with libpq's exceptions.
#[derive(Debug)]
struct Verifier {
    check: Check,
    roots: Vec<CertificateDer<'static>>,
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
        // What webpki cannot use as an anchor (version 1, say) may still be the server's own certificate.
        store.add_parsable_certificates(roots.iter().cloned());
        let webpki = match check {
            Check::Nothing => None,
            _ if store.is_empty() => None,
            _ => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
                    .with_crls(revocations.lists)
                    .build()
                    .map_err(|error| match error {
                        VerifierBuilderError::InvalidCrl(_) => {
                            file_error(REVOCATION_LIST_FILE, &revocations.path, &"only lists of version 2 can be read")
                        }
                        error => file_error(ROOT_CERTIFICATE_FILE, Path::new("sslrootcert"), &error),
                    })?,
            ),
        };
        Ok(Verifier { check, roots, webpki, algorithms: provider.signature_verification_algorithms })
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
        if self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref()) {
            if self.check == Check::ChainAndName {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        let Some(webpki) = &self.webpki else {
            return Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        };
        match webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Chain => Ok(ServerCertVerified::assertion()),
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
        client_config(&settings.tls, &environment)
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
        let message = client_config(&settings.tls, &environment).unwrap_err().to_string();
        assert!(message.starts_with("could not use private key file \"/k.pem\""), "{message}");
    }

    #[test]
    fn direct_negotiation_names_the_protocol() {
        let config = config("sslmode=require sslnegotiation=direct").unwrap();
        assert_eq!(config.alpn_protocols, [b"postgresql".to_vec()]);
    }
}
