//! What a copy of the publisher's data folder lacks, and what of it must never be the copy's: bootstrap `clone`. What a clone of its
//! storage needs: `aurora`.

use super::{Input, facts::SideFacts, listed};
use crate::{
    finding::{Finding, Subject, code},
    names::{one_line, quote_identifier},
    plan::Bootstrap,
    server::Flavor,
};

fn cloned<'a>(input: &Input<'a>) -> Option<&'a SideFacts> {
    input.publisher().filter(|_| input.circumstances.bootstrap == Bootstrap::Clone)
}

/// `PF140`: a configuration outside of the data folder does not come along.
pub fn configuration(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = cloned(input) else { return Vec::new() };
    let layout = &publisher.layout;
    let outside = layout.outside();
    let names_places = layout.names_places == Some(true);
    if outside.is_empty() && !names_places && layout.certificates.is_empty() {
        return Vec::new();
    }
    let what = match (outside.is_empty(), names_places) {
        (false, _) => "the configuration is outside of the data folder",
        (true, true) => "the configuration names folders of the server",
        (true, false) => "certificates are outside of the data folder",
    };
    let mut detail = format!("data_directory is {}.", one_line(layout.data.as_deref().unwrap_or("?")));
    if !outside.is_empty() {
        detail += &format!(" Outside of it: {}.", listed(&outside, 10));
    }
    if !outside.is_empty() || names_places {
        detail += " The copy gets a configuration of its own, out of what the server uses.";
    }
    let finding = Finding::new(code::PF140, Subject::Publisher, what).detail(detail);
    if layout.certificates.is_empty() {
        return vec![finding];
    }
    vec![finding.hint(format!(
        "Bring these to the clone's host, or it runs without TLS: {}.",
        listed(&layout.certificates, 10)
    ))]
}

/// `PF141`: tablespaces have paths of their own.
pub fn tablespaces(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = cloned(input).filter(|publisher| !publisher.tablespaces.is_empty()) else {
        return Vec::new();
    };
    let spaces = publisher.tablespaces.iter().map(|(name, location)| format!("{name} at {location}"));
    vec![
        Finding::new(code::PF141, Subject::Publisher, format!("tablespaces are copied too: {}", listed(spaces, 10)))
            .hint(
                "On the clone's host the same paths must be empty or absent; else PGSLOTPLAN_CLONE_TABLESPACES=FOLDER holds the copies.",
            ),
    ]
}

/// `PF142`: the clone step must know where the publisher has what.
pub fn unreadable(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = cloned(input) else { return Vec::new() };
    let layout = &publisher.layout;
    // postgresql.conf is read as parameters
    let all_came =
        layout.hba.is_none() || !layout.outside().iter().any(|path| Some(*path) != layout.configuration.as_deref());
    if layout.names_places.is_some() && (layout.may_read_files || all_came) {
        return Vec::new();
    }
    let role = quote_identifier(&publisher.role.name);
    vec![
        Finding::new(
            code::PF142,
            Subject::Publisher,
            format!("role \"{}\" cannot read what a clone needs of the configuration", one_line(&publisher.role.name)),
        )
        .detail("Judged for the role of this connection.")
        .hint(format!(
            "GRANT pg_read_all_settings, pg_read_server_files TO {role}; GRANT SELECT ON pg_catalog.pg_file_settings TO {role}; \
             GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings(), pg_catalog.pg_read_file(text) TO {role}; or give the \
             clone step a superuser in PGSLOTPLAN_PUBLISHER.",
        )),
    ]
}

/// `PF143`: nothing says where a clone of the storage ends.
pub fn aurora(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| input.circumstances.bootstrap == Bootstrap::Aurora) else {
        return Vec::new();
    };
    let version = publisher.server.version_num;
    let what = if publisher.server.flavor != Flavor::Aurora {
        "the publisher is no Aurora server".to_owned()
    } else if !version.has_aurora_volume_position() {
        format!("version {version} has no aurora_volume_logical_start_lsn()")
    } else {
        return Vec::new();
    };
    vec![
        Finding::new(code::PF143, Subject::Publisher, what)
            .detail("That function says on a clone of the storage where it ends.")
            .hint("Use another --bootstrap, or update to 12.10, 13.6, 14.3, 15.2 or later."),
    ]
}
