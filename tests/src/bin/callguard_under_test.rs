//! The program, under a name that only the tests use: the same `main` as `callguard`.

fn main() -> std::process::ExitCode {
    callguard::main()
}
