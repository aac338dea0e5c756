// The map of Discover alone: the module against a page and answers that are made up, so no program is needed.
import { chromium, type Browser } from "@playwright/test";
import { chromium as installed } from "../harness/chromium.ts";
import { BASE, dice, ORIGIN, pile, serve, type Pile } from "../harness/discover.ts";
import { expect, test as base, type Page } from "../harness/test.ts";

const test = base.extend({ baseURL: ORIGIN });

const SMALL = pile(300, 5_000);
const SIZES = [
  { width: 390, height: 844 },
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
];

/** Opens the page and waits for the groups and for the first frame. */
async function open(page: Page, made: Pile = SMALL, query = "") {
  const fake = await serve(page, made);
  await page.goto(ORIGIN + BASE + query);
  await expect(page.locator("#discover[data-ready]")).toBeAttached();
  await expect(page.locator("[data-map][data-drawn]")).toBeAttached();
  return fake;
}

const stage = (page: Page) => page.getByRole("application");
const live = (page: Page) => page.locator(".map-live");
const steps = (page: Page) => new URL(page.url()).searchParams.getAll("sel");
const nameOf = (node: { name: string | null; words: string[] }) => node.name ?? node.words.slice(0, 2).join(" · ");
const two = (page: Page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** How many pixels of the map are not paper, as a person sees them: from a picture of the screen, without the names. */
async function inked(page: Page): Promise<number> {
  await page.evaluate(() => document.querySelector(".map-names")?.replaceChildren());
  const png = await page.locator(".map-box").screenshot();
  return page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: image.width, height: image.height });
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(4, 4, image.width - 8, image.height - 8);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (Math.abs(data[i]! - data[0]!) + Math.abs(data[i + 1]! - data[1]!) + Math.abs(data[i + 2]! - data[2]!) > 24) count += 1;
    }
    return count;
  }, `data:image/png;base64,${png.toString("base64")}`);
}

test("names never meet and keep to their width", async ({ page }) => {
  await open(page);
  const roll = dice(11);
  const widths = Object.fromEntries(SMALL.nodes.map((node) => [nameOf(node), 0]));
  for (const node of SMALL.nodes) widths[nameOf(node)] = Math.max(widths[nameOf(node)]!, node.width);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const views = Array.from({ length: 200 }, () => [2 * roll() - 1, 2 * roll() - 1, 150 * 40 ** roll()]);
    const found = await page.evaluate(
      async ({ views, widths }) => {
        const wrong: string[] = [];
        let seen = 0;
        for (const view of views) {
          history.replaceState(null, "", `?at=${view}`);
          dispatchEvent(new PopStateEvent("popstate"));
          await new Promise(requestAnimationFrame);
          const there = [...document.querySelectorAll<HTMLElement>(".map-names span")];
          const boxes = there.map((made) => ({ made, box: made.getBoundingClientRect() }));
          seen += boxes.length;
          boxes.forEach(({ made, box }, i) => {
            const fits = box.width < widths[made.textContent!]! + 0.01 && Math.abs(box.height - 18) < 0.01;
            if (!fits) wrong.push(`${made.textContent} is ${box.width} wide`);
            for (const other of boxes.slice(i + 1)) {
              const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
              const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
              if (across > 0.05 && down > 0.05) wrong.push(`${view}: ${made.textContent} and ${other.made.textContent}`);
            }
          });
        }
        return { wrong, seen };
      },
      { views, widths },
    );
    expect(found.wrong).toEqual([]);
    expect(found.seen, "there were names to look at").toBeGreaterThan(400);
  }
});

test("by keys: to a name, open, back, select, grow, clear", async ({ page }) => {
  await page.setViewportSize(SIZES[2]!);
  const fake = await open(page);
  await page.locator("[data-do=fit]").focus();
  await page.keyboard.press("Tab");
  await expect(stage(page)).toBeFocused();
  const at = () => page.locator(".map-names .on");
  await expect(at()).toHaveCount(1);
  const first = (await at().textContent())!;
  await expect(live(page)).toContainText(first);
  await page.keyboard.press("ArrowLeft");
  await expect(at()).not.toHaveText(first);
  const second = (await at().textContent())!;
  await expect(live(page)).toHaveText(new RegExp(`^${second.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}, [\\d,]+ items?, .+, \\d+% labeled`));

  await page.keyboard.press("l");
  await expect(page.locator("[data-count]")).toHaveText(/^[\d,]+ items? selected$/);
  expect(steps(page)).toHaveLength(1);
  const chosen = SMALL.nodes.find((node) => `or.group.${node.id}` === steps(page)[0])!;
  expect(nameOf(chosen)).toBe(second);
  expect(fake.asked).toContain(`mask?sel=or.group.${chosen.id}`);
  await expect(page.locator("[data-count]")).toHaveText(`${chosen.size.toLocaleString("en")} items selected`);
  await page.keyboard.press("Shift+ArrowRight");
  await expect.poll(() => steps(page).length).toBe(2);
  await expect(page.locator("[data-open]")).toHaveAttribute("href", new RegExp(`${BASE}\\?sel=or\\.group\\.\\d+&sel=or\\.group\\.\\d+$`));
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-count]")).toHaveText("Nothing selected");
  expect(steps(page)).toEqual([]);

  const before = await page.locator(".map-names span").allTextContents();
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("+");
  await expect(live(page)).toContainText(/names? at this zoom/);
  expect(await page.locator(".map-names span").allTextContents()).not.toEqual(before);
  await page.keyboard.press("0");
  await two(page);
  expect((await page.locator(".map-names span").allTextContents()).sort()).toEqual(before.sort());

  const last = (await at().textContent())!;
  await page.keyboard.press("Enter");
  await expect(page.locator("#group h2")).toHaveText(last);
  await expect(page.locator("#group")).toBeFocused();
  expect(new URL(page.url()).searchParams.get("group")).toBeTruthy();
  await page.keyboard.press("Escape");
  await expect(stage(page)).toBeFocused();
  await page.goBack();
  await expect(page.locator("#group h2")).toHaveText("No group is open");
});

test("a lasso is a polygon, and the mask is asked for", async ({ page }) => {
  await page.setViewportSize(SIZES[2]!);
  const fake = await open(page);
  const box = (await stage(page).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.locator("[data-do=lasso]").click();
  await page.mouse.move(x + 120, y);
  await page.mouse.down();
  for (let step = 1; step < 90; step += 1) {
    const turn = (2 * Math.PI * step) / 90;
    await page.mouse.move(x + 120 * Math.cos(turn), y + 90 * Math.sin(turn));
  }
  await page.mouse.up();
  await expect(page.locator("[data-count]")).toHaveText(/^[\d,]+ items selected$/);
  const [step] = steps(page);
  expect(step).toMatch(/^or\.area\.\d+,\d+(;\d+,\d+){2,63}$/);
  expect(fake.asked.filter((asked) => asked.startsWith("mask?"))).toEqual([`mask?sel=${encodeURIComponent(step!)}`]);
  const corners = step!.slice(8).split(";").map((corner) => corner.split(",").map(Number) as [number, number]);
  const unit = Math.min(box.width, box.height) / 2.1 / 32767.5;
  const twice = corners.reduce((sum, [a, b], i) => {
    const [c, d] = corners[(i + 1) % corners.length]!;
    return sum + a * d - b * c;
  }, 0);
  const area = Math.abs(twice) / 2;
  expect(area * unit * unit / (Math.PI * 120 * 90), "the area that was drawn").toBeCloseTo(1, 1);

  // A rectangle within it, and words without: from left to right.
  await page.locator("[data-op=and]").click();
  await page.locator("[data-do=box]").click();
  await page.mouse.move(x - 10, y - 20);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 40, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => steps(page).length).toBe(2);
  expect(steps(page)[1]).toMatch(/^and\.area(\.|;)\d+,\d+(;\d+,\d+){3}$/);
  await page.locator("[data-op=not]").click();
  await page.locator("[name=words]").fill("refund");
  await page.keyboard.press("Enter");
  await expect.poll(() => steps(page)[2]).toBe("not.words.refund");
  await expect(page.locator(".sel-steps")).toHaveText(/area ×.*within area ×.*without “refund” ×/s);
  // What only takes away can't be the first.
  await page.locator(".sel-steps button").first().click();
  await expect.poll(() => steps(page).map((one) => one.slice(0, 7))).toEqual(["or.area", "not.wor"]);
  await page.locator(".sel-steps button").first().click();
  await expect.poll(() => steps(page)).toEqual([]);
  await expect(page.locator("[data-count]")).toHaveText("Nothing selected");
});

test("slider and sort change the list at once, a group is opened in place", async ({ page }) => {
  await page.setViewportSize(SIZES[2]!);
  await open(page);
  const rows = page.locator(".groups > li");
  await expect(rows).toHaveCount(84);
  await rows.nth(3).locator("a").click();
  const name = await rows.nth(3).locator("b").textContent();
  await expect(page.locator("#group h2")).toHaveText(name!);
  await expect(page.locator(".groups .on")).toHaveCount(1);
  await page.getByRole("link", { name: "Details" }).click();
  await expect(rows).toHaveCount(240);
  await expect(page.locator("#group h2")).toHaveText(name!);
  await page.locator("[name=k]").fill("120");
  await expect(page.locator(".grain output")).toHaveText("120 groups");
  await expect(rows).toHaveCount(120);
  expect(new URL(page.url()).searchParams.get("k")).toBe("120");
  await page.locator("[name=sort]").selectOption("new");
  const shown = SMALL.nodes.filter((node) => node.from <= 120 && node.to >= 120 && !node.aside);
  const most = shown.sort((a, b) => b.new - a.new || b.size - a.size)[0]!;
  await expect(rows.first()).toHaveAttribute("data-id", most.id);
  await page.reload();
  await expect(page.locator("#discover[data-ready]")).toBeAttached();
  await expect(rows.first()).toHaveAttribute("data-id", most.id);
  const posted = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Make a label" }).click();
  expect(new URLSearchParams((await posted).postData()!).get("back")).toContain("k=120&group=");
  await page.getByRole("link", { name: "Close", exact: true }).click();
  await expect(page.locator("#group h2")).toHaveText("No group is open");
});

test("a merged group stands for its parts, at any remove", async ({ page }) => {
  const nodes = structuredClone(SMALL.nodes);
  const [a, b, c] = nodes.filter((node) => node.from <= 84 && 84 <= node.to);
  const merge = (id: string, from: typeof nodes) => {
    const parts = from.flatMap((node) => node.parts ?? [[node.first, node.last] as [number, number]]);
    const size = from.reduce((sum, node) => sum + node.size, 0);
    nodes.push({ ...a!, id, from: 1, to: 300, parts, size, name: `Merged ${id}`, into: null });
    for (const node of from) node.into = id;
  };
  merge("9001", [a!, b!]);
  nodes.at(-1)!.from = 200;
  merge("9002", [nodes.at(-1)!, c!]);
  await open(page, { ...SMALL, nodes });
  await expect(page.locator(".groups > li")).toHaveCount(82);
  await expect(page.locator(".groups > li[data-id='9002'] .num")).toHaveText((a!.size + b!.size + c!.size).toLocaleString("en"));
});

test("a text is shown as text, with lines to its neighbours", async ({ page }) => {
  await page.setViewportSize(SIZES[2]!);
  await open(page, SMALL, "?by=label");
  await expect(page.locator(".legend .tag")).toHaveText(["Refund", "Card arrival", "Top-up", "Exchange rate", "none"]);
  const box = (await stage(page).boundingBox())!;
  const unit = Math.min(box.width, box.height) / 2.1;
  // A point far from every name.
  const names = await page.locator(".map-names span").evaluateAll((all) => all.map((made) => made.getBoundingClientRect().toJSON()));
  const at = (u: number) => (u / 32767.5 - 1) * unit;
  const places = Array.from(SMALL.leaf, (_, i) => [
    box.x + box.width / 2 + at(SMALL.xy[2 * i]!),
    box.y + box.height / 2 - at(SMALL.xy[2 * i + 1]!),
  ]);
  const clear = places.findIndex(([x, y]) =>
    names.every((name) => x! < name.left - 20 || x! > name.right + 20 || y! < name.top - 20 || y! > name.bottom + 20) &&
    places.every(([a, b]) => (a === x && b === y) || Math.hypot(a! - x!, b! - y!) > 3));
  const free = places[clear]!;
  const code = SMALL.leaf[clear]!;
  const group = SMALL.nodes.find((node) => node.from <= 84 && 84 <= node.to && node.first <= code && code <= node.last)!;
  await page.mouse.move(free[0]!, free[1]!);
  await expect(page.locator(".map-card")).toContainText(`Why is text <b>${clear}</b>`);
  const label = ["Refund", "Card arrival", "Top-up", "Exchange rate", "none"][(code >> 11) % 5];
  await expect(page.locator(".map-card")).toContainText(`${nameOf(group)} · ${label}`);
  expect((await page.locator(".map-stage path").first().getAttribute("d"))!.match(/L/g)).toHaveLength(10);
  await page.mouse.click(free[0]!, free[1]!);
  await expect(page.locator(".map-card a")).toHaveAttribute("href", /^\/projects\/inbox\/items\/\d+$/);
  await stage(page).focus();
  await page.keyboard.press("Escape");
  await expect(page.locator(".map-card")).toBeHidden();
});

test.describe("by touch", () => {
  test.use({ viewport: SIZES[0]!, hasTouch: true, isMobile: true });

  test("two fingers zoom, one moves, a tap opens; the map is above the list", async ({ page }) => {
    await open(page);
    const box = (await stage(page).boundingBox())!;
    expect(box.y).toBeLessThan((await page.locator(".groups").boundingBox())!.y);
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...at: [number, number][]) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: at.map(([x, y], id) => ({ x: box.x + x, y: box.y + y, id })) });
    await touch("touchStart", [150, 150]);
    await touch("touchStart", [150, 150], [200, 200]);
    for (let n = 1; n <= 10; n += 1) await touch("touchMove", [150, 150], [200 + 5 * n, 200 + 5 * n]);
    await touch("touchEnd");
    const view = async () => new URL(page.url()).searchParams.get("at")?.split(",").map(Number) ?? [];
    await expect.poll(async () => (await view())[2]! / (Math.min(box.width, box.height) / 2.1)).toBeCloseTo(2, 1);
    const [x, , s] = await view();
    await touch("touchStart", [150, 150]);
    for (let n = 1; n <= 5; n += 1) await touch("touchMove", [150 - 10 * n, 150]);
    await touch("touchEnd");
    await expect.poll(async () => ((await view())[0]! - x!) * s!).toBeCloseTo(50, 0);
    const inside = await page.locator(".map-names span").evaluateAll((all) => all.findIndex((made) => {
      const { left, right, top } = made.getBoundingClientRect();
      return left > 30 && right < 360 && top > 200;
    }));
    const name = page.locator(".map-names span").nth(inside);
    const { x: a, y: b, width } = (await name.boundingBox())!;
    const text = await name.textContent();
    await page.touchscreen.tap(a + width / 2, b + 9);
    await expect(page.locator("#group h2")).toHaveText(text!);
    await expect(page.locator("#group h2")).toBeInViewport();
  });
});

test("no barriers, empty and in use, broad and narrow", async ({ page, expectAccessible }) => {
  await open(page, SMALL, "?group=430&sel=or.group.430&sel=and.words.refund");
  await expect(page.locator("[data-count]")).toHaveText(/selected$/);
  for (const size of [SIZES[0]!, SIZES[2]!]) {
    await page.setViewportSize(size);
    await expectAccessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide, "nothing sticks out").toBeLessThanOrEqual(0);
  }
});

test("without points the server's picture stays, and it is said", async ({ page, allowed }) => {
  allowed.push(/503/);
  const fake = await serve(page, SMALL);
  fake.broken = true;
  await page.goto(ORIGIN + BASE);
  await expect(page.locator("#discover[data-ready]")).toBeAttached();
  await expect(live(page)).toContainText("The map could not be loaded");
  await expect(page.locator(".map-box > svg")).toBeVisible();
  expect(await inked(page)).toBeGreaterThan(500);
});

test.describe("never blank", () => {
  const large = pile(300, 200_000);
  const start = (...args: string[]) =>
    chromium.launch({ executablePath: installed(), args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...args] });

  /** 200,000 points, drawn at the start, after a zoom and after a change of size. */
  async function draws(browser: Browser, watch: (context: Awaited<ReturnType<Browser["newContext"]>>) => void, stub?: string) {
    const context = await browser.newContext({ viewport: SIZES[2]! });
    watch(context);
    const page = await context.newPage();
    if (stub) await page.addInitScript(stub);
    await open(page, large);
    expect(await inked(page)).toBeGreaterThan(5_000);
    await page.locator("[data-do=in]").click();
    await page.setViewportSize(SIZES[1]!);
    await two(page);
    expect(await inked(page)).toBeGreaterThan(5_000);
    return { page, by: (await page.locator("[data-map]").getAttribute("data-drawn"))! };
  }

  test("with --disable-gpu", async ({ watch }) => {
    const browser = await start();
    const { by } = await draws(browser, watch);
    expect(["webgl2", "canvas"]).toContain(by);
    await browser.close();
  });

  test("without any WebGL", async ({ watch }) => {
    const browser = await start("--disable-3d-apis");
    const { by, page } = await draws(browser, watch);
    expect(by).toBe("canvas");
    await expect(page.locator("[data-drawn-of]")).toHaveText("50,000 of 200,000 points drawn, chosen at random.");
    await browser.close();
  });

  test("where getContext('webgl2') gives null", async ({ browser, watch }) => {
    const { by } = await draws(browser, watch, `
      const get = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind === "webgl2" ? null : get.call(this, kind, ...rest);
      };`);
    expect(by).toBe("canvas");
  });

  test("after the context is lost", async ({ browser, watch, allowed }) => {
    allowed.push(/CONTEXT_LOST/i);
    const { by, page } = await draws(browser, watch, `
      const get = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (...rest) { return (this.kept = get.apply(this, rest)); };`);
    test.skip(by !== "webgl2", "this browser has no WebGL2");
    await page.evaluate(() => {
      const canvas = document.querySelector(".map-stage canvas") as HTMLCanvasElement & { kept: WebGL2RenderingContext };
      canvas.kept.getExtension("WEBGL_lose_context")!.loseContext();
    });
    await expect(page.locator("[data-map]")).toHaveAttribute("data-drawn", "canvas");
    expect(await inked(page)).toBeGreaterThan(5_000);
  });
});
