import { Injectable, type Type } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';
import type { CommandClass, Decider, Event } from '#kernel';
import type { ProblemCode } from './problem-codes.js';

type Executor<L extends readonly CommandClass[]> = { execute(command: InstanceType<L[number]>): Promise<unknown> };

/**
 * The Nest handlers of a decider's commands, one class each, that pass a command to the injected `executor`: a new command on a page
 * needs no handler file. A refusal that has no status in PROBLEMS does not compile.
 */
export const handlersFor = <const L extends readonly CommandClass[], S, E extends Event, R extends ProblemCode>(
  decider: Pick<Decider<L, S, E, R>, 'commands' | 'decide'>,
  executor: abstract new (...args: never[]) => Executor<L>,
): readonly Type[] =>
  decider.commands.map((command) => {
    class Handler {
      constructor(private readonly executor: Executor<L>) {}

      execute(given: InstanceType<L[number]>): Promise<unknown> {
        return this.executor.execute(given);
      }
    }
    Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
    Reflect.defineMetadata('design:paramtypes', [executor], Handler);
    Injectable()(Handler);
    CommandHandler(command as never)(Handler);
    return Handler as Type;
  });
