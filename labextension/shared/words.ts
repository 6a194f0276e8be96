/** Labels in the language of the page: the sidebar has them translated, a widget has nobody who would. */

interface Words {
  /** A text, in which %1, %2, … are what follows. */
  __(text: string, ...values: unknown[]): string;
}

export const trans: Words = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1]))
};
