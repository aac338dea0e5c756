import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The system's own browser: the one `ASSAY_CHROMIUM` names, or the first on PATH. */
export function chromium(): string {
  if (process.env.ASSAY_CHROMIUM) return process.env.ASSAY_CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not there: on to the next.
      }
    }
  }
  throw new Error("Chromium is missing: install it, or name it in ASSAY_CHROMIUM");
}
