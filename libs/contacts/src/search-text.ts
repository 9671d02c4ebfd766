/** Lower case, no accents: what a search compares. */
export const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** What a row can be found by: its names and its addresses. */
export const searchText = (parts: readonly (string | null)[]): string =>
  parts
    .filter((part) => part !== null)
    .map(folded)
    .join('\n');

/** What somebody typed, as it stands in `searchText`: a number is looked for without its punctuation. */
export const searchTerm = (typed: string): string => {
  const term = folded(typed.trim());
  return /^[+\d\s().\-/]*\d[+\d\s().\-/]*$/.test(term) ? term.replace(/[^\d]/g, '') : term;
};
