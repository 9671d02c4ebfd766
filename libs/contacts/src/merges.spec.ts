import { describe, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import { MergeContacts, mergesDecider, UndoMerge, type MergesEvent } from './merges.js';

const requested = (mergeId: string, survivorId: string, absorbedId: string, time = '10:00'): MergesEvent => ({
  type: 'MergeRequested',
  data: { mergeId, survivorId, absorbedId, requestedBy: 'sol', requestedAt: at(time) },
});
const undone = (mergeId: string): MergesEvent => ({
  type: 'MergeUndone',
  data: { mergeId, undoneBy: 'sol', undoneAt: at('10:30') },
});
const merge = (
  mergeId: string,
  survivorId: string,
  absorbedId: string,
  more: Partial<MergeContacts['data']> = {},
): MergeContacts =>
  new MergeContacts(
    { mergeId, survivorId, absorbedId, confirm: true, known: true, erased: false, stale: false, ...more },
    asked(callers.supervisor, at('10:00')),
  );
const undo = (mergeId: string, stale = false, erased = false): UndoMerge =>
  new UndoMerge({ mergeId, stale, erased }, asked(callers.supervisor, at('10:30')));

describe('a merge', () => {
  it('is decided in one place, with who asked for it', () => {
    given(mergesDecider)
      .when(merge('m1', 'ada', 'eva'))
      .then(requested('m1', 'ada', 'eva'));
  });
  it('may follow another one: whoever survived can be absorbed', () => {
    given(mergesDecider, requested('m1', 'ada', 'eva'))
      .when(merge('m2', 'ida', 'ada'))
      .thenTypes('MergeRequested');
  });
  it('absorbs nobody twice, and nobody into somebody who was absorbed: no cycles', () => {
    const first = requested('m1', 'ada', 'eva');
    given(mergesDecider, first)
      .when(merge('m2', 'ida', 'eva'))
      .thenRejected('contact-merged');
    given(mergesDecider, first)
      .when(merge('m2', 'eva', 'ida'))
      .thenRejected('contact-merged');
    given(mergesDecider, first)
      .when(merge('m2', 'eva', 'ada'))
      .thenRejected('contact-merged');
    given(mergesDecider, first, requested('m2', 'ida', 'ada'))
      .when(merge('m3', 'eva', 'ida'))
      .thenRejected('contact-merged');
  });
  it('is refused unconfirmed, with itself, with nobody, and of a survivor that changed since', () => {
    given(mergesDecider)
      .when(merge('m1', 'ada', 'eva', { confirm: false }))
      .thenRejected('confirmation-required');
    given(mergesDecider)
      .when(merge('m1', 'ada', 'ada'))
      .thenRejected('invalid-request');
    given(mergesDecider)
      .when(merge('m1', 'ada', 'eva', { known: false }))
      .thenRejected('not-found');
    given(mergesDecider)
      .when(merge('m1', 'ada', 'eva', { stale: true }))
      .thenRejected('revision-stale');
  });
  it('is refused, and not undone, where one of both was erased', () => {
    given(mergesDecider)
      .when(merge('m1', 'ada', 'eva', { erased: true }))
      .thenRejected('contact-erased');
    given(mergesDecider, requested('m1', 'ada', 'eva'))
      .when(undo('m1', false, true))
      .thenRejected('contact-erased');
    given(mergesDecider, requested('m1', 'ada', 'eva'), undone('m1'))
      .when(undo('m1', false, true))
      .thenNothing();
  });
  it('stays quiet where both are one already [I17]', () => {
    given(mergesDecider, requested('m1', 'ada', 'eva'))
      .when(merge('m2', 'ada', 'eva'))
      .thenNothing();
  });
  it('can be done anew after it was undone', () => {
    given(mergesDecider, requested('m1', 'ada', 'eva'), undone('m1'))
      .when(merge('m2', 'eva', 'ada'))
      .thenTypes('MergeRequested');
  });
});

describe('undoing a merge', () => {
  it('is decided there too', () => {
    given(mergesDecider, requested('m1', 'ada', 'eva'))
      .when(undo('m1'))
      .then(undone('m1'));
  });
  it('is refused while a later merge builds on it, and no longer once that is undone', () => {
    const [first, later] = [requested('m1', 'ada', 'eva'), requested('m2', 'ida', 'ada')];
    given(mergesDecider, first, later).when(undo('m1')).thenRejected('merge-superseded');
    given(mergesDecider, first, requested('m2', 'ada', 'ida'))
      .when(undo('m1'))
      .thenRejected('merge-superseded');
    given(mergesDecider, first, later, undone('m2')).when(undo('m1')).thenTypes('MergeUndone');
    given(mergesDecider, first, later).when(undo('m2')).thenTypes('MergeUndone');
    given(mergesDecider, first, requested('m2', 'ida', 'noa'))
      .when(undo('m1'))
      .thenTypes('MergeUndone');
  });
  it('is refused of a merge that nobody decided, and of a survivor that changed since', () => {
    given(mergesDecider).when(undo('m1')).thenRejected('not-found');
    given(mergesDecider, requested('m1', 'ada', 'eva'))
      .when(undo('m1', true))
      .thenRejected('revision-stale');
  });
  it('stays quiet when said again [I17]', () => {
    given(mergesDecider, requested('m1', 'ada', 'eva'), undone('m1'))
      .when(undo('m1'))
      .thenNothing();
  });
});
