//! A new major version is entered in one place: what depends on a version asks `src/server.rs` what that version can do.

use std::{fs, path::Path};

/// Where numbers of versions are compared besides: programs and settings of throwaway servers.
const ELSEWHERE: [&str; 1] = ["src/throwaway/"];

#[test]
fn versions_are_compared_in_one_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    super::sources(&root.join("src"), &mut files);
    let mut looked_at = 0;
    for file in files {
        let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if name == "src/server.rs" || ELSEWHERE.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        looked_at += 1;
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let after = line.split(".major()").nth(1).unwrap_or_default().trim_start();
            let compared = ["<", ">", "==", "!=", "{"].iter().any(|sign| after.starts_with(sign))
                && after.trim_start_matches(['<', '>', '=', '!', ' ', '{']).starts_with(|c: char| c.is_ascii_digit());
            let matched = line.contains("match ") && line.contains(".major()");
            let by_number = line.contains("version_num") && ["0_000", "0000"].iter().any(|end| line.contains(end));
            let shown = name == "src/pg/error.rs"; // how 9.6 is written
            assert!(!compared && !matched && (!by_number || shown), "{name}:{}: {line}", number + 1);
        }
    }
    assert!(looked_at > 100, "the sources were read: {looked_at}");
}
