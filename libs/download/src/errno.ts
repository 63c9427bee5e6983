/** The code that Node gives an error of a connection or a look-up, or an empty text. By form, not by class: errors cross realms. */
export function errnoOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
