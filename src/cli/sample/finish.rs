//! The end of a run: what was seen becomes a workload.

use std::path::Path;

use pgslotplan::{
    format,
    units::{Bytes, Seconds},
    workload::{
        check,
        derive::{DeriveError, Deriver},
    },
};

use super::{
    super::{
        files,
        output::{Exit, Failure, Teller},
    },
    args::SampleArgs,
    run::no_table,
};

/// Folds, checks and writes.
pub(super) fn finish(args: &SampleArgs, output: &Path, teller: &Teller, deriver: &Deriver) -> Result<Exit, Failure> {
    let outline = deriver.outline().map_err(|error| match error {
        DeriveError::NoTable(_) => no_table(error),
        _ => Failure::from(error).hint("Sample for at least one interval without a reset."),
    })?;
    let folding = args.fold.map(|period| period.folding(&outline.frame, args.percentile)).transpose()?;
    let frame = match &folding {
        Some(folding) => folding.frame(outline.frame.clone()),
        None => outline.frame.clone(),
    };
    check::validate_frame(&frame)?;
    for finding in check::findings_of(&frame, outline.is_written) {
        teller.warning(&finding.message);
    }
    let mut table_count = 0;
    let tables = outline.tables().map(|table| {
        table_count += 1;
        let table = match &folding {
            Some(folding) => folding.table(table),
            None => table,
        };
        check::validate_table(&frame, &table).map_err(std::io::Error::other).map(|()| table)
    });
    files::write(output, args.existing(), |out| format::write_lines_with(&frame, "tables", tables, out))?;
    teller.note(&format!(
        "observed {} tables for {} in {} × {}, {}/s of WAL on average",
        table_count,
        Seconds(deriver.observed_s()),
        frame.bucket_count,
        Seconds(f64::from(frame.bucket_s)),
        Bytes(frame.cluster_wal_bytes_per_s.mean())
    ));
    Ok(Exit::Done)
}
