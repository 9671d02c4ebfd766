// The block filter in a gateway's own memory: loads the snapshot, follows the stream, answers without asking anybody.
// One file without dependencies, Node 22 or newer, to be copied. What it does and why: filter-gateway.md.

const KEEP_TRYING_MS = [100, 250, 500, 1_000, 2_000, 5_000];

/**
 * `whenStale` is what a message gets that is found uncovered while nothing was heard for `staleAfterMs`: 'hide' fails closed, 'display' fails open.
 * What is known to be covered is hidden in any case. `onLine` hears every line that the stream brings: a live session ends there.
 */
export const createFilter = ({ url, token, whenStale = 'hide', staleAfterMs = 45_000, onLine = () => undefined }) => {
  const stopping = new AbortController();
  let state = empty();
  let place = null;
  let heardAt = -Infinity;
  let loaded;
  const ready = new Promise((resolve) => (loaded = resolve));
  const age = () => performance.now() - heardAt;

  const ask = async (path, signal, headers = {}) => {
    const answer = await fetch(`${url}${path}`, { signal, headers: { authorization: `Bearer ${token}`, ...headers } });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };

  /** The new state takes the place of the old one when it is whole. */
  const load = async (signal) => {
    const next = empty();
    let end = null;
    for await (const text of linesOf((await ask('/v1/block-filter/snapshot', signal)).body, '\n')) {
      const line = JSON.parse(text);
      if ('token' in line) end = line.token;
      else put(next, line);
    }
    if (end === null) throw new Error('the snapshot was cut');
    state = next;
    place = end;
    heardAt = performance.now();
    loaded();
  };

  /** Until the connection ends, or a heartbeat is overdue. */
  const follow = async (signal) => {
    const silence = new AbortController();
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new Error('nothing was heard')), staleAfterMs);
    };
    heard();
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      const { body } = await ask('/v1/block-filter/live', both, { 'last-event-id': place });
      for await (const block of linesOf(body, '\n\n')) {
        heard();
        heardAt = performance.now();
        const fields = fieldsOf(block);
        if (fields.event === 'reset') place = null;
        if (fields.event !== undefined) return;
        if (fields.data !== undefined) {
          const line = JSON.parse(fields.data);
          put(state, line);
          onLine(line);
        }
        if (fields.id !== undefined) place = fields.id;
      }
    } finally {
      clearTimeout(timer);
    }
  };

  const run = async () => {
    for (let failures = 0; !stopping.signal.aborted;) {
      const before = heardAt;
      try {
        if (place === null) await load(stopping.signal);
        await follow(stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        console.warn(`block filter: ${error.message}`);
      }
      failures = heardAt > before ? 0 : failures + 1;
      const delay = KEEP_TRYING_MS[Math.min(failures, KEEP_TRYING_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
    }
  };
  const done = run();

  return {
    /** The first snapshot is there. */
    ready,
    /** 'hide' or 'display', for the time at which the customer sent it (milliseconds), by default now. */
    verdict: (channel, address, at = Date.now()) => {
      const own = state.index.get(channel)?.get(address);
      if (own !== undefined) for (const { from, to } of own) if (from <= at && at < to) return 'hide';
      return age() <= staleAfterMs ? 'display' : whenStale;
    },
    /** How long ago the server was last heard, in milliseconds. */
    age,
    isFresh: () => age() <= staleAfterMs,
    size: () => state.lines.size,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
};

/** `lines` by what makes a line the same one; `index`: channel → address → intervals. */
const empty = () => ({ lines: new Map(), index: new Map() });

/** A line is a state: it takes the place of the one that it is a later state of. */
const put = ({ lines, index }, line) => {
  const key = [line.identityId, line.blockId, line.from, ...line.channels].join(' ');
  const places = ({ channels, addresses }) => channels.flatMap((channel) => addresses.map((one) => [channel, one]));
  const old = lines.get(key);
  if (old !== undefined) {
    for (const [channel, address] of places(old)) {
      const left = index
        .get(channel)
        .get(address)
        .filter((one) => one.key !== key);
      if (left.length === 0) index.get(channel).delete(address);
      else index.get(channel).set(address, left);
    }
    lines.delete(key);
  }
  if (line.addresses.length === 0) return;
  lines.set(key, line);
  const interval = { key, from: Date.parse(line.from), to: line.to === null ? Infinity : Date.parse(line.to) };
  for (const [channel, address] of places(line)) {
    if (!index.has(channel)) index.set(channel, new Map());
    index.get(channel).set(address, [...(index.get(channel).get(address) ?? []), interval]);
  }
};

/** The parts of a body between separators; what stands behind the last one was cut off. */
async function* linesOf(body, separator) {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split(separator);
    rest = parts.pop();
    yield* parts;
  }
}

const fieldsOf = (block) =>
  Object.fromEntries(
    block
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );

// PORTARIA_TOKEN=… node filter-gateway.mjs: answers lines of the form `whatsapp +5511912345678` from standard input.
if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) {
  const { PORTARIA_URL: url = 'http://127.0.0.1:3000', PORTARIA_TOKEN: token } = process.env;
  const filter = createFilter({ url, token, onLine: (line) => console.error(JSON.stringify(line)) });
  await filter.ready;
  const began = performance.now();
  for (let count = 0; count < 1_000_000; count++) filter.verdict('whatsapp', '+5511912345678');
  console.error(`${filter.size()} intervals; a verdict takes ${(performance.now() - began).toFixed(0)} ns`);
  for await (const text of linesOf(ReadableStream.from(process.stdin), '\n')) {
    const [channel, address] = text.trim().split(' ');
    console.log(filter.verdict(channel, address), `as of ${filter.age().toFixed(0)} ms ago`);
  }
  await filter.stop();
}
