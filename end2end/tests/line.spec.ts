// The whole line, as people walk it: a file comes in, two people label it, a dataset goes out.
import { readFile } from "node:fs/promises";
import { Desk } from "../harness/desk.ts";
import {
  asAda,
  bring,
  colleague,
  figure,
  labelsFrom,
  makeProject,
  openQueue,
  said,
  send,
  somebody,
  takeIn,
  unlike,
} from "../harness/house.ts";
import { expect, test, type Page } from "../harness/test.ts";

const TEXTS: [text: string, topic: string][] = [
  ["My new card has not come yet", "card"],
  ["The card is bent and no machine takes it", "card"],
  ["Where do I see when the card arrives?", "card"],
  ["The machine kept my card", "card"],
  ["My top-up says pending since Monday", "top-up"],
  ["Cancel the top-up, please", "top-up"],
  ["Top-up with a cheque, is that possible?", "top-up"],
  ["=SUM(A1:A9) is what your top-up page shows", "top-up"],
  ["I was charged twice for one coffee", "charge"],
  ["There is a charge, that I don’t “know”", "charge"],
  ["Why a fee of 1,50?", "charge"],
  ["Someone took money from <b>my</b> account", "charge"],
];

const topic = new Map(TEXTS);
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const CSV = ["id,text,topic,channel", ...TEXTS.map(([text, topic], i) => `m${i},${quoted(text)},${topic},chat`)].join("\r\n");

/** What Ben passes over, and what Chi sees otherwise. */
const SKIPPED = TEXTS[3]![0];
const DISPUTED = TEXTS[8]![0];

test("from a file to a dataset", async ({ page, another, javaScriptEnabled, expectAccessible }) => {
  test.slow();
  const keys = javaScriptEnabled ?? true;
  await asAda(page);
  const project = await makeProject(page, unlike("The whole line"));
  await expectAccessible(page);

  await test.step("a file comes in", async () => {
    await bring(page, project, "inbox.csv", CSV);
    await expect(page.getByLabel("Role of text")).toHaveValue("text");
    await expect(page.getByLabel("Role of id")).toHaveValue("id");
    await expect(page.getByLabel("Role of topic")).toHaveValue("label");
    await page.getByLabel("Role of channel").selectOption("field");
    await expect(page.getByLabel("a field of the item")).toBeChecked();
    await expectAccessible(page);
    await takeIn(page);
    await expect(figure(page, "new items")).toHaveText("12");
    await expect(figure(page, "refused")).toHaveText("0");
    await page.getByRole("link", { name: "Browse its items" }).click();
    await expect(page.getByText(TEXTS[11]![0], { exact: true }), "text is text").toBeVisible();
    await expectAccessible(page);
    await page.getByRole("link", { name: TEXTS[0]![0] }).click();
    await expectAccessible(page);
  });

  await test.step("its column becomes labels", async () => {
    await labelsFrom(page, project, "topic");
    await expect(page.locator("ol.leaves > li")).toHaveCount(3);
    await expectAccessible(page);
  });

  await test.step("a queue for two people an item", async () => {
    await openQueue(page, project, "First dozen", 2);
    await expect(figure(page, "members")).toHaveText("12");
    await expectAccessible(page);
    await page.goto(`${project}/queues`);
    await expectAccessible(page);
  });

  const [ben, chi] = [new Desk(await another(), keys), new Desk(await another(), keys)];
  await colleague(page, ben.page, somebody("Ben Adler"), project, ["annotator"]);
  await colleague(page, chi.page, somebody("Chi Lee"), project, ["annotator"]);

  await test.step("Ben labels", async () => {
    await ben.open(project, "First dozen");
    await expectAccessible(ben.page);
    // Away from the truth and back again.
    const first = await ben.text.innerText();
    await ben.pick(topic.get(first) === "card" ? "charge" : "card");
    await ben.undo();
    await expect(ben.text).toHaveText(first);
    await label(ben, (text) => (text === SKIPPED ? { skip: "Sensitive content" } : topic.get(text)!));
    await expect(ben.title).toHaveText("All done");
    await expectAccessible(ben.page);
  });

  await test.step("Chi labels, and sees one text otherwise", async () => {
    await chi.open(project, "First dozen");
    await label(chi, (text) => (text === DISPUTED ? "card" : topic.get(text)!));
    await expect(chi.title).toHaveText("All done");
  });

  await test.step("they agree, but for one", async () => {
    await page.goto(`${project}/agreement`);
    await expect(page.locator("p.alpha")).toHaveText(/^\.\d\d .*n = 11 items/);
    const conflicts = page.locator("ol.split-answers > li");
    await expect(conflicts).toHaveCount(1);
    await expect(conflicts).toContainText(DISPUTED);
    await expect(conflicts.locator("ul.votes")).toContainText("Ben Adler");
    await expect(conflicts.locator("ul.votes")).toContainText("Chi Lee");
    await expectAccessible(page);
    await conflicts.getByRole("combobox").selectOption({ label: "charge" });
    await send(page, conflicts.getByRole("button", { name: "Decide" }));
    await expect(said(page)).toContainText("Decided.");
    await expect(conflicts).toHaveCount(0);
  });

  await test.step("a release", async () => {
    await page.goto(`${project}/releases`);
    await expectAccessible(page);
    await page.getByRole("link", { name: "Cut a release" }).click();
    await page.getByLabel("Name", { exact: true }).fill("The first dozen");
    await expectAccessible(page);
    await send(page, "Cut v1");
    await expect(page.getByRole("heading", { name: "Files" })).toBeVisible();
    await expectAccessible(page);

    const manifest = JSON.parse(await file(page, "manifest.json"));
    expect(manifest).toMatchObject({ format: 1, n_rows: 11, states: ["adjudicated", "agreed"] });
    expect(manifest.lineage.sources).toMatchObject([{ name: "inbox.csv" }]);
    const rows = [];
    for (const split of ["train", "validation", "test"]) {
      const text = await file(page, `${split}.jsonl`);
      const found = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      const counted = manifest.splits.find((s: { split: string }) => s.split === split);
      expect(found, split).toHaveLength(counted.n_rows);
      expect(manifest.files.find((f: { path: string }) => f.path === `${split}.jsonl`)).toMatchObject({
        bytes: Buffer.byteLength(text),
        rows: found.length,
      });
      for (const row of found) expect(row.control, "control items are never trained on").toBe(split !== "train");
      rows.push(...found);
    }
    const wanted = TEXTS.filter(([text]) => text !== SKIPPED);
    const sorted = (pairs: [string, string][]) => pairs.map(([text, label]) => `${label}: ${text}`).sort();
    expect(sorted(rows.map((row) => [row.text, row.label]))).toEqual(sorted(wanted));
    const disputed = rows.find((row) => row.text === DISPUTED);
    expect(disputed).toMatchObject({ state: "adjudicated", label: "charge", fields: { channel: "chat" } });

    await page.goto(`${project}/releases`);
    await expect(page.getByRole("row").filter({ hasText: "The first dozen" })).toContainText("11");
    await expectAccessible(page);
    await page.goto(project);
    await expectAccessible(page);
  });
});

/** Answers every text on the desk until there is none. */
async function label(desk: Desk, of: (text: string) => string | { skip: string }): Promise<void> {
  for (let n = 0; n < TEXTS.length; n += 1) {
    const word = of(await desk.text.innerText());
    if (typeof word === "string") await desk.pick(word);
    else await desk.skip(word.skip);
  }
  await desk.isSafe();
}

/** A file of the release that is on the page. */
async function file(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name, exact: true }).click(),
  ]);
  return readFile(await download.path(), "utf8");
}
