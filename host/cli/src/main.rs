//! The binary `reeve`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reeve::main()
}
