import { defineConfig } from "@playwright/test";
import { chromium } from "./harness/chromium.ts";

// Nothing here waits for a time: a test waits for what it wants to see.
export default defineConfig({
  testDir: "tests",
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  workers: process.env.ASSAY_WORKERS ? Number(process.env.ASSAY_WORKERS) : 2,
  reporter: process.env.CI ? [["list"]] : [["list"], ["html", { open: "never" }]],
  timeout: 120_000,
  expect: { timeout: 15_000 },
  use: {
    actionTimeout: 30_000,
    navigationTimeout: 30_000,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: chromium(),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  // The same flows, with and without JavaScript. A test about what only an island does is named `*.js.spec.ts`,
  // one about plain forms alone `*.nojs.spec.ts`; all others run in both.
  projects: [
    { name: "js", testIgnore: "**/*.nojs.spec.ts" },
    { name: "nojs", testIgnore: "**/*.js.spec.ts", use: { javaScriptEnabled: false } },
  ],
});
