import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { EventStream, eventText } from '#platform';

/** A reader's end of a socket: what was written, and how much of it waits there. */
class Socket extends EventEmitter {
  readonly written: string[] = [];
  writableLength = 0;
  write(text: string): void {
    this.written.push(text);
  }
  end(text: string): void {
    this.written.push(text);
  }
}

const streamTo = (socket: Socket) => {
  const ends: (string | null)[] = [];
  const request = { identity: { tenant: 'acme', caller: { id: 'ana' } } };
  const stream = new EventStream(request as never, socket as never, (_stream, code) => ends.push(code));
  return { stream, ends };
};

describe('a stream of events', () => {
  it('is written as it is sent, with the place in its heartbeat once', () => {
    const socket = new Socket();
    const { stream } = streamTo(socket);
    stream.send(eventText({ a: 1 }, { id: 'p1' }));
    stream.reached('p2');
    stream.beat();
    stream.beat();
    expect(socket.written).toEqual(['id: p1\ndata: {"a":1}\n\n', ':\nid: p2\n\n', ':\n\n']);
  });

  it('keeps a quarter of a mebibyte for a slow reader, then drops them with the reason', () => {
    const socket = new Socket();
    const { stream, ends } = streamTo(socket);
    socket.writableLength = 256 * 1024;
    stream.send(eventText({}));
    expect(stream.isOpen).toBe(true);
    socket.writableLength += 1;
    stream.send(eventText({}));
    expect(stream.isOpen).toBe(false);
    expect(socket.written.at(-1)).toMatch(/^event: end\ndata: {"code":"too-slow"/);
    stream.send(eventText({}));
    socket.emit('close');
    expect([socket.written.length, ends]).toEqual([3, ['too-slow']]);
  });

  it('is over when the reader goes, said once', () => {
    const socket = new Socket();
    const { stream, ends } = streamTo(socket);
    socket.emit('error', new Error('reset'));
    socket.emit('close');
    stream.end('store-unavailable', 'late');
    expect([stream.isOpen, ends, socket.written]).toEqual([false, [null], []]);
  });
});
