//! A new major version is entered in one place: what depends on a version asks `src/server.rs` what that version can do.

use std::{fs, path::Path};

/// Where numbers of versions are compared besides: programs and settings of throwaway servers.
const ELSEWHERE: [&str; 1] = ["src/throwaway/"];

/// What static SQL and shell may say of a number: which server it is, never what its version can do.
#[test]
fn sql_and_shell_compare_no_versions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut looked_at = 0;
    for folder in ["src/emit/assets/lib", "src/pg/sql", "src/pg/sql/preflight", "src/pg/sql/health"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                continue;
            }
            looked_at += 1;
            for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
                let code = line.split("--").next().unwrap_or_default();
                let after =
                    code.split_once("server_version_num").or_else(|| code.split_once("_major")).unwrap_or_default().1;
                let signs = [" >= ", " > ", " <= ", " < ", "-ge ", "-gt ", "-le ", "-lt "];
                let number_follows = |sign: &str| {
                    let rest = after.split_once(sign).unwrap_or_default().1;
                    rest.starts_with(|c: char| c.is_ascii_digit())
                };
                let compared = signs.into_iter().any(number_follows);
                assert!(!compared, "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
    assert!(looked_at > 250, "the files were read: {looked_at}");
}

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
