//! The only room that knows the driver. It reads facts and judges nothing.
//!
//! `conninfo`, `pgpass`, `service`, `environment` and `settings` are libpq's connection language; `tls` and `connect`
//! make a session of it; `abilities`, `catalog`, `counters`, `decode`, `facts`, `texts` and `wal` run the queries of `sql/`, `inventory` and `health` those that the kit has too, whose
//! column names go no further. `calibrate` is the one that writes, and removes what it wrote.

pub mod abilities;
pub mod calibrate;
pub mod catalog;
pub mod connect;
pub mod conninfo;
mod copy;
pub mod counters;
pub mod decode;
pub mod environment;
pub mod error;
pub mod facts;
mod foreign_keys;
pub mod health;
pub mod inventory;
pub mod pgpass;
pub mod preflight;
mod row;
pub mod service;
pub mod settings;
mod texts;
pub mod tls;
pub mod wal;
