//! Functions a fuzzer can drive, over the inputs it would start from and over every input that once broke
//! one (`fuzz/regressions/TARGET/*`).
#![cfg(all(feature = "backtest", feature = "lsp"))]

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::path::Path;

fn replay(name: &str) {
    let target = targets::find(name).expect("a target of this name");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} starts from nothing");
    seeds.iter().for_each(|seed| (target.run)(seed));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/regressions")
        .join(name);
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // A failure shows which.
        println!("{}", path.display());
        (target.run)(&std::fs::read(&path).expect("it can be read"));
    }
}

#[test]
fn every_operation_of_the_interface_is_asked_for() {
    targets::api::every_operation_is_tried();
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed() {
            let known: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(known, [$(stringify!($name)),*]);
        }
    };
}

replayed! { rules programs stories lists editor xml envelope api tokens records backtest }

/// A generator whose programs do not compile would only try the parser again.
#[test]
fn written_programs_compile_often_enough_to_mean_something() {
    let target = targets::find("programs").expect("a target");
    let compiled = (target.seeds)()
        .iter()
        .filter(|seed| targets::written(seed).is_some())
        .count();
    // What random conditions say can often never hold, and such programs are refused.
    assert!(compiled * 3 >= (target.seeds)().len(), "{compiled} compile");
}
