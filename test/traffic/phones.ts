/** Numbers that are valid and differ: 10⁸ of each country, so that runs hardly ever meet. */
export type Country = 'BR' | 'US' | 'PT';

const BRAZILIAN = ['11', '21', '31', '41', '51', '61', '71', '81', '85'] as const;
const AMERICAN = ['212', '305', '415', '617', '713'] as const;

/** E.164. `number` may be any integer from 0. */
export const phoneOf = (country: Country, number: number): string => {
  const digits = (count: number): string => String(number % 10 ** count).padStart(count, '0');
  switch (country) {
    case 'BR':
      return `+55${BRAZILIAN[number % BRAZILIAN.length] ?? '11'}9${digits(8)}`;
    case 'US':
      return `+1${AMERICAN[number % AMERICAN.length] ?? '212'}${String(2 + (number % 8))}${digits(6)}`;
    case 'PT':
      return `+35191${digits(7)}`;
  }
};
