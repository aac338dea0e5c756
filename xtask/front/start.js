// Wakes the islands: loads the WebAssembly and gives each <leptos-island> on the page to its function.
// It does what Leptos' own inline script does, but as a file, so that the page needs no inline script at all.
// (Keep in step with `hydration/island_script.js` of the leptos crate.)
import init, * as app from "app-glue";

// A second click is meant for what the first one began. Whoever comes back to the page may send it again.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const childrenOf = [];

async function wake(node) {
  const tag = node.tagName;
  if (tag === "LEPTOS-ISLAND") {
    await wakeIsland(node, node.dataset.component);
  } else if (tag === "LEPTOS-CHILDREN") {
    childrenOf.push(node.$$on_hydrate);
  }
  for (const child of node.children) await wake(child);
  if (tag === "LEPTOS-CHILDREN") childrenOf.pop();
}

async function wakeIsland(node, name) {
  const island = app[name];
  if (!island) return console.warn(`no WebAssembly function for the island ${name}`);
  childrenOf.at(-1)?.();
  await island(node);
}

// The page comes first: it can be read without us, and on a slow line its styles and fonts are not to wait for us. A page
// that nobody sees is not painted.
function painted() {
  if (document.hidden) return;
  // The first frame is on the screen when the second is asked for.
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
}

if (document.querySelector("leptos-island")) {
  await painted();
  await init({ module_or_path: "asset:app_bg.wasm" });
  app.hydrate?.();
  window.__hydrateIsland = wakeIsland;
  await wake(document.body);
}
