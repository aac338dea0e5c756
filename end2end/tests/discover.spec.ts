// A pile that nobody has read: groups, names, a label of a group, and all of it labeled after judging a sample.
import { asAda, bring, colleague, makeProject, said, send, somebody, takeIn, unlike } from "../harness/instance.ts";
import { expect, test, type Page } from "../harness/test.ts";

const TOPICS: Record<string, [string[], string[]]> = {
  grinder: [["The grinder is jammed", "My grinder makes a grinding noise", "Grinder burrs are stuck"], ["since Monday", "after cleaning", "with dark beans", "again and again"]],
  delivery: [["The parcel has not arrived", "My delivery is late", "Where is the parcel"], ["of last week", "to Leeds", "from the courier", "since Friday"]],
  refund: [["I want a refund", "Please refund the order", "The refund is missing"], ["for the mug", "on my card", "of twelve pounds", "since March"]],
  subscription: [["Pause my subscription", "Cancel the subscription", "Change the subscription plan"], ["for a month", "while I travel", "from June on", "to decaf"]],
};

/** So many texts about four things. The words around the topic come from a generator with a seed. */
function pile(n: number): string {
  let state = 11;
  const roll = (most: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % most;
  };
  const names = Object.keys(TOPICS);
  const rows = Array.from({ length: n }, (_, i) => {
    const topic = names[i % names.length]!;
    const [begins, ends] = TOPICS[topic]!;
    const text = `${begins[roll(begins.length)]} ${ends[roll(ends.length)]} ${ends[roll(ends.length)]}`;
    return `p${i},${text},${i % 3 ? "chat" : "mail"},2026-0${1 + (i % 9)}-11`;
  });
  return ["id,text,channel,date", ...rows].join("\n");
}

const main = (page: Page) => page.getByRole("main");
const count = (page: Page) => page.locator("[data-count]").first();

/** Opens the largest group whose words hold the given one. */
async function open(page: Page, word: string): Promise<void> {
  const group = page.locator(".groups a").filter({ hasText: new RegExp(word, "i") }).first();
  await Promise.all([page.waitForURL(/group=/), group.click()]);
  await expect(page.locator("#group").getByRole("heading", { level: 2 })).toBeVisible();
  await expect(page.locator("#group").getByText("Typical", { exact: true })).toBeVisible();
}

/** Finds groups. The page of the work says when it is done; then Discover is the page of the run. */
async function findGroups(page: Page, project: string): Promise<void> {
  await page.goto(`${project}/discover`);
  await send(page, "Find groups");
  await expect(async () => {
    await page.goto(`${project}/discover`);
    expect(page.url()).toMatch(/discover\/\d+/);
  }).toPass();
}

test("from a pile to a labeled group", async ({ page, another, javaScriptEnabled, expectAccessible }) => {
  test.slow();
  await asAda(page);
  const project = await makeProject(page, unlike("Pile"));
  await page.goto(`${project}/discover`);
  await expect(main(page)).toContainText("No items yet");
  await bring(page, project, "pile.csv", pile(240));
  await takeIn(page);
  await page.goto(`${project}/discover`);
  await expectAccessible(page);
  await findGroups(page, project);
  const run = new URL(page.url()).pathname;
  await expect(page.locator(".groups li").first()).toBeVisible();
  await expectAccessible(page);

  await open(page, "grinder");
  await page.locator("#group").getByLabel("Name", { exact: true }).first().fill("Grinder trouble");
  await send(page, "Name it");
  await expect(page.locator("#group").getByRole("heading", { level: 2 })).toHaveText("Grinder trouble");
  await expectAccessible(page);

  // Labels of two groups; one line says what belongs there.
  for (const [word, label] of [["grinder", "Grinder"], ["delivery|parcel", "Delivery"]] as const) {
    await page.goto(run);
    await open(page, word);
    await page.locator("#group summary").filter({ hasText: "Make a label" }).click();
    const form = page.locator("#group form[action$='/label']");
    await form.getByLabel("Name").fill(label);
    await form.getByLabel("What belongs to it, in one line").fill(`Everything about a ${label.toLowerCase()}`);
    await send(page, "Make the label");
    await expect(said(page)).toContainText(`“${label}” is in the draft`);
  }
  await page.goto(`${project}/taxonomy`);
  await send(page, /^Publish version/);
  await page.getByRole("link", { name: "Grinder" }).first().click();
  await expect(main(page), "a label says where it came from").toContainText("Where it came from");
  await expect(page.getByLabel("In", { exact: true })).toHaveValue(/Everything about a grinder/);

  // All of the group at once, after twenty were judged.
  await page.goto(run);
  await open(page, "grinder");
  const bulk = page.locator("#group form[action$='/bulk']");
  await bulk.getByLabel("Label all as").selectOption({ label: "Grinder" });
  await send(page, bulk.getByRole("button"));
  await expect(page.getByRole("heading", { level: 2, name: "Judge a sample" })).toBeVisible();
  await expectAccessible(page);
  const ticks = page.getByRole("checkbox");
  const texts = await page.locator(".ticks label").allInnerTexts();
  expect(texts.every((text) => /grind/i.test(text)), texts.join("\n")).toBe(true);
  // One is unticked all the same.
  await ticks.first().uncheck();
  await send(page, "Save these");
  const n = texts.length;
  await expect(main(page)).toContainText(`n = ${n}`);
  await expectAccessible(page);
  // Below the bar where the group is small: then it takes a tick.
  const knowingly = page.getByLabel("Label them all the same");
  if (await knowingly.isVisible()) await knowingly.check();
  await send(page, /^Label \d+ items?$/);
  await expect(async () => {
    await page.reload();
    await expect(main(page)).toContainText("Precision");
    await expect(page.locator("dl.facts")).toContainText("done");
  }).toPass();
  await expectAccessible(page);
  await page.goto(`${project}/items?state=agreed`);
  const labeled = await page.locator("tbody tr").count();
  expect(labeled).toBeGreaterThan(10);
  await expectAccessible(page);

  // A selection by words and a field has an address, and becomes a queue.
  await page.goto(run);
  await page.getByText("Select by words, field or time").click();
  const step = page.locator("form[data-step]");
  await step.getByLabel("Words").fill("refund");
  await step.getByLabel("Field").fill("channel=mail");
  await send(page, step.getByRole("button", { name: "Select" }));
  await expect(page.locator(".beside-map h2").first()).toHaveText(/20 selected/);
  await expectAccessible(page);
  await page.getByRole("link", { name: "List them" }).click();
  await expect(main(page)).toContainText("Selected on Discover");
  await expect(page.locator("tbody tr")).toHaveCount(20);
  await page.goBack();
  await page.getByRole("link", { name: "Queue them" }).click();
  await expect(main(page)).toContainText("20 items selected on Discover");
  await page.getByLabel("Name", { exact: true }).fill("Refunds by mail");
  await send(page, "Open the queue");
  await expect(main(page)).toContainText("selected on Discover");

  // Annotators find no Discover, and are refused at its address.
  const ben = await another();
  await colleague(page, ben, somebody("Ben Adler"), project, ["annotator"]);
  await ben.goto(project);
  await expect(ben.getByRole("link", { name: "Discover" })).toHaveCount(0);
  expect((await ben.request.get(run)).status()).toBe(403);

  if (!javaScriptEnabled) return;
  // The slider re-reads nothing: the list follows at once, and its groups are those of the server.
  await page.goto(run);
  await expect(page.locator(".map canvas").first()).toBeVisible();
  const slider = page.getByRole("slider");
  for (const level of [2, 5, 9]) {
    await slider.fill(String(level));
    const here = await page.locator(".groups li").evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.id).sort());
    const there = await (await page.request.get(`${run}?k=${level}`)).text();
    const ids = [...there.matchAll(/<li data-id="(\d+)"/g)].map((found) => found[1]!).sort();
    expect(here, `the same groups at ${level}`).toEqual(ids);
    await expect(page.locator(".grain output")).toHaveText(new RegExp(`^${ids.length} groups?$`));
  }
});

test("merged groups come apart again, and what is split stays split", async ({ page }) => {
  test.slow();
  await asAda(page);
  const project = await makeProject(page, unlike("Pile"));
  await bring(page, project, "pile.csv", pile(160));
  await takeIn(page);
  await findGroups(page, project);
  const run = new URL(page.url()).pathname;
  const sizes = async () =>
    (await page.locator(".groups .num").allInnerTexts()).map((text) => Number(text.replace(",", "")));
  const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);

  await page.goto(`${run}?k=4`);
  const before = await sizes();
  expect(sum(before)).toBe(160);
  await open(page, "");
  await send(page, "Merge");
  await expect(said(page)).toContainText("The groups are merged");
  expect(await page.locator(".groups li").count()).toBe(before.length - 1);
  expect(sum(await sizes())).toBe(160);
  await send(page, "Take apart");
  expect((await sizes()).sort(), "as it was").toEqual(before.sort());

  await open(page, "");
  await send(page, "Split further");
  await expect(said(page)).toContainText("both parts stand in the list");
  const after = await sizes();
  expect(after.length).toBe(before.length + 1);
  expect(sum(after)).toBe(160);

  await open(page, "");
  await send(page, "Set aside");
  await expect(page.locator(".groups li").last()).toContainText("set aside");
  await expect(said(page)).toContainText("items are set aside");
});

test("by keys alone: a name, a group, a selection", async ({ page, javaScriptEnabled }) => {
  test.skip(!javaScriptEnabled, "the map is drawn by a script");
  await asAda(page);
  const project = await makeProject(page, unlike("Pile"));
  await bring(page, project, "pile.csv", pile(160));
  await takeIn(page);
  await findGroups(page, project);
  const map = page.locator(".map-stage");
  await expect(map).toBeVisible();
  await expect(page.locator(".map-names span").first()).toBeAttached();
  await map.focus();
  const live = page.locator(".map-live");
  await page.keyboard.press("ArrowRight");
  await expect(live).toContainText(/items/);
  await page.keyboard.press("l");
  await expect(count(page)).toHaveText(/\d+ items?/);
  expect(new URL(page.url()).searchParams.getAll("sel")[0]).toMatch(/^or\.group\.\d+$/);
  await page.keyboard.press("Enter");
  await expect(page.locator("#group").getByText("Typical", { exact: true })).toBeVisible();
  // The name is given without a pointer too.
  const field = page.locator("#group").getByLabel("Name", { exact: true }).first();
  await field.focus();
  await page.keyboard.type("By keys");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  await expect(page.locator("#group").getByRole("heading", { level: 2 })).toHaveText("By keys");
});
