//! Cases for `settings`, each as libpq resolves it.

use std::collections::BTreeMap;

use super::*;
use crate::pg::environment::{Files, SmallFile};

fn environment(variables: &[(&str, &str)], files: &[(&str, &str, u32)]) -> Environment {
    let file = |(path, text, mode): &(&str, &str, u32)| {
        (PathBuf::from(path), SmallFile { text: (*text).to_owned(), mode: *mode, regular: true, owned_by_root: false })
    };
    Environment {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        home: Some("/home/ann".into()),
        user_name: Some("ann".to_owned()),
        socket_directory: "/run/pg".into(),
        files: Files::Given(files.iter().map(file).collect::<BTreeMap<_, _>>()),
    }
}

fn input(dbname: &str) -> ConnectionInput {
    let dbname = (!dbname.is_empty()).then(|| dbname.to_owned());
    ConnectionInput { dbname, ..ConnectionInput::default() }
}

fn resolve(dbname: &str, variables: &[(&str, &str)]) -> Result<ConnectionSettings, ConninfoError> {
    ConnectionSettings::resolve(&input(dbname), ConnectionSide::Publisher, &environment(variables, &[]))
}

fn shown(dbname: &str, variables: &[(&str, &str)]) -> String {
    match resolve(dbname, variables) {
        Ok(settings) => settings.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn hosts_ports_and_names_resolve_as_in_libpq() {
    let socket = "on server on socket \"/run/pg/.s.PGSQL.5432\"";
    for (text, variables, expected) in [
        ("", &[][..], format!("database \"ann\" as user \"ann\" {socket}")),
        ("shop", &[], format!("database \"shop\" as user \"ann\" {socket}")),
        ("user=bob", &[], format!("database \"bob\" as user \"bob\" {socket}")),
        (
            "host=a,b port=1,",
            &[],
            "database \"ann\" as user \"ann\" on server at \"a\", port 1 or server at \"b\", port 5432".into(),
        ),
        (
            "host=a,b port=7",
            &[],
            "database \"ann\" as user \"ann\" on server at \"a\", port 7 or server at \"b\", port 7".into(),
        ),
        (
            "host=a,,/x",
            &[],
            format!(
                "database \"ann\" as user \"ann\" on server at \"a\", port 5432 or {} or server on socket \"/x/.s.PGSQL.5432\"",
                &socket[3..]
            ),
        ),
        ("hostaddr=10.0.0.1", &[], "database \"ann\" as user \"ann\" on server at \"10.0.0.1\", port 5432".into()),
        ("host=a hostaddr=::1", &[], "database \"ann\" as user \"ann\" on server at \"a\" (::1), port 5432".into()),
        (
            "host=a",
            &[("PGHOST", "b"), ("PGPORT", "6")],
            "database \"ann\" as user \"ann\" on server at \"a\", port 6".into(),
        ),
        (
            "",
            &[("PGHOST", "b"), ("PGDATABASE", "d"), ("PGUSER", "u")],
            "database \"d\" as user \"u\" on server at \"b\", port 5432".into(),
        ),
        // an empty value still hides the variable
        ("host=''", &[("PGHOST", "b")], format!("database \"ann\" as user \"ann\" {socket}")),
        ("host=a,b port=1,2,3", &[], "could not match 3 port values to 2 hosts".into()),
        ("host=a,b hostaddr=::1", &[], "could not match 1 hostaddr values to 2 hosts".into()),
        ("port=0", &[], "invalid value \"0\" for connection option \"port\"".into()),
        ("port=65536", &[], "invalid value \"65536\" for connection option \"port\"".into()),
        ("postgresql://u:se/cret@h/d", &[], "invalid value \"...\" for connection option \"port\"".into()),
        ("hostaddr=db1", &[], "invalid value \"db1\" for connection option \"hostaddr\"".into()),
        ("sslmode=on", &[], "invalid value \"on\" for connection option \"sslmode\"".into()),
        ("connect_timeout=soon", &[], "invalid value \"soon\" for connection option \"connect_timeout\"".into()),
        (
            "gssencmode=require",
            &[],
            "cannot use connection option \"gssencmode=require\": GSSAPI encryption is not available in this program"
                .into(),
        ),
        (
            "replication=database",
            &[],
            "cannot use connection option \"replication=database\": this program needs ordinary connections".into(),
        ),
        (
            "sslrootcert=system sslmode=require",
            &[],
            "cannot use connection option \"sslmode=require\": sslrootcert=system needs sslmode=verify-full".into(),
        ),
        (
            "sslnegotiation=direct",
            &[],
            "cannot use connection option \"sslnegotiation=direct\": direct TLS needs sslmode=require or stronger"
                .into(),
        ),
    ] {
        assert_eq!(shown(text, variables), expected, "{text} {variables:?}");
    }
}

#[test]
fn a_connection_string_wins_over_single_options() {
    let input = ConnectionInput {
        host: Some("a".into()),
        port: Some("1".into()),
        user: Some("u".into()),
        ..input("host=b dbname=d")
    };
    let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment(&[], &[])).unwrap();
    assert_eq!(settings.to_string(), "database \"d\" as user \"u\" on server at \"b\", port 1");
}

#[test]
fn a_service_fills_what_the_string_leaves_and_the_environment_what_both_leave() {
    let files = [("/home/ann/.pg_service.conf", "[prod]\nhost=s\nport=7\nuser=svc\n", 0o644)];
    let environment = environment(&[("PGUSER", "env"), ("PGDATABASE", "envdb"), ("PGSERVICE", "other")], &files);
    let settings =
        ConnectionSettings::resolve(&input("service=prod port=9"), ConnectionSide::Publisher, &environment).unwrap();
    assert_eq!(settings.to_string(), "database \"envdb\" as user \"svc\" on server at \"s\", port 9");
    let error = ConnectionSettings::resolve(&input("d"), ConnectionSide::Publisher, &environment).unwrap_err();
    assert_eq!(error.to_string(), "definition of service \"other\" not found");
}

#[test]
fn variables_never_fill_in_the_subscriber() {
    let variables = [("PGHOST", "b"), ("PGPASSWORD", "x"), ("PGSERVICE", "s"), ("PGSSLMODE", "disable")];
    let settings =
        ConnectionSettings::resolve(&input("dbname=d"), ConnectionSide::Subscriber, &environment(&variables, &[]))
            .unwrap();
    assert_eq!(settings.to_string(), "database \"d\" as user \"ann\" on server on socket \"/run/pg/.s.PGSQL.5432\"");
    assert_eq!((settings.password, settings.tls.mode), (None, SslMode::Prefer));
}

#[test]
fn passwords_come_from_the_string_then_the_variable_then_the_file() {
    let files = [("/home/ann/.pgpass", "a:*:*:*:file-a\nlocalhost:*:*:*:file-local\n/x:*:*:*:file-x\n", 0o600)];
    let passwords = |text: &str, variables: &[(&str, &str)]| {
        let settings =
            ConnectionSettings::resolve(&input(text), ConnectionSide::Publisher, &environment(variables, &files))
                .unwrap();
        let expose = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let of_hosts: Vec<_> = settings.hosts.iter().map(|host| expose(&host.passfile_password)).collect();
        (expose(&settings.password), of_hosts)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(passwords("host=a password=p", &[("PGPASSWORD", "e")]), (some("p"), vec![None]));
    assert_eq!(passwords("host=a", &[("PGPASSWORD", "e")]), (some("e"), vec![None]));
    // the file is matched with the host's name, not its address; the default socket counts as localhost
    let hosts = "host=a,b,,/x hostaddr=10.0.0.1,10.0.0.2,,";
    let expected = vec![some("file-a"), None, some("file-local"), some("file-x")];
    assert_eq!(passwords(hosts, &[]), (None, expected));
}

#[test]
fn a_password_file_that_others_can_read_is_ignored_with_a_warning() {
    let files = [("/home/ann/.pgpass", "*:*:*:*:x\n", 0o644)];
    let settings =
        ConnectionSettings::resolve(&input("host=a"), ConnectionSide::Publisher, &environment(&[], &files)).unwrap();
    assert_eq!(settings.hosts[0].passfile_password, None);
    assert!(settings.warnings[0].contains("group or world access"), "{:?}", settings.warnings);
}

#[test]
fn valid_keys_without_effect_are_accepted_and_named() {
    let settings = resolve("host=a sslkeylogfile=/p gssencmode=prefer krbsrvname=k application_name=x", &[]).unwrap();
    let warnings = settings.warnings.join("\n");
    assert!(warnings.contains("\"sslkeylogfile\"") && warnings.contains("\"krbsrvname\""), "{warnings}");
    assert_eq!(settings.warnings.len(), 2);
}

#[test]
fn tls_settings_follow_sslmode_and_sslrootcert() {
    let tls = |text: &str| resolve(text, &[]).unwrap().tls;
    assert_eq!(tls("").mode, SslMode::Prefer);
    assert_eq!(tls("").roots, RootCertificates::DefaultFile(Some("/home/ann/.postgresql/root.crt".into())));
    assert_eq!(tls("sslrootcert=system").mode, SslMode::VerifyFull);
    assert_eq!(tls("sslmode=verify-ca sslrootcert=/ca.pem").roots, RootCertificates::File("/ca.pem".into()));
    assert!(tls("sslmode=require sslnegotiation=direct").direct);
}

#[test]
fn timeouts_keep_libpqs_meaning_but_never_wait_for_ever_unasked() {
    let timeout = |text: &str| resolve(text, &[]).unwrap().connect_timeout.map(|timeout| timeout.as_secs());
    assert_eq!(timeout(""), Some(15));
    assert_eq!(timeout("connect_timeout=0"), None);
    assert_eq!(timeout("connect_timeout=1"), Some(2));
    assert_eq!(timeout("connect_timeout=30"), Some(30));
}

#[test]
fn nothing_that_is_shown_holds_a_password() {
    let input = ConnectionInput {
        password: Some("s3cret-a".into()),
        password_command: Some("echo s3cret-b".into()),
        ..input("postgresql://u:s3cret-c@h/d")
    };
    let mut settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment(&[], &[])).unwrap();
    settings.hosts[0].passfile_password = Some(Secret::new("s3cret-d"));
    let text = format!("{settings} {settings:?}");
    assert!(!text.contains("s3cret"), "{text}");
}

/// Every option that says how far a server is trusted is honoured or refused by name, wherever it stands.
#[test]
fn options_of_trust_count_in_strings_uris_services_and_variables() {
    let service = |key: &str, value: &str| {
        let text = format!("[s]\nhost=h\n{key}={value}\n");
        let files = [("/home/ann/.pg_service.conf", text.as_str(), 0o600)];
        ConnectionSettings::resolve(&input("service=s"), ConnectionSide::Publisher, &environment(&[], &files))
    };
    let everywhere = |key: &str, variable: &str, value: &str| {
        [
            resolve(&format!("host=h {key}='{value}'"), &[]),
            resolve(&format!("postgresql://h/d?{key}={value}"), &[]),
            service(key, value),
            if variable.is_empty() {
                resolve(&format!("{key}={value}"), &[])
            } else {
                resolve("host=h", &[(variable, value)])
            },
        ]
    };
    for (key, variable, value) in [
        ("require_auth", "PGREQUIREAUTH", "scram"),
        ("require_auth", "PGREQUIREAUTH", "md5,!password"),
        ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "1.2"),
        ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "TLSv1.1"),
        ("sslcertmode", "PGSSLCERTMODE", "always"),
        ("channel_binding", "PGCHANNELBINDING", "yes"),
        ("gssencmode", "PGGSSENCMODE", "require"),
        ("gssencmode", "PGGSSENCMODE", "maybe"),
        ("min_protocol_version", "PGMINPROTOCOLVERSION", "3.2"),
        ("max_protocol_version", "PGMAXPROTOCOLVERSION", "2.0"),
        ("scram_client_key", "", "abc"),
        ("scram_server_key", "", "abc"),
        ("keepalives_count", "", "x"),
    ] {
        for outcome in everywhere(key, variable, value) {
            let message = outcome.map(drop).unwrap_err().to_string();
            assert!(message.contains(&format!("connection option \"{key}")), "{key}={value}: {message}");
            assert!(!message.contains("abc"), "{message}");
        }
    }
    for settings in everywhere("require_auth", "PGREQUIREAUTH", "scram-sha-256") {
        assert_ne!(*settings.unwrap().auth, AuthRules::default());
    }
    for settings in everywhere("requirepeer", "PGREQUIREPEER", "postgres") {
        assert_eq!(settings.unwrap().require_peer.as_deref(), Some("postgres"));
    }
    for settings in everywhere("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "tlsv1.3") {
        assert_eq!(settings.unwrap().tls.versions, TlsVersions { v1_2: false, v1_3: true });
    }
    for settings in everywhere("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "TLSv1.2") {
        assert_eq!(settings.unwrap().tls.versions, TlsVersions { v1_2: true, v1_3: false });
    }
    for settings in everywhere("sslcrldir", "PGSSLCRLDIR", "/crl") {
        let tls = settings.unwrap().tls;
        assert_eq!((tls.revocation_folder, tls.revocations), (Some("/crl".into()), ClientFile::Default(None)));
    }
    // Nothing of the publisher's surroundings loosens or tightens the subscriber.
    let both = [("PGREQUIREAUTH", "none"), ("PGSSLMODE", "verify-full")];
    let subscriber =
        ConnectionSettings::resolve(&input("host=h"), ConnectionSide::Subscriber, &environment(&both, &[])).unwrap();
    assert_eq!((&*subscriber.auth, subscriber.tls.mode), (&AuthRules::default(), SslMode::Prefer));
}

#[test]
fn a_range_of_versions_that_is_empty_is_refused() {
    let message = shown("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", &[]);
    assert!(message.contains("ssl_max_protocol_version=TLSv1.2") && message.contains("below"), "{message}");
    assert!(resolve("ssl_min_protocol_version=TLSv1", &[]).unwrap().tls.versions.v1_2);
}
