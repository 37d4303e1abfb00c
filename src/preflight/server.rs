//! The servers themselves: version, role, what runs on them just now, who else follows them.

use std::collections::BTreeSet;

use super::{Input, TableFinding, facts::SideFacts, listed, target};
use crate::{
    finding::{Finding, Subject, code},
    names::{one_line, quote_identifier, quote_literal},
    plan::Bootstrap,
    server::NEWEST_TRIED_MAJOR,
    units::Seconds,
};

/// A transaction that is younger will probably end by itself before the slots are made, seconds.
const OLD_TRANSACTION_S: f64 = 60.0;

/// `PF111`: the scripts are for one major version on each side and refuse another.
pub fn version(input: &Input<'_>) -> Vec<Finding> {
    let plan = input.plan;
    let mut findings = Vec::new();
    for (subject, facts) in input.sides() {
        let (planned, option) = match subject {
            Subject::Publisher => (plan.publisher_version, "--publisher-version"),
            _ => (plan.subscriber_version, "--subscriber-version"),
        };
        if planned.major() == facts.server.version_num.major() {
            continue;
        }
        findings.push(
            Finding::new(
                code::PF111,
                subject,
                format!("the server is version {}, but the plan is for {}", facts.server.version_num, planned.major()),
            )
            .hint(format!("Plan again with {option} {}.", facts.server.version_num.major())),
        );
    }
    findings
}

/// `PF131`: what this release knows of the version is from its documentation alone.
pub fn untried(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let version = facts.server.version_num;
        (!version.was_tried()).then(|| {
            Finding::new(
                code::PF131,
                subject,
                format!("version {} is planned for from documentation, not tried", version.major()),
            )
            .detail(format!(
                "This release was tried on servers up to {NEWEST_TRIED_MAJOR}; what {} changes was read in its documentation.",
                version.major()
            ))
            .hint("Rehearse the whole migration on copies of both servers first, or move to a version that was tried.")
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF112`: on these minor versions an ALTER PUBLICATION ... ADD TABLE that did not lock the table first loses its later
/// changes forever, until the walsender restarts (commit 4909b38af0).
pub fn unlocked_membership_bug(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let version = publisher.server.version_num;
    if !version.loses_changes_on_unlocked_add() {
        return Vec::new();
    }
    let hint = match version.unlocked_add_fixed_in() {
        Some(fixed) => format!("Update the publisher to {fixed} or later. Until then: "),
        None => "This version gets no fix. ".to_owned(),
    };
    vec![
        Finding::new(
            code::PF112,
            Subject::Publisher,
            format!("version {version} may lose changes of a table that is added to a publication while a writer is in flight"),
        )
        .detail("The emitted files make publications before slots and are not affected; a table that is added by hand later is.")
        .hint(format!(
            "{hint}BEGIN; LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE; ALTER PUBLICATION p ADD TABLE t; COMMIT;"
        )),
    ]
}

/// `PF130`: views and foreign tables of others are refused by a setting that came with minor versions of August 2024.
pub fn wall(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        (!facts.is_walled).then(|| {
            let version = facts.server.version_num;
            Finding::new(code::PF130, subject, format!("version {version} cannot refuse views in place of tables"))
                .detail(
                    "A view or foreign table that takes a table's place runs its owner's code with the rights of whoever reads \
                     it. The emitted files refuse such a server; its tables were not read.",
                )
                .hint("Update it to 12.20, 13.16, 14.13, 15.8, 16.4 or later: a minor update.")
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF110`: publications, subscriptions and their catalogs are written on a primary.
pub fn standby(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        facts.server.in_recovery.then(|| {
            Finding::new(code::PF110, subject, "the server is a standby")
                .hint("Connect to the primary, or promote this one if it is to be it.")
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF113`, `PF114`: subscriptions connect with a role that may replicate.
pub fn replication_role(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let role = &publisher.role;
    let hint = publisher.server.flavor.to_replicate(&role.name);
    if role.replicating_roles == 0 {
        return vec![
            Finding::new(code::PF114, Subject::Publisher, "no role of the server may log in and replicate").hint(hint),
        ];
    }
    if role.may_replicate() && role.may_login {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF113,
            Subject::Publisher,
            format!("role \"{}\" may not replicate", one_line(&role.name)),
        )
        .detail("It cannot make the slots, and not be the role in publisher_dsn; whether the one that will be may read the tables was not judged.")
        .hint(format!("{hint} Or name the role that will be used: --replication-role NAME.")),
    ]
}

/// `PF115`: CREATE PUBLICATION ... FOR TABLE is for the tables' owner with CREATE on the database.
pub fn table_owner(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|publisher| !publisher.role.superuser) else { return Vec::new() };
    let role = quote_identifier(&publisher.role.name);
    let mut owners: Vec<String> = input
        .plan
        .members()
        .filter_map(|(_, table)| publisher.relations.get(&table.table_name()))
        .filter(|relation| !relation.owned_by_role)
        .map(|relation| quote_identifier(&relation.owner))
        .collect();
    let tables = owners.len();
    owners.sort();
    owners.dedup();
    let mut wrong = Vec::new();
    let mut grants: Vec<String> = owners.iter().take(10).map(|owner| format!("GRANT {owner} TO {role};")).collect();
    if tables > 0 {
        wrong.push(format!("does not own {tables} planned tables"));
    }
    if !publisher.role.may_create_in_database {
        wrong.push("has no CREATE on the database".to_owned());
        grants.push(format!("GRANT CREATE ON DATABASE {} TO {role};", quote_identifier(&publisher.database)));
    }
    if wrong.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF115,
            Subject::Publisher,
            format!(
                "role \"{}\" cannot make the publications: it {}",
                one_line(&publisher.role.name),
                wrong.join(" and ")
            ),
        )
        .detail("It matters if the publisher's files are run with this role.")
        .hint(format!("{} Or run them as the owner or a superuser.", grants.join(" "))),
    ]
}

/// Whether a role may create subscriptions; 16 opened it to members of `pg_create_subscription`.
pub(super) fn may_subscribe(facts: &SideFacts) -> bool {
    let role = &facts.role;
    let granted = facts.server.version_num.has_create_subscription_role()
        && role.is_member("pg_create_subscription")
        && role.may_create_in_database;
    role.superuser || granted || role.is_provider_admin()
}

/// `PF308`: who may create subscriptions. One who may, but cannot become the tables' owners, is `PF435`'s.
pub fn subscribing_role(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber().filter(|subscriber| !may_subscribe(subscriber)) else {
        return Vec::new();
    };
    let (role, version) = (&subscriber.role, subscriber.server.version_num);
    let mut hint = vec![subscriber.server.flavor.to_subscribe(version, &role.name, &subscriber.database)];
    if version.has_create_subscription_role() {
        let owners: BTreeSet<&str> = target::owners_to_become(input, subscriber).map(|(_, owner)| owner).collect();
        hint.extend(owners.into_iter().take(10).map(|owner| target::becoming(owner, &role.name)));
        hint.push("Its connection string needs a password: only superusers may do without one.".to_owned());
    }
    let message = format!("role \"{}\" cannot create subscriptions", one_line(&role.name));
    vec![
        Finding::new(code::PF308, Subject::Subscriber, message)
            .detail("It matters if the subscriber's files are run with this role.")
            .hint(hint.join(" ")),
    ]
}

/// `PF116`: the initial copy reads the tables as the role in `publisher_dsn`.
pub fn copying_role(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = copying(input) else { return Vec::new() };
    let role = quote_identifier(&publisher.role.name);
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let name = table.table_name();
        if publisher.relations.get(&name).is_some_and(|relation| !relation.role_may_select) {
            items.push(
                TableFinding::new(&name, format!("role \"{}\" may not read the table", one_line(&publisher.role.name)))
                    .detail("Its copy would fail again and again.")
                    .hint(format!("GRANT SELECT ON {} TO {role}; and USAGE on its schema", name.to_sql())),
            );
        }
    }
    input.tables(code::PF116, Subject::Publisher, "the replicating role may not read a table", items)
}

/// The publisher, when its role is the one that copies.
fn copying<'a>(input: &Input<'a>) -> Option<&'a SideFacts> {
    input
        .publisher()
        .filter(|publisher| input.circumstances.bootstrap == Bootstrap::Copy && publisher.role.may_replicate())
}

/// `PF117`: COPY under row security copies only the rows that the role may see, without an error.
pub fn copy_behind_row_security(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = copying(input) else { return Vec::new() };
    let role = &publisher.role;
    if role.superuser || role.bypasses_row_security {
        return Vec::new();
    }
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let name = table.table_name();
        let hidden = publisher
            .relations
            .get(&name)
            .is_some_and(|relation| relation.row_security && (relation.forced_row_security || !relation.owned_by_role));
        if hidden {
            items.push(
                TableFinding::new(
                    &name,
                    format!("row security hides rows from role \"{}\": they would not be copied", one_line(&role.name)),
                )
                .hint(format!("ALTER ROLE {} BYPASSRLS;", quote_identifier(&role.name))),
            );
        }
    }
    input.tables(code::PF117, Subject::Publisher, "row security hides rows from the copy", items)
}

/// `PF118`: the copy of a table is one statement of a walsender, which takes the role's and the database's settings; so do the
/// transactions of apply workers on the subscriber.
pub fn timeouts(input: &Input<'_>) -> Vec<Finding> {
    let copies = input.circumstances.bootstrap == Bootstrap::Copy;
    let of_publisher = input.publisher().filter(|_| copies).map(|facts| {
        (Subject::Publisher, facts, &["statement_timeout", "transaction_timeout", "idle_session_timeout"][..])
    });
    let of_subscriber = input.subscriber().map(|facts| (Subject::Subscriber, facts, &["transaction_timeout"][..]));
    let mut findings = Vec::new();
    for (subject, facts, names) in of_publisher.into_iter().chain(of_subscriber) {
        findings.extend(names.iter().filter_map(|name| timeout(subject.clone(), facts, name)));
    }
    findings
}

fn timeout(subject: Subject, facts: &SideFacts, name: &str) -> Option<Finding> {
    let assigned = |wants_role: bool| {
        facts
            .role_settings
            .iter()
            .filter(|(role, _)| wants_role != role.is_empty())
            .find_map(|(_, setting)| setting.strip_prefix(name)?.strip_prefix('='))
    };
    let session = facts.session_settings.get(name).map(String::as_str);
    let value = assigned(true).or(assigned(false)).or(session)?;
    if value.trim_matches(|c: char| !c.is_ascii_digit()).bytes().all(|b| b == b'0') {
        return None;
    }
    let shown = if value.bytes().all(|b| b.is_ascii_digit()) { format!("{value} ms") } else { one_line(value) };
    let (ends, detail) = if subject == Subject::Subscriber {
        (
            "every larger transaction that it applies",
            "The worker starts it over again and again, and its slot stands still.",
        )
    } else {
        (
            "the copy of every larger table",
            "The copy of a table is one statement and one transaction; it would start over again and again.",
        )
    };
    let role = one_line(&facts.role.name);
    Some(
        Finding::new(code::PF118, subject, format!("{name} is {shown} for role \"{role}\": it ends {ends}"))
            .detail(detail)
            .hint(format!(
                "ALTER ROLE {} IN DATABASE {} SET {name} = 0;",
                quote_identifier(&facts.role.name),
                quote_identifier(&facts.database)
            )),
    )
}

/// `PF119`: a subscription's walsender has the subscription's name and counts as a synchronous standby if that is listed.
pub fn synchronous_names(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let Some(names) = publisher.session_settings.get("synchronous_standby_names") else { return Vec::new() };
    let subscriptions = input.plan.slots.iter().map(|slot| slot.subscription.as_str());
    let listed = |name: &str| names.split([',', '(', ')', ' ', '"']).any(|part| part.eq_ignore_ascii_case(name));
    let Some(matched) = std::iter::once("*").chain(subscriptions).find(|name| listed(name)) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF119,
            Subject::Publisher,
            format!(
                "synchronous_standby_names lists {}: commits would wait for the subscriber",
                quote_literal(matched)
            ),
        )
        .detail("A subscription's walsender carries the subscription's name and is counted as a synchronous standby.")
        .hint("List the standbys by their names."),
    ]
}

/// `PF121`: making a slot waits for every transaction that has written, in any database; readers do not matter.
pub fn open_transactions(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let old: Vec<String> = publisher
        .transactions
        .iter()
        .filter(|transaction| transaction.has_written && transaction.age_s > OLD_TRANSACTION_S)
        .map(|transaction| {
            format!("process {} for {} ({})", transaction.pid, Seconds(transaction.age_s), transaction.session)
        })
        .collect();
    if old.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF121,
            Subject::Publisher,
            format!(
                "{} written and not ended",
                if old.len() == 1 {
                    "a transaction has".to_owned()
                } else {
                    format!("{} transactions have", old.len())
                }
            ),
        )
        .detail(format!("Making the first slot waits for them, at most 15 min: {}.", listed(old, 10)))
        .hint("Start when no long transaction runs, or end it: SELECT pg_terminate_backend(PID);"),
    ]
}

/// `PF122`, `PF309`: a prepared transaction outlives its session; a slot waits for it, and a clone inherits its locks.
pub fn prepared_transactions(input: &Input<'_>) -> Vec<Finding> {
    let old = |facts: &SideFacts, least_s: f64| -> Vec<String> {
        let prepared = facts.prepared.iter().filter(|prepared| prepared.age_s > least_s);
        prepared
            .map(|p| {
                format!(
                    "{} in database {} by {}, {} ago",
                    quote_literal(&p.gid),
                    quote_identifier(&p.database),
                    quote_identifier(&p.role),
                    Seconds(p.age_s)
                )
            })
            .collect()
    };
    let mut findings = Vec::new();
    if let Some(found) = input.publisher().map(|facts| old(facts, OLD_TRANSACTION_S)).filter(|found| !found.is_empty())
    {
        findings.push(
            Finding::new(
                code::PF122,
                Subject::Publisher,
                format!("{} prepared and not committed", super::counted(found.len(), "transaction")),
            )
            .detail(format!("Making a slot waits for them, whatever their database: {}.", listed(found, 10)))
            .hint(
                "In its database: COMMIT PREPARED 'GID'; or ROLLBACK PREPARED 'GID'; as its transaction manager says.",
            ),
        );
    }
    let clone = input.subscriber().filter(|_| input.circumstances.bootstrap.is_physical());
    if let Some(found) = clone.map(|facts| old(facts, 0.0)).filter(|found| !found.is_empty()) {
        findings.push(
            Finding::new(
                code::PF309,
                Subject::Subscriber,
                format!("the clone holds {}", super::counted(found.len(), "prepared transaction")),
            )
            .detail(format!(
                "They keep their locks, and their commit will arrive through the slots: {}.",
                listed(found, 10)
            ))
            .hint("ROLLBACK PREPARED each of them on the clone, in its database."),
        );
    }
    findings
}

/// `PF123`: what a provider asks for on its own.
pub fn provider_extras(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (subject, facts) in input.sides() {
        let Some((provider, least)) = facts.server.flavor.least_worker_processes() else { continue };
        let Some(have) = facts.number("max_worker_processes").filter(|have| *have < least) else { continue };
        findings.push(
            Finding::new(
                code::PF123,
                subject,
                format!(
                    "max_worker_processes is {have}; {provider} asks for at least {least} with logical replication"
                ),
            )
            .hint(facts.server.flavor.to_set("max_worker_processes", least)),
        );
    }
    findings
}

/// `PF125`: extensions that keep rows elsewhere than in the tables that are published.
pub fn unsupported_extension(input: &Input<'_>) -> Vec<Finding> {
    let Some(extension) = input.publisher().and_then(|facts| facts.server.unsupported_extension()) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF125,
            Subject::Publisher,
            format!("the extension \"{}\" is installed, whose tables cannot be planned for", extension.name),
        )
        .detail(extension.reason)
        .hint(extension.remedy),
    ]
}

/// `PF124`: up to 14 a publisher sends BEGIN and COMMIT of every transaction of the database to every slot.
pub fn empty_transactions(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|facts| facts.server.version_num.sends_empty_transactions()) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF124,
            Subject::Publisher,
            format!(
                "version {} sends BEGIN and COMMIT of every transaction to each of the {}",
                publisher.server.version_num,
                super::counted(input.plan.slots.len(), "slot")
            ),
        )
        .detail("Measured: 47 bytes and 2.3 microseconds of apply time for each, also where nothing of it is published; the plan counts with it.")
        .hint("Fewer slots; 15 and later leave them out."),
    ]
}
