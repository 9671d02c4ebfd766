import { Injectable, type PipeTransform } from '@nestjs/common';
import { isUuid } from './ids.js';
import { problem } from './problem.js';

/** `@Param('id', UuidParam) id: string`, in lower case. What is no id names nothing: 404. */
@Injectable()
export class UuidParam implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isUuid(value)) throw problem('not-found');
    return value.toLowerCase();
  }
}

/** The id of a staff member in a path. */
@Injectable()
export class SubjectParam implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(value)) throw problem('not-found');
    return value;
  }
}
