// What a page knows of the runs it shows: frames are unpacked into arrays that grow with the run.

const TYPES = { "<f4": Float32Array, "<f8": Float64Array, "|u1": Uint8Array, "|i1": Int8Array };

/** Unpack one message: a header and named arrays (see experiments/visualizer/packing.py). */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const [name, [dtype, shape, offset]] of Object.entries(header.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = new TYPES[dtype](buffer, 8 + length + offset, count);
  }
  return { header, arrays };
}

/** One run: series by step, pictures of one book, the followed agent, the newest details. */
class Run {
  constructor(layout) {
    const n = layout.steps;
    this.layout = layout;
    this.steps = 0;
    this.time = new Float64Array(n);
    this.wide = layout.instruments.length * layout.series.length;
    this.series = new Float32Array(n * this.wide);
    this.value = new Float32Array(n * layout.assets.length);
    this.world = new Float32Array(n * layout.world.length);
    this.pictures = new Uint8Array(n * layout.heatmap.bins);
    this.pictured = 0;
    this.track = [];
    this.makers = new Uint8Array(0);
    this.map = new Float32Array(2 * layout.map.bins);
    this.mood = new Int8Array(0);
    this.details = { stages: [], latest: [], agents: { total: 0, rows: [] }, totals: {}, switches: {} };
    this.state = {};
  }

  take(part, arrays, k) {
    const get = (name) => arrays[`${name}:${k}`];
    this.time.set(get("time"), part.from);
    this.series.set(get("series"), part.from * this.wide);
    this.value.set(get("value"), part.from * this.layout.assets.length);
    this.world.set(get("world"), part.from * this.layout.world.length);
    this.steps = part.steps;
    if (get("pictures")) {
      this.pictures.set(get("pictures"), part.pictures_from * this.layout.heatmap.bins);
      this.pictured = part.steps;
    } else if (part.pictures_from === undefined) this.pictured = 0;
    const width = this.layout.track.length + 1;
    this.track.length = part.track_from;
    const track = get("track");
    for (let i = 0; i < track.length; i += width) this.track.push(track.slice(i, i + width));
    if (get("makers")) this.makers = get("makers");
    if (get("map")) this.map = get("map");
    if (get("mood")) this.mood = get("mood");
    this.state = part;
    if (part.latest) this.details = part;
  }

  /** Value of a series of an instrument at a step. */
  at(step, instrument, field) {
    return this.series[step * this.wide + instrument * this.layout.series.length + field];
  }

  /** Value of a series of the whole market at a step. */
  worldAt(step, column) {
    return this.world[step * this.layout.world.length + column];
  }

  /** Last step at or before a time; -1 before the first. */
  stepAt(time) {
    let low = -1;
    let high = this.steps - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.time[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** All that a page holds; `take` a frame, then read `runs`. */
export class Store {
  constructor(layout) {
    this.layout = layout;
    this.runs = [new Run(layout)];
    this.header = {};
    this.field = Object.fromEntries(layout.series.map((name, i) => [name, i]));
  }

  take(buffer) {
    const { header, arrays } = unpack(buffer);
    const lanes = header.lanes;
    if (this.runs.length > lanes.length) this.runs.length = lanes.length;
    lanes.forEach((part, k) => {
      if (!this.runs[k]) this.runs[k] = new Run(this.layout);
      this.runs[k].take(part, arrays, k);
    });
    header.difference ??= lanes.length === 2 ? this.header.difference : undefined;
    this.header = header;
    return lanes[0].latest !== undefined;
  }

  get now() {
    return this.runs[0].steps ? this.runs[0].time[this.runs[0].steps - 1] : 0;
  }
}
