// A Discover page with made-up groups and points, served by routes: the module `public/discover.js` needs no program.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";

export const ORIGIN = "http://discover.invalid";
export const BASE = "/projects/inbox/discover/123";

const HERE = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
// The policy of the program (server/src/security.rs).
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export type Node = {
  id: string;
  first: number;
  last: number;
  from: number;
  to: number;
  into: string | null;
  parts?: [number, number][];
  size: number;
  name: string | null;
  words: string[];
  x: number;
  y: number;
  zoom: [number, number | null];
  width: number;
  tight: number;
  steady: number;
  honest: number;
  labeled: number;
  new: number;
  aside: boolean;
};

export type Pile = { nodes: Node[]; most: number; xy: Uint16Array; leaf: Uint32Array };

/** A generator of numbers in 0..1 (mulberry32): the same seed, the same pile. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  "card arrive delivery top-up pending refund missing statement exchange rate currency verify identity document transfer " +
  "cancel wrong cash machine fee charged twice PIN blocked contactless app password Überweisung カード届かない بطاقة account close age limit";

type Rect = { x: number; y: number; w: number; h: number };

/** `most` groups at the finest, a binary tree above them, and `points` points in and around their groups. */
export function pile(most: number, points: number, seed = 7): Pile {
  const roll = dice(seed);
  const words = WORDS.split(" ");
  const word = () => words[Math.floor(roll() * words.length)]!;
  const codes = 65536;
  const nodes: Node[] = [];
  const rects: Rect[] = [];
  const add = (first: number, last: number, from: number, rect: Rect) => {
    const named = roll() < 0.3;
    const keywords = [`${word()} ${word()}`, word(), word()];
    const name = named ? `${word()} ${word()} ${roll() < 0.2 ? "and what else people wrote about it" : ""}`.trim() : null;
    nodes.push({
      id: String(400 + nodes.length),
      first,
      last,
      from,
      to: most,
      into: null,
      size: 0,
      name,
      words: keywords,
      x: rect.x + rect.w / 2,
      y: rect.y + rect.h / 2,
      zoom: [0, null],
      width: Math.min(150, 12 + 7 * (name ?? keywords.slice(0, 2).join(" · ")).length),
      tight: roll(),
      steady: roll(),
      honest: roll(),
      labeled: roll() < 0.5 ? 0 : roll(),
      new: Math.floor(roll() * 9),
      aside: roll() < 0.03,
    });
    rects.push(rect);
    return nodes.length - 1;
  };
  // The largest group is cut next, across its longer side; its half of the codes goes along.
  const open = [add(0, codes - 1, 1, { x: -0.95, y: -0.95, w: 1.9, h: 1.9 })];
  for (let k = 1; k < most; k += 1) {
    open.sort((a, b) => rects[a]!.w * rects[a]!.h - rects[b]!.w * rects[b]!.h);
    const i = open.pop()!;
    const { node, rect } = { node: nodes[i]!, rect: rects[i]! };
    node.to = k;
    const share = 0.35 + 0.3 * roll();
    const cut = Math.floor(node.first + share * (node.last - node.first));
    const [one, other] =
      rect.w > rect.h
        ? [{ ...rect, w: rect.w * share }, { ...rect, x: rect.x + rect.w * share, w: rect.w * (1 - share) }]
        : [{ ...rect, h: rect.h * share }, { ...rect, y: rect.y + rect.h * share, h: rect.h * (1 - share) }];
    open.push(add(node.first, cut, k + 1, one), add(cut + 1, node.last, k + 1, other));
  }
  // Points: bell-shaped in the rectangle of their finest group, shuffled by being drawn at random.
  const xy = new Uint16Array(2 * points);
  const leaf = new Uint32Array(points);
  const ends = open.map((i) => ({ node: nodes[i]!, rect: rects[i]!, pull: roll() ** 2 + 0.05 }));
  const sum = ends.reduce((all, end) => all + end.pull, 0);
  const bell = () => (roll() + roll() + roll() + roll() - 2) / 2.4;
  const u16 = (x: number) => Math.max(0, Math.min(65535, Math.round((x + 1) * 32767.5)));
  for (let i = 0; i < points; i += 1) {
    let left = roll() * sum;
    const end = ends.find((one) => (left -= one.pull) <= 0) ?? ends[0]!;
    const { rect, node } = end;
    xy[2 * i] = u16(rect.x + rect.w * (0.5 + bell()));
    xy[2 * i + 1] = u16(rect.y + rect.h * (0.5 + bell()));
    leaf[i] = node.first + Math.floor(roll() * (node.last - node.first + 1));
  }
  const upTo = new Uint32Array(codes + 1);
  for (const code of leaf) upTo[code + 1]! += 1;
  for (let code = 0; code < codes; code += 1) upTo[code + 1]! += upTo[code]!;
  for (const node of nodes) node.size = upTo[node.last + 1]! - upTo[node.first]!;
  nameIntervals(nodes);
  return { nodes, most, xy, leaf };
}

/** One interval of zoom a name (Been, Daiches, Yap 2006): from its own beginning, or as soon as it meets no larger one. */
function nameIntervals(nodes: Node[]) {
  const scale = (k: number) => (k <= 3 ? 0 : 60 * Math.sqrt(k));
  const placed: Node[] = [];
  for (const node of [...nodes].sort((a, b) => b.size - a.size)) {
    let from = scale(node.from);
    const to = node.to === nodes[nodes.length - 1]!.to ? Infinity : scale(node.to + 1);
    for (let changed = true; changed && from < to; ) {
      changed = false;
      for (const other of placed) {
        const apart = Math.min((node.width + other.width) / 2 / Math.abs(node.x - other.x), 18 / Math.abs(node.y - other.y));
        const until = Math.min(other.zoom[1] ?? Infinity, apart);
        if (from < until && other.zoom[0] < to && until > other.zoom[0]) {
          from = until * (1 + 1e-6);
          changed = true;
        }
      }
    }
    node.zoom = from < to ? [from, to === Infinity ? null : to] : [0, 0];
    if (from < to) placed.push(node);
  }
}

export type Fake = {
  pile: Pile;
  /** Every request under the base, without it. */
  asked: string[];
  /** Set to refuse `points`. */
  broken: boolean;
};

/** Serves the page and its data to `page`. */
export async function serve(page: Page, made: Pile): Promise<Fake> {
  const fake: Fake = { pile: made, asked: [], broken: false };
  const style = (await Promise.all(["tokens", "base", "parts", "pages"].map((name) => readFile(join(HERE, "style", `${name}.css`), "utf8")))).join("\n");
  const script = await readFile(join(HERE, "public", "discover.js"), "utf8");
  await page.route(`${ORIGIN}/**`, async (route) => {
    const url = new URL(route.request().url());
    const bytes = (body: Buffer) => route.fulfill({ body, contentType: "application/octet-stream" });
    if (url.pathname === "/app.css") return route.fulfill({ body: style, contentType: "text/css" });
    if (url.pathname === "/discover.js") return route.fulfill({ body: script, contentType: "text/javascript" });
    if (!url.pathname.startsWith(BASE)) return route.fulfill({ status: 204 });
    const name = url.pathname.slice(BASE.length + 1);
    fake.asked.push(name + url.search);
    const n = made.leaf.length;
    switch (name) {
      case "":
        return route.fulfill({ body: html(made, url.searchParams), contentType: "text/html; charset=utf-8", headers: { "content-security-policy": POLICY } });
      case "nodes":
        return route.fulfill({ json: { grains: { overview: 12, themes: 84, details: 240 }, most: made.most, nodes: made.nodes } });
      case "points":
        if (fake.broken) return route.fulfill({ status: 503, body: "" });
        return bytes(Buffer.concat([words(0x31545041, n), Buffer.from(made.xy.buffer), Buffer.from(made.leaf.buffer)]));
      case "colors":
        return bytes(colors(made, url.searchParams.get("by")!));
      case "mask":
        return bytes(mask(made, url.searchParams.getAll("sel")));
      case "point": {
        const i = Number(url.searchParams.get("i"));
        const near = Array.from({ length: 10 }, (_, j) => (i + 1 + j) % n).map((j) => [made.xy[2 * j]!, made.xy[2 * j + 1]!]);
        return route.fulfill({ json: { text: `Why is text <b>${i}</b> still pending? I sent it on Monday.`, href: `/projects/inbox/items/${i}`, near } });
      }
      case "name":
        return route.fulfill({ status: 204 });
      default:
        return route.fulfill({ status: 404, body: "" });
    }
  });
  return fake;
}

function words(...values: number[]): Buffer {
  const made = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => made.writeUInt32LE(value, 4 * i));
  return made;
}

function colors(made: Pile, by: string): Buffer {
  const scale = by === "time" || by === "agreement";
  const legend = scale
    ? [{ name: "2 Nov", hue: null }, { name: "30 Nov", hue: null }]
    : [...["Refund", "Card arrival", "Top-up", "Exchange rate"].map((name, i) => ({ name, hue: 3 * i })), { name: "none", hue: null }];
  const head = Buffer.from(JSON.stringify({ legend, kind: scale ? "scale" : "categories" }));
  const tone = Buffer.from(made.leaf.map((code) => (scale ? (code >> 8) % 256 : (code >> 11) % 5)));
  return Buffer.concat([words(head.length), head, tone]);
}

/** The steps from left to right, as the program would. Words are in every second text. */
function mask(made: Pile, steps: string[]): Buffer {
  const n = made.leaf.length;
  const held = new Uint8Array(n);
  for (const step of steps) {
    const [, op, kind, rest] = /^(or|and|not)\.(\w+)\.(.*)$/s.exec(step)!;
    const node = made.nodes.find((one) => kind === "group" && one.id === rest);
    const corners = kind === "area" ? rest!.split(";").map((corner) => corner.split(",").map(Number) as [number, number]) : [];
    for (let i = 0; i < n; i += 1) {
      const hit = node ? node.first <= made.leaf[i]! && made.leaf[i]! <= node.last
        : kind === "area" ? winding(corners, made.xy[2 * i]!, made.xy[2 * i + 1]!) !== 0 : i % 2 === 0;
      held[i] = op === "or" ? held[i]! | +hit : op === "and" ? held[i]! & +hit : held[i]! & +!hit;
    }
  }
  const bits = Buffer.alloc(Math.ceil(n / 8));
  held.forEach((bit, i) => (bits[i >> 3]! |= bit << (i & 7)));
  return Buffer.concat([words(held.reduce((sum, bit) => sum + bit, 0)), bits]);
}

function winding(corners: [number, number][], x: number, y: number): number {
  return corners.reduce((turns, [a, b], i) => {
    const [c, d] = corners[(i + 1) % corners.length]!;
    const side = (c - a) * (y - b) - (x - a) * (d - b);
    return b <= y ? turns + +(d > y && side > 0) : turns - +(d <= y && side < 0);
  }, 0);
}

const escape = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

function html(made: Pile, query: URLSearchParams): string {
  const k = Number(query.get("k") ?? 84);
  const opened = made.nodes.find((node) => node.id === query.get("group"));
  const title = (node: Node) => escape(node.name ?? node.words.slice(0, 2).join(" · "));
  const shown = made.nodes.filter((node) => node.from <= k && k <= node.to).sort((a, b) => b.size - a.size);
  const dots = Array.from({ length: Math.min(1500, made.leaf.length) }, (_, i) =>
    `<circle cx="${(made.xy[2 * i]! / 32767.5 - 1).toFixed(3)}" cy="${(1 - made.xy[2 * i + 1]! / 32767.5).toFixed(3)}" r=".006"/>`).join("");
  const rows = shown.map((node) =>
    `<li data-id="${node.id}"><a href="${BASE}?k=${k}&amp;group=${node.id}"><b>${title(node)}</b> <span class="num">${node.size}</span> <small>${escape(node.words.join(", "))}</small></a></li>`).join("");
  const panel = opened
    ? `<h2>${title(opened)}</h2><p class="quiet">${opened.size} items · tightness ${opened.tight.toFixed(2)} · <a href="${BASE}?k=${k}">Close</a></p>
       <h3>Typical</h3><ul class="plain-list"><li class="text">Why is my top-up still pending?</li><li class="text">The money I added this morning isn’t there yet.</li></ul>
       <form method="post" action="${BASE}/name"><input type="hidden" name="back"><label for="group-name">Name</label> <input id="group-name" name="name" value="${title(opened)}"> <button class="btn do">Make a label</button></form>
       <p><button class="btn small" type="button" data-step="field.channel=mail">channel: mail</button></p>`
    : `<h2>No group is open</h2><p class="quiet">Choose one in the list or on the map.</p>`;
  const grains = ([["Overview", 12], ["Themes", 84], ["Details", 240]] as const).map(([name, at]) => `<a href="${BASE}?k=${at}" data-k="${at}">${name}</a>`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Discover · Assay</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css"></head><body class="project-shell">
<header class="thread"><a class="brand" href="/"><i aria-hidden="true"></i>Assay</a><p class="project"><small>Project</small><a href="/projects/inbox">Support inbox</a></p></header>
<main class="discover" id="discover" data-base="${BASE}" data-groups="84">
<header class="head"><div><h1>Discover</h1><p>38 of ${made.leaf.length} items are new ground</p></div></header>
<form class="grain" action="${BASE}"><nav class="seg" aria-label="Grain">${grains}</nav>
<label for="k">Coarse to fine</label><output for="k">${shown.length} groups</output><input type="range" id="k" name="k" min="1" max="${made.most}" value="${k}">
<label for="sort">Sort by</label><select id="sort" name="sort"><option value="size">Size</option><option value="tight">Tightness</option><option value="steady">Stability</option><option value="unlabeled">Unlabeled</option><option value="new">New</option></select>
<button class="btn small">Show</button></form>
<ol class="groups" aria-label="Groups">${rows}</ol>
<figure class="map" data-map>
<div class="map-tools" hidden><label class="quiet">Colour by <select name="by"><option value="group">Group</option><option value="label">Label</option><option value="labeled">Labeled or not</option><option value="agreement">Agreement</option><option value="time">Time</option><option value="field:channel">channel</option></select></label>
<span class="acts"><button class="btn small" type="button" data-do="lasso" aria-pressed="false" title="Draw around points (Shift and drag)">Lasso</button><button class="btn small" type="button" data-do="box" aria-pressed="false" title="Select a rectangle">Box</button><button class="btn small" type="button" data-do="out" aria-label="Zoom out" title="Zoom out">−</button><button class="btn small" type="button" data-do="in" aria-label="Zoom in" title="Zoom in">+</button><button class="btn small" type="button" data-do="fit" title="Show the whole map">Fit</button></span></div>
<div class="map-box"><svg viewBox="-1.05 -1.05 2.1 2.1" role="img" aria-label="Map of ${made.leaf.length} items" fill="#888">${dots}</svg>
<p id="map-keys" hidden>Arrow keys go to the nearest name; with Shift they add it to the selection. Plus and minus zoom, to finer or coarser names; 0 shows the whole map. Enter opens the group, L selects it, Escape clears.</p></div>
<ul class="tags legend quiet" aria-label="Colours" tabindex="0" hidden></ul>
<figcaption class="map-note quiet">40% of true neighbours are near on the map. <span data-drawn-of></span></figcaption></figure>
<form class="selection" action="${BASE}"><output data-count>Nothing selected</output><input type="search" name="words" aria-label="Words" placeholder="Words"><button class="btn small" type="button" data-clear>Clear</button><a class="btn small" data-open href="${BASE}">Open</a>
<div class="seg" role="group" aria-label="The next step" hidden><button type="button" data-op="new" aria-pressed="true">New</button><button type="button" data-op="or" aria-pressed="false">Add</button><button type="button" data-op="and" aria-pressed="false">Within</button><button type="button" data-op="not" aria-pressed="false">Without</button></div>
<ol class="sel-steps" aria-label="Steps of the selection" hidden></ol></form>
<section class="group-panel" id="group" aria-label="Group" tabindex="0">${panel}</section>
<p role="status" aria-live="polite" class="map-live vh"></p>
</main><script type="module" src="/discover.js"></script></body></html>`;
}
