import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { startServer, type Server } from "./server.ts";

export { expect, startServer };
export type { Page, Server };

type PerTest = {
  /** What a test allows the browser to complain about: push a pattern before the page is opened. */
  allowed: RegExp[];
  /** Fails the test on every complaint of the browser, in every page of the context. */
  quiet: void;
  /** Looks for barriers in the page as it is now, in light and in dark. */
  expectAccessible: (page: Page) => Promise<void>;
};

type PerWorker = {
  /** A server with nothing in it, one for each worker. A test that needs its own calls `startServer`. */
  server: Server;
};

/**
 * The test of this house: `page.goto("/…")` goes to a fresh server, and any console error, page error, failed
 * request to our own server or violation of the content security policy fails the test.
 */
export const test = base.extend<PerTest, PerWorker>({
  server: [
    async ({}, use) => {
      if (process.env.ASSAY_URL) {
        await use({ url: process.env.ASSAY_URL, data: "", log: [], stop: async () => {} });
        return;
      }
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  allowed: async ({}, use) => use([]),

  quiet: [
    async ({ context, allowed }, use) => {
      const complaints: string[] = [];
      // A violation of the policy is a console error in Chromium, without JavaScript too.
      context.on("console", (message) => {
        if (message.type() === "error") complaints.push(`console: ${message.text()} (${message.location().url})`);
      });
      context.on("weberror", (error) => complaints.push(`page: ${error.error().stack ?? error.error().message}`));
      await use();
      expect(complaints.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)))).toEqual([]);
    },
    { auto: true },
  ],

  expectAccessible: async ({}, use) => {
    await use(async (page) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const found = await new AxeBuilder({ page }).analyze();
        const barriers = found.violations.map(
          (violation) => `${colorScheme}: ${violation.help}: ${violation.nodes.map((node) => node.target).join(", ")}`,
        );
        expect(barriers).toEqual([]);
      }
    });
  },
});

/** An island is awake when it says so; before that, its keys and buttons do nothing. */
export async function awake(page: Page, island: string): Promise<void> {
  await expect(page.locator(`${island}[data-ready]`)).toBeAttached();
}
