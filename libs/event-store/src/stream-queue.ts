/** Tasks of one name run one after the other; those of different names side by side. */
export class StreamQueue {
  private readonly tails = new Map<string, Promise<unknown>>();

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.tails.get(name) ?? Promise.resolve();
    const mine = before.then(task, task);
    this.tails.set(name, mine);
    const leave = (): void => {
      if (this.tails.get(name) === mine) this.tails.delete(name);
    };
    mine.then(leave, leave);
    return mine;
  }
}
