import { Injectable, type Type } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';

type Executor<C> = { execute(command: C): Promise<unknown> };

/**
 * The Nest handlers of a list of commands, one class each, that pass a command to `method` of an injected class:
 * a new command on a page needs no handler file.
 */
export const handlersFor = <C>(
  commands: readonly (abstract new (...args: never[]) => C)[],
  executor: abstract new (...args: never[]) => Executor<C>,
): readonly Type[] =>
  commands.map((command) => {
    class Handler {
      constructor(private readonly executor: Executor<C>) {}

      execute(given: C): Promise<unknown> {
        return this.executor.execute(given);
      }
    }
    Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
    Reflect.defineMetadata('design:paramtypes', [executor], Handler);
    Injectable()(Handler);
    CommandHandler(command as never)(Handler);
    return Handler as Type;
  });
