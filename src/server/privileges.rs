//! What the roles that carry out a plan may do. Sources: the manual, "Privileges" of each command, and the providers' own pages.

use serde::{Deserialize, Serialize};

use super::{Flavor, ServerVersion};

/// What the roles that carry out a plan may do. What takes more is done another way, or left out and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Privileges {
    /// Superusers on both servers.
    #[default]
    Superuser,
    /// The administrator's role that a provider gives instead of a superuser.
    Managed,
    /// Owners of the database and its tables with LOGIN, CREATEROLE and REPLICATION, members of pg_monitor, and of
    /// pg_create_subscription where there is one.
    Owner,
}

impl Privileges {
    /// The word of options, manifest and `plan/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Privileges::Superuser => "superuser",
            Privileges::Managed => "managed",
            Privileges::Owner => "owner",
        }
    }

    /// What the roles of a sampled server may do, unless somebody says otherwise.
    pub fn of(flavor: Flavor) -> Self {
        if flavor.gives_superuser() { Privileges::Superuser } else { Privileges::Managed }
    }

    /// Whether nothing is missing.
    pub fn is_superuser(&self) -> bool {
        *self == Privileges::Superuser
    }

    /// Whether such a role may create subscriptions: up to 15 superusers alone, and the administrators of providers who changed that.
    pub fn may_subscribe(self, flavor: Flavor, version: ServerVersion) -> bool {
        match self {
            Privileges::Superuser => true,
            Privileges::Managed => version.has_create_subscription_role() || flavor.admins_subscribe(),
            Privileges::Owner => version.has_create_subscription_role(),
        }
    }

    /// Whether such a role may create event triggers, by which the schema is frozen: superusers, and the administrators of some providers.
    pub fn may_freeze(self, flavor: Flavor) -> bool {
        match self {
            Privileges::Superuser => true,
            Privileges::Managed => flavor.admins_make_event_triggers(),
            Privileges::Owner => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_subscribe_and_freeze() {
        let at = |major| ServerVersion::of_major(major);
        assert!(Privileges::Superuser.may_subscribe(Flavor::Community, at(13)));
        assert!(
            !Privileges::Owner.may_subscribe(Flavor::Rds, at(15))
                && Privileges::Owner.may_subscribe(Flavor::Rds, at(16))
        );
        assert!(
            Privileges::Managed.may_subscribe(Flavor::Rds, at(13))
                && !Privileges::Managed.may_subscribe(Flavor::Supabase, at(15))
        );
        assert!(Privileges::Managed.may_freeze(Flavor::Aurora) && !Privileges::Owner.may_freeze(Flavor::Aurora));
        assert_eq!(
            (Privileges::of(Flavor::Crunchy), Privileges::of(Flavor::Neon)),
            (Privileges::Superuser, Privileges::Managed)
        );
    }
}
