// The tests' own conscience: what must fail a test does fail it. These need no server.
import { test as base } from "../harness/test.ts";

const page = (head: string, body = "") => `<!doctype html><html lang="en"><head><title>x</title>${head}</head><body><main><h1>x</h1>${body}</main></body></html>`;

const test = base.extend({
  baseURL: "http://harness.invalid",
});

test("a quiet, plain page passes", async ({ page: browser, expectAccessible }) => {
  await browser.setContent(page(""));
  await expectAccessible(browser);
});

test.describe("fails on", () => {
  test("a console error", async ({ page: browser }) => {
    test.fail();
    await browser.setContent(page("<script>console.error('x')</script>"));
  });

  test("an uncaught error", async ({ page: browser }) => {
    test.fail();
    await browser.setContent(page("<script>throw new Error('x')</script>"));
  });

  test("a violated content security policy", async ({ page: browser }) => {
    test.fail();
    const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'none'">`;
    await browser.setContent(page(`${policy}<script>let x</script>`));
  });

  test("a picture without words", async ({ page: browser, expectAccessible }) => {
    test.fail();
    await browser.setContent(page("", `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`));
    await expectAccessible(browser);
  });
});

test("what a test allows passes", async ({ page: browser, allowed }) => {
  allowed.push(/expected here/);
  await browser.setContent(page("<script>console.error('expected here')</script>"));
});
