//! The program `callguard`.

fn main() -> std::process::ExitCode {
    callguard::main()
}
