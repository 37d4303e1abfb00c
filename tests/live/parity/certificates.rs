//! Certificates, made here by openssl: every shape of the server's under every sslmode, and the client's.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use libtest_mimic::Failed;
use pgslotplan::throwaway::{Cluster, ClusterSettings, Servers, TlsFiles};

use super::{Case, Oracle, Seen, World};

const LIMIT: Duration = Duration::from_secs(30);
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Both of these have no name in subjectAltName or no room for one: refused where a certificate is verified, as
/// docs/sampling.md says. libpq takes them.
const CN_ONLY: &str = "cn_only";
const VERSION_1: &str = "version_1";

pub(super) fn openssl(folder: &Path, arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output()?;
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn key(folder: &Path, name: &str) -> Result<String, Failed> {
    let file = format!("{name}.key");
    openssl(folder, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &file])?;
    Ok(file)
}

/// A certificate that is its own authority.
pub(super) fn authority(folder: &Path, name: &str, more: &[&str]) -> Result<(), Failed> {
    let key = key(folder, name)?;
    let (subject, out) = (format!("/CN={name}"), format!("{name}.crt"));
    let fixed = ["req", "-x509", "-new", "-key", &key, "-days", "30", "-subj", &subject, "-out", &out];
    openssl(folder, &[&fixed[..], more].concat()).map(drop)
}

/// A certificate signed by an authority; without extensions it is of version 1.
pub(super) fn signed(
    folder: &Path,
    name: &str,
    common_name: &str,
    authority: &str,
    extensions: &str,
) -> Result<(), Failed> {
    let key = key(folder, name)?;
    let request = format!("{name}.csr");
    openssl(folder, &["req", "-new", "-key", &key, "-subj", &format!("/CN={common_name}"), "-out", &request])?;
    let (ca, ca_key, out, list) =
        (format!("{authority}.crt"), format!("{authority}.key"), format!("{name}.crt"), format!("{name}.ext"));
    fs::write(folder.join(&list), extensions)?;
    let fixed = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
    let rest = ["-days", "30", "-out", &out];
    let extended = ["-extfile", list.as_str()];
    let extended: &[&str] = if extensions.is_empty() { &[] } else { &extended };
    openssl(folder, &[&fixed[..], &rest, extended].concat()).map(drop)
}

/// All certificates of these tests, in one folder.
pub(super) fn make(folder: &Path) -> Result<(), Failed> {
    authority(folder, "ca", &[])?;
    authority(folder, "stranger", &[])?;
    let leaf = "basicConstraints=CA:FALSE\n";
    let with_name = format!("{leaf}subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    signed(folder, "good", "whoever", "ca", &with_name)?;
    signed(folder, "taken_back", "whoever", "ca", &with_name)?;
    signed(folder, "other_host", "localhost", "ca", &format!("{leaf}subjectAltName=DNS:elsewhere.example\n"))?;
    signed(folder, CN_ONLY, "localhost", "ca", leaf)?;
    signed(folder, VERSION_1, "localhost", "ca", "")?;
    let text = openssl(folder, &["x509", "-in", "version_1.crt", "-noout", "-text"])?;
    assert!(text.contains("Version: 1 "), "{text}");
    authority(folder, "own_root", &["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])?;
    signed(folder, "cert_user", "cert_user", "ca", leaf)?;
    signed(folder, "forged", "cert_user", "stranger", leaf)?;
    fs::write(folder.join("not_pem.crt"), "no certificate\n")?;
    fs::write(folder.join("index.txt"), "")?;
    // Lists of version 2, as authorities publish them; those of version 1 do not read here.
    let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\ncrlnumber=number.txt\n\
                  crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n";
    fs::write(folder.join("ca.cnf"), config)?;
    fs::write(folder.join("number.txt"), "01\n")?;
    let ca = ["ca", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.crt"];
    openssl(folder, &[&ca[..], &["-gencrl", "-out", "empty.crl"]].concat())?;
    openssl(folder, &[&ca[..], &["-revoke", "taken_back.crt"]].concat())?;
    openssl(folder, &[&ca[..], &["-gencrl", "-out", "revoked.crl"]].concat())?;
    Ok(())
}

const RULES: &str = "hostssl all only_tls 127.0.0.1/32 trust
hostssl all cert_user 127.0.0.1/32 cert
hostssl all shown 127.0.0.1/32 trust clientcert=verify-ca
hostssl all mixed 127.0.0.1/32 scram-sha-256
hostnossl all mixed 127.0.0.1/32 trust
hostnossl all only_plain 127.0.0.1/32 trust
hostssl all bound 127.0.0.1/32 scram-sha-256";

pub(super) fn server(servers: &Servers, folder: &Path) -> Result<Cluster, Failed> {
    let path = |name: &str| folder.join(name);
    let tls = TlsFiles { certificate: path("good.crt"), key: path("good.key"), client_authority: Some(path("ca.crt")) };
    let settings = ClusterSettings::new().with_tcp().with_tls(tls).with_hba(RULES).with("log_connections", "on");
    let cluster = servers.start(17, &settings)?;
    for role in ["only_tls", "cert_user", "shown", "mixed", "only_plain", "bound"] {
        cluster.query("postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD 'right'"))?;
    }
    Ok(cluster)
}

/// Gives the running server another certificate. Its files stay its own: only their content changes.
pub(super) fn present(cluster: &Cluster, folder: &Path, name: &str) -> Result<(), Failed> {
    for (from, to) in [(format!("{name}.crt"), "server.crt"), (format!("{name}.key"), "server.key")] {
        cluster.write_data(to, &fs::read(folder.join(from))?)?;
    }
    let before = cluster.value("postgres", "SELECT pg_conf_load_time()")?;
    cluster.reload();
    let begun = Instant::now();
    while cluster.value("postgres", "SELECT pg_conf_load_time()")? == before {
        assert!(begun.elapsed() < LIMIT, "the server did not reload");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

pub fn of_the_server(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    make(folder.path())?;
    let cluster = server(servers, folder.path())?;
    let world = World::new(servers, vec![&cluster], folder.path(), Oracle::WithTls)?;
    let (mut stricter, mut agreed_in) = (0, 0);
    for name in ["good", "other_host", CN_ONLY, "own_root", VERSION_1] {
        present(&cluster, folder.path(), name)?;
        let root = if name == "own_root" { name } else { "ca" };
        for mode in MODES {
            for root in [Some(root), Some("stranger"), Some("missing"), None] {
                let root_is = root.map_or(String::new(), |root| format!(" sslrootcert=@certs@/{root}.crt"));
                let conninfo =
                    format!("host=localhost port=@port@ user=only_tls dbname=postgres sslmode={mode}{root_is}");
                let case = Case { conninfo: &conninfo, environment: &[], files: &[], gets_in: false };
                let (oracle, ours) = world.run(case, &[])?;
                let case = Case { gets_in: oracle.0 != Seen::Refused, ..case };
                let is_verified = root == Some("ca") && mode != "disable";
                let known = match name {
                    CN_ONLY => is_verified && mode == "verify-full",
                    VERSION_1 => is_verified,
                    _ => false,
                };
                if known {
                    assert!(matches!(oracle.0, Seen::In { tls: true, .. }), "{name} {conninfo}: {}", oracle.1);
                    assert_eq!(ours.0, Seen::Refused, "{name} {conninfo}");
                    stricter += 1;
                } else {
                    world.compare(case, &oracle, &ours);
                    agreed_in += usize::from(case.gets_in);
                }
            }
        }
    }
    assert_eq!(stricter, 1 + 5);
    assert!(agreed_in >= 30, "{agreed_in}");
    present(&cluster, folder.path(), "good")?;
    beside_the_table(&world)?;
    present(&cluster, folder.path(), "taken_back")?;
    for (crl, gets_in) in [("", true), ("empty", true), ("revoked", false)] {
        let crl_is = if crl.is_empty() { String::new() } else { format!(" sslcrl=@certs@/{crl}.crl") };
        let conninfo = format!("{TLS} sslmode=verify-full sslrootcert=@certs@/ca.crt{crl_is}");
        world.agree(Case { conninfo: &conninfo, environment: &[], files: &[], gets_in })?;
    }
    let at_home =
        [(".postgresql/root.crt", "@copy@ca.crt", 0o644), (".postgresql/root.crl", "@copy@revoked.crl", 0o644)];
    let conninfo = format!("{TLS} sslmode=verify-full");
    world.agree(Case { conninfo: &conninfo, environment: &[], files: &at_home, gets_in: false })?;
    world.finish()
}

pub(super) const TLS: &str = "host=localhost port=@port@ user=only_tls dbname=postgres";

/// String, variables, files, whether it gets in.
type Row<'a> = (String, &'a [(&'a str, &'a str)], Files<'a>, bool);
/// Files below the home directory, as [`Case`] has them.
type Files<'a> = &'a [(&'a str, &'a str, u32)];

/// Where roots come from, names and addresses, rules for TLS and without, channel binding, direct TLS.
fn beside_the_table(world: &World<'_>) -> Result<(), Failed> {
    let root: Files<'_> = &[(".postgresql/root.crt", "@copy@ca.crt", 0o644)];
    let stranger: Files<'_> = &[(".postgresql/root.crt", "@copy@stranger.crt", 0o644)];
    let no_pem: Files<'_> = &[(".postgresql/root.crt", "@copy@not_pem.crt", 0o644)];
    let ca: &[(&str, &str)] = &[("SSL_CERT_FILE", "@certs@/ca.crt")];
    let other: &[(&str, &str)] = &[("SSL_CERT_FILE", "@certs@/stranger.crt")];
    let as_user = |user: &str, more: &str| format!("host=localhost port=@port@ user={user} dbname=postgres {more}");
    let cases: Vec<Row<'_>> = vec![
        (format!("{TLS} sslrootcert=system"), ca, &[], true),
        (format!("{TLS} sslrootcert=system sslmode=verify-full"), ca, &[], true),
        (format!("{TLS} sslrootcert=system"), other, &[], false),
        (format!("{TLS} sslrootcert=system sslmode=verify-ca"), ca, &[], false),
        (format!("{TLS} sslrootcert=system sslmode=require"), ca, &[], false),
        (format!("{TLS} sslmode=verify-full"), &[], root, true),
        (format!("{TLS} sslmode=verify-full"), &[], &[], false),
        (format!("{TLS} sslmode=require"), &[], stranger, false),
        (format!("{TLS} sslmode=prefer"), &[], stranger, false),
        (as_user("only_plain", "sslmode=prefer"), &[], stranger, true),
        (as_user("only_plain", "sslmode=prefer"), &[], no_pem, true),
        (format!("{TLS} sslmode=verify-ca"), &[], no_pem, false),
        ("host=127.0.0.1 port=@port@ user=only_tls dbname=postgres sslmode=verify-full".into(), &[], root, true),
        (format!("{TLS} hostaddr=127.0.0.1 sslmode=verify-full"), &[], root, true),
        (
            "host=elsewhere.example hostaddr=127.0.0.1 port=@port@ user=only_tls dbname=postgres sslmode=verify-full"
                .into(),
            &[],
            root,
            false,
        ),
        (
            "host=elsewhere.example hostaddr=127.0.0.1 port=@port@ user=only_tls dbname=postgres sslmode=verify-ca"
                .into(),
            &[],
            root,
            true,
        ),
        (TLS.into(), &[("PGSSLMODE", "disable")], &[], false),
        (TLS.into(), &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "@certs@/ca.crt")], &[], true),
        (TLS.into(), &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "@certs@/stranger.crt")], &[], false),
        (TLS.into(), &[("PGSSLMODE", "certainly")], &[], false),
        (as_user("only_plain", ""), &[("PGREQUIRESSL", "1")], &[], false),
        (as_user("only_plain", ""), &[("PGREQUIRESSL", "0")], &[], true),
        (as_user("only_plain", "sslmode=allow"), &[], &[], true),
        (as_user("only_plain", "sslmode=require"), &[], &[], false),
        (as_user("only_tls", "sslmode=allow"), &[], &[], true),
        (as_user("mixed", "sslmode=allow"), &[], &[], true),
        (as_user("mixed", "sslmode=prefer password=right"), &[], &[], true),
        (as_user("mixed", "sslmode=prefer password=wrong"), &[], &[], true), // without TLS nobody asks
        (as_user("mixed", "sslmode=require password=wrong"), &[], &[], false),
        (as_user("bound", "password=right channel_binding=require"), &[], &[], true),
        (as_user("bound", "password=right channel_binding=disable"), &[], &[], true),
        (as_user("mixed", "channel_binding=require sslmode=disable"), &[], &[], false),
        (as_user("only_tls", "channel_binding=require"), &[], &[], false),
        (format!("{TLS} sslmode=require sslnegotiation=direct"), &[], &[], true),
        (format!("{TLS} sslmode=prefer sslnegotiation=direct"), &[], &[], false),
        (format!("{TLS} sslmode=require sslsni=0"), &[], &[], true),
        ("host=@socket@ port=@port@ user=postgres dbname=postgres sslmode=require".into(), &[], &[], true),
    ];
    let version = world.version()?;
    for (conninfo, environment, files, gets_in) in &cases {
        let case = Case { conninfo, environment, files, gets_in: *gets_in };
        // What the machine's libpq is too old for is held against the manual alone.
        let since = if conninfo.contains("=system") {
            16
        } else if conninfo.contains("sslnegotiation") {
            17
        } else {
            12
        };
        if version >= since {
            world.agree(case)?;
        } else {
            let (_, ours) = world.run(case, &[])?;
            assert_eq!(ours.0 != Seen::Refused, *gets_in, "{conninfo}: {}", ours.1);
        }
    }
    Ok(())
}

pub fn of_the_client(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    make(folder.path())?;
    let cluster = server(servers, folder.path())?;
    let world = World::new(servers, vec![&cluster], folder.path(), Oracle::WithTls)?;
    let user = |user: &str, more: &str| format!("host=localhost port=@port@ user={user} dbname=postgres {more}");
    let place = |key_mode: u32| {
        [
            (".postgresql/postgresql.crt", "@copy@cert_user.crt", 0o644),
            (".postgresql/postgresql.key", "@copy@cert_user.key", key_mode),
        ]
    };
    let at_home = |conninfo: String, key_mode: u32, gets_in: bool| {
        world.agree(Case { conninfo: &conninfo, environment: &[], files: &place(key_mode), gets_in })
    };
    at_home(user("cert_user", ""), 0o600, true)?;
    at_home(user("cert_user", "sslmode=require"), 0o400, true)?;
    at_home(user("cert_user", "sslmode=require"), 0o644, false)?;
    at_home(user("cert_user", "sslmode=require"), 0o620, false)?;
    if world.version()? >= 16 {
        at_home(user("cert_user", "sslmode=require sslcertmode=disable"), 0o600, false)?;
    }
    at_home(user("cert_user", "sslmode=disable"), 0o600, false)?;
    at_home(user("shown", "sslmode=require"), 0o600, true)?;
    // The file's owner decides whether its group may read the key; both follow the same rule.
    let group = world.run(
        Case { conninfo: &user("cert_user", "sslmode=require"), environment: &[], files: &place(0o640), gets_in: true },
        &[],
    )?;
    assert_eq!(group.0.0, group.1.0, "psql: {}\npgslotplan: {}", group.0.1, group.1.1);
    let given = "sslmode=require sslcert=@home@/c sslkey=@home@/k";
    let pair = |certificate: &'static str, key: &'static str| [("c", certificate, 0o644), ("k", key, 0o600)];
    let (right, forged) =
        (pair("@copy@cert_user.crt", "@copy@cert_user.key"), pair("@copy@forged.crt", "@copy@forged.key"));
    let (mixed_up, no_pem) =
        (pair("@copy@cert_user.crt", "@copy@forged.key"), pair("@copy@not_pem.crt", "@copy@forged.key"));
    for (conninfo, files, gets_in) in [
        (user("cert_user", given), &right[..], true),
        (user("shown", given), &right, true),
        (user("only_tls", given), &right, true),
        (user("cert_user", given), &forged, false),
        (user("cert_user", given), &mixed_up, false),
        (user("only_tls", given), &no_pem, false),
        (user("cert_user", given), &right[..1], false), // no key
        (user("cert_user", given), &[], false),
        (user("only_tls", given), &[], true), // named, not there, not needed
        (user("cert_user", "sslmode=require"), &[], false),
        (user("shown", "sslmode=require"), &[], false),
    ] {
        world.agree(Case { conninfo: &conninfo, environment: &[], files, gets_in })?;
    }
    let environment = [("PGSSLCERT", "@home@/c"), ("PGSSLKEY", "@home@/k")];
    let conninfo = user("cert_user", "sslmode=require");
    world.agree(Case { conninfo: &conninfo, environment: &environment, files: &right, gets_in: true })?;
    world.finish()
}
