//! The steps that every bootstrap shares, one file a subject. A step is its prose and the files that it includes.

pub(super) mod checks;
pub(super) mod cleanup;
pub(super) mod cutover;
pub(super) mod partitions;
pub(super) mod repair;
pub(super) mod rollback;
pub(super) mod schema;
pub(super) mod start;
pub(super) mod transition;
pub(super) mod verify;
pub(super) mod way_back;
