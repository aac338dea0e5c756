//! The commands on plain files, alone: `cargo run --release -p tables --example tables -- agreement RATINGS.csv`.

use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: tables::Command,
}

fn main() -> std::process::ExitCode {
    match Cli::parse().command.run(&mut std::io::stdout().lock()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
