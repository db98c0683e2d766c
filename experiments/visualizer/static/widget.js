// The painter as a widget: charts of one run in a notebook or in SolaraViz.

import * as charts from "./charts.js";
import { network } from "./network.js";
import { Store } from "./store.js";

const PAINT = { ...charts, map: charts.liquidationMap, interest: charts.openInterest, network };
const TITLES = { prices: "Prices", heatmap: "Order book", map: "Liquidation map", makers: "Market makers", closures: "Liquidations", interest: "Open interest", funding: "Funding", funds: "Insurance funds", mood: "Makers and mood", network: "Social graph" };
const STYLE = { light: { "--text": "#1b222b", "--muted": "#5c6875", "--grid": "#e8ebef", "--line": "#c9d0d8", "--band": "rgba(80,95,115,0.07)", "--panel": "#ffffff" }, dark: { "--text": "#e4e9ef", "--muted": "#9aa6b2", "--grid": "#222b35", "--line": "#35404c", "--band": "rgba(180,200,225,0.06)", "--panel": "#151b23" } };

const isDark = () => {
  const host = document.querySelector(".v-application, .theme--dark, body");
  const rgb = getComputedStyle(host ?? document.body).backgroundColor.match(/\d+(\.\d+)?/g)?.map(Number) ?? [255, 255, 255];
  return (rgb[3] ?? 1) > 0 && rgb[0] + rgb[1] + rgb[2] < 300;
};

/** Shows what `model` (an anywidget model) holds in `el`. */
export function render({ model, el }) {
  const names = model.get("charts");
  const view = { focus: 0, network: "social", allCoins: true, hoverTime: null, plots: {}, store: null, layout: null, theme: null, clock: null, span: [0, 1] };
  const root = document.createElement("div");
  root.className = "undertow";
  root.style.cssText = `display:grid;gap:10px;grid-template-columns:repeat(${names.length > 1 ? 2 : 1},minmax(0,1fr));font:13px system-ui,sans-serif;width:100%`;
  const tip = document.createElement("div");
  tip.style.cssText = "position:fixed;z-index:99;pointer-events:none;white-space:pre;padding:4px 8px;border-radius:5px;font-size:12px;display:none";
  const canvases = Object.fromEntries(names.map((name) => [name, panel(root, name)]));
  el.append(root, tip);
  let over = null;

  const begin = () => {
    const layout = model.get("known");
    if (!layout.steps) return;
    Object.assign(view, { layout, store: new Store(layout), focus: layout.shown[0], clock: clockOf(layout.start_utc), theme: null });
  };
  const take = () => {
    const data = model.get("frame");
    if (!view.store || !data?.byteLength) return;
    view.store.take(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    model.set("have", view.store.runs[0].steps);
    model.save_changes();
    paint();
  };
  const paint = () => {
    if (!view.store?.runs[0].steps || !root.isConnected) return;
    const dark = isDark();
    if (view.theme?.dark !== dark) {
      for (const [key, value] of Object.entries(STYLE[dark ? "dark" : "light"])) root.style.setProperty(key, value);
      view.theme = charts.theme(dark, root);
      root.style.color = view.theme.text;
      Object.assign(tip.style, { background: view.theme.text, color: view.theme.panel });
    }
    const end = view.store.now;
    view.span = [Math.max(view.store.runs[0].time[0], end - 3600), end];
    view.hoverTime = over ? (find(over)?.readout(over.x, over.y).time ?? null) : null;
    for (const name of names) if (canvases[name].clientWidth) view.plots[name] = PAINT[name](canvases[name], view);
    root.dataset.steps = String(view.store.runs[0].steps);
    root.dataset.clock = view.clock(end, true);
  };
  const find = ({ name, x, y }) => view.plots[name]?.find((plot) => plot.has(x, y));
  for (const name of names) {
    canvases[name].onpointermove = ({ offsetX, offsetY, clientX, clientY }) => {
      over = { name, x: offsetX, y: offsetY };
      const plot = find(over);
      tip.style.display = plot ? "block" : "none";
      if (plot) tip.textContent = plot.readout(offsetX, offsetY).rows.join("\n");
      Object.assign(tip.style, { left: `${clientX + 14}px`, top: `${clientY + 12}px` });
      paint();
    };
    canvases[name].onpointerleave = () => {
      over = null;
      tip.style.display = "none";
      paint();
    };
  }
  const size = new ResizeObserver(paint);
  size.observe(root);
  model.on("change:known", () => (begin(), take()));
  model.on("change:frame", take);
  begin();
  take();
  return () => size.disconnect();
}

function panel(root, name) {
  const box = document.createElement("section");
  const title = document.createElement("b");
  title.textContent = TITLES[name] ?? name;
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "display:block;width:100%;height:320px";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title.textContent);
  box.append(title, canvas);
  root.append(box);
  return canvas;
}

function clockOf(startUtc) {
  const start = Date.parse(startUtc) / 1000;
  const clock = (seconds, exact) => new Date(1000 * (start + seconds)).toISOString().slice(11, exact ? 19 : 16);
  clock.offset = start % 86400;
  return clock;
}
