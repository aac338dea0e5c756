// What only the desk does: keys, texts that are there already, answers that survive the network and the tab.
import { Desk } from "../harness/desk.ts";
import {
  asAda,
  bring,
  colleague,
  figure,
  labelsFrom,
  makeProject,
  openQueue,
  somebody,
  takeIn,
  unlike,
} from "../harness/house.ts";
import { awake, expect, test, type Page } from "../harness/test.ts";

type Another = () => Promise<Page>;

const QUEUE = "By keys";

/** A project with so many texts and labels, a queue on all of them, and people at its desk. */
async function house(page: Page, another: Another, n: { texts: number; labels: number; overlap: number; people: string[] }) {
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
  for (const name of n.people) {
    const desk = new Desk(await another(), true);
    await colleague(page, desk.page, somebody(name), project, ["annotator"]);
    await desk.open(project, QUEUE);
    desks.push(desk);
  }
  return { project, queue, desks, names };
}

/** How many answers of the queue count, as its page says. */
async function answers(page: Page, queue: string) {
  await page.goto(queue);
  return figure(page, "answers");
}

test("two people at once, twenty texts, keys alone", async ({ page, another }) => {
  test.slow();
  const { queue, desks } = await house(page, another, { texts: 20, labels: 3, overlap: 2, people: ["Ben Adler", "Chi Lee"] });
  const work = async (desk: Desk, key: string) => {
    const seen = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      const text = await desk.text.innerText();
      expect(seen.has(text), `${text} is asked once`).toBe(false);
      seen.add(text);
      await desk.page.keyboard.press(key);
      await expect(desk.shown).not.toHaveText(text);
    }
    await expect(desk.title).toHaveText("All done");
    await desk.isSafe();
  };
  await Promise.all([work(desks[0]!, "1"), work(desks[1]!, "2")]);
  await expect(await answers(page, queue)).toHaveText("40");
  await expect(figure(page, "fully answered")).toHaveText("20");
  await expect(figure(page, "beside the slots")).toHaveText("0");
});

test("without a network nothing is lost", async ({ page, another, allowed, expectAccessible }) => {
  // The browser reports what it could not fetch.
  allowed.push(/ERR_INTERNET_DISCONNECTED/);
  const { queue, desks } = await house(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
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
});

test("a reload in the middle sends what was kept", async ({ page, another, allowed }) => {
  allowed.push(/Failed to load resource|ERR_FAILED/);
  const { queue, desks } = await house(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
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
  const { queue, desks } = await house(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
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
  const { project, desks } = await house(page, another, { texts: 14, labels: 14, overlap: 1, people: ["Ben Adler"] });
  const ben = desks[0]!;
  await expectAccessible(ben.page);
  const text = await ben.text.innerText();
  await ben.page.keyboard.press("/");
  await expect(ben.page.getByRole("searchbox")).toBeFocused();
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
  const { project, desks } = await house(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
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

  await ben.page.keyboard.press("?");
  await expect(ben.page.getByRole("dialog", { name: "All keys" })).toBeVisible();
  await expectAccessible(ben.page);
  await ben.page.keyboard.press("Escape");
  await expect(ben.page.getByRole("dialog")).toHaveCount(0);
});

test("a skip has a reason", async ({ page, another, expectAccessible }) => {
  const { desks } = await house(page, another, { texts: 6, labels: 3, overlap: 1, people: ["Ben Adler"] });
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
  const { queue, desks } = await house(page, another, { texts: 8, labels: 3, overlap: 1, people: ["Ben Adler"] });
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
