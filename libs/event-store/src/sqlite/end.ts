/**
 * How far the log reaches for readers: what the disk holds for sure. The writer moves it; it is read in every thread that has the
 * memory. Where nobody moves it, all that was committed is seen.
 */
export class End {
  readonly memory: SharedArrayBuffer;
  private readonly seq: BigInt64Array;

  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    this.seq = new BigInt64Array(this.memory);
    if (memory === undefined) this.moveTo(Number.MAX_SAFE_INTEGER);
  }

  get at(): number {
    return Number(Atomics.load(this.seq, 0));
  }

  moveTo(seq: number): void {
    Atomics.store(this.seq, 0, BigInt(seq));
  }
}
