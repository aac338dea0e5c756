// Every page of the demo, found by following its links: nothing is wider than the screen, nothing covers anything else.
// With ASSAY_SCREENS=1 each is also taken a picture of, into screens/, at both sizes and in both themes.
import { expect, startServer, test, type Page, type Server } from "../harness/test.ts";
import { PASSWORD, signIn } from "../harness/instance.ts";

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

// One demo for both walks.
test.describe.configure({ mode: "default" });
let demo: Server;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  demo = await startServer("demo", ["--password", PASSWORD]);
});

test.afterAll(async () => {
  await demo?.stop();
});

type Look = (page: Page) => Promise<void>;
type Walk = { who: string; scripts: boolean; expectAccessible: Look };

test("every page, for the owner", async ({ page, javaScriptEnabled, expectAccessible }) => {
  test.setTimeout(300_000);
  await page.goto(`${demo.url}/sign-in`);
  await signIn(page, "demo@assay.example");
  const seen = await walk(page, { who: "owner", scripts: javaScriptEnabled, expectAccessible });
  for (const wanted of [
    "/",
    "/people",
    "/account",
    "/projects/new",
    "/p/support-inbox",
    "/p/support-inbox/data",
    "/p/support-inbox/items",
    "/p/support-inbox/items/N",
    "/p/support-inbox/discover/N",
    "/p/support-inbox/discover/runs",
    "/p/support-inbox/discover/bulk",
    "/p/support-inbox/discover/bulk/N",
    "/p/support-inbox/taxonomy",
    "/p/support-inbox/queues",
    "/p/support-inbox/queues/N",
    "/p/support-inbox/queues/N/label",
    "/p/support-inbox/agreement",
    "/p/support-inbox/releases",
    "/p/support-inbox/releases/1",
    "/p/support-inbox/settings",
  ]) {
    expect(seen, "a link leads to it").toContain(wanted);
  }
});

test("every page, for an annotator", async ({ page, javaScriptEnabled, expectAccessible }) => {
  test.setTimeout(300_000);
  const people = demo.log.join("\n").match(/\S+@\S+/g) ?? [];
  await page.goto(`${demo.url}/sign-in`);
  await signIn(page, people[1]!);
  await walk(page, { who: "annotator", scripts: javaScriptEnabled, expectAccessible });
});

/** Opens one page of each shape, beginning with the list of projects. Returns the shapes. */
async function walk(page: Page, { who, scripts, expectAccessible }: Walk): Promise<string[]> {
  const open = ["/"];
  const seen = new Set(open);
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    await page.setViewportSize(SIZES[0]!);
    const answer = await page.goto(`${demo.url}${path}`);
    expect(answer?.status(), path).toBe(200);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await test.step(`${path} at ${size.width} px`, async () => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide, `${path} at ${size.width} px is too wide by`).toBeLessThanOrEqual(0);
        const outside = await page
          .locator("table.stacked .btn")
          .evaluateAll((found) => found.filter((button) => button.getBoundingClientRect().right > innerWidth).length);
        expect(outside, "acts of a row that are out of sight").toBe(0);
        // Without scripts a page is what it is: at the other size axe would read the same once more.
        if (scripts || size === SIZES[0]) await expectAccessible(page);
        if (process.env.ASSAY_SCREENS) await picture(page, `${scripts ? who : `${who}-plain`}${shape(path)}-${size.width}`);
      });
    }
    for (const next of await links(page)) {
      if (!seen.has(shape(next))) {
        seen.add(shape(next));
        open.push(next);
      }
    }
  }
  return [...seen];
}

function shape(path: string): string {
  return path.split("?")[0]!.replace(/\/\d{6,}/g, "/N");
}

async function picture(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `screens/${name.replaceAll("/", "-")}-${colorScheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** Where the page leads, within the demo. Files to download are no pages. */
async function links(page: Page): Promise<string[]> {
  const all = await page.locator("a[href]").evaluateAll((found) => found.map((a) => (a as HTMLAnchorElement).href));
  return all
    .filter((to) => to.startsWith(`${demo.url}/`))
    .map((to) => to.slice(demo.url.length).split("#")[0]!)
    .filter((to) => !/\.\w+($|\?)/.test(to) && !to.startsWith("/api/"));
}
