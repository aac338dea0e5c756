// Discover by hand: map, groups, selection. Without it the page is links and plain forms.
//
// CONTRACT. The markup is `html()` in end2end/harness/discover.ts, to the letter; this module finds, in main#discover
// [data-base][data-groups=k]: form.grain (a[data-k], [name=k], output, [name=sort], .btn); ol.groups (rows: `row()`);
// figure[data-map] (.map-tools with [name=by] and [data-do], .map-box > svg + #map-keys, .legend, [data-drawn-of]);
// form.selection ([data-count], [name=words], [data-clear], [data-open], .seg > [data-op], .sel-steps);
// #group[tabindex=0]; .map-live. Of use with scripts only, so `hidden`: .map-tools, .legend, .seg, .sel-steps.
// The svg, viewBox "-1.05 -1.05 2.1 2.1" with y down, stays until the first frame.
// Each [data-open] gets the steps as its query, whatever its path; an <input type="hidden" name="back"> the whole query.
// In main, a link to {base} with parameters of KNOWN alone is followed in place; without `group` it closes the panel,
// unless it is in .grain. button[data-step="field.channel=mail"] adds that step to the selection.
// Areas: u16, y up, 3 to 64 corners, non-zero winding. `into`: an id. `zoom[1]` null: for ever. Hue of a group: `hueOf`.
// Address: k, group, sel (repeated), sort, by, and at=x,y,px-a-unit where the view is not the whole map.

const { min, max, round, hypot, sqrt } = Math;
const root = document.getElementById("discover"), { base } = root.dataset;
const $ = (query) => root.querySelector(query), $$ = (query) => root.querySelectorAll(query);
const slider = $("[name=k]"), sorter = $("[name=sort]"), chooser = $("[name=by]"), list = $(".groups"), panel = $("#group");
const figure = $("[data-map]"), box = $(".map-box"), picture = $(".map-box svg"), legend = $(".legend"), chips = $(".sel-steps");
const KNOWN = ["k", "group", "sel", "sort", "by", "at"];
const NONE = 255;      // the last place of the palette: no group, no value
const clamp = (x, low, high) => min(high, max(low, x));
const figures = (n) => n.toLocaleString("en");
const many = (n, what) => `${figures(n)} ${what}${n === 1 ? "" : "s"}`;
const percent = (share) => `${round(100 * share)}%`;
const say = (text) => { $(".map-live").textContent = text; };
const on = (target, types, act) => types.split(" ").forEach((type) => target.addEventListener(type, act, { passive: false }));
const el = (tag, props, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
};

async function get(path, signal) {
  const answer = await fetch(base + path, { signal });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

// Of each kind of request only the latest counts.
const running = {};
async function latest(kind, work) {
  running[kind]?.abort();
  const { signal } = (running[kind] = new AbortController());
  try {
    await work(signal);
  } catch (error) {
    if (signal.aborted) return;
    say(`${kind} could not be loaded. Try again, or reload the page.`);
    console.warn(error);
  }
}

// ---- state, which is the address ----

let state = {}, moved = false;       // moved: away from the whole map
const view = { x: 0, y: 0, s: 1 };   // centre in map units, px a unit

function readAddress() {
  const query = new URLSearchParams(location.search), s = query.get("at")?.split(",").map(Number);
  state = {
    k: clamp(+(query.get("k") ?? root.dataset.groups) || 1, 1, slider.max),
    group: query.get("group"), sel: query.getAll("sel"), sort: query.get("sort") ?? "size", by: query.get("by") ?? "group",
  };
  moved = s?.[2] > 0;
  if (moved) [view.x, view.y, view.s] = s;
}

function writeAddress(how = "replaceState") {
  const query = new URLSearchParams(location.search), { k, group, sel, sort, by } = state;
  const at = moved && [view.x.toFixed(5), view.y.toFixed(5), view.s.toFixed(2)].join();
  for (const name of KNOWN) query.delete(name);
  for (const [name, value] of Object.entries({ k, group, sort: sort !== "size" && sort, by: by !== "group" && by, at })) {
    if (value) query.set(name, value);
  }
  for (const step of sel) query.append("sel", step);
  history[how](null, "", `?${query}`);
}

// ---- groups ----

let nodes = [], byId = new Map(), shown = [];
let owner = new Uint16Array(1);   // leaf code → place in `shown`
const rows = new Map();

const nameOf = (node) => node.name ?? (node.words.slice(0, 2).join(" · ") || `Group ${node.id}`);
const at = (node) => node.from <= state.k && state.k <= node.to;
const cover = (codes, node, value) => (node.parts ?? [[node.first, node.last]]).forEach(([a, b]) => codes.fill(value, a, b + 1));
const describe = (node) => `${nameOf(node)}, ${many(node.size, "item")}, ${node.words.join(", ")}, ${percent(node.labeled)} labeled`;

/** Whether people merged it into a group that is there at k, at any remove. */
function merged(node) {
  const into = byId.get(`${node.into}`);
  return into && (at(into) || merged(into));
}

/** 0..15, class c1..c16: stays with the id. */
const hueOf = (node) => [...node.id].reduce((hash, letter) => (hash * 31 + letter.charCodeAt()) % 4093, 7) & 15;

function row(node) {
  const share = `${percent(node.labeled)} labeled`;
  if (!rows.has(node.id)) {
    const bar = el("progress", { className: "ink", max: 1, value: node.labeled, ariaLabel: share, title: share });
    rows.set(node.id, el("li", {}, el("a", {},
      el("b", { className: `tag c${hueOf(node) + 1}`, textContent: nameOf(node) }), " ",
      el("span", { className: "num", textContent: figures(node.size) }), " ",
      el("small", { textContent: node.aside ? "set aside" : node.words.join(", ") }), " ",
      el("span", { className: "bar" }, bar))));
  }
  const made = rows.get(node.id), open = node.id === state.group;
  made.dataset.id = node.id;
  made.className = open ? "on" : "";
  made.firstChild.ariaCurrent = open ? "true" : null;
  made.firstChild.href = `${base}?k=${state.k}&group=${node.id}`;
  return made;
}

function regroup() {
  shown = nodes.filter((node) => at(node) && !merged(node));
  owner.fill(65535);
  shown.forEach((node, i) => cover(owner, node, i));
  slider.value = state.k;
  $(".grain output").textContent = many(shown.length, "group");
  for (const link of $$("[data-k]")) link.ariaCurrent = +link.dataset.k === state.k ? "true" : null;
  relist();
  recolor();
}

function relist() {
  const key = (node) => (state.sort === "unlabeled" ? node.size * (1 - node.labeled) : node[state.sort]);
  const had = document.activeElement;
  const order = (a, b) => a.aside - b.aside || key(b) - key(a) || b.size - a.size || a.first - b.first;
  list.replaceChildren(...[...shown].sort(order).map(row));
  sorter.value = state.sort;
  if (list.contains(had)) had.focus({ preventScroll: true });
}

// ---- points ----

let total = 0, placed = 0, coded = 0;      // all, with a position, with a leaf code
let xy, leaf, look = new Uint8Array(0);    // look: a pair each, place in the palette, 1 lit or 0 dim
let colors = null;                         // { legend, kind, tone }, or null for the colour of the group
let mask = null, peek = null, grid = null;
let crowd = 1;                             // how dense it is where the average point lies; evenly spread is 1
let fresh = {};                            // what the painter has already

/** `points` as it streams. The order is shuffled, so what has come so far is a fair picture of the whole. */
async function loadPoints(signal) {
  const reader = (await get("/points", signal)).body.getReader();
  let bytes, head = [], filled = 0;
  for (;;) {
    let { done, value } = await reader.read();
    if (done) break;
    if (!bytes) {
      head = value = new Uint8Array([...head, ...value]);
      if (head.length < 8) continue;
      const [magic, n] = new Uint32Array(head.slice(0, 8).buffer);
      if (magic !== 0x31545041) throw new Error("not points");
      total = n;
      bytes = new Uint8Array(8 * n);
      xy = new Uint16Array(bytes.buffer, 0, 2 * n);
      leaf = new Uint32Array(bytes.buffer, 4 * n, n);
      look = new Uint8Array(2 * n);
      value = head.subarray(8);
    }
    bytes.set(value.subarray(0, bytes.length - filled), filled);
    filled += value.length;
    placed = min(total, filled >> 2);
    coded = clamp((filled >> 2) - total, 0, total);
    fresh.xy = false;
    recolor();
  }
  if (!bytes || filled < bytes.length) throw new Error("points cut short");

  // A uniform grid: which points are in a cell, for picking, and how crowded it is.
  const side = clamp(round(sqrt(total / 4)), 1, 512), start = new Uint32Array(side * side + 1), order = new Uint32Array(total);
  const cell = (i) => ((xy[2 * i + 1] * side) >> 16) * side + ((xy[2 * i] * side) >> 16);
  let squares = 0;
  for (let i = 0; i < total; i++) start[cell(i) + 1]++;
  for (let c = 1; c <= side * side; c++) {
    squares += start[c] ** 2;
    start[c] += start[c - 1];
  }
  const next = start.slice();
  for (let i = 0; i < total; i++) order[next[cell(i)]++] = i;
  grid = { side, start, order };
  crowd = max(1, (squares / total ** 2) * side * side);
  ask();
}

/** The point nearest to a place on the screen within `reach` px, lit ones first, or -1. */
function pick(left, top, reach) {
  if (!grid) return -1;
  const [u, v] = toU16(left, top), r = (reach * 32767.5) / view.s, { side, start, order } = grid;
  const cell = (x) => clamp(Math.floor((x * side) / 65536), 0, side - 1);
  let best = -1, least = Infinity;
  for (let y = cell(v - r); y <= cell(v + r); y++) {
    for (let o = start[y * side + cell(u - r)]; o < start[y * side + cell(u + r) + 1]; o++) {
      const i = order[o], far = hypot(xy[2 * i] - u, xy[2 * i + 1] - v), rank = far + (look[2 * i + 1] ? 0 : r);
      if (far <= r && rank < least) [best, least] = [i, rank];
    }
  }
  return best;
}

function recolor() {
  fresh.look = false;
  ask();
}

/** Colours every point and lights it: a group pointed at goes before the selection, that before the opened group. */
function paint() {
  const lit = peek ?? (mask ? null : byId.get(state.group));
  const inside = new Uint8Array(owner.length), hues = new Uint8Array(65536).fill(NONE);
  if (lit) cover(inside, lit, 1);
  shown.forEach((node, i) => (hues[i] = hueOf(node)));
  for (let i = 0; i < placed; i++) {
    const code = i < coded ? leaf[i] : -1;
    look[2 * i] = colors ? colors.tone[i] : code < 0 ? NONE : hues[owner[code]];
    look[2 * i + 1] = lit ? inside[code] : mask ? (mask[i >> 3] >> (i & 7)) & 1 : 1;
  }
}

// ---- colours ----

const palette = new Uint8Array(1024);   // rgb, and 255 for a ring

function repaint() {
  const rgb = (token) => {
    figure.style.color = `var(${token})`;
    return getComputedStyle(figure).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const hues = Array.from({ length: 9 }, (_, i) => rgb(`--l${i}`)), low = rgb("--line-strong"), high = rgb("--accent-deep");
  figure.style.color = "";
  for (let i = 0; i < 256; i++) {
    const scale = colors?.kind === "scale" && i < NONE, hue = scale ? null : colors ? colors.legend[i]?.hue : i < 16 ? i : null;
    palette.set(scale ? low.map((c, j) => c + ((high[j] - c) * i) / 254) : hues[hue == null ? 0 : 1 + (hue & 7)], 4 * i);
    palette[4 * i + 3] = hue > 7 ? 255 : 0;
  }
  fresh.palette = false;
  ask();
}

function colorBy() {
  chooser.value = state.by;
  return latest("Colours", async (signal) => {
    let made = null;
    if (state.by !== "group") {
      const bytes = await (await get(`/colors?by=${encodeURIComponent(state.by)}`, signal)).arrayBuffer();
      const end = 4 + new DataView(bytes).getUint32(0, true);
      made = { ...JSON.parse(new TextDecoder().decode(bytes.slice(4, end))), tone: new Uint8Array(bytes, end) };
    }
    colors = made;
    const key = (text, hue) => el("li", { className: `tag c${hue == null ? 0 : hue + 1}`, textContent: text });
    const ends = colors?.legend;
    legend.replaceChildren(...(!colors ? [el("li", {}, "As in the list; colours repeat.")] : colors.kind === "scale"
      ? [el("li", { className: "ramp" }, ends[0].name, el("i"), ends.at(-1).name), key("unknown")]
      : ends.map(({ name, hue }) => key(name, hue))));
    repaint();
    recolor();
  });
}

/** What the colour of a point says, in words. */
function meaning(i) {
  const tone = colors?.tone[i], ends = colors?.legend;
  if (colors?.kind !== "scale") return ends?.[tone]?.name;
  return tone === NONE ? "unknown" : `${percent(tone / 254)} from ${ends[0].name} to ${ends.at(-1).name}`;
}

// ---- two painters. Both add up what lies on a pixel and turn the sum into ink, so that more reads as denser ----

const DIM = 0.14;
const INK = ".2 * min(1., sum.a) + .8 * (1. - exp(-gain * sum.a))";

const SHADERS = [`in vec2 at; in vec2 look; uniform vec4 view; uniform float size; uniform sampler2D map;
out vec4 color; flat out float ring;
void main() {
  vec4 tone = texelFetch(map, ivec2(int(look.x), 0), 0);
  gl_Position = vec4((at * 2. - 1. - view.xy) * view.zw, 0, 1); gl_PointSize = size;
  color = vec4(tone.rgb, 1) * (look.y > 0. ? 1. : ${DIM}); ring = size > 6. ? tone.a * .45 : 0.;
}`, `in vec4 color; flat in float ring; uniform float size; out vec4 sum;
void main() {
  float far = length(gl_PointCoord - .5) * 2., soft = 2. / size;
  sum = color * (size < 3. ? 1. : smoothstep(1., 1. - soft, far) * (ring > 0. ? smoothstep(ring - soft, ring + soft, far) : 1.));
}`, `void main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }`,
`uniform sampler2D map; uniform float gain; out vec4 color;
void main() {
  vec4 sum = texelFetch(map, ivec2(gl_FragCoord.xy), 0); float ink = ${INK};
  color = sum.a > 0. ? vec4(sum.rgb / sum.a * ink, ink) : vec4(0);
}`];

/** WebGL2. Throws where it, or adding up in half floats, is missing. */
function glPainter(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false });
  if (!gl?.getExtension("EXT_color_buffer_float")) throw new Error("no WebGL2");
  const [points, resolve] = [0, 2].map((first) => {
    const made = gl.createProgram();
    [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER].forEach((kind, i) => {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, `#version 300 es\nprecision highp float; ${SHADERS[first + i]}`);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
      gl.bindAttribLocation(made, i, ["at", "look"][i]);
    });
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
    return made;
  });
  const texture = (format, w, h) => {
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, w, h);
    return made;
  };
  const at = (name, program = points) => gl.getUniformLocation(program, name);
  const tones = texture(gl.RGBA8, 256, 1), target = gl.createFramebuffer(), buffers = [gl.createBuffer(), gl.createBuffer()];
  const upload = (i, data) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[i]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(i);
    gl.vertexAttribPointer(i, 2, i ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT, !i, 0, 0);
  };
  let sums, width, height;
  gl.blendFunc(gl.ONE, gl.ONE);
  return (count, size, gain, w, h, px) => {
    if (!fresh.xy) upload(0, xy);
    if (!fresh.look) upload(1, look);
    gl.bindTexture(gl.TEXTURE_2D, tones);
    if (!fresh.palette) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 256, 1, gl.RGBA, gl.UNSIGNED_BYTE, palette);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    if (w !== width || h !== height) {
      gl.deleteTexture(sums ?? null);
      sums = texture(gl.RGBA16F, width = w, height = h);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, sums, 0);
      if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) throw new Error("no framebuffer");
      gl.bindTexture(gl.TEXTURE_2D, tones);
    }
    gl.viewport(0, 0, w, h);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.useProgram(points);
    gl.uniform4f(at("view"), view.x, view.y, (2 * view.s * px) / w, (2 * view.s * px) / h);
    gl.uniform1f(at("size"), size);
    gl.drawArrays(gl.POINTS, 0, count);
    gl.disable(gl.BLEND);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.bindTexture(gl.TEXTURE_2D, sums);
    gl.useProgram(resolve);
    gl.uniform1f(at("gain", resolve), gain);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
}

/** The same sums by hand. */
function flatPainter(canvas) {
  const context = canvas.getContext("2d");
  return (count, size, gain, w, h, px) => {
    const sums = new Float32Array(4 * w * h), image = context.createImageData(w, h), half = size / 2, s = view.s * px;
    for (let i = 0; i < count; i++) {
      const x = w / 2 + (xy[2 * i] / 32767.5 - 1 - view.x) * s, y = h / 2 - (xy[2 * i + 1] / 32767.5 - 1 - view.y) * s;
      const weight = look[2 * i + 1] ? 1 : DIM, tone = 4 * look[2 * i], hole = palette[tone + 3] && size > 6 ? 0.45 * half : 0;
      for (let b = max(0, round(y - half)); b < min(h, y + half - 0.5); b++) {
        for (let a = max(0, round(x - half)); a < min(w, x + half - 0.5); a++) {
          const far = hypot(a + 0.5 - x, b + 0.5 - y), at = 4 * (b * w + a);
          if (size > 3 && (far > half || far < hole)) continue;
          for (let c = 0; c < 3; c++) sums[at + c] += palette[tone + c] * weight;
          sums[at + 3] += weight;
        }
      }
    }
    for (let at = 0; at < sums.length; at += 4) {
      const sum = sums[at + 3];
      for (let c = 0; c < 3; c++) image.data[at + c] = sums[at + c] / sum;
      image.data[at + 3] = 255 * (0.2 * min(1, sum) + 0.8 * (1 - Math.exp(-gain * sum)));
    }
    context.putImageData(image, 0, 0);
  };
}

// ---- the stage: the server's picture until the first frame, then the canvas, the names and the lines above it ----

const layer = el("div", { className: "map-names", ariaHidden: "true" }), card = el("div", { className: "map-card", hidden: true });
const stage = el("div", {
  className: "map-stage", tabIndex: 0, role: "application", ariaRoleDescription: "map", ariaLabel: "Map of the items",
}, layer);
stage.setAttribute("aria-describedby", "map-keys");
const SVG = "http://www.w3.org/2000/svg", overlay = stage.appendChild(document.createElementNS(SVG, "svg"));
overlay.ariaHidden = "true";
const [nearLines, outline] = [0, 1].map(() => overlay.appendChild(document.createElementNS(SVG, "path")));

let canvas, painter, most;   // most: how many points it can draw

function setUp(make) {
  canvas?.remove();
  canvas = el("canvas", { ariaHidden: "true", width: 0 });
  on(canvas, "webglcontextlost", () => setUp(flatPainter));
  stage.prepend(canvas);
  fresh = {};
  try {
    painter = make(canvas);
    most = make === glPainter ? Infinity : 50_000;
    ask();
  } catch {
    setUp(flatPainter);
  }
}

const size = () => [stage.clientWidth, stage.clientHeight];
const whole = () => min(...size()) / 2.1;
const toScreen = ({ x, y }) => [size()[0] / 2 + (x - view.x) * view.s, size()[1] / 2 - (y - view.y) * view.s];
const toMap = (left, top) => [view.x + (left - size()[0] / 2) / view.s, view.y - (top - size()[1] / 2) / view.s];
const toU16 = (left, top) => toMap(left, top).map((x) => (x + 1) * 32767.5);
const fromU16 = ([u, v]) => toScreen({ x: u / 32767.5 - 1, y: v / 32767.5 - 1 });

let asked, before, settling, budget = Infinity;

function ask() {
  asked ??= painter && requestAnimationFrame(frame);
}

function frame(now) {
  asked = null;
  const [width, height] = size(), px = devicePixelRatio, w = round(width * px), h = round(height * px);
  if (!w || !h) return;
  if (!moved) home();
  // A slow machine draws fewer points while the map moves, and all of them once it stands.
  if (settling && now - before > 60) budget = max(20_000, (min(budget, placed) * 40) / (now - before));
  before = settling ? now : NaN;
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  if (placed) {
    if (!fresh.look) paint();
    const count = min(placed, most, settling ? budget : placed);
    const dot = px * clamp(clamp(60 / total ** 0.3, 1.5, 6) * (view.s / whole()) ** 0.4, 1, 11);
    const pile = ((count * crowd) / 4) * (dot / (view.s * px)) ** 2;
    try {
      painter(count, dot, min(1.5, 1.5 / pile), w, h, px);
    } catch (error) {
      if (most < Infinity) throw error;
      return setUp(flatPainter);
    }
    fresh = { xy: true, look: true, palette: true };
    picture?.setAttribute("hidden", "");
    figure.dataset.drawn = most < Infinity ? "canvas" : "webgl2";
    $("[data-drawn-of]").textContent = most < total ? `${figures(most)} of ${many(total, "point")} drawn, chosen at random.` : "";
  }
  placeNames(width, height);
  placeLines();
}

/** After every change of the view. */
function moving() {
  view.x = clamp(view.x, -1.2, 1.2);
  view.y = clamp(view.y, -1.2, 1.2);
  moved = true;
  clearTimeout(settling);
  settling = setTimeout(function settle() {
    // A frame may be longer than the pause.
    settling = asked ? setTimeout(settle, 250) : 0;
    if (settling) return;
    writeAddress();
    ask();
  }, 250);
  ask();
}

function zoom(by, [x, y] = size().map((side) => side / 2)) {
  const [u, v] = toMap(x, y), s = clamp(view.s * by, whole() * 0.7, 40_000), shrink = view.s / s;
  Object.assign(view, { x: u + (view.x - u) * shrink, y: v + (view.y - v) * shrink, s });
  moving();
}

function pan(dx, dy) {
  view.x -= dx / view.s;
  view.y += dy / view.s;
  moving();
}

const home = () => Object.assign(view, { x: 0, y: 0, s: whole() });

function fit() {
  moved = false;
  home();
  writeAddress();
  ask();
}

// ---- names: one interval of zoom each, worked out by the server so that no two boxes meet ----

let names = [], cursor = null;   // what stands there: { node, left, top, made }
const spans = new Map();
const named = (node) => view.s >= node.zoom[0] && view.s < (node.zoom[1] ?? Infinity);
const candidates = () => nodes.filter(named);

function placeNames(width, height) {
  names = candidates().map((node) => {
    const [x, y] = toScreen(node);
    return { node, left: x - node.width / 2, top: y - 9 };
  }).filter(({ node, left, top }) => left < width && top < height && left > -node.width && top > -18);
  const there = new Set(names.map(({ node, left, top }) => {
    if (!spans.has(node.id)) spans.set(node.id, el("span", { textContent: nameOf(node) }));
    const made = spans.get(node.id);
    made.style.width = `${node.width}px`;
    made.style.transform = `translate(${left}px, ${top}px)`;
    made.className = `${node === cursor ? "on " : ""}${node.id === state.group ? "open " : ""}${node.name ? "" : "made"}`;
    return made;
  }));
  for (const old of [...layer.children]) if (!there.delete(old)) old.remove();
  layer.append(...there);
}

const nameAt = ([x, y]) =>
  names.find(({ node, left, top }) => x >= left && x < left + node.width && y >= top && y < top + 18)?.node;

// ---- the card: a text, and lines to its true neighbours ----

let carded = -1, pinned = false, near = [], waiting;

function hover(i, pin = false) {
  if (i === carded && pin === pinned) return;
  clearTimeout(waiting);
  running["The text"]?.abort();
  [carded, pinned, near, card.hidden] = [i, pin, [], true];
  placeLines();
  if (i >= 0) waiting = setTimeout(() => latest("The text", (signal) => show(i, signal)), pin ? 0 : 70);
}

async function show(i, signal) {
  const { text, href, near: found } = await (await get(`/point?i=${i}`, signal)).json(), group = shown[owner[leaf[i]]];
  card.replaceChildren(
    el("p", { className: "text", dir: "auto", textContent: text }),
    el("p", { className: "quiet", textContent: [group && nameOf(group), meaning(i)].filter(Boolean).join(" · ") }));
  if (pinned) card.append(el("a", { href, textContent: "Open the item" }));
  card.classList.toggle("pinned", pinned);
  card.hidden = false;
  near = found;
  placeLines();
}

function placeLines() {
  let lines = "";
  if (!card.hidden) {
    const [x, y] = fromU16([xy[2 * carded], xy[2 * carded + 1]]), { offsetWidth, offsetHeight } = card, [w, h] = size();
    lines = `${near.map((to) => `M${x} ${y}L${fromU16(to)}`).join("")}M${x - 5} ${y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0`;
    const below = y + 14 + offsetHeight < h || y < offsetHeight + 14;
    card.style.transform = `translate(${clamp(x + 14, 8, max(8, w - offsetWidth - 8))}px, ${below ? y + 14 : y - 14 - offsetHeight}px)`;
  }
  nearLines.setAttribute("d", lines);
  outline.setAttribute("d", path.length > 1 ? `M${path.map(fromU16).join("L")}Z` : "");
}

// ---- pointers: drag, pinch, lasso and box, tap ----

let tool = null, drawing = null, path = [], travelled = 0;
const fingers = new Map();

function arm(name) {
  tool = name;
  for (const made of $$("[data-do][aria-pressed]")) made.ariaPressed = made.dataset.do === name;
  stage.classList.toggle("armed", !!name);
}

const place = (event) => {
  const { left, top } = stage.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
};

on(stage, "pointerdown", (event) => {
  if (event.button) return;
  stage.setPointerCapture(event.pointerId);
  if (!fingers.size) travelled = 0;
  drawing = fingers.size ? null : (tool ?? (event.shiftKey ? "lasso" : null));
  path = drawing ? [toU16(...place(event))] : [];
  fingers.set(event.pointerId, place(event));
});

on(stage, "pointermove", (event) => {
  const here = place(event), old = fingers.get(event.pointerId);
  if (!old) {
    const over = nameAt(here);
    stage.classList.toggle("over", !!over);
    if (!pinned) hover(over ? -1 : pick(...here, 8));
    return;
  }
  const dx = here[0] - old[0], dy = here[1] - old[1], other = [...fingers.values()].find((finger) => finger !== old);
  travelled += hypot(dx, dy);
  fingers.set(event.pointerId, here);
  if (drawing) {
    const [u, v] = toU16(...here), [a, b] = path[0];
    path = drawing === "lasso" ? [...path, [u, v]] : [[a, b], [u, b], [u, v], [a, v]];
    placeLines();
  } else if (other) {
    const gap = ([x, y]) => hypot(x - other[0], y - other[1]) || 1;
    zoom(gap(here) / gap(old), other);
  } else if (travelled > 4) pan(dx, dy);
});

function lift(event) {
  if (!fingers.delete(event.pointerId) || fingers.size) return;
  const drawn = path, here = place(event), over = nameAt(here);
  path = [];
  placeLines();
  if (event.type === "pointercancel") return;
  if (travelled < 6) {
    if (over) go({ group: over.id });
    else hover(pick(...here, event.pointerType === "touch" ? 18 : 8), true);
  } else if (drawn.length > 2) {
    arm(null);
    addStep(`area.${simplify(drawn).map((p) => p.map((c) => clamp(round(c), 0, 65535))).join(";")}`);
  }
}
on(stage, "pointerup pointercancel", lift);
on(stage, "pointerleave", () => pinned || hover(-1));
on(stage, "wheel", (event) => {
  event.preventDefault();
  const by = clamp(event.deltaY * (event.deltaMode ? 16 : 1), -120, 120);
  zoom(Math.exp(-by * (event.ctrlKey ? 0.01 : 0.0025)), place(event));
});

/** Visvalingam: the corner that spans the least area goes first, until 64 are left and none is needless. */
function simplify(corners) {
  const kept = [...corners], small = 3 * (32767.5 / view.s) ** 2;
  for (;;) {
    let least = Infinity, which;
    kept.forEach(([x, y], i) => {
      const [a, b] = kept.at(i - 1), [c, d] = kept[(i + 1) % kept.length];
      const area = Math.abs((a - x) * (d - y) - (c - x) * (b - y)) / 2;
      if (area < least) [least, which] = [area, i];
    });
    if (kept.length <= 3 || (kept.length <= 64 && least > small)) return kept;
    kept.splice(which, 1);
  }
}

const TOOLS = {
  lasso: () => arm(tool === "lasso" ? null : "lasso"),
  box: () => arm(tool === "box" ? null : "box"),
  in: () => zoom(1.6),
  out: () => zoom(1 / 1.6),
  fit,
};

// ---- keys ----

/** Puts the cursor on a name, brings it into sight and says it. */
function reach(node, before = "") {
  cursor = node;
  const [x, y] = toScreen(node), [w, h] = size(), edge = min(w / 2, node.width / 2 + 8);
  const dx = clamp(x, edge, w - edge) - x, dy = clamp(y, 24, h - 24) - y;
  if (dx || dy) pan(dx, dy);
  ask();
  say(before + describe(node));
}

/** The name for which `far(dx, dy)`, in px from a place, is least. Names out of sight count: the map follows. */
function nearest(from, far) {
  const [x, y] = toScreen(from);
  const all = candidates().map((node) => [far(toScreen(node)[0] - x, toScreen(node)[1] - y), node]);
  return all.filter(([d]) => d < Infinity).sort((a, b) => a[0] - b[0])[0]?.[1];
}

/** The cursor, or the name nearest to where it was: on zooming in, the names that took its place. */
const settle = () => (cursor && named(cursor) ? cursor : nearest(cursor ?? view, hypot));

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

on(stage, "keydown", (event) => {
  const { key } = event, arrow = ARROWS[key], scale = { "+": 1.6, "=": 1.6, "-": 1 / 1.6, 0: 1 }[key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrow) {
    const [a, b] = arrow, from = cursor, to = nearest(settle() ?? view, (dx, dy) => {
      const along = dx * a + dy * b, across = Math.abs(dx * b - dy * a);
      return along > 1 && across <= 3 * along ? along + 2 * across : Infinity;
    });
    if (!to) say("No name in this direction.");
    else {
      reach(to);
      const grown = [...(from && !state.sel.length ? [from] : []), to].map((node) => `or.group.${node.id}`);
      if (event.shiftKey) select([...new Set([...state.sel, ...grown])]);
    }
  } else if (scale) {
    if (scale === 1) fit();
    else zoom(scale, cursor ? toScreen(cursor) : undefined);
    const node = settle(), count = `${many(candidates().length, "name")} at this zoom. `;
    if (node) reach(node, count);
    else say(count);
  } else if (key === "Enter" && cursor) go({ group: cursor.id }, true);
  else if (key.toLowerCase() === "l" && cursor) select([`or.group.${cursor.id}`]);
  else if (key === "Escape") {
    if (tool || path.length) arm(null);
    else if (carded >= 0) hover(-1);
    else select([]);
    path = [];
    placeLines();
  } else return;
  event.preventDefault();
});

on(stage, "focus", () => {
  const node = stage.matches(":focus-visible") && settle();
  if (node) reach(node);
});

// ---- the selection: steps from left to right ----

let op = "new";

const addStep = (step) => select(op === "new" || !state.sel.length ? [`or.${step}`] : [...state.sel, `${op}.${step}`]);

function inWords(step, i) {
  const [op, kind, ...parts] = step.split("."), rest = parts.join("."), node = byId.get(rest);
  const what = kind === "group" && node ? nameOf(node) : kind === "area" ? "area" : kind === "words" ? `“${rest}”` : rest;
  return (i ? { or: "or ", and: "within ", not: "without " }[op] : "") + what;
}

function select(steps) {
  // The first step adds. What would only take away from nothing is left out.
  const start = steps.findIndex((step) => !step.startsWith("not."));
  state.sel = start < 0 ? [] : steps.slice(start).map((step, i) => (i ? step : step.replace(/^\w+/, "or")));
  writeAddress();
  return remask();
}

function remask() {
  const { sel } = state, query = sel.map((step) => `sel=${encodeURIComponent(step)}`).join("&"), count = $("[data-count]");
  chips.replaceChildren(...sel.map((step, i) => el("li", {}, el("button", {
    type: "button", className: "chip", textContent: `${inWords(step, i)} ×`, ariaLabel: `Leave out: ${inWords(step, i)}`,
    onclick() {
      select(sel.filter((_, j) => j !== i));
      (chips.querySelector("button") ?? stage).focus();
    },
  }))));
  for (const made of [chips, ...$$(".selection .seg, [data-open], [data-clear]")]) made.hidden = !query;
  for (const link of $$("[data-open]")) link.search = query;
  return latest("The selection", async (signal) => {
    const bytes = query && await (await get(`/mask?${query}`, signal)).arrayBuffer();
    const text = query ? `${many(new DataView(bytes).getUint32(0, true), "item")} selected` : "Nothing selected";
    if (query || mask) say(text);
    count.textContent = text;
    mask = query ? new Uint8Array(bytes, 4) : null;
    recolor();
  });
}

// ---- from group to group ----

let opened, cameFrom;   // cameFrom: where Escape in the panel goes back to

/** Changes the state as a step of the history. Keys take the focus along. */
function go(change, focus) {
  if (focus) cameFrom = document.activeElement;
  Object.assign(state, change);
  writeAddress("pushState");
  apply(focus);
  if (change.sel) remask();
}

async function apply(focus) {
  const id = state.group, address = `?k=${state.k}${id ? `&group=${encodeURIComponent(id)}` : ""}`;
  regroup();
  if (opened === id) return;
  await latest("The group", async (signal) => {
    const answer = await (await get(address, signal)).text();
    const found = new DOMParser().parseFromString(answer, "text/html").getElementById("group");
    if (!found) return location.assign(base + address);
    panel.replaceChildren(...[...found.childNodes].map((child) => document.adoptNode(child)));
    panel.scrollTop = 0;
    opened = id;
    say(byId.has(id) ? `Opened ${describe(byId.get(id))}` : "Group closed.");
    const { top, bottom } = panel.getBoundingClientRect();
    if (focus && id) panel.focus();
    else if (id && (top > innerHeight - 80 || bottom < 80)) panel.scrollIntoView();
  });
}

on(root, "click", (event) => {
  const { step, do: act, op: next } = event.target.closest("button")?.dataset ?? {}, link = event.target.closest("a[href]");
  if (step) addStep(step);
  if (act) TOOLS[act]();
  if (next) {
    op = next;
    for (const made of $$("[data-op]")) made.ariaPressed = made.dataset.op === op;
  }
  if (!link || link.matches("[data-open], [target]") || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const { origin, pathname, searchParams: query } = new URL(link.href);
  if (origin !== location.origin || pathname !== base || [...query.keys()].some((name) => !KNOWN.includes(name))) return;
  event.preventDefault();
  const change = {};
  if (query.has("k")) change.k = clamp(+query.get("k") || 1, 1, slider.max);
  if (query.has("group") || !link.closest(".grain")) change.group = query.get("group");
  if (query.has("sel")) change.sel = query.getAll("sel");
  // The click of the Enter key has no detail.
  go(change, !event.detail);
});

on(panel, "keydown", (event) => {
  if (event.key === "Escape" && !event.target.matches("input, select, textarea")) cameFrom?.focus();
});

let sliding;
on(slider, "input", () => {
  state.k = +slider.value;
  sliding ??= requestAnimationFrame(() => {
    sliding = null;
    regroup();
  });
});
on(slider, "change", () => writeAddress());
on(sorter, "change", () => {
  state.sort = sorter.value;
  writeAddress();
  relist();
});
on(chooser, "change", () => {
  state.by = chooser.value;
  writeAddress();
  colorBy();
});
on($(".grain"), "submit", (event) => event.preventDefault());
on($(".selection"), "submit", (event) => {
  event.preventDefault();
  const words = $("[name=words]").value.trim();
  if (words) addStep(`words.${words}`);
  event.target.reset();
});
// A form of the panel that leads back here takes the address along.
on(root, "submit", ({ target }) => {
  if (target.elements.back) target.elements.back.value = location.search;
});
on($("[data-clear]"), "click", () => {
  select([]);
  stage.focus({ preventScroll: true });
});

// A row that is pointed at, or has the focus, lights its group on the map.
function light(event) {
  const here = event.type === "focusin" ? event.target.matches(":focus-visible")
    : event.type === "pointerover" && event.pointerType !== "touch";
  const lit = here && byId.get(event.target.closest("li")?.dataset.id);
  if ((lit || null) === peek) return;
  peek = lit || null;
  recolor();
}
on(list, "pointerover pointerleave focusin focusout", light);

function restore() {
  readAddress();
  colorBy();
  remask();
}
on(window, "popstate", () => {
  restore();
  apply();
});

// ---- start ----

restore();
opened = state.group;
$(".grain .btn").hidden = true;
$(".map-tools").hidden = legend.hidden = false;
box.append(stage, card);
setUp(glPainter);
new ResizeObserver(ask).observe(stage);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
on(matchMedia("(prefers-color-scheme: dark)"), "change", repaint);
latest("The map", loadPoints);
latest("The groups", async (signal) => {
  ({ nodes } = await (await get("/nodes", signal)).json());
  byId = new Map(nodes.map((node) => [(node.id = `${node.id}`), node]));
  owner = new Uint16Array(max(...nodes.map((node) => node.last)) + 1);
  regroup();
  remask();
  root.dataset.ready = "";
});
