import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import { startServer, type Server } from "./server.ts";

export { expect, startServer };
export type { Page, Server };

type PerTest = {
  /** What a test allows the browser to complain about: push a pattern before the page is opened. */
  allowed: RegExp[];
  /** Fails the test on every complaint of a browser that it watches. */
  watch: (context: BrowserContext) => void;
  quiet: void;
  /** The browser of somebody else, watched like the first. */
  another: () => Promise<Page>;
  /** Looks for barriers in the page as it is now, in light and in dark. */
  expectAccessible: (page: Page) => Promise<void>;
};

type PerWorker = {
  /** A server with nothing in it, one for each worker. A test that needs its own calls `startServer`. */
  server: Server;
};

/**
 * The test of this project: `page.goto("/…")` goes to a fresh server, and any console error, page error, failed
 * request to our own server or violation of the content security policy fails the test.
 */
export const test = base.extend<PerTest, PerWorker>({
  server: [
    async ({}, use) => {
      if (process.env.ASSAY_URL) {
        await use(somewhereElse(process.env.ASSAY_URL));
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

  watch: async ({ allowed }, use) => {
    const complaints: string[] = [];
    await use((context) => {
      // A violation of the policy is a console error in Chromium, without JavaScript too.
      context.on("console", (message) => {
        if (message.type() === "error") complaints.push(`console: ${message.text()} (${message.location().url})`);
      });
      context.on("weberror", (error) => complaints.push(`page: ${error.error().stack ?? error.error().message}`));
    });
    expect(complaints.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)))).toEqual([]);
  },

  quiet: [
    async ({ context, watch }, use) => {
      watch(context);
      await use();
    },
    { auto: true },
  ],

  another: async ({ browser, baseURL, javaScriptEnabled, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL, javaScriptEnabled });
      contexts.push(context);
      watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },

  expectAccessible: async ({ javaScriptEnabled }, use) => {
    await use(async (page) => {
      await (javaScriptEnabled ? look(page) : withScripts(page, () => look(page)));
    });
  },
});

/** A server that runs already: it is not ours to end. */
function somewhereElse(url: string): Server {
  const notOurs = async () => {
    throw new Error("this test needs a server of its own: leave ASSAY_URL away");
  };
  return { url, data: "", log: [], end: notOurs, restart: notOurs, doctor: notOurs, stop: async () => {} };
}

/** An island is awake when it says so; before that, its keys and buttons do nothing. */
export async function awake(page: Page, island: string): Promise<void> {
  await expect(page.locator(`${island}[data-ready]`)).toBeAttached();
}

async function look(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    // Without motion: in the middle of a transition from light to dark no contrast is what it will be.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // In the page itself: the other way opens a second page, in which scripts may be off.
    const axe = new AxeBuilder({ page }).setLegacyMode(true);
    // A theme changes colours and nothing else.
    const found = await (colorScheme === "dark" ? axe.withRules(["color-contrast"]) : axe).analyze();
    const barriers = found.violations.map(
      (violation) => `${colorScheme}: ${violation.help}: ${violation.nodes.map((node) => node.target).join(", ")}`,
    );
    expect(barriers).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/**
 * Axe is a script. Where they are off, they are let on for as long as it looks: those of the page were passed over
 * when it was read, and stay so.
 */
async function withScripts(page: Page, work: () => Promise<void>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const off = (value: boolean) => session.send("Emulation.setScriptExecutionDisabled", { value });
  try {
    // A session starts with what it believes is the default, and sends changes only.
    await off(true);
    await off(false);
    await work();
    await off(true);
  } finally {
    await session.detach();
  }
}
