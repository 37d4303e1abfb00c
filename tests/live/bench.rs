//! What every live test stands on: the repository's servers, and a limit on how many run at once.

use std::{
    io::Write,
    path::Path,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

/// Servers that may run at once, over all tests of this process.
const SERVER_LIMIT: usize = 8;

static FREE: Mutex<usize> = Mutex::new(SERVER_LIMIT);
static RETURNED: Condvar = Condvar::new();

/// The versions that tests of `demo` run: its defaults, and those that one test asks for.
const DEMO_MAJORS: [u32; 4] = [13, 14, 15, 17];

/// Says that the work is done when it goes: writers beside the work end although it panics, and the test with them.
pub struct Done<'a>(pub &'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A named test that runs up to `server_count` servers at once.
pub fn case(
    name: impl Into<String>,
    server_count: usize,
    test: impl FnOnce(&Servers) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    assert!(server_count <= SERVER_LIMIT, "a test of more servers than the limit would wait forever");
    let name = name.into();
    Trial::test(name.clone(), move || {
        let _places = Places::take(server_count);
        let begun = Instant::now();
        let result = test(servers());
        if let Some(file) = std::env::var_os("PGSLOTPLAN_TIMES") {
            let line = format!("{:6.1} {name}\n", begun.elapsed().as_secs_f64());
            std::fs::File::options().create(true).append(true).open(file)?.write_all(line.as_bytes())?;
        }
        result
    })
}

/// The servers of this repository.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a cache folder can be named")
    })
}

/// Installs the client programs that some tests need; those tests say themselves what they lack.
pub fn install_clients() {
    // `demo` has a folder of its own
    if let Ok(cached) = Servers::cached() {
        for major in DEMO_MAJORS {
            drop(cached.packages().server(major));
        }
    }
    let tools = servers().tools();
    for found in [tools.full(18), tools.packaged(18), tools.packaged(16)] {
        drop(found);
    }
}

/// Installs what is missing; says what could not be had.
pub fn missing_software() -> Option<String> {
    let needed = pgslotplan::throwaway::available_majors();
    let error = needed.into_iter().find_map(|major| servers().packages().server(major).err());
    let error = error.or_else(|| servers().tools().psql().err())?;
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    Some(format!("{error}{hint}"))
}

/// Some of the places for running servers; given back when dropped, also by a panic.
struct Places(usize);

impl Places {
    fn take(count: usize) -> Self {
        let mut free = RETURNED.wait_while(free(), |free| *free < count).unwrap_or_else(PoisonError::into_inner);
        *free -= count;
        Places(count)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        *free() += self.0;
        RETURNED.notify_all();
    }
}

fn free() -> MutexGuard<'static, usize> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}
