// Every page of a house that looks lived in, found by following its links: nothing sticks out, nothing is in the way.
import { expect, startServer, test, type Page, type Server } from "../harness/test.ts";
import { PASSWORD, signIn } from "../harness/house.ts";

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

let demo: Server;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  demo = await startServer("demo", ["--password", PASSWORD]);
});

test.afterAll(async () => {
  await demo?.stop();
});

test("every page, for the owner", async ({ page, expectAccessible }) => {
  test.setTimeout(300_000);
  await page.goto(`${demo.url}/sign-in`);
  await signIn(page, "demo@assay.example");
  const seen = await walk(page, expectAccessible);
  for (const wanted of [
    "/",
    "/people",
    "/account",
    "/projects/new",
    "/p/support-inbox",
    "/p/support-inbox/data",
    "/p/support-inbox/items",
    "/p/support-inbox/items/N",
    "/p/support-inbox/taxonomy",
    "/p/support-inbox/queues",
    "/p/support-inbox/queues/N",
    "/p/support-inbox/agreement",
    "/p/support-inbox/releases",
    "/p/support-inbox/releases/1",
    "/p/support-inbox/settings",
  ]) {
    expect(seen, "a link leads to it").toContain(wanted);
  }
});

test("every page, for an annotator", async ({ page, expectAccessible }) => {
  test.setTimeout(300_000);
  const people = demo.log.join("\n").match(/\S+@\S+/g) ?? [];
  await page.goto(`${demo.url}/sign-in`);
  await signIn(page, people[1]!);
  await walk(page, expectAccessible);
});

/** Opens one page of each shape, beginning with the list of projects. Returns the shapes. */
async function walk(page: Page, expectAccessible: (page: Page) => Promise<void>): Promise<string[]> {
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
        await expectAccessible(page);
      });
    }
    for (const next of await links(page)) {
      const shape = next.split("?")[0]!.replace(/\/\d{6,}/g, "/N");
      if (!seen.has(shape)) {
        seen.add(shape);
        open.push(next);
      }
    }
  }
  return [...seen];
}

/** Where the page leads, within the house. Files to download are no pages. */
async function links(page: Page): Promise<string[]> {
  const all = await page.locator("a[href]").evaluateAll((found) => found.map((a) => (a as HTMLAnchorElement).href));
  return all
    .filter((to) => to.startsWith(`${demo.url}/`))
    .map((to) => to.slice(demo.url.length).split("#")[0]!)
    .filter((to) => !/\.\w+($|\?)/.test(to) && !to.startsWith("/api/"));
}
