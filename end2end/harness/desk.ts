import { expect, type Page } from "@playwright/test";
import { awake } from "./test.ts";

/** The Label page as one person works at it: by keys alone where scripts run, by buttons where they don't. */
export class Desk {
  /** Where the desk is; known once it was opened. */
  url = "";

  constructor(
    readonly page: Page,
    readonly keys: boolean,
  ) {}

  /** Opens a queue from the list of queues. */
  async open(project: string, queue: string): Promise<void> {
    await this.page.goto(`${project}/queues`);
    await this.page.getByRole("link", { name: `Label ${queue}` }).click();
    await this.page.waitForLoadState("load");
    this.url = this.page.url();
    if (this.keys) await awake(this.page, ".desk");
  }

  /** The text on the desk. */
  get text() {
    return this.page.locator("p.item:visible");
  }

  /** The text, or the title of the page that is there when there is none. */
  get shown() {
    return this.page.locator("p.item:visible, main.pause h1:visible");
  }

  get title() {
    return this.page.locator("main.pause h1:visible");
  }

  /** How far the queue has come. */
  get progress() {
    return this.page.locator("progress.thin:visible");
  }

  /** How many of the queue's texts this person has answered. */
  get count() {
    return this.page.locator("header:visible .num");
  }

  get saved() {
    return this.page.locator("header:visible .saved");
  }

  label(name: string) {
    return this.page.getByRole("region", { name: "Labels" }).getByRole("button", { name });
  }

  /** Gives the text on the desk this label. */
  async pick(label: string): Promise<void> {
    await this.moves(async () => {
      const button = this.label(label);
      if (this.keys) await this.page.keyboard.press((await button.locator("kbd").innerText()).trim());
      else await button.click();
    });
  }

  /** Finds the label by its name, keys alone, and takes it. */
  async find(label: string): Promise<void> {
    await this.moves(async () => {
      await this.page.keyboard.press("/");
      await this.page.keyboard.type(label);
      await this.page.keyboard.press("Enter");
    });
  }

  async skip(reason: string): Promise<void> {
    await this.moves(async () => {
      if (this.keys) {
        await this.page.keyboard.press("s");
        const why = this.page.getByRole("dialog").getByRole("button", { name: reason });
        await this.page.keyboard.press((await why.locator("kbd").innerText()).trim());
      } else {
        await this.page.getByLabel("Skip, because", { exact: true }).selectOption({ label: reason });
        await this.page.getByRole("button", { name: "Skip", exact: true }).click();
      }
    });
  }

  /** Takes the last answer back: its text lies on the desk again. */
  async undo(): Promise<void> {
    await this.moves(async () => {
      if (this.keys) await this.page.keyboard.press("u");
      else await this.page.getByRole("button", { name: "Undo the last answer" }).click();
    });
  }

  /** Does something after which another text, or none, is shown. */
  private async moves(act: () => Promise<void>): Promise<void> {
    const before = await this.shown.innerText();
    await act();
    await expect(this.shown).not.toHaveText(before);
  }

  /** Everything that was said here has reached the server. */
  async isSafe(): Promise<void> {
    await expect(this.saved).toHaveText(/^Saved/);
  }
}
