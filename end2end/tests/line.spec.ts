// The whole line: a file of texts, labels, two people, a conflict decided, a dataset to train on.
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
} from "../harness/instance.ts";
import { expect, test, type Page } from "../harness/test.ts";

const TOPICS = ["card", "refund", "transfer"] as const;
const ROWS = Array.from({ length: 12 }, (_, i) => ({ id: `m${i}`, text: `Message ${i} about a ${TOPICS[i % 3]}` }));
const FILE = ["id,text,topic", ...ROWS.map((row, i) => `${row.id},${row.text},${TOPICS[i % 3]}`)].join("\n");
const NOTE = "Read the whole message before you decide.";
const CONTESTED = ROWS[5]!;

/** What the text on the desk is about: what someone who reads it would say. */
const topicOf = (text: string) => TOPICS.find((topic) => text.endsWith(topic))!;

async function download(page: Page, file: string): Promise<string> {
  const [arrived] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: file, exact: true }).click(),
  ]);
  return readFile(await arrived.path(), "utf8");
}

test("from a file to a dataset", async ({ page, another, javaScriptEnabled, expectAccessible }) => {
  test.slow();
  await asAda(page);
  const project = await makeProject(page, unlike("Line"));
  await bring(page, project, "messages.csv", FILE);
  await expectAccessible(page);
  await takeIn(page);
  await labelsFrom(page, project, "topic");
  await expectAccessible(page);
  await openQueue(page, project, "First round", 2);
  const queue = page.url();
  await page.getByText("Change", { exact: true }).click();
  await page.getByLabel("Note").fill(NOTE);
  await expectAccessible(page);
  await send(page, "Save");
  await expect(said(page)).toContainText("The queue is changed");

  const desks: Desk[] = [];
  for (const name of ["Ben Adler", "Chi Lee"]) {
    const desk = new Desk(await another(), javaScriptEnabled);
    await colleague(page, desk.page, somebody(name), project, ["annotator"]);
    await desk.open(project, "First round");
    await expect(desk.page.getByRole("main"), "what its owner says to all of them").toContainText(NOTE);
    desks.push(desk);
  }
  await expectAccessible(desks[0]!.page);
  const work = async (desk: Desk, contested: string) => {
    for (let n = 0; n < ROWS.length; n += 1) {
      const text = await desk.text.innerText();
      await desk.pick(text === CONTESTED.text ? contested : topicOf(text));
    }
    await expect(desk.title).toHaveText("All done");
    await expect(desk.count).toHaveText("12 answered");
    await expect(desk.progress, "full, whatever others have still to do").toHaveAttribute("value", "24");
    if (javaScriptEnabled) await desk.isSafe();
  };
  await Promise.all([work(desks[0]!, "card"), work(desks[1]!, "refund")]);
  await expectAccessible(desks[1]!.page);
  await page.goto(queue);
  await expect(figure(page, "answers")).toHaveText("24");

  // One of twelve is contested; an owner decides it.
  await page.goto(`${project}/agreement`);
  await expect(page.getByRole("main")).toContainText("Krippendorff");
  await expect(page.getByRole("region", { name: "Conflicts" })).toContainText(CONTESTED.text);
  await expectAccessible(page);
  // The item itself leads there, too.
  await page.getByRole("link", { name: CONTESTED.text }).click();
  await page.getByRole("link", { name: "Decide", exact: true }).click();
  await expect(page).toHaveURL(/#conflicts$/);
  await page.getByLabel(`Label of ${CONTESTED.id}`).selectOption({ label: "transfer" });
  await send(page, `Decide ${CONTESTED.id}`);
  await expect(page.locator("#conflicts"), "said where it was decided").toContainText("Decided.");
  await expect(page.locator("#conflicts")).toContainText("No conflicts to decide.");

  await page.goto(`${project}/releases/new`);
  await expectAccessible(page);
  await page.getByLabel("Name").fill("The first twelve");
  await send(page, "Cut v1");
  await expect(async () => {
    // Without JavaScript nobody tells the page that the release is ready.
    if (!javaScriptEnabled) await page.reload();
    await expect(page.getByRole("heading", { name: "Files" })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expectAccessible(page);

  const parts: string[] = [];
  for (const split of ["train", "validation", "test"]) parts.push(await download(page, `${split}.jsonl`));
  const rows = parts.flatMap((part) => part.split("\n").filter(Boolean).map((line) => JSON.parse(line)));
  const labels = Object.fromEntries(rows.map((row) => [row.id, row.label]));
  const expected = ROWS.map((row) => [row.id, row === CONTESTED ? "transfer" : topicOf(row.text)]);
  expect(labels).toEqual(Object.fromEntries(expected));
  expect(rows.filter((row) => row.state === "adjudicated").map((row) => row.id)).toEqual([CONTESTED.id]);
  const answers = (await download(page, "answers.jsonl")).split("\n").filter(Boolean);
  expect(answers.length, "two people each, and the decision").toBe(25);
});
