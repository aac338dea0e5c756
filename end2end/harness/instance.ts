import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, type Locator, type Page } from "@playwright/test";

/** Somebody of the tests. Everyone has the same good password. */
export type Person = { name: string; email: string };

export const PASSWORD = "correct horse battery staple";
export const ADA: Person = { name: "Ada Okafor", email: "ada@team.example" };

/** A name that no other test on the same server has. */
export function unlike(words: string): string {
  return `${words} ${Math.random().toString(36).slice(2, 8)}`;
}

/** Presses a button that posts a form, and waits for the page that comes of it. */
export async function send(page: Page, button: string | RegExp | Locator): Promise<void> {
  const named = typeof button === "string" || button instanceof RegExp;
  const found = named ? page.getByRole("button", { name: button }) : button;
  // Found first: a button that is not there is what the test then speaks of.
  await expect(found).toBeVisible();
  await Promise.all([page.waitForEvent("load"), found.click()]);
}

/** What the last act had to say. */
export function said(page: Page) {
  return page.locator("p.notice");
}

/** Sets up the server with Ada as its admin. */
export async function firstRun(page: Page, base = ""): Promise<void> {
  await page.goto(`${base}/`);
  await page.getByLabel("Your name").fill(ADA.name);
  await page.getByLabel("E-mail").fill(ADA.email);
  await page.getByLabel("Password").fill(PASSWORD);
  await send(page, "Create the admin and sign in");
}

export async function signIn(page: Page, email: string, password = PASSWORD, base = ""): Promise<void> {
  if (!page.url().includes("/sign-in")) await page.goto(`${base}/sign-in`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await send(page, "Sign in");
}

/** Ada, signed in, on a server that is set up if it was not. */
export async function asAda(page: Page, base = ""): Promise<void> {
  await page.goto(`${base}/`);
  if (page.url().endsWith("/first-run")) await firstRun(page, base);
  else await signIn(page, ADA.email);
  await expect(page.getByRole("heading", { level: 1, name: "Projects" })).toBeVisible();
}

/** Makes a project and returns its address. */
export async function makeProject(page: Page, name: string, base = ""): Promise<string> {
  await page.goto(`${base}/projects/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await send(page, "Make the project");
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  return new URL(page.url()).pathname;
}

/** Adds a person and returns the link with which they choose their password. */
export async function addPerson(page: Page, person: Person, base = ""): Promise<string> {
  await page.goto(`${base}/people`);
  await page.getByLabel("Name").fill(person.name);
  await page.getByLabel("E-mail").fill(person.email);
  await send(page, "Add and show the link");
  await expect(page.getByRole("heading", { level: 1, name: `A link for ${person.name}` })).toBeVisible();
  return (await page.getByLabel("Password link").innerText()).trim();
}

/** Opens the link of somebody and chooses their password; they are signed in then. */
export async function choosePassword(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("New password").fill(PASSWORD);
  await send(page, "Save and sign in");
  await expect(page.getByRole("heading", { level: 1, name: "Projects" })).toBeVisible();
}

/** Gives somebody roles in the project at `project`. */
export async function giveRoles(page: Page, project: string, email: string, roles: string[], base = ""): Promise<void> {
  await page.goto(`${base}${project}/settings/people`);
  const form = page.locator("form").filter({ has: page.getByRole("button", { name: "Give the roles" }) });
  await form.getByLabel("E-mail").fill(email);
  for (const role of ["annotator", "owner", "engineer"]) {
    await form.getByLabel(role).setChecked(roles.includes(role));
  }
  await send(page, "Give the roles");
  await expect(page.getByRole("row").filter({ hasText: email })).toBeVisible();
}

/** Brings a file to the Data page of the project at `project`, as far as its columns. */
export async function bring(page: Page, project: string, file: string, content: string): Promise<void> {
  await page.goto(`${project}/data`);
  await page
    .getByLabel("Drop a file here, or choose one")
    .setInputFiles({ name: file, mimeType: "application/octet-stream", buffer: Buffer.from(content) });
  await send(page, "Read the columns");
  await expect(page.getByRole("heading", { level: 1, name: file })).toBeVisible();
}

/** Takes in the file whose columns are on the page, and waits for the end of it. */
export async function takeIn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("link", { name: "Browse its items" })).toBeVisible();
}

/** The number beside these words in a list of figures. */
export function figure(page: Page, words: string) {
  const about = page.locator("dl.figures > div").filter({ has: page.getByText(words, { exact: true }) });
  return about.locator("dd");
}

/** Makes labels of the values of a field, and publishes them. */
export async function labelsFrom(page: Page, project: string, field: string): Promise<void> {
  await page.goto(`${project}/taxonomy`);
  await page.getByLabel("Labels from a column").fill(field);
  await send(page, "Add its values");
  await send(page, /^Publish version/);
  await expect(said(page)).toContainText("is published");
}

/** Opens a queue on everything unlabeled in the project; leaves the page of the queue open. */
export async function openQueue(page: Page, project: string, name: string, overlap: number): Promise<void> {
  await page.goto(`${project}/queues/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("People an item").fill(String(overlap));
  await send(page, "Open the queue");
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

/** The text and the label of so many rows of a real file, where it is at hand; of an invented one otherwise. */
export async function realTexts(n: number): Promise<{ text: string; label: string }[]> {
  const file = new URL("../../../shared/data/banking77/items.csv", import.meta.url);
  const lines = await readFile(file, "utf8").then((content) => content.split("\n").slice(1)).catch(() => []);
  // Cells without quotes need no reader of CSV. They come label by label: a few of each.
  const plain = lines.map((line) => line.match(/^[^",]+,([^",]+),([^",]+),[^",]+$/)).filter((row) => row !== null);
  const texts = new Map<string, string>();
  for (let at = 0; at < plain.length; at += Math.floor(plain.length / n)) {
    if (texts.size < n) texts.set(plain[at]![1]!, plain[at]![2]!);
  }
  for (let i = texts.size; i < n; i += 1) texts.set(`Text number ${i + 1} of the pile`, `Topic ${(i % 20) + 1}`);
  return [...texts].map(([text, label]) => ({ text, label }));
}

/** A person with a password and these roles, signed in in a browser of their own. */
export async function colleague(
  page: Page,
  theirs: Page,
  person: Person,
  project: string,
  roles: string[],
): Promise<void> {
  const link = await addPerson(page, person);
  await giveRoles(page, project, person.email, roles);
  await choosePassword(theirs, link);
}

/** Somebody new: the e-mail is theirs alone. */
export function somebody(name: string): Person {
  const first = name.split(" ")[0].toLowerCase();
  return { name, email: `${unlike(first).replace(" ", ".")}@team.example` };
}

/** What an authenticator app shows for a key in base32, now or so many seconds later (RFC 6238). */
export function code(key: string, later = 0): string {
  const bits = [...key].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + later) / 30)));
  const hash = createHmac("sha1", secret).update(step).digest();
  const number = hash.readUInt32BE(hash[19]! & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}
