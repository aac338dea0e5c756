import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export type Server = {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Its data folder: new, and deleted when the server is stopped. */
  data: string;
  /** What it has printed so far. */
  log: string[];
  /** Ends it; its folder stays. `SIGKILL` gives it no time for anything. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after its end, on the same folder and port. */
  restart(): Promise<void>;
  /** What `assay doctor` finds wrong with its folder, every labeled item looked at. Nothing is the empty text. */
  doctor(): Promise<string>;
  stop(): Promise<void>;
};

/**
 * Starts a server with nothing in it, on a port that it chooses itself, and waits until it says where it listens.
 * The program is the one that `ASSAY_BIN` names; `command` is `serve` or `demo`.
 */
export async function startServer(command = "serve", args: string[] = []): Promise<Server> {
  const program = process.env.ASSAY_BIN;
  if (!program) throw new Error("ASSAY_BIN must name the program to test: run `cargo xtask test`");
  const data = await mkdtemp(join(tmpdir(), "assay-end2end-"));
  const log: string[] = [];
  const start = (address: string) => {
    const child = spawn(program, [command, "--data", data, "--listen", address, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { child, listens: listening(child, log) };
  };
  let { child, listens } = start("127.0.0.1:0");
  const stop = async () => {
    await end(child, "SIGTERM");
    await rm(data, { recursive: true, force: true });
  };
  const url = await listens.catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    url,
    data,
    log,
    end: (signal = "SIGTERM") => end(child, signal),
    async restart() {
      ({ child, listens } = start(new URL(url).host));
      await listens;
    },
    async doctor() {
      const looked = await promisify(execFile)(program, ["doctor", "--all", "--data", data]).catch((error) => error);
      return looked.code ? `${looked.stdout}${looked.stderr}` : "";
    },
    stop,
  };
}

/** The address in the first line that says `listening`. */
function listening(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const onLine = (line: string) => {
      log.push(line);
      // eslint-disable-next-line no-control-regex
      const plain = line.replace(/\x1b\[[0-9;]*m/g, "");
      const address = /listening/i.test(plain) && plain.match(/(?:http:\/\/)?((?:127\.0\.0\.1|localhost):\d+)/);
      if (address) resolve(`http://${address[1]}`);
    };
    for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on("line", onLine);
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`the server ended (${code ?? signal}) before it listened:\n${log.join("\n")}`)),
    );
  });
}

/** Asks this process, and no other, to end; insists after ten seconds. */
function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const insist = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.once("exit", () => {
      clearTimeout(insist);
      resolve();
    });
    child.kill(signal);
  });
}
