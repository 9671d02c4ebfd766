import { describe, expect, it } from '@jest/globals';
import { Command, decider, reject, unheard, type Event } from '#kernel';
import { given } from '#kernel/given';

type DoorEvent = Event<'DoorOpened', { by: string }> | Event<'DoorClosed', { by: string }>;
class OpenDoor extends Command<{ by: string }> {
  readonly type = 'OpenDoor';
}
class CloseDoor extends Command<{ by: string }> {
  readonly type = 'CloseDoor';
}
const metadata = {
  commandId: 'c',
  correlationId: 'r',
  causationId: 'r',
  tenant: 't',
  caller: { id: 'a', kind: 'staff', role: 'agent', access: 'all' },
  now: '2026-01-01T00:00:00.000Z',
  requestHash: 'h',
} as const;
const door = decider({
  category: 'door',
  commands: [OpenDoor, CloseDoor],
  idOf: () => '1',
  initial: { open: false },
  evolve: (state: { open: boolean }, event: DoorEvent) => {
    switch (event.type) {
      case 'DoorOpened':
        return { open: true };
      case 'DoorClosed':
        return { open: false };
      default:
        return unheard(state, event);
    }
  },
  decide: (command, state): readonly DoorEvent[] | ReturnType<typeof reject<'door-closed'>> => {
    switch (command.type) {
      case 'OpenDoor':
        return state.open ? [] : [{ type: 'DoorOpened', data: { by: command.data.by } }];
      case 'CloseDoor':
        return state.open ? [{ type: 'DoorClosed', data: { by: command.data.by } }] : reject('door-closed');
    }
  },
});

describe('given/when/then', () => {
  it('passes where the facts are those expected', () => {
    given(door)
      .when(new OpenDoor({ by: 'ana' }, metadata))
      .then({ type: 'DoorOpened', data: { by: 'ana' } });
    given(door, { type: 'DoorOpened', data: { by: 'ana' } })
      .when(new OpenDoor({ by: 'bia' }, metadata))
      .thenNothing();
    given(door)
      .when(new CloseDoor({ by: 'bia' }, metadata))
      .thenRejected('door-closed');
  });

  it('fails where they are not', () => {
    expect(() => {
      given(door)
        .when(new OpenDoor({ by: 'ana' }, metadata))
        .then({ type: 'DoorOpened', data: { by: 'bia' } });
    }).toThrow(/bia/);
    expect(() => {
      given(door)
        .when(new OpenDoor({ by: 'ana' }, metadata))
        .thenNothing();
    }).toThrow();
    expect(() => {
      given(door)
        .when(new OpenDoor({ by: 'ana' }, metadata))
        .thenRejected('door-closed');
    }).toThrow();
  });

  it('stops at a fact that the fold does not know', () => {
    expect(() => door.evolve({ open: false }, { type: 'DoorPainted', data: {} } as never)).toThrow(/DoorPainted/);
  });
});
