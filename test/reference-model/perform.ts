import { register, withContact } from './contacts.js';
import { receive, start, withConversation } from './conversations.js';
import { merge, undoMerge } from './merges.js';
import { accepted, isOfWallet, mayAsk, refused, type Operation, type Outcome, type Wish } from './operations.js';
import { withWallet } from './wallets.js';
import { callerOf, DEFAULTS, release, type World } from './world.js';

/**
 * Carries out an operation in the model, which is changed, and says what its caller should be told. Policies have run
 * when it returns: the model has no moment between a command and what follows from it.
 */
export const perform = (world: World, { by, now, wish }: Operation): Outcome => {
  const caller = callerOf(world, by);
  if (typeof caller === 'string') return refused(caller);
  if (!mayAsk(wish, caller.role)) return refused('forbidden');
  if (isOfWallet(wish)) return withWallet(world, caller, wish);
  switch (wish.do) {
    case 'merge':
      return merge(world, wish, now);
    case 'undoMerge':
      return undoMerge(world, wish, now);
    case 'invite':
    case 'changeAccess':
    case 'changeRole':
    case 'setAvailability':
    case 'deactivate':
      return withStaff(world, wish);
    case 'changeSetting':
      return changeSetting(world, wish.key, wish.value);
    case 'register':
      return register(world, caller, wish, now);
    case 'attach':
    case 'detach':
    case 'edit':
    case 'consent':
    case 'block':
    case 'changeBlock':
    case 'unblock':
      return withContact(world, caller, wish, now);
    case 'receive':
      return receive(world, wish, now);
    case 'start':
      return start(world, caller, wish, now);
    default:
      return withConversation(world, caller, wish, now);
  }
};

type OfStaff = Extract<Wish, { readonly staffId: string }>;

const withStaff = (world: World, wish: OfStaff): Outcome => {
  const { staffId } = wish;
  const record = world.staff.get(staffId);
  if (wish.do === 'invite') {
    if (record !== undefined) return refused('staff-exists');
    world.staff.set(staffId, { role: wish.role, access: wish.access, active: true, available: true });
    return accepted({ staffId });
  }
  if (record === undefined) return refused('not-found');
  if (wish.do === 'deactivate') {
    record.active = false;
    // Whoever left has no conversations.
    for (const conversation of world.conversations.values())
      if (conversation.assigneeId === staffId) release(conversation);
    return accepted({ staffId });
  }
  if (!record.active) return refused('staff-inactive');
  if (wish.do === 'changeAccess') record.access = wish.access;
  else if (wish.do === 'changeRole') record.role = wish.role;
  else record.available = wish.available;
  return accepted({ staffId });
};

const changeSetting = (world: World, key: string, value: string | boolean): Outcome => {
  if (!Object.hasOwn(DEFAULTS, key)) return refused('setting-unknown');
  if (value === 'nonsense') return refused('setting-value-refused');
  world.settings.set(key, value);
  return accepted({ value });
};
