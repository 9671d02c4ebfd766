/**
 * Every code that the API answers with, its status and its words (source: spec/http-api.md, "Codes").
 * The one place that maps them: a rule's refusal whose code is missing here does not compile.
 */
export const PROBLEMS = {
  'invalid-request': [400, 'The request has the wrong shape'],
  'cursor-invalid': [400, 'The cursor cannot be read or belongs to other filters'],
  'token-invalid': [400, 'The consistency token cannot be read'],
  unauthenticated: [401, 'A valid bearer token is required'],
  forbidden: [403, 'The role does not allow this'],
  'administrator-required': [403, 'Only an administrator may do this'],
  'staff-inactive': [403, 'The staff member is deactivated'],
  'not-found': [404, 'There is no such resource'],
  'wallet-code-unknown': [404, 'No active wallet has this code'],
  'setting-unknown': [404, 'There is no such setting'],
  'contact-blocked': [409, 'The contact is blocked'],
  'contact-not-blocked': [409, 'The contact is not blocked'],
  'contact-merged': [409, 'The contact was merged into another'],
  'contact-erased': [409, 'The contact was erased'],
  'duplicate-contact': [409, 'A contact with this identity or name exists'],
  'already-assigned': [409, 'The conversation is assigned already'],
  'assignee-changed': [409, 'The conversation has another assignee than expected'],
  'assignee-not-eligible': [409, 'This staff member cannot be assigned'],
  'not-the-assignee': [409, 'Only the assignee may do this'],
  'automation-paused': [409, 'Automation is paused in this conversation'],
  'consent-missing': [409, 'The consent needed for sending is missing'],
  'no-address': [409, 'The contact has no address on this channel'],
  'message-cancelled': [409, 'The message was cancelled'],
  'wallet-name-taken': [409, 'An active wallet has this name'],
  'wallet-code-taken': [409, 'A wallet has this code'],
  'wallet-archived': [409, 'The wallet is archived'],
  'responsible-cannot-be-removed': [409, 'The responsible of a wallet cannot be removed from its members'],
  'merge-superseded': [409, 'A later merge rests on this one'],
  'staff-exists': [409, 'The staff member exists already'],
  'revision-stale': [412, 'The resource has changed since that revision'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The media type of the body is not supported here'],
  'idempotency-key-reused': [422, 'The idempotency key belongs to another request'],
  'confirmation-required': [422, 'This must be confirmed'],
  'reason-required': [422, 'A reason is required'],
  'expiry-not-allowed': [422, 'The settings allow no expiry'],
  'notice-off': [422, 'The settings allow no notice'],
  'notice-impossible': [422, 'There is no conversation that the notice could go to'],
  'setting-value-refused': [422, 'The setting does not take this value'],
  'rate-limited': [429, 'Too many requests with this token'],
  'not-yet-visible': [503, 'The read models have not seen that write yet'],
  'store-unavailable': [503, 'A store cannot be reached or cannot write'],
  busy: [503, 'Too many writers at once, try again'],
  'code-too-old': [503, 'The log holds facts of a newer version than this process knows'],
  rebuilding: [503, 'The read models are being built'],
  /** Bugs only: logged with their stack, answered without. */
  internal: [500, 'Something went wrong here'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
