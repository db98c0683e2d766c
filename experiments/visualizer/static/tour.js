// Six stops through a crash, for the first five minutes.

const STOPS = [
  {
    after: -300,
    panel: "panel-prices",
    title: "1 · Calm",
    text: "Five coins on several exchanges. Each line is one coin, as a change since the news will come (P0). Nothing much happens, and that is when leverage builds up.",
  },
  {
    after: -300,
    panel: "panel-map",
    title: "2 · What waits below",
    text: "The liquidation map: how much would be closed by force if the price went there. Orange bars are longs. A fall that reaches them makes more selling.",
  },
  {
    after: 240,
    panel: "panel-heatmap",
    title: "3 · The news, and the book",
    text: "Time has moved to four minutes after the news. Each column is the book at one moment; the stronger the colour, the more money waits there. The strip below adds up what rests within 1 %: watch it shrink as makers grow careful.",
  },
  {
    after: 600,
    panel: "panel-makers",
    title: "4 · Makers leave",
    text: "Each cell is a maker in one book. Letters say why one does not quote: its risk limit, its loss limit, a feed that lags, a hedge it cannot reach. Nobody told them to leave.",
  },
  {
    after: 900,
    panel: "panel-closures",
    title: "5 · Liquidations",
    text: "Positions closed by force as they happen, and what was taken from winners because the fund could not pay (auto-deleveraging). The stages found so far stand under the prices.",
  },
  {
    after: 180,
    panel: "panel-events",
    title: "6 · Your turn: fork it",
    text: "Time is back at three minutes after the news, and the run is split in two: in B makers never withdraw. Press play and read the difference here. Keep one, change a rule, and fork again.",
    fork: true,
  },
];

/** Walk through the stops; `page` is what the tour may do. */
export function startTour(page) {
  const guide = document.getElementById("guide");
  const part = (name) => document.getElementById(`guide-${name}`);
  let place = -1;

  const light = (id) => {
    for (const panel of document.querySelectorAll(".lit")) panel.classList.remove("lit");
    if (id) {
      const panel = document.getElementById(id);
      panel.classList.add("lit");
      panel.scrollIntoView({ block: "nearest" });
    }
  };
  const end = () => {
    light(null);
    guide.close();
  };
  const next = () => {
    place += 1;
    const stop = STOPS[place];
    if (!stop) return end();
    const time = page.view.layout.crash.start_s + stop.after;
    if (Math.abs(page.now() - time) > 30) page.send({ do: "jump", time_s: Math.max(0, time) });
    if (stop.fork) page.send({ do: "fork", what: { change: "switch", mechanism: "maker_withdrawal", on: false } });
    light(stop.panel);
    part("title").textContent = stop.title;
    part("text").textContent = stop.text;
    part("place").textContent = `${place + 1} of ${STOPS.length}`;
    part("next").textContent = place + 1 < STOPS.length ? "Next" : "Done";
    return undefined;
  };
  page.send({ do: "play", on: false });
  part("next").onclick = next;
  part("stop").onclick = end;
  if (!guide.open) guide.show();
  next();
}
