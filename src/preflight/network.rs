//! The way from the subscriber's server to the publisher, as far as two read-only sessions can tell.

use std::net::IpAddr;

use super::{
    Input,
    facts::{AccessRule, SideFacts},
};
use crate::{
    finding::{Finding, Subject, code},
    names::one_line,
};

/// `PF501`: a subscription to its own cluster would wait for itself, and the scripts refuse it. A clone has the same system
/// identifier, but never the same start.
pub fn same_server(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    if publisher.started != subscriber.started {
        return Vec::new();
    }
    let identifiers = (&publisher.server.system_identifier, &subscriber.server.system_identifier);
    if let (Some(one), Some(other)) = identifiers
        && one != other
    {
        return Vec::new();
    }
    let same_database = publisher.database == subscriber.database;
    vec![
        Finding::new(
            code::PF501,
            Subject::Network,
            if same_database {
                "publisher and subscriber are the same database"
            } else {
                "publisher and subscriber are databases of the same server"
            },
        )
        .detail("CREATE SUBSCRIPTION would wait for the transaction that it runs in, and a TRUNCATE meant for one could hit the other.")
        .hint("Check --publisher and --subscriber."),
    ]
}

fn is_loopback(text: &str) -> bool {
    text == "localhost" || text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the publisher was reached in a way that is only good on its own machine, while the subscriber may be elsewhere.
fn is_elsewhere(input: &Input<'_>) -> bool {
    let here = input.circumstances.local_publisher_address.is_some();
    let unknown = input
        .subscriber()
        .is_none_or(|subscriber| subscriber.address.as_deref().is_some_and(|address| !is_loopback(address)));
    !here || unknown
}

/// `PF502`: nobody from another machine gets through.
pub fn listens_locally(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| is_elsewhere(input)) else { return Vec::new() };
    let Some(listens) = &publisher.listen_addresses else { return Vec::new() };
    if !listens.split(',').map(str::trim).all(|address| address.is_empty() || is_loopback(address)) {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF502,
            Subject::Network,
            format!("the publisher listens on its own machine only: listen_addresses is '{}'", one_line(listens)),
        )
        .hint(publisher.server.flavor.to_set("listen_addresses", "*")),
    ]
}

/// Whether a rule is about an address; `None` when that cannot be told from its text.
fn covers_address(rule: &AccessRule, address: IpAddr) -> Option<bool> {
    let text = rule.address.as_deref()?;
    if text == "all" {
        return Some(true);
    }
    let (network, mask) = (text.parse::<IpAddr>().ok()?, rule.netmask.as_deref()?.parse::<IpAddr>().ok()?);
    Some(match (network, mask, address) {
        (IpAddr::V4(network), IpAddr::V4(mask), IpAddr::V4(address)) => {
            u32::from(network) & u32::from(mask) == u32::from(address) & u32::from(mask)
        }
        (IpAddr::V6(network), IpAddr::V6(mask), IpAddr::V6(address)) => {
            u128::from(network) & u128::from(mask) == u128::from(address) & u128::from(mask)
        }
        _ => false,
    })
}

/// Whether a list of roles or databases has a name; a group, a pattern or a file may have it.
fn may_name(list: &[String], name: &str) -> bool {
    list.iter()
        .any(|item| item == "all" || item == name || item.starts_with(['+', '/', '@']) || item.starts_with("same"))
}

/// Whether a logical replication connection from another machine gets past the rules. The word `replication` stands for
/// physical replication only: a subscription connects to its database.
fn is_admitted(rules: &[AccessRule], role: &str, database: &str, from: Option<IpAddr>) -> bool {
    for rule in rules.iter().filter(|rule| rule.kind.starts_with("host")) {
        if !may_name(&rule.roles, role) || !may_name(&rule.databases, database) {
            continue;
        }
        let own_machine = rule.address.as_deref().is_some_and(|address| is_loopback(address) || address == "samehost");
        let covers = match from {
            Some(address) => covers_address(rule, address),
            None => {
                if own_machine {
                    Some(false)
                } else {
                    None
                }
            }
        };
        match covers {
            Some(false) => {}
            _ if rule.method != "reject" => return true,
            Some(true) => return false,
            None => {}
        }
    }
    false
}

/// `PF503`: no line of pg_hba.conf lets the subscriber's server in.
pub fn access_rules(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| is_elsewhere(input)) else { return Vec::new() };
    let Some(rules) = &publisher.access_rules else { return Vec::new() };
    let from = input.subscriber().and_then(|subscriber| subscriber.address.as_deref()?.parse::<IpAddr>().ok());
    if from.is_none() && input.circumstances.local_publisher_address.is_some() {
        return Vec::new(); // perhaps one machine for both: PF504 says that the address is of no use to another
    }
    let role = &publisher.role.name;
    if is_admitted(rules, role, &publisher.database, from) {
        return Vec::new();
    }
    let address = from.map_or("ADDRESS".to_owned(), |address| address.to_string());
    vec![
        Finding::new(
            code::PF503,
            Subject::Network,
            format!(
                "no line of pg_hba.conf lets role \"{}\" into the database{}",
                one_line(role),
                from.map_or(" from another machine".to_owned(), |address| format!(" from {address}"))
            ),
        )
        .detail("A subscription connects to the database by its name; lines for \"replication\" are about standbys. The address is the one that the subscriber's server has itself; behind address translation it comes from another.")
        .hint(format!("hostssl {} {} {address}/32 scram-sha-256; then SELECT pg_reload_conf();", quoted(&publisher.database), quoted(role))),
    ]
}

/// A name in pg_hba.conf.
fn quoted(name: &str) -> String {
    format!("\"{}\"", one_line(name).replace('"', "\"\""))
}

/// `PF504`: the connection string of this check is of no use to the subscriber's server.
pub fn local_address(input: &Input<'_>) -> Vec<Finding> {
    let Some(address) = input.circumstances.local_publisher_address.as_ref().filter(|_| is_elsewhere(input)) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF504,
            Subject::Network,
            format!("the publisher was reached through {address}, which the subscriber's server cannot use"),
        )
        .hint("publisher_dsn must name the publisher as the subscriber's server sees it."),
    ]
}

/// `PF505`: rows and, without SCRAM, the password would travel in the clear.
pub fn encryption(input: &Input<'_>) -> Vec<Finding> {
    let off = |publisher: &&SideFacts| publisher.session_settings.get("ssl").is_some_and(|value| value == "off");
    let Some(publisher) = input.publisher().filter(|_| is_elsewhere(input)).filter(off) else { return Vec::new() };
    vec![
        Finding::new(code::PF505, Subject::Network, "the publisher does not offer TLS: rows travel in the clear").hint(
            format!(
                "{} It needs ssl_cert_file and ssl_key_file, and sslmode=verify-full in publisher_dsn.",
                publisher.server.flavor.to_set("ssl", "on")
            ),
        ),
    ]
}

/// `PF506`: no read-only session can make the subscriber's server connect. A subscription at work is the only proof.
pub fn reachability(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned =
        |name: &str| input.plan.slots.iter().any(|slot| slot.subscription == name || slot.name.as_str() == name);
    let at_work = publisher.walsenders.iter().any(|sender| {
        sender.application_name.as_deref().is_some_and(planned) || sender.slot_name.as_deref().is_some_and(planned)
    });
    if at_work {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF506,
            Subject::Network,
            "whether the subscriber's server can reach the publisher was not tried: no read-only session can make it connect",
        )
        .hint("Try it on the subscriber's machine: psql \"$PUBLISHER_DSN replication=database\" -c IDENTIFY_SYSTEM; managed servers have no shell, there the first CREATE SUBSCRIPTION tells."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(databases: &str, roles: &str, address: &str, netmask: Option<&str>, method: &str) -> AccessRule {
        AccessRule {
            kind: "host".into(),
            databases: vec![databases.into()],
            roles: vec![roles.into()],
            address: Some(address.into()),
            netmask: netmask.map(str::to_owned),
            method: method.into(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let from = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let net = rule("app", "repl", "10.1.0.0", Some("255.255.0.0"), "scram-sha-256");
        let reject = rule("all", "all", "10.1.2.0", Some("255.255.255.0"), "reject");
        let physical = rule("replication", "repl", "all", None, "trust");
        let local = rule("all", "all", "127.0.0.1", Some("255.255.255.255"), "trust");
        assert!(is_admitted(std::slice::from_ref(&net), "repl", "app", from("10.1.2.3")));
        assert!(!is_admitted(std::slice::from_ref(&net), "repl", "app", from("10.2.2.3")));
        assert!(!is_admitted(std::slice::from_ref(&net), "repl", "other", from("10.1.2.3")));
        assert!(!is_admitted(&[reject.clone(), net.clone()], "repl", "app", from("10.1.2.3")));
        assert!(is_admitted(&[net.clone(), reject], "repl", "app", from("10.1.2.3")));
        assert!(!is_admitted(&[physical, local.clone()], "repl", "app", from("10.1.2.3")));
        assert!(!is_admitted(std::slice::from_ref(&local), "repl", "app", None), "loopback is no other machine");
        assert!(is_admitted(&[local, net], "repl", "app", None), "an address that is not known may match");
        assert!(is_admitted(&[rule("/^a", "+readers", "db.example", None, "md5")], "repl", "app", from("10.1.2.3")));
    }
}
