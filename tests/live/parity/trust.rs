//! Options that say how far a server is trusted: ways of authenticating, whose socket it is, versions of TLS, what has expired
//! or was taken back.

use std::{fs, path::Path};

use libtest_mimic::Failed;
use pgslotplan::throwaway::Servers;

use super::{
    Case, Oracle, Seen, World,
    cases::{self, Row, all_agree},
    certificates::{TLS, authority, key, make, openssl, present, server, signed},
};

const AT: &str = "host=127.0.0.1 port=@port@ dbname=postgres";

pub fn authentication(servers: &Servers) -> Result<(), Failed> {
    let cluster = cases::server(servers)?;
    let world = World::new(servers, vec![&cluster], Path::new("/"), Oracle::Newest)?;
    for (user, rules, gets_in) in [
        ("ann password=right", "scram-sha-256", true),
        ("ann password=right", "md5,scram-sha-256", true),
        ("ann password=right", "!password,!md5", true),
        ("ann password=right", "!none", true),
        ("ann password=right", "none", false),
        ("ann password=right", "md5", false),
        ("ann password=right", "!scram-sha-256", false),
        ("clear password=right", "password", true),
        ("clear password=right", "scram-sha-256", false),
        ("clear password=right", "!password", false),
        ("clear password=right", "md5,scram-sha-256,none", false),
        ("old password=right", "md5", true),
        ("old password=right", "scram-sha-256,password", false),
        ("trusted", "none", true),
        ("trusted", "none,scram-sha-256", true),
        ("trusted", "scram-sha-256", false),
        ("trusted", "!none", false),
        ("trusted", "!password", true),
        ("trusted", "", true),
        ("trusted", "nothing", false),
        ("trusted", "none,none", false),
        ("trusted", "none,!md5", false),
        ("trusted", "!md5,none", false),
        ("trusted", "none,", false),
        ("trusted", "gss,none", true),
        ("trusted", "gss", false),
    ] {
        let conninfo = format!("{AT} user={user} require_auth='{rules}'");
        world.agree(Case { conninfo: &conninfo, environment: &[], files: &[], gets_in })?;
    }
    let service =
        "[s]\nhost=127.0.0.1\nport=@port@\ndbname=postgres\nuser=clear\npassword=right\nrequire_auth=scram-sha-256\n";
    let as_clear = format!("{AT} user=clear password=right");
    let as_trusted = format!("{AT} user=trusted");
    let with = |more: &str| format!("{as_trusted} {more}");
    let in_uri = "postgresql://clear:right@127.0.0.1:@port@/postgres?require_auth=scram-sha-256";
    // As root, the server runs as another account.
    let owner = if rustix::process::geteuid().is_root() { "nobody" } else { "" };
    let peer = |name: &str| format!("host=@socket@ port=@port@ user=postgres dbname=postgres requirepeer={name}");
    let (peer_is, peer_is_not) = (peer(owner), peer("somebody-else"));
    let (least, least_new, most, none) = (
        with("min_protocol_version=3.0"),
        with("min_protocol_version=3.2"),
        with("max_protocol_version=3.0"),
        with("max_protocol_version=1.0"),
    );
    let in_file = [(".pg_service.conf", service, 0o600)];
    let rows: Vec<Row<'_>> = vec![
        (as_clear.as_str(), &[("PGREQUIREAUTH", "scram-sha-256")], &[], false),
        (as_clear.as_str(), &[("PGREQUIREAUTH", "password")], &[], true),
        (in_uri, &[], &[], false),
        ("service=s", &[], &in_file, false),
        (&peer_is, &[], &[], true),
        (&peer_is_not, &[], &[], false),
        (&least, &[], &[], true),
        (&least_new, &[], &[], false),
        (&most, &[], &[], true),
        (&none, &[], &[], false),
    ];
    all_agree(&world, &rows)?;
    world.finish()
}

/// A certificate that is its own authority and was valid in 2020 only.
fn expired(folder: &Path, name: &str) -> Result<(), Failed> {
    let key = key(folder, name)?;
    let config = format!(
        "[ca]\ndefault_ca=d\n[d]\ndatabase={name}.txt\nserial={name}.serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n\
         x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nbasicConstraints=critical,CA:TRUE\n\
         subjectAltName=DNS:localhost,IP:127.0.0.1\n"
    );
    fs::write(folder.join(format!("{name}.cnf")), config)?;
    fs::write(folder.join(format!("{name}.txt")), "")?;
    fs::write(folder.join(format!("{name}.serial")), "01\n")?;
    let (request, out, config) = (format!("{name}.csr"), format!("{name}.crt"), format!("{name}.cnf"));
    openssl(folder, &["req", "-new", "-key", &key, "-subj", &format!("/CN={name}"), "-out", &request])?;
    let dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
    let fixed =
        ["ca", "-batch", "-selfsign", "-notext", "-config", &config, "-keyfile", &key, "-in", &request, "-out", &out];
    openssl(folder, &[&fixed[..], &dates].concat()).map(drop)
}

pub fn certificates(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    make(folder.path())?;
    expired(folder.path(), "expired_root")?;
    authority(folder.path(), "own_root_now", &["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])?;
    let with_name = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
    signed(folder.path(), "of_expired", "whoever", "expired_root", with_name)?;
    fs::create_dir(folder.path().join("lists"))?;
    fs::copy(folder.path().join("revoked.crl"), folder.path().join("lists/ca.pem"))?;
    fs::create_dir(folder.path().join("no_lists"))?;
    openssl(folder.path(), &["rehash", "lists"])?;
    let cluster = server(servers, folder.path())?;
    let world = World::new(servers, vec![&cluster], folder.path(), Oracle::WithTls)?;
    let agree = |more: &str, gets_in: bool| {
        let conninfo = format!("{TLS} {more}");
        world.agree(Case { conninfo: &conninfo, environment: &[], files: &[], gets_in })
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        for (name, gets_in) in [("expired_root", false), ("own_root_now", true)] {
            present(&cluster, folder.path(), name)?;
            agree(&format!("sslmode={mode} sslrootcert=@certs@/{name}.crt"), gets_in)?;
        }
        present(&cluster, folder.path(), "of_expired")?;
        agree(&format!("sslmode={mode} sslrootcert=@certs@/expired_root.crt"), false)?;
    }
    for (name, gets_in) in [("good", true), ("taken_back", false)] {
        present(&cluster, folder.path(), name)?;
        agree("sslmode=verify-full sslrootcert=@certs@/ca.crt sslcrldir=@certs@/lists", gets_in)?;
        agree("sslmode=verify-full sslrootcert=@certs@/ca.crt", true)?;
    }
    // The server has 1.2 and 1.3; afterwards 1.2 alone.
    agree("sslmode=require ssl_min_protocol_version=TLSv1.3", true)?;
    agree("sslmode=require ssl_max_protocol_version=TLSv1.2", true)?;
    agree("sslmode=require ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", false)?;
    agree("sslmode=require ssl_min_protocol_version=TLS1.2", false)?;
    agree("sslmode=require ssl_max_protocol_version=TLSv1.1", false)?;
    cluster.configure("ssl_max_protocol_version", "TLSv1.2")?;
    present(&cluster, folder.path(), "good")?;
    agree("sslmode=require ssl_min_protocol_version=TLSv1.3", false)?;
    agree("sslmode=require ssl_min_protocol_version=TLSv1.2", true)?;
    // Stricter than libpq, which goes on without lists that are named and not there; and options that it may be too old for.
    let certificate = "sslcert=@home@/c sslkey=@home@/k";
    let pair = [("c", "@copy@cert_user.crt", 0o644), ("k", "@copy@cert_user.key", 0o600)];
    for (more, files, gets_in, says) in [
        ("sslcrl=@certs@/missing.crl".to_owned(), &[][..], false, "revocation list file"),
        ("sslcrldir=@certs@/no_lists".to_owned(), &[], false, "folder of revocation lists"),
        ("sslcertmode=require".to_owned(), &[], false, "without a valid SSL certificate"),
        (format!("sslcertmode=require {certificate}"), &pair, true, ""),
        (format!("sslcertmode=disable {certificate}"), &pair, true, ""),
        ("require_auth=none".to_owned(), &[], true, ""),
        ("require_auth=scram-sha-256".to_owned(), &[], false, "did not complete authentication"),
    ] {
        let conninfo = format!("{TLS} sslmode=require {more}");
        let (_, ours) = world.run(Case { conninfo: &conninfo, environment: &[], files, gets_in }, &[])?;
        assert_eq!(ours.0 != Seen::Refused, gets_in, "{conninfo}: {}", ours.1);
        assert!(ours.1.contains(says), "{conninfo}: {}", ours.1);
    }
    world.finish()
}
