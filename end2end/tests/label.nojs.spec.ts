// Labeling by plain forms: one text at a time, a skip with its reason, the way back.
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
import { expect, test } from "../harness/test.ts";

const ROWS = Array.from({ length: 6 }, (_, i) => `t${i},Text number ${i + 1} of the pile,${i % 2 ? "card" : "refund"}`);

test("three labels, a skip and an undo", async ({ page, another, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("By form"));
  await bring(page, project, "pile.csv", ["id,text,topic", ...ROWS].join("\n"));
  await takeIn(page);
  await labelsFrom(page, project, "topic");
  await openQueue(page, project, "By form", 1);
  const queue = page.url();
  const answers = async () => {
    await page.goto(queue);
    return figure(page, "answers");
  };
  const ben = new Desk(await another(), false);
  await colleague(page, ben.page, somebody("Ben Adler"), project, ["annotator"]);
  await ben.open(project, "By form");
  await expect(ben.count).toHaveText("0 answered");
  await expect(ben.page.getByRole("button", { name: "Undo the last answer" })).toHaveCount(0);

  const texts: string[] = [];
  for (const label of ["card", "refund", "card"]) {
    texts.push(await ben.text.innerText());
    await ben.pick(label);
  }
  expect(new Set(texts).size, "each is another text").toBe(3);
  await expect(ben.count).toHaveText("3 answered");
  await expect(await answers()).toHaveText("3");

  const skipped = await ben.text.innerText();
  await ben.page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(ben.page.locator("#why:invalid"), "not without a reason").toHaveCount(1);
  await expect(ben.text).toHaveText(skipped);
  await ben.skip("No label fits");
  await expect(ben.count, "a skip is no answer").toHaveText("3 answered");
  await ben.undo();
  await expect(ben.text, "the skip is taken back").toHaveText(skipped);
  await expect(said(ben.page)).toContainText("Your answer was taken back.");
  await ben.pick("refund");
  await expect(ben.count).toHaveText("4 answered");
  await ben.undo();
  await expect(ben.text).toHaveText(skipped);
  await expect(ben.count).toHaveText("3 answered");
  await expect(await answers()).toHaveText("3");

  // A note goes along with the answer; one that is too long is refused, and the way back stays.
  await ben.pick("card");
  const noted = await ben.text.innerText();
  await ben.page.getByLabel("Note").fill("x".repeat(20_000));
  await send(ben.page, ben.label("refund"));
  await expect(ben.page.getByRole("alert")).toBeVisible();
  await expect(ben.text).toHaveText(noted);
  await expect(ben.page.getByRole("button", { name: "Undo the last answer" })).toBeVisible();
  await expectAccessible(ben.page);
  await ben.page.getByLabel("Note").fill("Could be either.");
  await ben.pick("refund");
  await ben.pick("card");
  await expect(ben.title).toHaveText("All done");
  await expect(await answers()).toHaveText("6");
  await page.goto(`${project}/items`);
  await page.getByRole("link", { name: noted }).click();
  await expect(page.getByRole("main")).toContainText("Could be either.");
});
