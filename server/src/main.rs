#![recursion_limit = "256"]

fn main() -> std::process::ExitCode {
    server::cli::main()
}
