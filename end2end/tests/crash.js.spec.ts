// Two people at once at a real pile, keys alone, while the server dies under them and comes back.
import { Desk } from "../harness/desk.ts";
import {
  asAda,
  bring,
  colleague,
  figure,
  labelsFrom,
  makeProject,
  openQueue,
  realTexts,
  somebody,
  takeIn,
  unlike,
} from "../harness/instance.ts";
import { expect, test } from "../harness/test.ts";

const N = 100;
/** So many are answered before the server is killed. */
const BEFORE = 30;

test("what was confirmed outlives the server", async ({ page, another, allowed, server }) => {
  // Two people, a hundred texts each, by keys: minutes where the machine is busy.
  test.setTimeout(900_000);
  // The browser reports what it could not fetch while nobody was there.
  allowed.push(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/);
  const rows = await realTexts(N);
  const labels = new Map(rows.map((row) => [row.text, row.label]));
  await asAda(page);
  const project = await makeProject(page, unlike("Crash"));
  await bring(page, project, "pile.csv", ["text,topic", ...rows.map((row) => `${row.text},${row.label}`)].join("\n"));
  await takeIn(page);
  await labelsFrom(page, project, "topic");
  await openQueue(page, project, "All of it", 2);
  const queue = page.url();
  const desks: Desk[] = [];
  for (const name of ["Ben Adler", "Chi Lee"]) {
    const desk = new Desk(await another(), true);
    await colleague(page, desk.page, somebody(name), project, ["annotator"]);
    await desk.open(project, "All of it");
    desks.push(desk);
  }

  const seen = desks.map(() => new Set<string>());
  /** Answers as the file says; who is second errs now and then. */
  const work = async (who: number, upTo: number) => {
    const desk = desks[who]!;
    while (seen[who]!.size < upTo) {
      const text = await desk.text.innerText();
      expect(seen[who]!.has(text), `“${text}” is asked once`).toBe(false);
      seen[who]!.add(text);
      const errs = who === 1 && seen[who]!.size % 9 === 0;
      await desk.find(errs ? rows[0]!.label : labels.get(text)!);
    }
  };
  const both = (upTo: number) => Promise.all([work(0, upTo), work(1, upTo)]);

  await both(BEFORE);
  await server.end("SIGKILL");
  // The texts that are ready can still be answered; what is said is kept.
  await both(BEFORE + 2);
  for (const desk of desks) await expect(desk.saved).toContainText("kept here");
  await server.restart();
  await both(N);
  for (const desk of desks) {
    await expect(desk.title).toHaveText("All done");
    await desk.isSafe();
    await expect(desk.count).toHaveText(`${N} answered`);
  }
  await page.goto(queue);
  await expect(figure(page, "answers")).toHaveText(String(2 * N));
  await expect(figure(page, "with no free place")).toHaveText(String(N));
  await expect(figure(page, "beside the slots")).toHaveText("0");

  await server.end();
  expect(await server.doctor(), "every promise is kept").toBe("");
  await server.restart();
});
