// What does not fit: said clearly, with nothing lost.
import { readFile } from "node:fs/promises";
import { expect, test } from "../harness/test.ts";
import {
  ADA,
  asAda,
  bring,
  figure,
  labelsFrom,
  makeProject,
  openQueue,
  said,
  send,
  takeIn,
  unlike,
} from "../harness/instance.ts";

const GOOD = [
  "id,text,topic",
  "a1,The card has not arrived,card",
  "a2,The top-up is pending,top-up",
  "a3,=1+1 is what the receipt says,card",
  "a4,I was charged twice,charge",
].join("\n");

test("a broken row is refused and named, the others come in", async ({ page, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("Broken rows"));
  const rows = GOOD.split("\n");
  rows.splice(3, 0, "b1,too,many,cells", "b2,,card");
  await bring(page, project, "broken.csv", rows.join("\n"));
  await expect(page.getByText(/line 4/), "the preview says so before anything is taken in").toBeVisible();
  await expectAccessible(page);
  await takeIn(page);
  await expect(figure(page, "rows read")).toHaveText("6");
  await expect(figure(page, "new items")).toHaveText("4");
  await expect(figure(page, "refused")).toHaveText("2");
  await expectAccessible(page);

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download as CSV" }).click(),
  ]);
  const rejects = await readFile(await download.path(), "utf8");
  expect(rejects).toContain("b1,too,many,cells");
  expect(rejects).toMatch(/^4,/m);
  expect(rejects).toMatch(/^5,/m);

  await page.goto(`${project}/items?field=topic`);
  await expect(page.getByLabel("Field"), "a filter that can’t be read is not passed over").toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await page.getByLabel("Field").fill("topic=card");
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Show" }).click()]);
  await expect(page.getByRole("main")).toContainText("2 shown, no more");
});

test("the same file again changes nothing; an import can be taken back", async ({ page, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("Twice"));
  await bring(page, project, "first.csv", GOOD);
  await expectAccessible(page);
  await takeIn(page);
  await expect(figure(page, "new items")).toHaveText("4");
  const first = page.url();

  await bring(page, project, "again.csv", GOOD);
  await takeIn(page);
  await expect(said(page)).toContainText("nothing changed");
  await expect(figure(page, "known already")).toHaveText("4");
  await expect(figure(page, "new items")).toHaveText("0");
  await expectAccessible(page);

  await page.goto(first);
  await page.getByLabel("Type the file’s name to confirm").fill("second.csv");
  await send(page, "Take it back");
  await expect(page.getByLabel("Type the file’s name to confirm")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await page.getByLabel("Type the file’s name to confirm").fill("first.csv");
  await send(page, "Take it back");
  await expect(page.getByText("This import was taken back.")).toBeVisible();
  await expectAccessible(page);
  await page.goto(`${project}/data`);
  await expect(page.getByRole("main")).toContainText("No items yet.");
  await expectAccessible(page);

  await bring(page, project, "first.csv", GOOD);
  await takeIn(page);
  await expect(figure(page, "new items"), "and brought again").toHaveText("4");
});

test("a file that is no table is refused whole", async ({ page, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("No table"));
  await page.goto(`${project}/data`);
  await page
    .getByLabel("Drop a file here, or choose one")
    .setInputFiles({ name: "empty.csv", mimeType: "text/csv", buffer: Buffer.from("") });
  await send(page, "Read the columns");
  await expect(page).toHaveURL(/\/data$/);
  await expect(page.getByText(/empty|no rows|nothing in/i)).toBeVisible();
  await expectAccessible(page);

  // A table that nothing comes of, and one whose ids are none, say so before anything is taken in.
  const take = page.getByRole("button", { name: "Import", exact: true });
  await bring(page, project, "header.csv", "id,text,topic");
  await expect(page.getByText("There is a header, but no row")).toBeVisible();
  await expect(take).toHaveCount(0);
  await expectAccessible(page);
  await bring(page, project, "numbers.csv", "id,n\na1,1\na2,2");
  await expect(page.getByText("Choose the column that holds the text.")).toBeVisible();
  await bring(page, project, "repeated.csv", "id,text\na1,The card has not arrived\na1,The top-up is pending");
  await expect(page.getByText("“id” is not the id")).toBeVisible();
  await expect(take).toBeVisible();
  await expectAccessible(page);
});

test("two edit one draft: the second keeps what they typed and sees why", async ({ page, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("Two tabs"));
  const other = await page.context().newPage();
  await page.goto(`${project}/taxonomy/labels/new`);
  await other.goto(`${project}/taxonomy/labels/new`);
  await expectAccessible(page);

  await other.getByLabel("Name", { exact: true }).fill("Refund");
  await send(other, "Save to the draft");
  await expect(said(other)).toContainText("“Refund” is in the draft.");
  await expectAccessible(other);

  await page.getByLabel("Name", { exact: true }).fill("Top-up");
  await page.getByLabel("Definition").fill("Money on its way in.");
  await page.getByLabel("Examples", { exact: true }).fill("Where is it?\nIt says pending.");
  await send(page, "Save to the draft");
  await expect(page.getByRole("alert")).toContainText("changed the draft after you opened it");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Top-up");
  await expect(page.getByLabel("Definition")).toHaveValue("Money on its way in.");
  await expect(page.getByLabel("Examples", { exact: true })).toHaveValue("Where is it?\nIt says pending.");
  await expectAccessible(page);

  await send(page, "Save to the draft");
  await expect(said(page)).toContainText("“Top-up” is in the draft.");
  await expect(page.locator("ol.leaves > li")).toHaveCount(2);

  // What does not fit is said beside the field that it is about.
  await page.goto(`${project}/taxonomy/labels/new`);
  await page.getByLabel("Name", { exact: true }).fill("Refund");
  await send(page, "Save to the draft");
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);

  // A publication that was read before another change is not made.
  await page.goto(`${project}/taxonomy`);
  await other.goto(`${project}/taxonomy/labels/new`);
  await other.getByLabel("Name", { exact: true }).fill("Other");
  await other.getByLabel(/bucket/).check();
  await send(other, "Save to the draft");
  await page.getByLabel("What changed and why").fill("The first three.");
  await send(page, "Publish version 1");
  await expect(page.getByRole("alert")).toContainText("changed the draft after you opened it");
  await expect(page.getByLabel("What changed and why")).toHaveValue("The first three.");
  await send(page, "Publish version 1");
  await expect(said(page)).toContainText("Version 1 is published.");
  await expectAccessible(page);
});

test("no two queues, projects or people share a name", async ({ page, expectAccessible }) => {
  await asAda(page);
  const project = await makeProject(page, unlike("Same"));
  await page.goto("/projects/new");
  await page.getByLabel("Name", { exact: true }).fill("Another");
  await page.getByLabel("What is this pile?").fill("The second of its kind.");
  await page.getByLabel("Short name").fill(project.replace("/p/", ""));
  await send(page, "Make the project");
  await expect(page).toHaveURL(/\/projects\/new$/);
  await expect(page.getByLabel("Short name")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("What is this pile?"), "what was typed is kept").toHaveValue("The second of its kind.");
  await expectAccessible(page);

  await page.goto("/people");
  await page.getByLabel("Name").fill("Ada the second");
  await page.getByLabel("E-mail").fill(ADA.email.toUpperCase());
  await send(page, "Add and show the link");
  await expect(page.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Name")).toHaveValue("Ada the second");
  await expectAccessible(page);

  await openQueue(page, project, "Everything", 2);
  await expect(page.getByRole("main"), "nothing was there to be taken in").toContainText("it is empty");
  await expect(page.getByRole("link", { name: "Label", exact: true })).toHaveCount(0);
  await expectAccessible(page);
  await page.goto(`${project}/queues/new`);
  await page.getByLabel("Name", { exact: true }).fill("Everything");
  await page.getByLabel("People an item").fill("3");
  await page.getByLabel("As the items came in.").check();
  await send(page, "Open the queue");
  await expect(page).toHaveURL(/\/queues\/new$/);
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("People an item")).toHaveValue("3");
  await expect(page.getByLabel("As the items came in.")).toBeChecked();
  await expectAccessible(page);
});
