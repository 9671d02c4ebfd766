/** `{category}-{tenant}.{id}`, or `{category}-{tenant}` for a stream that exists once per tenant (id empty). */
export const streamName = (category: string, tenant: string, id: string): string =>
  id === '' ? `${category}-${tenant}` : `${category}-${tenant}.${id}`;

/** The parts of a stream's name: a category has no dash, a tenant no dot. `null` if the name is not of this form. */
export const parseStream = (
  stream: string,
): { readonly category: string; readonly tenant: string; readonly subject: string } | null => {
  const dash = stream.indexOf('-');
  if (dash <= 0) return null;
  const dot = stream.indexOf('.', dash);
  const tenant = stream.slice(dash + 1, dot === -1 ? undefined : dot);
  if (tenant === '') return null;
  return { category: stream.slice(0, dash), tenant, subject: dot === -1 ? '' : stream.slice(dot + 1) };
};
