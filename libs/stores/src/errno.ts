import { Problem, type ProblemCode } from '#libs/domain';

const codes: Readonly<Record<string, ProblemCode>> = {
  ENOSPC: 'StoreFull', EDQUOT: 'StoreFull', EFBIG: 'StoreFull',
  EROFS: 'StoreUnavailable', EACCES: 'StoreUnavailable', EPERM: 'StoreUnavailable', EIO: 'StoreUnavailable', ESTALE: 'StoreUnavailable',
};

/** What Node or the operating system calls the error, if it comes from there. Judged by its shape: an error of another realm is no instance of ours. */
export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Runs the work and says the file system's errors in the words of the contract; what it does not know passes unchanged.
 *  A missing file means what the caller says it means here. */
export async function speakingForStore<T>(params: { storeId: string; imageId: string }, missing: ProblemCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    const code = errno === 'ENOENT' ? missing : codes[errno ?? ''];
    throw code ? new Problem(code, params, { cause: error }) : error;
  }
}

/** Runs the work and swallows the given errors of the operating system. */
export async function ignoring(errnos: readonly string[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!errnos.includes(errnoOf(error) ?? '')) throw error;
  }
}
