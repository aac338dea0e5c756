// What only the desk does: keys, texts that are there already, answers that survive the network and the tab.
import { Desk } from "../harness/desk.ts";
import {
  ADA,
  asAda,
  bring,
  colleague,
  figure,
  labelsFrom,
  makeProject,
  openQueue,
  PASSWORD,
  said,
  send,
  signIn,
  somebody,
  takeIn,
  unlike,
  type Person,
} from "../harness/instance.ts";
import { awake, expect, test, type Page } from "../harness/test.ts";

type Another = () => Promise<Page>;

const QUEUE = "By keys";

/** A project with so many texts and labels, a queue on all of them, and people at its desk. */
async function setUp(page: Page, another: Another, n: { texts: number; labels: number; overlap: number; people: string[] }) {
  await asAda(page);
  const project = await makeProject(page, unlike("Desk"));
  const names = Array.from({ length: n.labels }, (_, i) => `Label ${String.fromCharCode(65 + i)}`);
  const rows = Array.from({ length: n.texts }, (_, i) => `t${i},Text number ${i + 1} of the pile,${names[i % n.labels]}`);
  await bring(page, project, "pile.csv", ["id,text,topic", ...rows].join("\n"));
  await takeIn(page);
  await labelsFrom(page, project, "topic");
  await openQueue(page, project, QUEUE, n.overlap);
  const queue = page.url();
  const desks: Desk[] = [];
  const people: Person[] = n.people.map(somebody);
  for (const person of people) {
    const desk = new Desk(await another(), true);
    await colleague(page, desk.page, person, project, ["annotator"]);
    await desk.open(project, QUEUE);
    desks.push(desk);
  }
  return { project, queue, desks, people, names };
}

/** How many answers of the queue count, as its page says. */
async function answers(page: Page, queue: string) {
  await page.goto(queue);
  return figure(page, "answers");
}

test("without a network nothing is lost", async ({ page, another, allowed, expectAccessible }) => {
  // The browser reports what it could not fetch.
  allowed.push(/ERR_INTERNET_DISCONNECTED/);
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expect(ben.saved, "the next texts are there").toHaveText(/[3-9] ready/);
  await ben.pick("Label A");
  await ben.isSafe();

  await ben.page.context().setOffline(true);
  await ben.pick("Label B");
  await ben.pick("Label C");
  await expect(ben.page.getByRole("alert")).toContainText("No connection");
  await expect(ben.page.getByRole("alert")).toContainText("2 answers are kept in this browser");
  await expect(ben.saved).toContainText("2 kept here");
  await expectAccessible(ben.page);
  await expect(await answers(page, queue)).toHaveText("1");

  await ben.page.context().setOffline(false);
  await ben.isSafe();
  await expect(ben.page.getByRole("alert")).toHaveCount(0);
  await expect(await answers(page, queue)).toHaveText("3");

  // Nothing left to go on with, and no way to more.
  await expect(ben.saved).toHaveText("Saved · 5 ready");
  await ben.page.context().setOffline(true);
  for (let n = 0; n < 5; n += 1) await ben.pick("Label A");
  await expect(ben.title).toHaveText("No connection");
  await expect(ben.page.locator("main.pause:visible")).toContainText("5 answers are kept in this browser");
  await expect(ben.page.getByRole("alert"), "said once").toHaveCount(0);
  await expectAccessible(ben.page);
  await ben.page.context().setOffline(false);
  await expect(ben.title).toHaveText("All done");
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("8");
});

test("what the server can't save is kept, and why is said in its words", async ({ page, another, allowed }) => {
  allowed.push(/Failed to load resource/);
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  const full = { code: "internal", message: "The disk of the server is full." };
  await ben.page.route("**/api/app/**", (route) => route.fulfill({ status: 500, json: full }));
  await ben.pick("Label A");
  await expect(ben.page.getByRole("alert")).toContainText("Nothing can be saved. The disk of the server is full.");
  await expect(ben.page.getByRole("alert")).toContainText("1 answer is kept in this browser");
  await expect(ben.saved).toHaveText("Not saved · 1 kept here");
  await ben.page.unroute("**/api/app/**");
  await ben.isSafe();
  await expect(ben.page.getByRole("alert")).toHaveCount(0);
  await expect(await answers(page, queue)).toHaveText("1");
});

test("a reload in the middle sends what was kept", async ({ page, another, allowed }) => {
  allowed.push(/Failed to load resource|ERR_FAILED/);
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  // The page can be loaded, but no answer gets through.
  await ben.page.route("**/api/app/**", (route) => route.abort());
  const first = await ben.text.innerText();
  await ben.pick("Label A");
  const second = await ben.text.innerText();
  await ben.pick("Label B");
  await expect(ben.saved).toContainText("2 kept here");
  await expect(await answers(page, queue)).toHaveText("0");

  await ben.page.unroute("**/api/app/**");
  await ben.page.goto(ben.url);
  await awake(ben.page, ".desk");
  await ben.isSafe();
  await expect(ben.text).not.toHaveText(first);
  await expect(ben.text).not.toHaveText(second);
  await expect(await answers(page, queue)).toHaveText("2");
});

test("undo, any number back", async ({ page, another }) => {
  const { queue, desks } = await setUp(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  const texts: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    texts.push(await ben.text.innerText());
    await ben.pick("Label A");
  }
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("4");
  await ben.undo();
  await expect(ben.text).toHaveText(texts[3]!);
  await ben.undo();
  await expect(ben.text).toHaveText(texts[2]!);
  await ben.page.keyboard.press("Control+z");
  await expect(ben.text).toHaveText(texts[1]!);
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("1");

  // The same texts again, then the rest: nothing is asked twice, nothing is left out.
  for (let n = 0; n < 5; n += 1) await ben.pick("Label B");
  await expect(ben.title).toHaveText("All done");
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("6");
});

test("many labels are found by name", async ({ page, another, expectAccessible }) => {
  const { project, desks } = await setUp(page, another, { texts: 14, labels: 14, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expectAccessible(ben.page);
  const text = await ben.text.innerText();
  await ben.page.keyboard.press("/");
  await expect(ben.page.getByRole("searchbox")).toBeFocused();
  await ben.page.keyboard.type("zzzz");
  await expect(ben.page.getByRole("status").filter({ hasText: "No label fits “zzzz”" })).toBeVisible();
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("Escape");
  await expect(ben.page.getByRole("region", { name: "Labels" }).locator("button.pick")).toHaveCount(14);
  await ben.page.keyboard.press("/");
  await ben.page.keyboard.type("bel m");
  await expect(ben.page.getByRole("region", { name: "Labels" }).locator("button.pick")).toHaveCount(1);
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("Enter");
  await expect(ben.text).not.toHaveText(text);
  await expect(ben.page.getByRole("searchbox"), "empty for the next text").toHaveValue("");
  await expect(ben.page.locator(".last:visible")).toContainText("Label M");
  await ben.isSafe();

  await page.goto(`${project}/items`);
  await expect(page.getByRole("row").filter({ hasText: text })).toContainText("Label M");
});

test("letters in a box are letters", async ({ page, another, expectAccessible }) => {
  const { project, desks } = await setUp(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  const text = await ben.text.innerText();
  await ben.page.keyboard.press("n");
  await expect(ben.page.getByLabel("Note")).toBeFocused();
  await ben.page.keyboard.type("usual 1 or 2? sng");
  await expect(ben.page.getByLabel("Note")).toHaveValue("usual 1 or 2? sng");
  await expect(ben.text).toHaveText(text);
  await expect(ben.page.getByRole("dialog")).toHaveCount(0);
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("Escape");
  await ben.pick("Label C");
  await ben.isSafe();
  await page.goto(`${project}/items`);
  await page.getByRole("link", { name: text }).click();
  await expect(page.getByRole("main")).toContainText("usual 1 or 2? sng");

  // Taken back, the note comes back too, and the next key is still meant for the text.
  await ben.undo();
  await expect(ben.page.getByLabel("Note")).toHaveValue("usual 1 or 2? sng");
  await expect(ben.page.getByLabel("Note")).not.toBeFocused();
  await ben.pick("Label C");
  await ben.isSafe();

  await ben.page.keyboard.press("?");
  await expect(ben.page.getByRole("dialog", { name: "All keys" })).toBeVisible();
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("Escape");
  await expect(ben.page.getByRole("dialog")).toHaveCount(0);

  // A long guideline opens at its beginning.
  await ben.page.setViewportSize({ width: 390, height: 300 });
  await ben.page.keyboard.press("g");
  const guideline = ben.page.getByRole("dialog", { name: "Guideline" });
  await expect(guideline.getByRole("heading", { name: "Guideline" })).toBeInViewport();
  await expectAccessible(ben.page);
  // The way back is at hand without reading to the end: by its button, or by touching what lies behind.
  await expect(guideline.getByRole("button", { name: "Close" })).toBeInViewport({ ratio: 1 });
  await guideline.getByRole("button", { name: "Close" }).click();
  await expect(guideline).toHaveCount(0);
  await ben.page.keyboard.press("g");
  await expect(guideline).toBeVisible();
  await ben.page.mouse.click(5, 5);
  await expect(guideline).toHaveCount(0);
});

test("a skip has a reason", async ({ page, another, expectAccessible }) => {
  const { desks } = await setUp(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  const text = await ben.text.innerText();
  await ben.page.keyboard.press("s");
  await expect(ben.page.getByRole("dialog")).toContainText("Skip, because…");
  await expect(ben.text, "not before the reason").toHaveText(text);
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("3");
  await expect(ben.text).not.toHaveText(text);
  await expect(ben.page.locator(".last:visible")).toContainText("skipped");
  await ben.isSafe();
});

test("one act is one answer", async ({ page, another }) => {
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  // A double click on a label: the second one is meant for no text.
  await ben.label("Label A").dblclick();
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("1");
  // A key that is held down.
  const text = await ben.text.innerText();
  await ben.page.keyboard.down("1");
  for (let n = 0; n < 5; n += 1) await ben.page.keyboard.down("1");
  await ben.page.keyboard.up("1");
  await expect(ben.text).not.toHaveText(text);
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("2");
});

test("the whole page by keyboard; Enter takes only what one came to", async ({ page, another }) => {
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  const keys = ben.page.keyboard;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  const chosen = ben.page.locator("button.pick.on");
  const first = await ben.text.innerText();

  // Nobody has chosen anything yet: not by coming here, and not by where the mouse rests.
  await keys.press("Enter");
  await ben.label("Label B").hover();
  await expect(ben.page.locator(".guide:visible h3")).toHaveText("Label B");
  await keys.press("Enter");
  await expect(ben.text).toHaveText(first);
  await expect(chosen).toHaveCount(0);

  await keys.press("ArrowDown");
  await expect(chosen).toContainText("Label A");
  await keys.press("ArrowUp");
  await expect(chosen).toContainText("Label C");
  await keys.press("Enter");
  await expect(ben.text).not.toHaveText(first);
  await expect(ben.page.locator(".last:visible")).toContainText("Label C");

  // The next text is another matter.
  const second = await ben.text.innerText();
  await expect(chosen).toHaveCount(0);
  await keys.press("Enter");
  await expect(ben.text).toHaveText(second);
  // A label that was clicked keeps no hold on Enter or the space bar.
  await ben.label("Label A").click();
  await expect(ben.text).not.toHaveText(second);
  const third = await ben.text.innerText();
  await keys.press("Enter");
  await keys.press("Space");
  await expect(ben.text).toHaveText(third);

  // From link to label to button by Tab alone.
  const reached = new Set<string>();
  await ben.page.locator("header:visible a").focus();
  for (let n = 0; n < 9; n += 1) {
    await keys.press("Tab");
    const focused = ben.page.locator(":focus");
    reached.add((await focused.getAttribute("aria-label")) ?? (await focused.innerText()).replace(/\s+/g, " ").trim());
  }
  for (const wanted of ["Text", "1 Label A", "2 Label B", "3 Label C", "u Undo", "s Skip", "n Note", "? All keys"]) {
    expect([...reached], "Tab comes by").toContain(wanted);
  }
  await ben.label("Label B").focus();
  await keys.press("Enter");
  await expect(ben.text).not.toHaveText(third);
  const fourth = await ben.text.innerText();
  await keys.press("Enter");
  await expect(ben.text, "the button was pressed for one text").toHaveText(fourth);

  // One sheet after the other, as fast as keys go.
  await keys.press("?");
  await expect(ben.page.getByRole("dialog", { name: "All keys" })).toBeVisible();
  await keys.press("Escape");
  await keys.press("s");
  await expect(ben.page.getByRole("dialog", { name: "Skip, because…" })).toBeVisible();
  await keys.press("Escape");
  await keys.press("?");
  await keys.press("Escape");
  await expect(ben.page.getByRole("dialog")).toHaveCount(0);
  await keys.press("s");
  await keys.press("2");
  await expect(ben.text).not.toHaveText(fourth);
  await expect(ben.count, "a skip is no answer").toHaveText("3 answered");
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("3");
  await keys.press("u");
  await expect(ben.text).toHaveText(fourth);
  await expect(ben.count).toHaveText("3 answered");
  await keys.press("u");
  await expect(ben.text).toHaveText(third);
  await expect(ben.count).toHaveText("2 answered");
});

test("new labels come to an open desk", async ({ page, another }) => {
  const { project, queue, desks } = await setUp(page, another, {
    texts: 8,
    labels: 3,
    overlap: 1,
    people: ["Ben Adler"],
  });
  const ben = desks[0]!;
  await ben.pick("Label A");
  await ben.isSafe();

  await page.goto(`${project}/taxonomy/labels/new`);
  await page.getByLabel("Name", { exact: true }).fill("Quite new");
  await send(page, "Save to the draft");
  await send(page, /^Publish version/);
  await expect(said(page)).toContainText("is published");

  // The desk hears of it with the next answer, and says so; the text that lies there is not taken away.
  await ben.pick("Label B");
  const notice = ben.page.getByRole("status").filter({ hasText: "The labels have changed" });
  await expect(notice).toBeVisible();
  const text = await ben.text.innerText();
  await expect(ben.label("Quite new")).toHaveCount(0);
  await ben.page.keyboard.press("3");
  await expect(ben.label("Quite new")).toBeVisible();
  await awake(ben.page, ".desk");
  await expect(notice).toHaveCount(0);
  await expect(ben.text).not.toHaveText(text);
  await expect(ben.count).toHaveText("3 answered");
  await ben.pick("Quite new");
  await ben.isSafe();
  await expect(await answers(page, queue)).toHaveText("4");
});

test("a queue that is closed hands out nothing more", async ({ page, another }) => {
  const { queue, desks } = await setUp(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  await page.goto(queue);
  await send(page, "Close");
  await ben.pick("Label A");
  await expect(ben.title, "the texts that were here already are of no use").toHaveText("The queue is closed");
  await expect(await answers(page, queue)).toHaveText("0");
});

test("while the project rests nothing is lost, and it goes on by itself", async ({ page, another, allowed }) => {
  allowed.push(/status of 404/);
  const { project, queue, desks } = await setUp(page, another, {
    texts: 8,
    labels: 3,
    overlap: 1,
    people: ["Ben Adler"],
  });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  await page.goto(`${project}/settings`);
  const sure = page.getByLabel(/to go on$/);
  const words = await page.locator("label").filter({ hasText: "to go on" }).innerText();
  await sure.fill(words.replace(/^Type (.*) to go on$/, "$1"));
  await send(page, "Archive the project");

  await ben.pick("Label A");
  await expect(ben.page.getByRole("alert")).toContainText("The project was not found.");
  await ben.pick("Label B");
  await expect(ben.page.getByRole("alert"), "it stays").toContainText("2 answers are kept in this browser");
  await page.goto(`${project}/settings`);
  await send(page, "Bring it back");
  await ben.page.evaluate(() => dispatchEvent(new Event("focus")));
  await ben.isSafe();
  await expect(ben.page.getByRole("alert")).toHaveCount(0);
  await expect(await answers(page, queue)).toHaveText("2");
});

test("a second click sends no form twice", async ({ page }) => {
  await asAda(page);
  const name = unlike("Twice");
  await page.goto("/projects/new");
  await page.getByLabel("Name", { exact: true }).fill(name);
  // What is sent is held back until both clicks were made, so that none of them meets the next page.
  let sent = 0;
  let clicked = () => {};
  const both = new Promise<void>((done) => (clicked = done));
  await page.route("**", async (route) => {
    if (route.request().method() === "POST") {
      sent += 1;
      await both;
    }
    await route.continue();
  });
  const make = page.getByRole("button", { name: "Make the project" });
  await make.scrollIntoViewIfNeeded();
  const button = (await make.boundingBox())!;
  const next = page.waitForEvent("load");
  await page.mouse.dblclick(button.x + button.width / 2, button.y + button.height / 2, { delay: 30 });
  clicked();
  await next;
  expect(sent).toBe(1);
  await page.goto("/");
  await expect(page.getByRole("link", { name })).toHaveCount(1);
});

test("signed out: what was said waits for the same person", async ({ page, another, allowed }) => {
  allowed.push(/status of 401/);
  const { queue, desks, people } = await setUp(page, another, {
    texts: 8,
    labels: 3,
    overlap: 1,
    people: ["Ben Adler"],
  });
  const ben = desks[0]!;
  await expect(ben.saved).toHaveText(/[3-9] ready/);
  await ben.page.context().clearCookies();
  await ben.pick("Label A");
  await expect(ben.page.getByRole("alert")).toContainText("You have been signed out. 1 answer is kept");

  // Somebody else uses the same browser in between: nothing of Ben's goes out in their name.
  const tab = await ben.page.context().newPage();
  const comesBack = () => ben.page.evaluate(() => dispatchEvent(new Event("focus")));
  await signIn(tab, ADA.email);
  const [refused] = await Promise.all([ben.page.waitForResponse(/label\/turn/), comesBack()]);
  expect(refused.status()).toBe(401);
  await expect(ben.saved).toHaveText("Signed out · 1 kept here");

  await send(tab, "Sign out");
  await signIn(tab, people[0]!.email, PASSWORD);
  await comesBack();
  await ben.isSafe();
  await expect(ben.page.getByRole("alert")).toHaveCount(0);
  await expect(await answers(page, queue)).toHaveText("1");
});

test("a desk that waits looks again once, however often it was told to", async ({ page, another }) => {
  const { project, desks } = await setUp(page, another, { texts: 3, labels: 3, overlap: 1, people: ["Ben Adler"] });
  const chi = new Desk(await another(), true);
  await colleague(page, chi.page, somebody("Chi Lee"), project, ["annotator"]);
  await desks[0]!.isSafe();
  // Every timer of some seconds is noted until it has run or was called off.
  await chi.page.addInitScript(() => {
    const open = new Set<number>();
    const [set, clear] = [window.setTimeout.bind(window), window.clearTimeout.bind(window)];
    const noted = (work: () => void, wait: number) => {
      const id: number = set(() => (open.delete(id), work()), wait);
      if (wait >= 5_000) open.add(id);
      return id;
    };
    const calledOff = (id: number) => (open.delete(id), clear(id));
    Object.assign(window, { setTimeout: noted, clearTimeout: calledOff, openTimers: open });
  });
  const timers = () => chi.page.evaluate(() => (window as unknown as { openTimers: Set<number> }).openTimers.size);
  await chi.open(project, QUEUE);
  await expect(chi.title).toHaveText("Nothing for you right now");
  await expect.poll(timers).toBe(1);
  for (let n = 0; n < 5; n += 1) {
    await Promise.all([
      chi.page.waitForResponse((response) => response.url().includes("label/turn")),
      chi.page.getByRole("button", { name: "Look again" }).click(),
    ]);
    await expect.poll(timers, "the next look is set").toBe(1);
  }
});
