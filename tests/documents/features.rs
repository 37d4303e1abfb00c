//! Without default features the library is pure Rust: nothing in its tree is linked with C or built by a C compiler.

use std::process::Command;

#[test]
fn the_pure_planner_needs_no_c_compiler() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--no-default-features", "-e", "normal,build", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.lines().count() > 20, "{tree}");
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let foreign =
        |name: &String| name.ends_with("-sys") || ["cc", "cmake", "bindgen", "ring", "tokio"].contains(&name.as_str());
    let found: Vec<String> = tree.lines().map(name).filter(foreign).collect();
    assert_eq!(found, Vec::<String>::new());
}
