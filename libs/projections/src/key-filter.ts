const FIRST_BITS = 2 ** 20;
const LARGEST_BITS = 2 ** 27;
const BITS_PER_KEY = 12;
const PROBES = 5;

/**
 * Tells which keys a table surely does not hold, so that new rows need no query: a Bloom filter that grows in layers.
 * 0.3–1 % of the strange keys are asked for in vain. 1.5 bytes a key, 32 MiB at most: beyond 22 million keys more of them are asked for.
 */
export class KeyFilter {
  /** Where new keys go: the last of the layers. */
  #newest = new Uint32Array(FIRST_BITS / 32);
  readonly #layers = [this.#newest];
  #left = FIRST_BITS / BITS_PER_KEY;

  add(id: string): void {
    const last = this.#newest;
    let layer = last;
    if (this.#left <= 0 && last.length * 32 < LARGEST_BITS) {
      const bits = last.length * 32 * 4;
      layer = new Uint32Array(Math.min(bits, LARGEST_BITS) / 32);
      this.#layers.push(layer);
      this.#newest = layer;
      this.#left = bits / BITS_PER_KEY;
    }
    this.#left--;
    const [first, step] = hashesOf(id);
    const mask = layer.length * 32 - 1;
    for (let probe = 0, at = first; probe < PROBES; probe++, at = (at + step) | 0) {
      const bit = at & mask;
      layer[bit >>> 5] = (layer[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False: surely never added. */
  mayHave(id: string): boolean {
    const [first, step] = hashesOf(id);
    return this.#layers.some((layer) => {
      const mask = layer.length * 32 - 1;
      for (let probe = 0, at = first; probe < PROBES; probe++, at = (at + step) | 0) {
        const bit = at & mask;
        if (((layer[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      }
      return true;
    });
  }
}

const hashes: [number, number] = [0, 0];

/** Two hashes in one pass (FNV-1a and a multiplicative one, each stirred); the pair is overwritten by the next call. */
const hashesOf = (id: string): readonly [number, number] => {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b + unit, 0x5bd1e995) ^ (b >>> 15);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  hashes[0] = a ^ (a >>> 13);
  hashes[1] = (b ^ (b >>> 16)) | 1;
  return hashes;
};
