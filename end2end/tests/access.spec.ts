// Who may sign in, where they arrive, and what is closed to them.
import { expect, startServer, test, type Page } from "../harness/test.ts";
import {
  ADA,
  addPerson,
  asAda,
  choosePassword,
  code,
  firstRun,
  giveRoles,
  makeProject,
  PASSWORD,
  said,
  send,
  signIn,
  somebody,
  unlike,
} from "../harness/instance.ts";

/** The way out at the top; on the account page every session has one. */
const signOut = (page: Page) => page.getByRole("button", { name: "Sign out", exact: true });

test("the first run makes the admin, once", async ({ page, expectAccessible }) => {
  const server = await startServer();
  try {
    await page.goto(`${server.url}/p/inbox`);
    await expect(page, "every way leads to the first run").toHaveURL(/\/first-run$/);
    await expectAccessible(page);

    await page.getByLabel("Your name").fill(ADA.name);
    await page.getByLabel("E-mail").fill(ADA.email);
    await page.getByLabel("Password").fill("short");
    await send(page, "Create the admin and sign in");
    await expect(page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel("Your name"), "what was typed is kept").toHaveValue(ADA.name);
    await expect(page.getByLabel("Password"), "a password is not").toHaveValue("");
    await expectAccessible(page);

    await firstRun(page, server.url);
    await expect(said(page)).toContainText("you are its admin");
    await expectAccessible(page);

    await page.goto(`${server.url}/first-run`);
    await expect(page, "nobody else becomes the first").toHaveURL(`${server.url}/`);
  } finally {
    await server.stop();
  }
});

test("the first run may begin with a demo", async ({ page, another, expectAccessible }) => {
  test.slow();
  const server = await startServer();
  try {
    await page.goto(`${server.url}/`);
    await page.getByLabel("Begin with a demo project").check();
    await page.getByLabel("Your name").fill(ADA.name);
    await page.getByLabel("E-mail").fill(ADA.email);
    await page.getByLabel("Password").fill("short");
    await send(page, "Create the admin and sign in");
    await expect(page.getByLabel("Begin with a demo project"), "what was chosen is kept").toBeChecked();
    await page.getByLabel("Password").fill(PASSWORD);
    await send(page, "Create the admin and sign in");
    await expect(page).toHaveURL(`${server.url}/p/support-inbox`);
    await expect(said(page)).toContainText("you are its admin");

    // The page says by itself when it is whole.
    await expect(page.getByRole("heading", { level: 1, name: "Support inbox", exact: true })).toBeVisible({
      timeout: 120_000,
    });
    await expect(page.getByRole("main")).toContainText("2,000 items");
    await expect(page.getByRole("link", { name: "First labels" }).or(page.getByText("v1")).first()).toBeVisible();
    await expectAccessible(page);

    const visitor = await another();
    await visitor.goto(`${server.url}/sign-in`);
    await signIn(visitor, "ben@example.org", PASSWORD);
    await expect(visitor.getByRole("main"), "nobody else got in by it").toContainText("do not match");
    await server.end();
    expect(await server.doctor()).toBe("");
  } finally {
    await server.stop();
  }
});

test("a wrong password stays outside, the right one goes on to where one wanted", async ({
  page,
  expectAccessible,
}) => {
  await asAda(page);
  await send(page, "Sign out");
  await expect(page).toHaveURL(/\/sign-in$/);
  await expectAccessible(page);

  await page.goto("/people?name=A&after=1");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await signIn(page, ADA.email, "not my password at all");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await expect(page.getByRole("main")).toContainText("E-mail and password do not match.");
  await expect(page.getByLabel("E-mail")).toHaveValue(ADA.email);
  await expect(page.getByLabel("Password")).toHaveValue("");
  await expectAccessible(page);

  await signIn(page, ADA.email);
  await expect(page, "on to the page that was asked for").toHaveURL(/\/people\?name=A&after=1$/);
});

test("next= leads nowhere but home", async ({ page }) => {
  await asAda(page);
  await send(page, "Sign out");
  const home = new URL(page.url()).origin;
  await page.goto("/sign-in?next=https://elsewhere.example/");
  await signIn(page, ADA.email);
  await expect(page).toHaveURL(`${home}/`);
});

test("a form that is sent after signing out asks who one is, and does nothing", async ({ page, context }) => {
  await asAda(page);
  const name = unlike("Never made");
  await page.goto("/projects/new");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await context.clearCookies();
  await send(page, "Make the project");
  await expect(page).toHaveURL(/\/sign-in\?/);
  await expect(page.getByRole("alert")).toContainText("what you sent was not saved");

  await signIn(page, ADA.email);
  await expect(page, "back at the form").toHaveURL(/\/projects\/new$/);
  await page.goto("/");
  await expect(page.getByText(name)).toHaveCount(0);
});

test("what is not there and what is not theirs", async ({ page, another, allowed, expectAccessible }) => {
  // The browser itself reports the status of a page.
  allowed.push(/status of 40[34]/);
  await asAda(page);
  const project = await makeProject(page, unlike("Closed"));
  await page.goto("/no/such/page");
  await expect(page.getByRole("heading", { level: 1, name: "Not here" })).toBeVisible();
  await expectAccessible(page);
  await page.goto("/p/no-such-project");
  await expect(page.getByRole("heading", { level: 1, name: "Not here" })).toBeVisible();
  await page.goto(`${project}/queues/12345`);
  await expect(page.getByRole("heading", { level: 1, name: "Not here" })).toBeVisible();

  const ben = somebody("Ben Adler");
  const link = await addPerson(page, ben);
  await expectAccessible(page);

  const his = await another();
  await choosePassword(his, link);
  await expect(his.getByRole("heading", { name: "No project for you yet" })).toBeVisible();
  await expectAccessible(his);
  for (const closed of [project, `${project}/settings`, `${project}/taxonomy`]) {
    await his.goto(closed);
    await expect(his.getByRole("heading", { level: 1, name: "Not here" }), closed).toBeVisible();
  }
  for (const closed of ["/people", "/audit", "/projects/new"]) {
    await his.goto(closed);
    await expect(his.getByRole("heading", { level: 1, name: "Not yours to open" }), closed).toBeVisible();
  }
  await expectAccessible(his);

  await giveRoles(page, project, ben.email, ["annotator"]);
  await expect(said(page)).toContainText("Ben Adler is here now as annotator.");
  await expectAccessible(page);

  await his.goto(project);
  await expect(his.getByRole("heading", { name: "Nothing to label right now" })).toBeVisible();
  await expectAccessible(his);
  await expect(his.getByRole("link", { name: "Taxonomy" }), "no way that ends at a closed door").toHaveCount(0);
  for (const closed of [`${project}/taxonomy`, `${project}/settings`, `${project}/queues/new`]) {
    await his.goto(closed);
    await expect(his.getByRole("heading", { level: 1, name: "Not yours to open" }), closed).toBeVisible();
  }

  await page.goto("/people");
  const row = page.getByRole("row").filter({ hasText: ben.email });
  await send(page, row.getByRole("button", { name: /^Disable/ }));
  await expect(row).toContainText("disabled");
  await his.goto(project);
  await expect(his, "who is disabled is out at once").toHaveURL(/\/sign-in/);
  await signIn(his, ben.email);
  await expect(his).toHaveURL(/\/sign-in/);
  await expect(his.getByLabel("E-mail")).toBeVisible();
});

test("a password link works once", async ({ page, another, allowed, expectAccessible }) => {
  // The browser itself reports the status of a page.
  allowed.push(/status of 409/);
  await asAda(page);
  const chi = somebody("Chi Lee");
  const link = await addPerson(page, chi);
  const hers = await another();
  await hers.goto(link);
  await expect(hers.getByRole("heading", { level: 1, name: "Choose a new password" })).toBeVisible();
  await expectAccessible(hers);
  await choosePassword(hers, link);
  await hers.goto(link);
  await expect(hers.getByRole("main")).toContainText("link");
  await expect(hers.getByLabel("New password")).toHaveCount(0);
});

test("my password and my theme", async ({ page, another, expectAccessible }) => {
  await asAda(page);
  const dov = somebody("Dov Levi");
  const link = await addPerson(page, dov);
  const his = await another();
  await choosePassword(his, link);

  const background = () => his.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await send(his, "Dark");
  await expect(his.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(his, "the switch leaves one where one was").toHaveURL(/\/$/);
  expect(await background()).not.toBe(light);
  await expectAccessible(his);
  await his.goto("/account");
  await expect(his.locator("html"), "it is remembered").toHaveAttribute("data-theme", "dark");
  await expectAccessible(his);
  await send(his, "Light");
  await expect(his.locator("html")).toHaveAttribute("data-theme", "light");
  await expectAccessible(his);

  await his.getByLabel("Password now").fill("not my password at all");
  await his.getByLabel("New password").fill(`${PASSWORD}, again`);
  await send(his, "Change it");
  await expect(his.getByLabel("Password now")).toHaveAttribute("aria-invalid", "true");
  await his.getByLabel("Password now").fill(PASSWORD);
  await his.getByLabel("New password").fill(`${PASSWORD}, again`);
  await send(his, "Change it");
  await expect(said(his)).toBeVisible();
  await send(his, signOut(his));
  await signIn(his, dov.email, `${PASSWORD}, again`);
  await expect(his.locator("html"), "the theme is the person’s, not the browser’s").toHaveAttribute("data-theme", "light");
});

test("a second factor: set up, asked for, and lost", async ({ page, another, expectAccessible }) => {
  await asAda(page);
  const eva = somebody("Eva Sand");
  const link = await addPerson(page, eva);
  const hers = await another();
  await choosePassword(hers, link);
  await hers.goto("/account");
  await expect(hers.getByRole("row").filter({ hasText: "this one" }), "where she is signed in").toContainText(/on \w+/);
  await expectAccessible(hers);

  await hers.getByRole("link", { name: /^Set it up/ }).click();
  await expect(hers.getByRole("img", { name: "QR code for your app" })).toBeVisible();
  const key = (await hers.getByLabel("Key for the app").innerText()).replaceAll(/\s/g, "");
  await expectAccessible(hers);
  await hers.getByLabel("Code", { exact: true }).fill("12345");
  await hers.getByLabel("Password").fill(PASSWORD);
  await send(hers, "Turn it on");
  await expect(hers.getByLabel("Code", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(hers.getByLabel("Key for the app"), "the key stays").toHaveText(/\S/);
  await hers.getByLabel("Code", { exact: true }).fill(code(key));
  await hers.getByLabel("Password").fill(PASSWORD);
  await send(hers, "Turn it on");
  const recovery = (await hers.getByLabel("Recovery codes", { exact: true }).innerText()).trim().split(/\s+/);
  expect(recovery).toHaveLength(10);
  await expectAccessible(hers);
  await hers.getByRole("link", { name: "I have them" }).click();
  await expect(hers.getByRole("region", { name: "Second factor" })).toContainText("10 recovery codes left");
  await expectAccessible(hers);

  await send(hers, signOut(hers));
  await signIn(hers, eva.email);
  await expect(hers.getByRole("heading", { level: 1, name: "Your second factor" })).toBeVisible();
  await expectAccessible(hers);
  await hers.goto("/account");
  await expect(hers, "the password alone opens nothing").toHaveURL(/\/sign-in/);
  await hers.goto("/sign-in/code");
  // The code of now may be the one that set it up, which is not taken twice: the next one is taken early.
  await hers.getByLabel("Code", { exact: true }).fill(code(key, 30));
  await send(hers, "Sign in");
  await expect(hers.getByRole("heading", { level: 1, name: "Projects" })).toBeVisible();

  await send(hers, signOut(hers));
  await signIn(hers, eva.email);
  await hers.getByLabel("Code", { exact: true }).fill(recovery[0]!);
  await send(hers, "Sign in");
  await expect(hers.getByRole("heading", { level: 1, name: "Projects" })).toBeVisible();

  await page.goto("/people");
  const row = page.getByRole("row").filter({ hasText: eva.email });
  await expect(row).toContainText("second factor");
  await expectAccessible(page);
  await send(page, row.getByRole("button", { name: /^Remove second factor/ }));
  await expect(said(page)).toContainText("is removed");
  await hers.goto("/account");
  await expect(hers).toHaveURL(/\/sign-in/);
  await signIn(hers, eva.email);
  await expect(hers, "nothing else is asked for").toHaveURL(/\/account$/);
});
