//! One binary for every target: `MENSHEN_FUZZ=rules menshen-fuzz corpus/rules`. See `README.md`.
#![no_main]

mod targets;

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fn target() -> &'static targets::Target {
    let name = std::env::var("MENSHEN_FUZZ").unwrap_or_default();
    targets::find(&name).unwrap_or_else(|| {
        let known: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
        eprintln!("set MENSHEN_FUZZ to one of: {}", known.join(" "));
        std::process::exit(2)
    })
}

/// With `MENSHEN_FUZZ_SEEDS=FOLDER` the inputs to start from are written and nothing else is done.
fn init() {
    if std::env::var_os("MENSHEN_FUZZ_LIST").is_some() {
        targets::ALL
            .iter()
            .for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    }
    let target = target();
    if let Some(folder) = std::env::var_os("MENSHEN_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().iter().enumerate() {
            let path = Path::new(&folder).join(format!("seed-{number:04}"));
            if let Err(error) = std::fs::write(&path, seed) {
                eprintln!("{}: {error}", path.display());
                std::process::exit(2);
            }
        }
        std::process::exit(0);
    }
}

fuzz_target!(init: init(), |data: &[u8]| {
    static TARGET: std::sync::OnceLock<&'static targets::Target> = std::sync::OnceLock::new();
    (TARGET.get_or_init(target).run)(data);
});
