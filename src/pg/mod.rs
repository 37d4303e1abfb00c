//! The only room that knows the driver. It reads facts and judges nothing.
//!
//! `conninfo`, `pgpass`, `service`, `environment`, `settings` and `auth` are libpq's connection language; `socket`, `tls` and
//! `connect` make a session of it, and `wire` ends what a server does not end; `abilities`, `catalog`, `counters`, `decode`,
//! `facts`, `texts` and `wal` run the queries of `sql/`, `baseline` reads what a database does, `explain` has statements planned, `standby` asks each host of a publisher, `inventory` and `health` run those that the kit has too, whose
//! column names go no further. `calibrate` is the one that writes, and removes what it wrote.

pub mod abilities;
mod auth;
pub mod baseline;
pub mod calibrate;
pub mod catalog;
pub mod connect;
pub mod conninfo;
pub mod counters;
pub mod decode;
pub mod environment;
pub mod error;
pub mod explain;
pub mod facts;
mod foreign_code;
mod foreign_keys;
pub mod health;
pub mod inventory;
pub mod pgpass;
pub mod preflight;
mod row;
pub mod service;
pub mod settings;
mod socket;
pub mod standby;
mod texts;
pub mod tls;
pub mod wal;
mod wire;
